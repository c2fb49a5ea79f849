// Builds both applications as `ng build` does: by the builder of the CLI, which does most of its work in one process. The
// CLI itself would be as many packages again.
import { Architect } from '@angular-devkit/architect';
import { WorkspaceNodeModulesArchitectHost } from '@angular-devkit/architect/node/index.js';
import { json, logging, workspaces } from '@angular-devkit/core';
import { NodeJsSyncHost } from '@angular-devkit/core/node/index.js';

const root = import.meta.dirname;
const host = workspaces.createWorkspaceHost(new NodeJsSyncHost());
const { workspace } = await workspaces.readWorkspace(root, host);
const registry = new json.schema.CoreSchemaRegistry();
const architect = new Architect(new WorkspaceNodeModulesArchitectHost(workspace, root), registry);
const logger = new logging.Logger('build');
logger.subscribe(({ level, message }) => (level === 'info' ? console.log(message) : console.error(level, message)));

const build = async (project) => {
  const run = await architect.scheduleTarget({ project, target: 'build' }, {}, { logger });
  const { success } = await run.result;
  await run.stop();
  if (!success) process.exitCode = 1;
};
await Promise.all([build('zoneless'), build('zone')]);
