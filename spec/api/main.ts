import { runCommand } from '../package/command.js';

const help = `usage: npm run api -- [--check]
Writes the public surface of each entry point to spec/api/*.api.md, for reviews of what changes for users.

  --check   writes nothing, and fails where a report differs (by default it writes); the same as npm run api:check

Exit status: 0 when the reports are as they should be, 1 when one differs, 2 for wrong arguments.
`;

runCommand({ name: 'api', help, options: { check: 'boolean' }, words: [] }, async ({ options }) => {
  // Loaded when it is needed: the extractor takes a second to load.
  const { reportAll } = await import('./report.js');
  if (reportAll(!options['check'])) return 0;
  console.error('The public surface has changed. If that is meant, run `npm run api` and commit spec/api/.');
  return 1;
});
