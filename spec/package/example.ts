// Runs one of the programs in examples/.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from './command.js';

const FOLDER = 'examples';
const files = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts'))
  .sort();
const names = files.map((file) => file.replace('.ts', ''));

const help = `usage: npm run example NAME
Runs one of the programs in examples/, by its name or its path; one that needs a server starts it.
examples/README.md says what each shows. There is no default.

${names.map((name) => `  ${name}\n`).join('')}
Exit status: that of the program, 2 for wrong arguments.
`;

const inFull = (name: string): string => path.join(FOLDER, `${name}.ts`);

runCommand({ name: 'example', help, words: [...names, ...names.map(inFull)], most: 1 }, async ({ words: [word] }) => {
  if (word === undefined) {
    process.stdout.write(help);
    return 2;
  }
  const file = word.endsWith('.ts') ? word : inFull(word);
  const child = spawn(process.execPath, ['spec/package/run.mjs', file], { stdio: 'inherit' });
  // A terminal sends it to the program as well, which ends in its own way.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
});
