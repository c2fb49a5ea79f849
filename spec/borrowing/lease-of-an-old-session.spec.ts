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
});
