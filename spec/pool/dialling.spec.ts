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
  ])('has no more than $most dials under way, $limit', async ({ options, most }) => {
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

  it('counts the dials of setup, extending and reconnecting together', async () => {
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

  it('gives the room of a member that is removed to the next', async () => {
    const test = rig(make, 3, { maxDials: 1 });
    test.script = 'wait';
    void test.pool.setup();
    test.pool.removeConnections([test.made[0] as TestConnection, test.made[1] as TestConnection]);
    await settle();
    expect(test.made.map(({ dials }) => dials)).toEqual([1, 0, 1]);
  });

  it('leaves those whose dial has to wait where they stand', () => {
    const test = rig(make, 3, { maxDials: 1 });
    test.script = 'wait';
    void test.pool.setup();
    expect(figures(test.pool.health)).toEqual({ poolSize: 3, total: 3, idle: 2, connecting: 1 });
  });

  describe('that hang', () => {
    it('makes them broken at the deadline and closes them', async () => {
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

    it('gives them five seconds by default', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      void test.pool.setup();
      await test.clock.advance(4_999);
      expect(test.pool.brokenConnections).toHaveLength(0);
      await test.clock.advance(1);
      expect(test.pool.brokenConnections).toHaveLength(1);
    });

    it('can be dialled again', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      void test.pool.setup();
      await test.clock.advance(5_000);
      (test.made[0] as TestConnection).onDial = 'accept';
      await expect(test.pool.reconnect()).resolves.toBe(1);
    });

    it('are not dialled again before their closing has ended, or its bound has passed', async () => {
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

    it('are redialled by a subscriber who is told of it, and are not closed again behind its back', async () => {
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

  it('shows a dial under way as neither connected nor broken, so that a cleanup cannot end it', async () => {
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

  it('sees a dial that its owner begins, and gives it the same deadline', async () => {
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

  it('lets its owner bring back a member whose dial had timed out', async () => {
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

  it('hears a member again that had timed out, was removed, and has joined again', async () => {
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

  it('redials when a subscriber who hears of a failed dial asks for it', async () => {
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

  it('has lost a connection that fails in the very moment in which it came up', async () => {
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

  it('does not dial members that left while another was being dialled', async () => {
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
