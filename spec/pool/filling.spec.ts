import { ConnectionPool, PoolClosedError } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, rig, statesOf, thrownBy, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('filling a pool of $kind', ({ make }) => {
  describe('setup()', () => {
    it('makes as many as the pool aims for and resolves when every dial has settled', async () => {
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

    it('waits for the slowest dial', async () => {
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

    it('leaves broken connections behind where the server refuses, and does not reject', async () => {
      const test = rig(make, 2);
      test.script = 'refuse';
      await expect(test.pool.setup()).resolves.toBeUndefined();
      expect(test.pool.brokenConnections).toEqual(test.made);
    });

    it('tops up and leaks nothing when it is called twice', async () => {
      const { pool, made } = rig(make, 2);
      await Promise.all([pool.setup(), pool.setup()]);
      await pool.setup();
      expect(made).toHaveLength(2);
      expect(made.map(({ dials }) => dials)).toEqual([1, 1]);
      pool.removeConnections([made[0] as TestConnection]);
      await pool.setup();
      expect(names(pool.connections)).toBe('#2 #3');
    });

    it('shares dials under way with a setup before it', async () => {
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

    it('dials every member that is broken', async () => {
      const test = rig(make, 2);
      test.script = 'refuse';
      await test.pool.setup();
      for (const connection of test.made) connection.onDial = 'accept';
      await test.pool.setup();
      expect(test.pool.connectedConnections).toEqual(test.made);
      expect(test.made.map(({ dials }) => dials)).toEqual([2, 2]);
    });

    it('stops waiting when its signal aborts, and goes on dialling', async () => {
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

    it('does nothing with a signal that has aborted', async () => {
      const { pool, made } = rig(make, 1);
      const reason = new Error('too late');
      await expect(pool.setup({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(made).toHaveLength(0);
      expect(pool.health.status).toBe('empty');
    });

    it('notices a signal that the factory itself aborts', async () => {
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

    it('opens an empty pool of size 0', async () => {
      const { pool } = rig(make, 0);
      await pool.setup();
      expect([pool.isEmpty(), pool.isFull(), pool.isWorking()]).toEqual([true, true, false]);
    });

    it('fills up to the size that a reduction has left', async () => {
      const test = await openRig(make, 3);
      test.pool.reducePoolConnections(1);
      await test.pool.setup();
      expect(test.pool.connections).toHaveLength(2);
    });
  });

  describe('extendPoolBySize()', () => {
    it('opens a new pool, and adds to none that would fill it', async () => {
      const { pool } = rig(make, 3);
      await pool.extendPoolBySize(1);
      expect([pool.poolSize, pool.connections.length, pool.connectedConnections.length]).toEqual([3, 1, 1]);
    });

    it('raises the pool size to the number of connections', async () => {
      const { pool } = await openRig(make, 2);
      await pool.extendPoolBySize(3);
      expect([pool.poolSize, pool.connections.length]).toEqual([5, 5]);
    });

    it('changes members and size at the call', () => {
      const { pool } = rig(make, 1);
      void pool.extendPoolBySize(2);
      expect([pool.poolSize, pool.connections.length]).toEqual([2, 2]);
      void pool.extendPoolBySize(1);
      expect([pool.poolSize, pool.connections.length]).toEqual([3, 3]);
    });

    it('dials the new ones and leaves the broken ones alone', async () => {
      const test = rig(make, 1);
      test.script = 'refuse';
      await test.pool.setup();
      test.script = 'accept';
      await test.pool.extendPoolBySize(1);
      expect(test.made.map(({ dials }) => dials)).toEqual([1, 1]);
      expect(statesOf(test.made)).toBe('broken connected');
    });

    it('adds nothing for 0, and opens the pool all the same', async () => {
      const { pool } = rig(make, 1);
      await pool.extendPoolBySize(0);
      expect(pool.isEmpty()).toBe(true);
    });

    it('is refused by a closed pool, which makes nothing', async () => {
      const { pool, made } = rig(make, 1);
      await pool.close();
      await expect(pool.extendPoolBySize(1)).rejects.toThrow(PoolClosedError);
      expect(made).toHaveLength(0);
    });

    it('stops waiting when its signal aborts', async () => {
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
    it('adds them in order and connects those that are not connected', async () => {
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

    it('ignores members and repetitions', async () => {
      const { pool, made } = await openRig(make, 1);
      const extra = make();
      await pool.extendPoolByConnections([extra, made[0] as TestConnection, extra]);
      expect(pool.connections).toEqual([made[0], extra]);
      await pool.extendPoolByConnections(pool.connections);
      expect(pool.poolSize).toBe(2);
    });

    it('reads an iterable once', async () => {
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

    it('waits for a dial that somebody else has begun', async () => {
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

    it('refuses a connection of another pool, and takes none of the others', async () => {
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

    it('takes one that has left another pool', async () => {
      const { pool: first, made } = await openRig(make, 1);
      const { pool: second } = rig(make, 1);
      await first.close();
      await second.extendPoolByConnections(made);
      expect(second.connectedConnections).toEqual(made);
    });

    it('is refused by a closed pool', async () => {
      const { pool } = await openRig(make, 1);
      await pool.close();
      const connection = make();
      await expect(pool.extendPoolByConnections([connection])).rejects.toThrow(PoolClosedError);
      expect(connection.dials).toBe(0);
    });

    it('admits each connection once, even if healing adds the same one while the pool opens', async () => {
      const connection = make();
      const pool: ConnectionPool<TestConnection> = new ConnectionPool(1, make, {
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

  it('shows the members as frozen arrays that are the same while nothing changes', async () => {
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

  it('keeps the size and the function it was given', () => {
    const factory = (): TestConnection => make();
    const pool = new ConnectionPool(7, factory);
    expect(pool.poolSize).toBe(7);
    expect(pool.connectionFactory).toBe(factory);
    expect(thrownBy(() => Object.assign(pool, { poolSize: 3 }))).toBeInstanceOf(TypeError);
  });
});
