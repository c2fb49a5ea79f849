import { reconnectBroken } from 'rxpool';
import { KINDS } from '../support/connections.js';
import { openRig, type Rig } from '../support/pools.js';

describe.each(KINDS)('members of a pool of $kind that its heal option has abandoned', ({ make }) => {
  const abandoned = async (): Promise<Rig> => {
    const rig = await openRig(make, 2, { heal: reconnectBroken({ isTerminal: () => true }) });
    rig.made[0]?.lose();
    expect(rig.pool.health).toMatchObject({ connected: 1, broken: 1, abandoned: 1 });
    return rig;
  };

  it('cleanupBrokenConnections() removes an abandoned member', async () => {
    const { pool, made } = await abandoned();
    expect(pool.cleanupBrokenConnections()).toBe(1);
    expect([pool.connections, pool.health.abandoned]).toEqual([made.slice(1), 0]);
    await pool.dispose();
  });

  it('reducePoolConnections(1) removes an abandoned member before one that is connected', async () => {
    const { pool, made } = await abandoned();
    expect(pool.reducePoolConnections(1)).toBe(1);
    expect(pool.connections).toEqual(made.slice(1));
    await pool.dispose();
  });

  it.each(['setup', 'reconnect'] as const)('%s() dials an abandoned member', async (call) => {
    const { pool } = await abandoned();
    await pool[call]();
    expect(pool.health).toMatchObject({ connected: 2, broken: 0, abandoned: 0 });
    await pool.dispose();
  });
});
