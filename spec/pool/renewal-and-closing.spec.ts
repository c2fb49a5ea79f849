import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('overlapping reconnect(false) calls, pool of $kind', ({ make }) => {
  it('a queued reconnect(false) does not redial members that joined after close() and setup()', async () => {
    const test = await openRig(make, 2);
    const renewals = [test.pool.reconnect(false), test.pool.reconnect(false)];
    void test.pool.close();
    await test.pool.setup();
    await Promise.all(renewals);
    await settle();
    expect(test.pool.connections.map(({ dials }) => dials)).toEqual([1, 1]);
    await test.pool.dispose();
  });
});

describe.each(KINDS)('errors of a pool of $kind with maxPending', ({ make }) => {
  it('after a successful redial, the error of an exhausted pool does not carry the earlier dial failure', async () => {
    const { pool, made } = await openRig(make, 1, { maxPending: 1, maxWaiting: 0 });
    const connection = made[0] as TestConnection;
    connection.lose();
    connection.onDial = 'refuse';
    await pool.reconnect();
    expect(() => pool.getLeastLoadedConnection()).toThrow(expect.objectContaining({ cause: expect.any(Error) }));
    connection.onDial = 'accept';
    await pool.reconnect();
    connection.send();
    expect(() => pool.getLeastLoadedConnection()).toThrow(expect.objectContaining({ code: 'ERR_POOL_EXHAUSTED' }));
    const refusal = await pool.use(() => 'done').catch((error: Error) => error);
    expect((refusal as Error).cause).toBeUndefined();
    connection.reply();
    await pool.dispose();
  });
});
