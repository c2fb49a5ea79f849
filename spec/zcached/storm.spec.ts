import { anySeed } from '../support/seeded.js';
import { IN_ORDER } from './fault-rig.js';
import { storm } from './stress/storm.js';

const REQUESTS = 10_000;
const seed = anySeed();

it(`a storm: ${REQUESTS} requests, 100 faults at random, and every promise holds (SEED=${seed})`, async () => {
  const { milliseconds, answered, never, maybe, lateness, faults, ...wrongs } = await storm({
    requests: REQUESTS,
    faults: 100,
    seed,
  });
  expect(wrongs).toEqual({ wrong: 0, strange: 0, uneven: 0, leaked: 0, repeated: 0, rest: IN_ORDER });
  expect(answered + never + maybe).toBe(REQUESTS);
  // Neither calm nor ruin, or this shows nothing.
  expect(answered).toBeGreaterThan(REQUESTS / 2);
  expect(never + maybe).toBeGreaterThan(100);
  expect(Object.values(faults).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(50);
}, 60_000);
