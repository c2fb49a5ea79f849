// Installs what is missing, so that one command starts the application: here, and in the repository, where rxpool is built.
import { execSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const run = (command, cwd) => execSync(command, { cwd, stdio: 'inherit', env: { ...process.env, INIT_CWD: cwd } });

/** Whether a folder has its packages: those that its lockfile names now. */
export function isInstalled(folder) {
  const installed = `${folder}/node_modules/.package-lock.json`;
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${folder}/package-lock.json`).mtimeMs;
}

const here = import.meta.dirname;
if (!isInstalled(here)) {
  const repository = fileURLToPath(new URL('../..', import.meta.url));
  if (!isInstalled(repository)) run('npm ci --no-audit', repository);
  run('npm run --silent build', repository);
  run('npm ci', here);
}
