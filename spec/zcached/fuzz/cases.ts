import { Random } from './random.js';

/** How often each outcome came up. */
export type Tally = Record<string, number>;

/** Each case has a seed of its own; that of the first is the seed of all. */
const seedOf = (seed: number, index: number): number => (seed + Math.imul(index, 0x9e3779b9)) >>> 0;

/** Runs so many cases of something, each with chance of its own, and says how to repeat the one that fails. */
export function runCases(count: number, seed: number, outcomeOf: (random: Random) => string, first = 0): Tally {
  const tally: Tally = {};
  const { stackTraceLimit } = Error;
  // Errors are what most cases come to, and most of what one costs is its stack. A case repeated alone has it.
  if (count > 1) Error.stackTraceLimit = 0;
  try {
    for (let index = first; index < first + count; index++) {
      const outcome = outcomeOfCase(index, seed, outcomeOf);
      tally[outcome] = (tally[outcome] ?? 0) + 1;
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return tally;
}

function outcomeOfCase(index: number, seed: number, outcomeOf: (random: Random) => string): string {
  const own = seedOf(seed, index);
  try {
    return outcomeOf(new Random(own));
  } catch (cause) {
    const replay = `node spec/package/run.mjs spec/zcached/fuzz/main.ts 1 ${own}`;
    throw new Error(`Case ${index} of seed ${seed} failed. To repeat it alone: ${replay}\n${cause}`, { cause });
  }
}
