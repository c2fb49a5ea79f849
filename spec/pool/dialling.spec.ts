import { ConnectTimeoutError } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, openRig, rig, statesOf, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const underWay = (connections: readonly TestConnection[]): number =>
  connections.filter(({ state }) => state === 'connecting').length;

describe.each(KINDS)('dialling $kind', ({ make }) => {
  it.each([
    { limit: 'by default', options: {}, most: 16 },
    { limit: 'maxDials: 1', options: { maxDials: 1 }, most: 1 },
    { limit: 'maxDials: 3', options: { maxDials: 3 }, most: 3 },
    { limit: 'maxDials: Infinity', options: { maxDials: Number.POSITIVE_INFINITY }, most: 40 },
  ])('setup() has at most $most dials in flight ($limit)', async ({ options, most }) => {
    const test = rig(make, 40, options);
    test.script = 'wait';
    const outcome = watch(test.pool.setup());
    for (let settled = 0; settled < 40; settled++) {
      expect(underWay(test.made)).toBe(Math.min(most, 40 - settled));
      const next = test.made.find(({ state }) => state === 'connecting');
      if (settled % 3 === 0) next?.refuse();
      else next?.accept();
      await settle();
    }
    expect(outcome.status).toBe('resolved');
    expect(figures(test.pool.health)).toEqual({ poolSize: 40, total: 40, connected: 26, broken: 14 });
  });

  it('maxDials limits the dials of setup(), extendPoolBySize() and reconnect() together', async () => {
    const test = rig(make, 3, { maxDials: 4 });
    test.script = 'refuse';
    await test.pool.setup();
    for (const connection of test.made) connection.onDial = 'wait';
    test.script = 'wait';
    const outcomes = [watch(test.pool.reconnect()), watch(test.pool.extendPoolBySize(3)), watch(test.pool.setup())];
    expect(underWay(test.made)).toBe(4);
    for (const connection of test.made) connection.onDial = 'accept';
    for (const connection of test.made) connection.accept();
    await settle();
    expect(outcomes.map(({ status }) => status)).toEqual(['resolved', 'resolved', 'resolved']);
    expect(test.made.map(({ dials }) => dials)).toEqual([2, 2, 2, 1, 1, 1]);
  });

  it('removeConnections() of a member being dialled frees its dial slot for the next member', async () => {
    const test = rig(make, 3, { maxDials: 1 });
    test.script = 'wait';
    void test.pool.setup();
    test.pool.removeConnections([test.made[0] as TestConnection, test.made[1] as TestConnection]);
    await settle();
    expect(test.made.map(({ dials }) => dials)).toEqual([1, 0, 1]);
  });

  it('a connection that is removed while it is being dialled, and joins again while it is being closed, is dialled again', async () => {
    const { pool, made } = rig(make, 1);
    void pool.setup();
    const [connection] = made as [TestConnection];
    Object.assign(connection, { onDial: 'wait', onClose: 'wait' });
    pool.removeConnections(made);
    const outcome = watch(pool.extendPoolByConnections(made));
    connection.closed();
    await settle();
    expect([connection.dials, outcome.status]).toEqual([2, 'pending']);
    connection.accept();
    await settle();
    expect([outcome.status, pool.connectedConnections]).toEqual(['resolved', made]);
  });

  it('a connection that joins while it is connecting takes no dial slot to come into service, and is bound by connectTimeout', async () => {
    const test = rig(make, 1, { maxDials: 1 });
    test.script = 'wait';
    void test.pool.setup();
    const [up, hanging] = [make('wait'), make('wait')];
    for (const connection of [up, hanging]) connection.connect().catch(() => {});
    void test.pool.extendPoolByConnections([up, hanging]);
    up.accept();
    await settle();
    expect([test.pool.connectedConnections, test.pool.health.connecting]).toEqual([[up], 2]);
    await test.clock.advance(5_000);
    expect(test.pool.brokenConnections).toEqual([test.made[0], hanging]);
  });

  it('members queued for a dial because of maxDials stay idle', () => {
    const test = rig(make, 3, { maxDials: 1 });
    test.script = 'wait';
    void test.pool.setup();
    expect(figures(test.pool.health)).toEqual({ poolSize: 3, total: 3, fresh: 2, connecting: 1 });
  });

  describe('a dial that hangs', () => {
    it('a dial that exceeds connectTimeout makes the member broken and closes the connection', async () => {
      const test = rig(make, 1, { connectTimeout: 700 });
      test.script = 'wait';
      const outcome = watch(test.pool.setup());
      await test.clock.advance(699);
      expect(outcome.status).toBe('pending');
      expect(test.pool.health.connecting).toBe(1);
      await test.clock.advance(1);
      expect(outcome.status).toBe('resolved');
      expect(test.pool.brokenConnections).toEqual(test.made);
      expect(test.made[0]?.closes).toBe(1);
      expect(test.events.find(({ type }) => type === 'connect-failed')).toMatchObject({
        connection: test.made[0],
        cause: expect.any(ConnectTimeoutError),
      });
      expect(test.pool.connections).toEqual(test.made);
    });

    it('connectTimeout is 5 seconds by default', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      void test.pool.setup();
      await test.clock.advance(4_999);
      expect(test.pool.brokenConnections).toHaveLength(0);
      await test.clock.advance(1);
      expect(test.pool.brokenConnections).toHaveLength(1);
    });

    it('reconnect() redials a member whose dial timed out', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      void test.pool.setup();
      await test.clock.advance(5_000);
      (test.made[0] as TestConnection).onDial = 'accept';
      await expect(test.pool.reconnect()).resolves.toBe(1);
    });

    it('reconnect() after a dial timeout waits closeTimeout for a close() that hangs, then redials', async () => {
      const test = rig(make, 1, { closeTimeout: 300 });
      const connection = make('wait');
      connection.onClose = 'hang';
      void test.pool.extendPoolByConnections([connection]);
      await test.clock.advance(5_000);
      connection.onDial = 'accept';
      const outcome = watch(test.pool.reconnect());
      await test.clock.advance(299);
      expect([outcome.status, connection.dials]).toEqual(['pending', 1]);
      await test.clock.advance(1);
      expect([outcome, connection.dials]).toEqual([{ status: 'resolved', value: 1 }, 2]);
    });

    it('reconnect() inside broken$ after a dial timeout connects the member and does not close it again', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      void test.pool.setup();
      const connection = test.made[0] as TestConnection;
      let reconnecting: Promise<number> | undefined;
      test.pool.broken$.subscribe(({ length }) => {
        if (length === 0) return;
        connection.onDial = 'accept';
        reconnecting = test.pool.reconnect();
      });
      await test.clock.advance(5_000);
      await expect(reconnecting).resolves.toBe(1);
      expect([connection.state, connection.closes]).toEqual(['connected', 1]);
    });
  });

  it('cleanupBrokenConnections() keeps a member being dialled, which is neither connected nor broken', async () => {
    const test = rig(make, 1);
    test.script = 'wait';
    void test.pool.setup();
    expect(test.pool.connectedConnections).toHaveLength(0);
    expect(test.pool.brokenConnections).toHaveLength(0);
    expect(test.pool.cleanupBrokenConnections()).toBe(0);
    test.made[0]?.accept();
    await settle();
    expect(test.pool.isWorking()).toBe(true);
  });

  it('a dial that the owner of a member starts counts as connecting and is bounded by connectTimeout', async () => {
    const test = await openRig(make, 1);
    const connection = test.made[0] as TestConnection;
    connection.lose();
    connection.onDial = 'wait';
    connection.connect().catch(() => {});
    expect(test.pool.health.connecting).toBe(1);
    await test.clock.advance(5_000);
    expect(test.pool.brokenConnections).toEqual([connection]);
    expect(connection.state).toBe('closed');
  });

  it('connect() by the owner brings a member back into service after a dial timeout', async () => {
    const test = rig(make, 1);
    test.script = 'wait';
    void test.pool.setup();
    await test.clock.advance(5_000);
    const [connection] = test.made as [TestConnection];
    connection.onDial = 'accept';
    await connection.connect();
    await settle();
    expect(test.pool.connectedConnections).toEqual([connection]);
    connection.lose();
    expect(test.pool.brokenConnections).toEqual([connection]);
  });

  it('a member that timed out, was removed and joined again is observed: its loss makes it broken', async () => {
    const test = rig(make, 1);
    test.script = 'wait';
    void test.pool.setup();
    await test.clock.advance(5_000);
    const [connection] = test.made as [TestConnection];
    test.pool.removeConnections([connection]);
    await settle();
    connection.onDial = 'accept';
    await connection.connect();
    await test.pool.extendPoolByConnections([connection]);
    connection.lose();
    expect(test.pool.brokenConnections).toEqual([connection]);
  });

  it('reconnect() inside broken$ after a failed dial redials the connection', async () => {
    const test = rig(make, 1);
    test.script = 'refuse';
    let reconnecting: Promise<number> | undefined;
    test.pool.broken$.subscribe(([broken]) => {
      if (!broken || reconnecting) return;
      broken.onDial = 'accept';
      reconnecting = test.pool.reconnect();
    });
    await test.pool.setup();
    await expect(reconnecting).resolves.toBe(1);
    expect(test.made[0]?.dials).toBe(2);
  });

  it('a connection that is lost inside its own connected emission becomes a broken member', async () => {
    const test = rig(make, 1);
    test.script = 'wait';
    void test.pool.setup();
    const connection = test.made[0] as TestConnection;
    connection.state$.subscribe((state) => {
      if (state === 'connected') connection.lose();
    });
    connection.accept();
    await settle();
    expect(connection.state).toBe('broken');
    expect(test.pool.brokenConnections).toEqual([connection]);
    expect(test.pool.connectedConnections).toEqual([]);
  });

  it('close() during the first dial of extendPoolByConnections() keeps the other members from being dialled', async () => {
    const { pool } = rig(make, 3);
    const first = make('wait');
    first.state$.subscribe((state) => {
      if (state === 'connecting') void pool.close();
    });
    const rest = [make(), make()];
    await pool.extendPoolByConnections([first, ...rest]);
    await settle();
    expect(pool.isEmpty()).toBe(true);
    expect(rest.map(({ dials }) => dials)).toEqual([0, 0]);
    expect(statesOf([first, ...rest])).toBe('closed closed closed');
  });
});
