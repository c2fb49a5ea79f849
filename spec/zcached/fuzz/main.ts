import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { anySeed } from '../../support/seeded.js';
import { runCases, type Tally } from './cases.js';
import { decoderCase } from './decoder-case.js';
import { encoderCase } from './encoder-case.js';
import type { Random } from './random.js';

// node spec/package/run.mjs spec/zcached/fuzz/main.ts [COUNT] [SEED]
// As many cases of the decoder, and as many of the encoder. Fails at the first that goes wrong, and when the heap
// has grown.

const MIB = 2 ** 20;
const ROUNDS = 10;
const MAX_GROWTH = 8 * MIB;

const USAGE = 'usage: npm run fuzz -- [COUNT] [SEED]';

if (process.argv.includes('--help')) {
  console.log(USAGE);
  process.exit(0);
}
const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? anySeed());
if (process.argv.length > 4 || !Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
  console.error(USAGE);
  process.exit(2);
}

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

/** Bytes in use once the garbage is gone. */
function inUse(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const megabytes = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

function run(name: string, outcomeOf: (random: Random) => string): void {
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

run('decoder', decoderCase);
run('encoder', encoderCase);
