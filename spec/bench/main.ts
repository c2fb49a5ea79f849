import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadSuites } from './load.js';
import { compete, describe, isMet } from './measure.js';

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

const USAGE = `usage: npm run bench -- [--against DIR] [SUITE...]
Suites, all of them by default: ${NAMES.join(', ')}.
--against DIR measures the library in another working tree in turn with this one.
Exit status: 0 when every goal is met, 1 when one is missed, 2 for a mistake.`;

class UsageError extends Error {}

interface Arguments {
  readonly help: boolean;
  readonly against: string | undefined;
  readonly names: readonly string[];
}

function read(words: string[]): Arguments {
  const options = { help: { type: 'boolean' }, against: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ args: words, options, allowPositionals: true });
  const unknown = positionals.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) throw new UsageError(`no such suite: ${unknown.join(', ')}`);
  const { against, help = false } = values;
  if (against !== undefined && !existsSync(path.join(against, 'src', 'index.ts'))) {
    throw new UsageError(`there is no src/index.ts in ${against}`);
  }
  return { help, against, names: positionals.length > 0 ? positionals : NAMES };
}

/** Runs one suite and prints what it found; the exit status. */
async function runHere(name: string, against: string | undefined): Promise<number> {
  const folders = against === undefined ? ['.'] : ['.', against];
  const suites = folders.map((folder) => loadSuites(folder)[name]);
  const [own = [], other = []] = await compete(suites.flatMap((suite) => suite ?? []));
  let status = 0;
  for (const [index, finding] of own.entries()) {
    const counterpart = other[index];
    if (typeof finding === 'string') {
      console.log(`       ${finding}`);
      if (typeof counterpart === 'string') console.log(`       the other: ${counterpart}`);
      continue;
    }
    console.log(describe(finding, typeof counterpart === 'object' ? counterpart : undefined));
    if (!isMet(finding)) status = 1;
  }
  return status;
}

/** Runs one suite in a process of its own: what it taught the compiler does not meet the next one. */
async function runApart(name: string, against: string | undefined): Promise<number> {
  const runner = path.join('spec', 'package', 'run.mjs');
  const args = ['--expose-gc', runner, __filename, name, ...(against === undefined ? [] : ['--against', against])];
  const child = spawn(process.execPath, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 2;
}

async function main(words: string[]): Promise<number> {
  const { help, against, names } = read(words);
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return await runHere(only, against);
  let status = 0;
  for (const name of names) status = Math.max(status, await runApart(name, against));
  return status;
}

// A child ends with its parent.
process.once('disconnect', () => process.exit(2));

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error) => {
    const isUsage = error instanceof UsageError || String(error.code).startsWith('ERR_PARSE_ARGS');
    console.error(isUsage ? `${error.message}\n${USAGE}` : error);
    process.exit(2);
  },
);
