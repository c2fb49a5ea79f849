import { KINDS } from '../support/connections.js';
import { openRig } from '../support/pools.js';

describe.each(KINDS)('A lease on one of $kind that was closed and dialled anew', ({ make }) => {
  it('does not put the new one out of use when it is invalidated', async () => {
    const { pool } = await openRig(make, 1);
    const lease = await pool.lease();
    pool.invalidateConnections(pool.connections);
    await pool.reconnect();
    const next = await pool.lease();
    lease.invalidate(new Error('found out late'));
    expect([pool.health.connected, pool.health.pending, next.signal.aborted]).toEqual([1, 1, false]);
  });
});
