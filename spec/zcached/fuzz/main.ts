import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { integerOf, runCommand } from '../../package/command.js';
import { anySeed } from '../../support/seeded.js';
import { runCases, type Tally } from './cases.js';
import { decoderCase } from './decoder-case.js';
import { encoderCase } from './encoder-case.js';
import type { Random } from './random.js';

const MIB = 2 ** 20;
const ROUNDS = 10;
const MAX_GROWTH = 8 * MIB;
const COUNT = 1_000_000;

const help = `usage: npm run fuzz -- [COUNT] [SEED]
Gives the decoder of zcached replies and the encoder of commands random cases, and fails at the first that goes wrong, and
when the heap has grown.

  COUNT   how many cases of each (${COUNT.toLocaleString('en')})
  SEED    what they are drawn by, to repeat a run (another each time)

Exit status: 0 when all are right, 1 when one is not, 2 for wrong arguments.
`;

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

/** Bytes in use once the garbage is gone. */
function inUse(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const megabytes = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

function run(name: string, count: number, seed: number, outcomeOf: (random: Random) => string): void {
  const total: Tally = {};
  const started = performance.now();
  // The first round has everything compiled that will be.
  let atFirst = 0;
  let atLast = 0;
  for (let round = 0, done = 0; done < count; round++) {
    const size = Math.min(Math.ceil(count / ROUNDS), count - done);
    const tally = runCases(size, seed, outcomeOf, done);
    for (const [outcome, times] of Object.entries(tally)) total[outcome] = (total[outcome] ?? 0) + times;
    done += size;
    atLast = inUse();
    if (round === 0) atFirst = atLast;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const outcomes = Object.entries(total).map(([outcome, times]) => `${outcome} ${times}`);
  const heap = `heap ${megabytes(atFirst)} after the first round, ${megabytes(atLast)} after the last`;
  console.log(`${name}: ${count} cases of seed ${seed} in ${seconds} s; ${outcomes.sort().join(', ')}; ${heap}`);
  if (atLast - atFirst > MAX_GROWTH) throw new Error(`the heap grew by ${megabytes(atLast - atFirst)}`);
}

runCommand({ name: 'fuzz', help, most: 2 }, ({ words: [first, second] }) => {
  const count = integerOf('COUNT', first, COUNT, 1);
  const seed = integerOf('SEED', second, anySeed());
  run('decoder', count, seed, decoderCase);
  run('encoder', count, seed, encoderCase);
  return 0;
});
