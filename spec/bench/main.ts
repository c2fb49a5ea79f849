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
function runApart(suite: string): boolean {
  const runner = join('spec', 'package', 'run.mjs');
  const { status } = spawnSync(process.execPath, ['--expose-gc', runner, __filename, suite], { stdio: 'inherit' });
  return status === 0;
}

/** Runs the suites named on the command line, or all; the exit status says whether every goal was met. */
async function main(names: readonly string[]): Promise<boolean> {
  const [only] = names;
  if (names.length === 1 && only !== undefined && SUITES[only]) return SUITES[only]();
  const suites = names.length > 0 ? names : Object.keys(SUITES);
  return suites.map(runApart).every(Boolean);
}

void main(process.argv.slice(2)).then((met) => {
  if (!met) process.exitCode = 1;
});
