import { getEventListeners } from 'node:events';
import { asyncScheduler } from 'rxjs';
import { KINDS } from '../support/connections.js';
import { openRig } from '../support/pools.js';

describe.each(KINDS)('Thousands of waiting callers, over $kind', ({ make }) => {
  it('use() by 10,000 callers: four at a time, first come, first served; leaves no timer and no listener', async () => {
    const CALLERS = 10_000;
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const { pool } = await openRig(make, 4, { maxPending: 1, maxWaiting: CALLERS, scheduler: asyncScheduler });
    const { signal } = new AbortController();
    const order: number[] = [];
    let atOnce = 0;
    let most = 0;
    const calls = Array.from({ length: CALLERS }, (_, place) =>
      pool.use(
        async () => {
          order.push(place);
          most = Math.max(most, ++atOnce);
          await undefined;
          atOnce--;
        },
        { signal },
      ),
    );
    expect(pool.health.waiting).toBe(CALLERS - 4);
    expect(timers()).toBeGreaterThan(before);
    await Promise.all(calls);
    expect(most).toBe(4);
    expect(order).toEqual(Array.from({ length: CALLERS }, (_, place) => place));
    expect(pool.health).toMatchObject({ pending: 0, waiting: 0 });
    expect([timers(), getEventListeners(signal, 'abort').length]).toEqual([before, 0]);
  }, 30_000);

  it('use() by 1,000 callers: aborting 6 of 7 serves the others in order and leaves no timer', async () => {
    const CALLERS = 1_000;
    const { pool, clock } = await openRig(make, 4, { maxPending: 1 });
    const held = Array.from({ length: 4 }, () => pool.tryLease());
    const controllers = Array.from({ length: 7 }, () => new AbortController());
    const served: number[] = [];
    const calls = Array.from({ length: CALLERS }, (_, place) => {
      const { signal } = controllers[place % 7] as AbortController;
      return pool.use(() => served.push(place), { signal });
    });
    const outcomes = Promise.allSettled(calls);
    for (const controller of controllers.slice(1)) controller.abort();
    const left = Math.ceil(CALLERS / 7);
    expect([pool.health.waiting, clock.timers]).toEqual([left, 1]);
    for (const lease of held) lease?.release();
    await outcomes;
    expect(served).toEqual(Array.from({ length: left }, (_, place) => place * 7));
    expect([pool.health.pending, pool.health.waiting, clock.timers]).toEqual([0, 0, 0]);
  }, 30_000);
});
