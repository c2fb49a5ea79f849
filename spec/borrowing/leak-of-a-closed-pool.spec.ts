import { PoolDisposedError } from 'rxpool';
import { KINDS } from '../support/connections.js';
import { openRig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('leakThreshold and closed connections, over $kind', ({ make }) => {
  it('leakThreshold: close() with an unreleased lease emits no leak-suspected and leaves no timer', async () => {
    const { pool, clock, events } = await openRig(make, 1, { leakThreshold: 10_000 });
    await pool.lease();
    void pool.close();
    await clock.advance(1_000);
    expect(clock.timers).toBe(0);
    await clock.advance(20_000);
    expect(events.filter(({ type }) => type === 'leak-suspected')).toEqual([]);
  });

  it('leakThreshold: no leak-suspected for a lease() that waits again after its granted connection was closed', async () => {
    const { pool, clock, events } = await openRig(make, 1, { maxPending: 1, leakThreshold: 1_000 });
    const first = await pool.lease();
    const second = watch(pool.lease());
    first.release();
    // The lease is granted, and the waiting call has not continued yet.
    await undefined;
    pool.removeConnections(pool.connections, { drainTimeout: 0 });
    await clock.advance(2_000);
    expect([second.status, pool.health.waiting]).toEqual(['pending', 1]);
    expect(events.filter(({ type }) => type === 'leak-suspected')).toEqual([]);
    await pool.dispose();
    await settle();
    expect([second.reason, clock.timers]).toEqual([expect.any(PoolDisposedError), 0]);
  });

  it.each([0, 1, 2, 3, 4])(
    'leakThreshold: close() %i microtasks after release() to a waiting lease() leaves no timer',
    async (microtasks) => {
      const { pool, clock } = await openRig(make, 1, { leakThreshold: 10_000, maxPending: 1 });
      const first = await pool.lease();
      const second = pool.lease();
      second.catch(() => {});
      first.release();
      for (let passed = 0; passed < microtasks; passed++) await undefined;
      void pool.close({ drainTimeout: 0 });
      await settle();
      expect(clock.timers).toBe(0);
    },
  );
});
