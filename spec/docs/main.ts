import { runCommand } from '../package/command.js';

const help = `usage: npm run docs -- [--check]
Writes the reference of all entry points to docs/, which git ignores: open docs/index.html.

  --check   writes nothing, and fails where an export or a member has no documentation (by default it writes)

Exit status: 0 when all is documented, 1 when something is not, 2 for wrong arguments.
`;

runCommand({ name: 'docs', help, options: { check: 'boolean' }, words: [] }, async ({ options }) => {
  // Loaded when it is needed: TypeDoc takes a second to load.
  const { makeReference } = await import('./reference.js');
  return (await makeReference(options['check'] ? undefined : 'docs')) ? 0 : 1;
});
