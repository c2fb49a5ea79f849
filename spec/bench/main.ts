import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runCommand, UsageError } from '../package/command.js';

const NAMES = [
  'selection',
  'borrowing',
  'contention',
  'subscribers',
  'membership',
  'memory',
  'wire',
  'clients',
  'zcached',
  'size',
  'outage',
  'servers',
];

const help = `usage: npm run bench -- [--against DIR] [SUITE...]
Measures the library, and prints each goal beside its baseline; spec/bench/README.md explains them.

  SUITE          ${NAMES.slice(0, 6).join(', ')},
                 ${NAMES.slice(6).join(', ')}; all of them by default, which takes about 20 minutes
  --against DIR  measures the library in another working tree in turn with this one; by default this one alone

Exit status: 0 when every goal is met, 1 when one is missed, 2 for a mistake.
`;

/** Runs one suite in a process of its own: what it taught the compiler does not meet the next one. */
async function runApart(name: string, against: string): Promise<number> {
  // The program of the child starts no other process of itself, whatever it is given.
  const program = path.join('spec', 'bench', 'suite-program.ts');
  const args = ['--expose-gc', path.join('spec', 'package', 'run.mjs'), program, name, against];
  const child = spawn(process.execPath, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 2;
}

const command = { name: 'bench', help, options: { against: 'string' }, words: NAMES } as const;

runCommand(
  command,
  async ({ options: { against = '' }, words }) => {
    if (against && !existsSync(path.join(String(against), 'src', 'index.ts'))) {
      throw new UsageError(`--against must be a working tree, got ${JSON.stringify(against)}: it has no src/index.ts`);
    }
    let status = 0;
    for (const name of words.length > 0 ? words : NAMES) {
      status = Math.max(status, await runApart(name, String(against)));
    }
    return status;
  },
  2,
);
