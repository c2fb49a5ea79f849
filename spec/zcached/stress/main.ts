// Cancels requests at random moments, on both generations:
//   node spec/package/run.mjs spec/zcached/stress/main.ts [COUNT] [SEED]
import { anySeed } from '../../support/seeded.js';
import { cancelAtRandom } from './cancellations.js';

async function main(): Promise<void> {
  const [, , count = '100000', given] = process.argv;
  const seed = given === undefined ? anySeed() : Number(given);
  for (const generation of ['2024', '2025'] as const) {
    console.log(`${count} cancellations on a ${generation} server, seed ${seed}`);
    console.table(await cancelAtRandom({ count: Number(count), seed, generation }));
  }
}

void main();
