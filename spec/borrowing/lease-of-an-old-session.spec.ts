import { KINDS } from '../support/connections.js';
import { openRig } from '../support/pools.js';

describe.each(KINDS)('A lease of an old session, over $kind', ({ make }) => {
  it('lease.invalidate() after its connection was invalidated and redialled: does not break the new session', async () => {
    const { pool } = await openRig(make, 1);
    const lease = await pool.lease();
    pool.invalidateConnections(pool.connections);
    await pool.reconnect();
    const next = await pool.lease();
    lease.invalidate(new Error('found out late'));
    expect([pool.health.connected, pool.health.pending, next.signal.aborted]).toEqual([1, 1, false]);
  });

  it('lease.release() after its connection was invalidated and redialled: does not reset it for the lease of another caller', async () => {
    const reset = jest.fn();
    const { pool } = await openRig(make, 1, { maxPending: 1, reset });
    const lease = await pool.lease();
    pool.invalidateConnections(pool.connections);
    await pool.reconnect();
    const next = await pool.lease();
    lease.release();
    expect([reset.mock.calls.length, pool.health.pending, pool.tryLease()]).toEqual([0, 1, undefined]);
    next.release();
    expect(reset).toHaveBeenCalledTimes(1);
  });
});
