// Commands that are several steps, each a command of its own. npm gives arguments to the last step alone, when the others
// have run: here they are read first.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { runCommand, UsageError } from './command.js';

interface Steps {
  readonly about: string;
  readonly steps: readonly string[];
}

const COMMANDS: Readonly<Record<string, Steps>> = {
  build: {
    about: 'Builds dist/: modules for Node and for bundlers, and declarations.',
    steps: ['tsc -p spec/package', 'rollup -c spec/package/rollup.config.mjs --silent --failAfterWarnings'],
  },
  unused: {
    about: 'Finds files, exports and dependencies that nothing uses: in the repository, and in what is shipped.',
    steps: ['knip', 'knip --production'],
  },
  'test:long': {
    about:
      'Runs long tests, those of real servers that are installed, and the two steps below. It takes about half an hour.',
    steps: ['jest --config jest.long.config.ts', 'npm run build', 'npm run test:angular', 'npm run test:worlds'],
  },
};

const [name = ''] = process.argv.splice(2, 1);
const command = COMMANDS[name];
if (!command) throw new UsageError(`no command of several steps is called ${name}`);
const { about, steps } = command;

const help = `usage: npm run ${name}
${about} Takes no arguments. Its steps, of which the first that fails is the last:

${steps.map((step) => `  ${step}\n`).join('')}
Exit status: that of the last step, 2 for wrong arguments.
`;

runCommand({ name, help, words: [] }, () => {
  const env = { ...process.env, PATH: `${path.resolve('node_modules/.bin')}${path.delimiter}${process.env['PATH']}` };
  for (const step of steps) {
    const { status } = spawnSync(step, { shell: true, stdio: 'inherit', env });
    if (status !== 0) return status ?? 1;
  }
  return 0;
});
