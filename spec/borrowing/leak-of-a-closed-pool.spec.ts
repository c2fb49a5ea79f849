import { PoolDisposedError } from 'rxpool';
import { KINDS } from '../support/connections.js';
import { openRig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('A lease never released, of a pool of $kind', ({ make }) => {
  it('is no leak any more once its connection has been closed, and leaves no timer behind', async () => {
    const { pool, clock, events } = await openRig(make, 1, { leakThreshold: 10_000 });
    await pool.lease();
    void pool.close();
    await clock.advance(1_000);
    expect(clock.timers).toBe(0);
    await clock.advance(20_000);
    expect(events.filter(({ type }) => type === 'leak-suspected')).toEqual([]);
  });

  it('is suspected of nothing while it waits for another, its first having been closed before it was held', async () => {
    const { pool, clock, events } = await openRig(make, 1, { maxPending: 1, leakThreshold: 1_000 });
    const first = await pool.lease();
    const second = watch(pool.lease());
    first.release();
    // The queue is served, and whoever waited has yet to go on.
    await undefined;
    pool.removeConnections(pool.connections, { drainTimeout: 0 });
    await clock.advance(2_000);
    expect([second.status, pool.health.waiting]).toEqual(['pending', 1]);
    expect(events.filter(({ type }) => type === 'leak-suspected')).toEqual([]);
    await pool.dispose();
    await settle();
    expect([second.reason, clock.timers]).toEqual([expect.any(PoolDisposedError), 0]);
  });

  it.each([0, 1, 2, 3, 4])('is none if it is closed %i microtasks after it was given way to', async (microtasks) => {
    const { pool, clock } = await openRig(make, 1, { leakThreshold: 10_000, maxPending: 1 });
    const first = await pool.lease();
    const second = pool.lease();
    second.catch(() => {});
    first.release();
    for (let passed = 0; passed < microtasks; passed++) await undefined;
    void pool.close({ drainTimeout: 0 });
    await settle();
    expect(clock.timers).toBe(0);
  });
});
