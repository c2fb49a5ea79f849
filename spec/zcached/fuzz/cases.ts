import { Random } from './random.js';

/** How often each outcome came up. */
export type Tally = Record<string, number>;

/** Each case has a seed of its own; that of the first is the seed of all. */
const seedOf = (seed: number, index: number): number => (seed + Math.imul(index, 0x9e3779b9)) >>> 0;

/** Runs so many cases of something, each with chance of its own, and says how to repeat the one that fails. */
export function runCases(count: number, seed: number, outcomeOf: (random: Random) => string, first = 0): Tally {
  const tally: Tally = {};
  for (let index = first; index < first + count; index++) {
    const own = seedOf(seed, index);
    try {
      const outcome = outcomeOf(new Random(own));
      tally[outcome] = (tally[outcome] ?? 0) + 1;
    } catch (cause) {
      const replay = `node spec/package/run.mjs spec/zcached/fuzz/main.ts 1 ${own}`;
      throw new Error(`Case ${index} of seed ${seed} failed. To repeat it alone: ${replay}\n${cause}`, { cause });
    }
  }
  return tally;
}
