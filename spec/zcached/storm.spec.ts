import { scaled } from '../support/scales.js';
import { anySeed } from '../support/seeded.js';
import { IN_ORDER } from './fault-rig.js';
import { storm } from './stress/storm.js';

const REQUESTS = scaled('storm');
const FAULTS = REQUESTS / 100;
const seed = anySeed();

it(`${REQUESTS} requests with ${FAULTS} random faults: each settles once with its own reply, and nothing is left open (SEED=${seed})`, async () => {
  const { milliseconds, answered, never, maybe, lateness, faults, ...wrongs } = await storm({
    requests: REQUESTS,
    faults: FAULTS,
    seed,
  });
  expect(wrongs).toEqual({ wrong: 0, strange: 0, uneven: 0, leaked: 0, repeated: 0, rest: IN_ORDER });
  expect(answered + never + maybe).toBe(REQUESTS);
  // Neither calm nor ruin, or this shows nothing. On a machine that is slow, many deadlines pass.
  expect(answered).toBeGreaterThan(REQUESTS / 100);
  expect(never + maybe).toBeGreaterThan(FAULTS);
  expect(Object.values(faults).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(FAULTS / 2);
}, 1_800_000);
