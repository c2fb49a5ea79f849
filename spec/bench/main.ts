import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { benchBorrowing } from './borrowing.js';
import { benchBundle } from './bundle.js';
import { benchMembership } from './membership.js';
import { benchMemory } from './memory.js';
import { benchObservers } from './observers.js';
import { benchRequest } from './request.js';
import { benchSelection } from './selection.js';
import { benchWire } from './wire.js';
import { benchZcached } from './zcached.js';

const SUITES: Readonly<Record<string, () => boolean | Promise<boolean>>> = {
  selection: benchSelection,
  borrowing: benchBorrowing,
  observers: benchObservers,
  membership: benchMembership,
  wire: benchWire,
  request: benchRequest,
  zcached: benchZcached,
  memory: benchMemory,
  bundle: benchBundle,
};

/** A process of its own: what one suite has taught the compiler must not meet the next one. */
function runApart(suite: string): number {
  const runner = join('spec', 'package', 'run.mjs');
  const { status } = spawnSync(process.execPath, ['--expose-gc', runner, __filename, suite], { stdio: 'inherit' });
  return status ?? 2;
}

const USAGE = `usage: npm run bench -- [SUITE...]
Suites, all of them by default: ${Object.keys(SUITES).join(', ')}.
Exit status: 0 when every goal is met, 1 when one is missed, 2 for a mistake.`;

/** The exit status: a suite that throws is a mistake of the bench, not a goal that was missed. */
async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  const unknown = words.filter((word) => !Object.hasOwn(SUITES, word));
  if (unknown.length > 0) {
    console.error(`no such suite: ${unknown.join(', ')}\n${USAGE}`);
    return 2;
  }
  const [only] = words;
  if (words.length === 1 && only !== undefined) return (await SUITES[only]?.()) ? 0 : 1;
  return Math.max(...(words.length > 0 ? words : Object.keys(SUITES)).map(runApart));
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    console.error(error);
    process.exit(2);
  },
);
