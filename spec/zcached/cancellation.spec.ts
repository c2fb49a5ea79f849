import { type ProcessWatch, watchProcess } from '../support/invariants.js';
import { scaled } from '../support/scales.js';
import { anySeed } from '../support/seeded.js';
import { until } from '../support/until.js';
import { cancelAtRandom } from './stress/cancellations.js';

/** Of each generation; `spec/zcached/stress/main.ts` takes any number. */
const COUNT = scaled('cancellations');
const seed = anySeed();

let watch: ProcessWatch;
beforeEach(() => {
  watch = watchProcess();
});
afterEach(() => watch.end());

it.each(['2024', '2025'] as const)(
  `${COUNT} random cancellations, %s server: each request settles once, and no reply reaches another (SEED=${seed})`,
  async (generation) => {
    const { before, never, maybe, answered, milliseconds, ...wrongs } = await cancelAtRandom({
      count: COUNT,
      seed,
      generation,
    });
    expect(wrongs).toEqual({
      wrong: 0,
      strange: 0,
      uneven: 0,
      leaked: 0,
      repeated: 0,
      lost: 0,
      pending: 0,
      listeners: 0,
      timers: 0,
    });
    expect(before + never + maybe + answered).toBe(COUNT);
    // Every moment had its share, or this shows nothing.
    for (const share of [before, never, maybe, answered]) expect(share).toBeGreaterThan(COUNT / 200);
    await until(() => watch.sockets === 0);
    expect(watch.complaints).toEqual([]);
  },
  600_000,
);
