import { KINDS } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('Unhandled rejections, over $kind', ({ make }) => {
  it('use(), lease(), withConnection(): no way to end leaves an unhandled rejection or a timer', async () => {
    const { pool, made, clock } = await openRig(make, 1, {
      maxPending: 1,
      maxWaiting: 8,
      resetTimeout: 50,
      reset: () => Promise.reject(new Error('no answer')),
    });
    const controller = new AbortController();
    const { signal } = controller;
    const fails = (): Promise<never> => Promise.reject(new Error('of the work'));
    const silent = { error: (): void => {} };
    const ignore = (): void => {};
    for (let round = 0; round < 3; round++) {
      const held = pool.tryLease();
      pool.use(fails, { signal }).catch(ignore);
      pool.use(fails, { waitTimeout: 5 }).catch(ignore);
      pool.use(fails, { timeout: 7 }).catch(ignore);
      pool.lease({ signal }).then((lease) => lease.invalidate(), ignore);
      pool.withConnection(fails).subscribe(silent);
      pool.withConnection(fails, { signal }).subscribe(silent);
      pool.withConnection(fails).subscribe(silent).unsubscribe();
      for (let more = 0; more < 5; more++) pool.use(fails).catch(ignore);
      held?.release();
      await settle();
      made[0]?.lose();
      await pool.reconnect();
      await clock.advance(60);
      if (round === 1) controller.abort();
    }
    await pool.dispose();
    await clock.advance(10_000);
    // An unhandled rejection would fail the test.
    await settle();
    expect(clock.timers).toBe(0);
  });
});
