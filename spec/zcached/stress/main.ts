// Cancels requests at random moments, on both generations, or has random faults rain on a pool:
//   node spec/package/run.mjs spec/zcached/stress/main.ts [cancellations] [COUNT] [SEED]
//   node spec/package/run.mjs spec/zcached/stress/main.ts storm [REQUESTS] [SEED]
import { anySeed } from '../../support/seeded.js';
import { cancelAtRandom } from './cancellations.js';
import { storm } from './storm.js';

const USAGE = `usage: npm run stress -- [cancellations] [COUNT] [SEED]
       npm run stress -- storm [REQUESTS] [SEED]`;

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    console.log(USAGE);
    return;
  }
  const isNamed = args[0] === 'storm' || args[0] === 'cancellations';
  const numbers = (isNamed ? args.slice(1) : args).map(Number);
  if (numbers.length > 2 || !numbers.every(Number.isInteger)) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const [count, given] = numbers;
  const seed = given ?? anySeed();
  if (args[0] === 'storm') {
    const requests = count ?? 1_000_000;
    console.log(`${requests} requests, one fault to a hundred, seed ${seed}`);
    console.log(await storm({ requests, faults: Math.floor(requests / 100), seed }));
    return;
  }
  for (const generation of ['2024', '2025'] as const) {
    console.log(`${count ?? 100_000} cancellations on a ${generation} server, seed ${seed}`);
    console.table(await cancelAtRandom({ count: count ?? 100_000, seed, generation }));
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
