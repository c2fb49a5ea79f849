import { ConnectionPool, PoolClosedError } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, rig, statesOf, thrownBy, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('filling a pool of $kind', ({ make }) => {
  describe('setup()', () => {
    it('setup() creates poolSize connections at the call and resolves when every dial has settled', async () => {
      const { pool, made } = rig(make, 3);
      const outcome = watch(pool.setup());
      expect(made).toHaveLength(3);
      expect(pool.connections).toEqual(made);
      expect(statesOf(made)).toBe('connecting connecting connecting');
      expect(outcome.status).toBe('pending');
      await settle();
      expect(outcome).toEqual({ status: 'resolved', value: undefined });
      expect(pool.connectedConnections).toEqual(made);
      expect(made.map(({ dials }) => dials)).toEqual([1, 1, 1]);
    });

    it('setup() waits for the slowest dial, also when that fails', async () => {
      const test = rig(make, 2);
      test.script = 'wait';
      const outcome = watch(test.pool.setup());
      test.made[0]?.accept();
      await settle();
      expect(outcome.status).toBe('pending');
      test.made[1]?.refuse();
      await settle();
      expect(outcome.status).toBe('resolved');
      expect(figures(test.pool.health)).toEqual({ poolSize: 2, total: 2, connected: 1, broken: 1 });
    });

    it('setup() resolves and leaves broken members when the server refuses', async () => {
      const test = rig(make, 2);
      test.script = 'refuse';
      await expect(test.pool.setup()).resolves.toBeUndefined();
      expect(test.pool.brokenConnections).toEqual(test.made);
    });

    it('setup() called again dials nothing twice and replaces only removed members', async () => {
      const { pool, made } = rig(make, 2);
      await Promise.all([pool.setup(), pool.setup()]);
      await pool.setup();
      expect(made).toHaveLength(2);
      expect(made.map(({ dials }) => dials)).toEqual([1, 1]);
      pool.removeConnections([made[0] as TestConnection]);
      await pool.setup();
      expect(names(pool.connections)).toBe('#2 #3');
    });

    it('setup() called twice shares the dials in flight, and both calls wait for them', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      const outcomes = [watch(test.pool.setup()), watch(test.pool.setup())];
      await settle();
      expect(outcomes.map(({ status }) => status)).toEqual(['pending', 'pending']);
      test.made[0]?.accept();
      await settle();
      expect(outcomes.map(({ status }) => status)).toEqual(['resolved', 'resolved']);
      expect(test.made[0]?.dials).toBe(1);
    });

    it('setup() redials every broken member', async () => {
      const test = rig(make, 2);
      test.script = 'refuse';
      await test.pool.setup();
      for (const connection of test.made) connection.onDial = 'accept';
      await test.pool.setup();
      expect(test.pool.connectedConnections).toEqual(test.made);
      expect(test.made.map(({ dials }) => dials)).toEqual([2, 2]);
    });

    it('setup() rejects when its signal aborts, and the dials go on', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      const controller = new AbortController();
      const outcome = watch(test.pool.setup({ signal: controller.signal }));
      const reason = new Error('no time');
      controller.abort(reason);
      await settle();
      expect(outcome).toEqual({ status: 'rejected', reason });
      test.made[0]?.accept();
      await settle();
      expect(test.pool.isWorking()).toBe(true);
    });

    it('setup() with an aborted signal rejects with its reason and creates nothing', async () => {
      const { pool, made } = rig(make, 1);
      const reason = new Error('too late');
      await expect(pool.setup({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(made).toHaveLength(0);
      expect(pool.health.status).toBe('empty');
    });

    it('setup() rejects when the factory aborts its signal', async () => {
      const controller = new AbortController();
      const factory = (): TestConnection => {
        controller.abort(new Error('from within'));
        return make('wait');
      };
      const pool = new ConnectionPool(1, factory, { heal: false });
      const outcome = watch(pool.setup({ signal: controller.signal }));
      await settle();
      expect(outcome.status).toBe('rejected');
      await pool.dispose();
    });

    it('setup() with poolSize 0 resolves with an empty pool that is full and not working', async () => {
      const { pool } = rig(make, 0);
      await pool.setup();
      expect([pool.isEmpty(), pool.isFull(), pool.isWorking()]).toEqual([true, true, false]);
    });

    it('setup() after reducePoolConnections() fills up to the reduced poolSize', async () => {
      const test = await openRig(make, 3);
      test.pool.reducePoolConnections(1);
      await test.pool.setup();
      expect(test.pool.connections).toHaveLength(2);
    });
  });

  describe('extendPoolBySize()', () => {
    it('extendPoolBySize(1) before setup() adds one connection and does not fill up to poolSize', async () => {
      const { pool } = rig(make, 3);
      await pool.extendPoolBySize(1);
      expect([pool.poolSize, pool.connections.length, pool.connectedConnections.length]).toEqual([3, 1, 1]);
    });

    it('extendPoolBySize() raises poolSize to the number of connections', async () => {
      const { pool } = await openRig(make, 2);
      await pool.extendPoolBySize(3);
      expect([pool.poolSize, pool.connections.length]).toEqual([5, 5]);
    });

    it('extendPoolBySize() changes members and poolSize before it returns', () => {
      const { pool } = rig(make, 1);
      void pool.extendPoolBySize(2);
      expect([pool.poolSize, pool.connections.length]).toEqual([2, 2]);
      void pool.extendPoolBySize(1);
      expect([pool.poolSize, pool.connections.length]).toEqual([3, 3]);
    });

    it('extendPoolBySize() dials the new connections and leaves broken members alone', async () => {
      const test = rig(make, 1);
      test.script = 'refuse';
      await test.pool.setup();
      test.script = 'accept';
      await test.pool.extendPoolBySize(1);
      expect(test.made.map(({ dials }) => dials)).toEqual([1, 1]);
      expect(statesOf(test.made)).toBe('broken connected');
    });

    it('extendPoolBySize(0) before setup() adds nothing', async () => {
      const { pool } = rig(make, 1);
      await pool.extendPoolBySize(0);
      expect(pool.isEmpty()).toBe(true);
    });

    it('extendPoolBySize() of a closed pool rejects with PoolClosedError and creates nothing', async () => {
      const { pool, made } = rig(make, 1);
      await pool.close();
      await expect(pool.extendPoolBySize(1)).rejects.toThrow(PoolClosedError);
      expect(made).toHaveLength(0);
    });

    it('extendPoolBySize() rejects when its signal aborts, and the new member stays', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      const controller = new AbortController();
      const outcome = watch(test.pool.extendPoolBySize(1, { signal: controller.signal }));
      controller.abort();
      await settle();
      expect(outcome.status).toBe('rejected');
      expect(test.pool.connections).toHaveLength(1);
    });
  });

  describe('extendPoolByConnections()', () => {
    it('extendPoolByConnections() adds connections in order and dials those that are not connected', async () => {
      const { pool } = rig(make, 1);
      const [idle, connected, broken, closed] = [make(), make(), make('refuse'), make()] as const;
      await connected.connect();
      await broken.connect().catch(() => {});
      broken.onDial = 'accept';
      await closed.close();
      await pool.extendPoolByConnections([idle, connected, broken, closed]);
      expect(pool.connections).toEqual([idle, connected, broken, closed]);
      expect(pool.connectedConnections).toEqual([idle, connected, broken, closed]);
      expect([idle, connected, broken, closed].map(({ dials }) => dials)).toEqual([1, 1, 2, 1]);
      expect(pool.poolSize).toBe(4);
    });

    it('extendPoolByConnections() ignores members and repetitions', async () => {
      const { pool, made } = await openRig(make, 1);
      const extra = make();
      await pool.extendPoolByConnections([extra, made[0] as TestConnection, extra]);
      expect(pool.connections).toEqual([made[0], extra]);
      await pool.extendPoolByConnections(pool.connections);
      expect(pool.poolSize).toBe(2);
    });

    it('extendPoolByConnections() reads the iterable once', async () => {
      const { pool } = rig(make, 1);
      let reads = 0;
      const connections = {
        *[Symbol.iterator]() {
          reads++;
          yield make();
          yield make();
        },
      };
      await pool.extendPoolByConnections(connections);
      expect([reads, pool.connections.length]).toEqual([1, 2]);
    });

    it('extendPoolByConnections() waits for a dial that the owner of the connection has started', async () => {
      const { pool } = rig(make, 1);
      const connection = make('wait');
      const dial = connection.connect();
      const outcome = watch(pool.extendPoolByConnections([connection]));
      await settle();
      expect(outcome.status).toBe('pending');
      expect(pool.health.connecting).toBe(1);
      connection.accept();
      await Promise.all([dial, settle()]);
      expect(outcome.status).toBe('resolved');
      expect(connection.dials).toBe(1);
    });

    it('extendPoolByConnections() rejects a connection of another pool and adds none of the others', async () => {
      const { pool: first, made } = await openRig(make, 1);
      const { pool: second } = rig(make, 1);
      await expect(second.extendPoolByConnections([make(), made[0] as TestConnection])).rejects.toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringContaining('connections[1]'),
      });
      expect(second.isEmpty()).toBe(true);
      expect(first.connectedConnections).toHaveLength(1);
    });

    it('extendPoolByConnections() takes a connection that has left another pool', async () => {
      const { pool: first, made } = await openRig(make, 1);
      const { pool: second } = rig(make, 1);
      await first.close();
      await second.extendPoolByConnections(made);
      expect(second.connectedConnections).toEqual(made);
    });

    it('extendPoolByConnections() of a closed pool rejects with PoolClosedError and dials nothing', async () => {
      const { pool } = await openRig(make, 1);
      await pool.close();
      const connection = make();
      await expect(pool.extendPoolByConnections([connection])).rejects.toThrow(PoolClosedError);
      expect(connection.dials).toBe(0);
    });

    it('extendPoolByConnections() adds a connection once, even if heal adds it while the pool opens', async () => {
      const connection = make();
      const pool: ConnectionPool<TestConnection> = new ConnectionPool(1, () => make(), {
        heal: (broken$) => {
          void pool.extendPoolByConnections([connection]);
          return broken$ as never;
        },
      });
      await pool.extendPoolByConnections([connection]);
      expect(pool.connections).toEqual([connection]);
      expect(figures(pool.health)).toEqual({ poolSize: 1, total: 1, connected: 1 });
      await pool.dispose();
    });
  });

  it('connections, connectedConnections, brokenConnections are frozen arrays, the same until a change', async () => {
    const { pool, made } = await openRig(make, 2);
    for (const list of ['connections', 'connectedConnections', 'brokenConnections'] as const) {
      expect(pool[list]).toBe(pool[list]);
      expect(Object.isFrozen(pool[list])).toBe(true);
    }
    const before = pool.connections;
    await pool.extendPoolBySize(1);
    expect(before).toEqual(made.slice(0, 2));
    expect(pool.connections).not.toBe(before);
    expect(() => (pool.connections as TestConnection[]).push(make())).toThrow(TypeError);
  });

  it('poolSize and connectionFactory return the constructor arguments, and poolSize is read-only', () => {
    const factory = (): TestConnection => make();
    const pool = new ConnectionPool(7, factory);
    expect(pool.poolSize).toBe(7);
    expect(pool.connectionFactory).toBe(factory);
    expect(thrownBy(() => Object.assign(pool, { poolSize: 3 }))).toBeInstanceOf(TypeError);
  });
});
