// Cancels requests at random moments, on both generations, or has random faults rain on a pool.
import { integerOf, runCommand } from '../../package/command.js';
import { anySeed } from '../../support/seeded.js';
import { cancelAtRandom } from './cancellations.js';
import { storm } from './storm.js';

const CANCELLATIONS = 100_000;
const REQUESTS = 1_000_000;
const KINDS = ['cancellations', 'storm'];

const help = `usage: npm run stress -- [cancellations | storm] [COUNT] [SEED]
Puts zcached connections under stress, and prints a tally of what came of it.

  cancellations   cancels requests at random moments, on servers of 2024 and of 2025 (the default)
  storm           sends requests through a pool while random faults hit it, one to a hundred requests
  COUNT           how many requests (${CANCELLATIONS.toLocaleString('en')} cancellations, ${REQUESTS.toLocaleString('en')} of the storm)
  SEED            what is drawn by, to repeat a run (another each time)

Exit status: 0 when it has run to its end, 1 when it crashed, 2 for wrong arguments.
`;

// A first word that is no number is the kind; readArguments() knows the kinds, and here the numbers are read.
const isNumber = (word: string | undefined): boolean => word === undefined || /^[\d-]/.test(word);
const known = [...KINDS, ...process.argv.slice(2).filter(isNumber)];

runCommand({ name: 'stress', help, words: known, most: 3 }, async ({ words }) => {
  const [kind, first, second] = isNumber(words[0]) ? ['cancellations', ...words] : words;
  const count = integerOf('COUNT', first, kind === 'storm' ? REQUESTS : CANCELLATIONS, 1);
  const seed = integerOf('SEED', second, anySeed());
  if (kind === 'storm') {
    console.log(`${count} requests, one fault to a hundred, seed ${seed}`);
    console.log(await storm({ requests: count, faults: Math.floor(count / 100), seed }));
    return 0;
  }
  for (const generation of ['2024', '2025'] as const) {
    console.log(`${count} cancellations on a ${generation} server, seed ${seed}`);
    console.table(await cancelAtRandom({ count, seed, generation }));
  }
  return 0;
});
