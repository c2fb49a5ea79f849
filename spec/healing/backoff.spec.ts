import * as fc from 'fast-check';
import { type Backoff, constantBackoff, decorrelatedJitter, exponentialBackoff } from 'rxpool';

describe('exponentialBackoff', () => {
  it('exponentialBackoff(): the ceiling doubles from 100 ms to 5 s by default', () => {
    const ceiling = exponentialBackoff({ random: () => 1 });
    expect([1, 2, 3, 4, 5, 6, 7, 8, 100].map((attempt) => ceiling(attempt, 0))).toEqual([
      100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000,
    ]);
  });

  it('exponentialBackoff({ initial, factor, max }): the ceiling grows by factor up to max', () => {
    const ceiling = exponentialBackoff({ initial: 10, factor: 3, max: 500, random: () => 1 });
    expect([1, 2, 3, 4, 5, 6].map((attempt) => ceiling(attempt, 0))).toEqual([10, 30, 90, 270, 500, 500]);
  });

  it('exponentialBackoff({ random }): the wait is random() times the ceiling', () => {
    const draws = [0, 0.25, 0.5, 0.999];
    for (const draw of draws) expect(exponentialBackoff({ random: () => draw })(2, 0)).toBeCloseTo(200 * draw);
  });

  it('exponentialBackoff() without random: waits are spread evenly between 0 and the ceiling (full jitter)', () => {
    const backoff = exponentialBackoff({ initial: 1_000 });
    const waits = Array.from({ length: 4_000 }, () => backoff(1, 0));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThan(1_000);
    for (const quarter of [0, 250, 500, 750]) {
      const share = waits.filter((wait) => wait >= quarter && wait < quarter + 250).length;
      expect(share).toBeGreaterThan(800);
    }
  });

  it('exponentialBackoff() property: every wait is between 0 and max, for any attempt', () => {
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

describe('constantBackoff', () => {
  it('constantBackoff(delay): the wait is delay before every attempt', () => {
    const backoff = constantBackoff(250);
    expect([1, 2, 3, 100].map((attempt) => backoff(attempt, 250))).toEqual([250, 250, 250, 250]);
  });

  it('constantBackoff(delay, { jitter }): the wait varies by jitter × delay to either side', () => {
    const waits = [0, 0.25, 0.5, 0.75, 1].map((draw) =>
      constantBackoff(1_000, { jitter: 0.2, random: () => draw })(1, 0),
    );
    expect(waits).toEqual([800, 900, 1_000, 1_100, 1_200]);
  });

  it('constantBackoff() property: every wait is between 0 and 2 × delay', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ min: 0, max: 1e12, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (delay, jitter, draw) => {
          const wait = constantBackoff(delay, { jitter, random: () => draw })(1, 0);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(2 * delay);
        },
      ),
    );
  });
});

/** The waits of one outage; each call gets the wait before it. */
function waitsOf(backoff: Backoff, attempts: number): number[] {
  const waits: number[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) waits.push(backoff(attempt, waits.at(-1) ?? 0));
  return waits;
}

describe('decorrelatedJitter', () => {
  it('decorrelatedJitter(): by default waits up to three times the previous wait, from 100 ms to 5 s', () => {
    expect(waitsOf(decorrelatedJitter({ random: () => 1 }), 6)).toEqual([300, 900, 2_700, 5_000, 5_000, 5_000]);
    expect(waitsOf(decorrelatedJitter({ random: () => 0 }), 3)).toEqual([100, 100, 100]);
  });

  it('decorrelatedJitter({ initial, random }): random() is scaled to base … three times the previous wait', () => {
    const backoff = (draw: number): Backoff => decorrelatedJitter({ initial: 100, random: () => draw });
    expect(backoff(0.5)(7, 1_000)).toBe(1_550);
    expect(backoff(0.25)(2, 300)).toBe(300);
  });

  it('decorrelatedJitter(): a wait can be shorter than the previous one, whatever the attempt number', () => {
    const draws = [1, 1, 0, 0.5];
    const backoff = decorrelatedJitter({ random: () => draws.shift() ?? 0 });
    expect(waitsOf(backoff, 4)).toEqual([300, 900, 100, 200]);
  });

  it('decorrelatedJitter() property: every wait is between initial and max, for any previous wait', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ min: 1, max: 1e6, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
        fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
        fc.double({ min: 0, max: 2 ** 31 - 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (initial, max, previous, draw) => {
          const wait = decorrelatedJitter({ initial, max, random: () => draw })(2, previous);
          expect(wait).toBeGreaterThanOrEqual(Math.min(initial, max, 2 ** 31 - 1));
          expect(wait).toBeLessThanOrEqual(max);
        },
      ),
    );
  });
});
