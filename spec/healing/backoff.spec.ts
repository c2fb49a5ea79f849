import * as fc from 'fast-check';
import { exponentialBackoff } from 'rxpool';

describe('exponentialBackoff', () => {
  it('doubles its ceiling from 100 ms to 5 s, unless told otherwise', () => {
    const ceiling = exponentialBackoff({ random: () => 1 });
    expect([1, 2, 3, 4, 5, 6, 7, 8, 100].map((attempt) => ceiling(attempt, 0))).toEqual([
      100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000,
    ]);
  });

  it('grows by the factor and stops at the maximum it is given', () => {
    const ceiling = exponentialBackoff({ initial: 10, factor: 3, max: 500, random: () => 1 });
    expect([1, 2, 3, 4, 5, 6].map((attempt) => ceiling(attempt, 0))).toEqual([10, 30, 90, 270, 500, 500]);
  });

  it('draws from all between nothing and the ceiling', () => {
    const draws = [0, 0.25, 0.5, 0.999];
    for (const draw of draws) expect(exponentialBackoff({ random: () => draw })(2, 0)).toBeCloseTo(200 * draw);
  });

  it('spreads evenly by itself: full jitter', () => {
    const backoff = exponentialBackoff({ initial: 1_000 });
    const waits = Array.from({ length: 4_000 }, () => backoff(1, 0));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThan(1_000);
    for (const quarter of [0, 250, 500, 750]) {
      const share = waits.filter((wait) => wait >= quarter && wait < quarter + 250).length;
      expect(share).toBeGreaterThan(800);
    }
  });

  it('answers with a wait within its bounds for any attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.double({ min: 1, max: 1_000, noNaN: true }),
        fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.constant(Number.POSITIVE_INFINITY)),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, initial, factor, max, draw) => {
          const wait = exponentialBackoff({ initial, factor, max, random: () => draw })(attempt, 0);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(max);
        },
      ),
    );
  });
});
