import { within } from '../../src/streams/within.js';
import { watch } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

describe('work within a time', () => {
  const tooLate = new Error('too late');

  /** Some work that never ends by itself, and what else may end it. */
  function begin(work: (signal: AbortSignal) => unknown = () => new Promise(() => {})) {
    const clock = new VirtualClock();
    const seen: { signal?: AbortSignal; end?: (reason: unknown) => void; unwatched: number } = { unwatched: 0 };
    const result = within(
      {
        timeout: 100,
        scheduler: clock.scheduler,
        late: () => tooLate,
        until: (end) => {
          seen.end = end;
          return () => seen.unwatched++;
        },
      },
      (signal) => {
        seen.signal = signal;
        return work(signal);
      },
    );
    return { clock, seen, outcome: watch(result) };
  }

  it.each([
    ['resolves', () => 'done', { status: 'resolved', value: 'done' }],
    ['resolves later', () => Promise.resolve('done'), { status: 'resolved', value: 'done' }],
    ['rejects', () => Promise.reject(tooLate), { status: 'rejected', reason: tooLate }],
    [
      'throws',
      () => {
        throw tooLate;
      },
      { status: 'rejected', reason: tooLate },
    ],
  ])('that %s is over, and watched no more', async (_, work, end) => {
    const { clock, seen, outcome } = begin(work);
    await settle();
    expect(outcome).toEqual(end);
    expect([clock.timers, seen.unwatched, seen.signal?.aborted]).toEqual([0, 1, false]);
  });

  it('is told to stop when its time is up', async () => {
    const { clock, seen, outcome } = begin();
    await clock.advance(99);
    expect(outcome.status).toBe('pending');
    await clock.advance(1);
    expect([outcome.reason, seen.signal?.reason, clock.timers, seen.unwatched]).toEqual([tooLate, tooLate, 0, 1]);
  });

  it('is told to stop when something else ends it, the first time alone', async () => {
    const { clock, seen, outcome } = begin();
    const lost = new Error('lost');
    seen.end?.(lost);
    seen.end?.(new Error('again'));
    await settle();
    expect([outcome.reason, seen.signal?.reason, clock.timers, seen.unwatched]).toEqual([lost, lost, 0, 1]);
  });
});
