import { Observable } from 'rxjs';
import { ConnectionClosedError, ConnectionPool, PoolClosedError, PoolDisposedError } from 'rxpool';
import { KINDS, SubjectConnection, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, rig, statesOf, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('closing a pool of $kind', ({ make }) => {
  describe('close()', () => {
    it('shows an empty pool at the call', async () => {
      const { pool, made } = await openRig(make, 2);
      made[1]?.lose();
      const shown: Record<string, unknown> = {};
      pool.connections$.subscribe((all) => (shown['connections'] = all.length));
      pool.connected$.subscribe((all) => (shown['connected'] = all.length));
      pool.broken$.subscribe((all) => (shown['broken'] = all.length));
      pool.snapshot$.subscribe((all) => (shown['snapshot'] = all.connections.length));
      pool.leastLoaded$.subscribe((one) => (shown['leastLoaded'] = one));
      pool.pending$.subscribe((pending) => (shown['pending'] = pending));
      pool.health$.subscribe(({ status, total }) => (shown['health'] = `${status} ${total}`));
      made[0]?.send();
      const closing = pool.close({ drainTimeout: 0 });
      expect([pool.connections, pool.connectedConnections, pool.brokenConnections]).toEqual([[], [], []]);
      expect([pool.isEmpty(), pool.isFull(), pool.isWorking(), pool.poolSize]).toEqual([true, false, false, 2]);
      expect(shown).toEqual({
        connections: 0,
        connected: 0,
        broken: 0,
        snapshot: 0,
        leastLoaded: undefined,
        pending: 0,
        health: 'closed 0',
      });
      await closing;
    });

    it('closes every connection, whatever its state', async () => {
      const test = rig(make, 0, { maxDials: 1 });
      const members = ['connected', 'broken', 'connecting', 'idle'].map((name) => make('wait', name));
      const [connected, broken, connecting, idle] = members as [
        TestConnection,
        TestConnection,
        TestConnection,
        TestConnection,
      ];
      connected.onDial = 'accept';
      broken.onDial = 'refuse';
      void test.pool.extendPoolByConnections([connected, broken, connecting, idle]);
      await settle();
      expect(statesOf(members)).toBe('connected broken connecting idle');
      await test.pool.close();
      expect(statesOf(members)).toBe('closed closed closed closed');
      expect(members.map(({ closes }) => closes)).toEqual([1, 1, 1, 1]);
      expect(idle.dials).toBe(0);
    });

    it('gives work in flight its time, then closes', async () => {
      const { pool, made, clock } = await openRig(make, 2);
      made[0]?.send();
      const outcome = watch(pool.close());
      await clock.advance(999);
      expect([outcome.status, statesOf(made)]).toEqual(['pending', 'connected closed']);
      await clock.advance(1);
      expect([outcome.status, statesOf(made)]).toEqual(['resolved', 'closed closed']);
      expect(clock.timers).toBe(0);
    });

    it('resolves as soon as the work is done', async () => {
      const { pool, made } = await openRig(make, 1);
      made[0]?.send();
      const outcome = watch(pool.close());
      made[0]?.reply();
      await settle();
      expect(outcome.status).toBe('resolved');
    });

    it('tells leases that time is running, those of connections that were leaving without end too', async () => {
      const { pool, clock } = await openRig(make, 1);
      const { signal } = await pool.lease();
      pool.reconfigure({ poolSize: 0 });
      await clock.advance(60_000);
      expect(signal.aborted).toBe(false);
      const outcome = watch(pool.close());
      expect([signal.aborted, signal.reason]).toEqual([true, expect.any(ConnectionClosedError)]);
      await clock.advance(1_000);
      expect(outcome.status).toBe('resolved');
    });

    it('bounds the draining by the drainTimeout it is given, for what was leaving before too', async () => {
      const { pool, made, clock } = await openRig(make, 2);
      for (const connection of made) connection.send();
      pool.removeConnections([made[0] as TestConnection], { drainTimeout: 60_000 });
      const outcome = watch(pool.close({ drainTimeout: 200 }));
      await clock.advance(199);
      expect(statesOf(made)).toBe('connected connected');
      await clock.advance(1);
      expect([outcome.status, statesOf(made)]).toEqual(['resolved', 'closed closed']);
    });

    it('cuts the draining short when its signal aborts, or when a closing after it has no time', async () => {
      const { pool, made } = await openRig(make, 2);
      for (const connection of made) connection.send();
      pool.removeConnections([made[0] as TestConnection]);
      const controller = new AbortController();
      const outcome = watch(pool.close({ signal: controller.signal }));
      await settle();
      expect(statesOf(made)).toBe('connected connected');
      controller.abort();
      await settle();
      expect([outcome.status, statesOf(made)]).toEqual(['resolved', 'closed closed']);

      await pool.setup();
      const next = pool.connections;
      next[0]?.send();
      const first = watch(pool.close());
      await pool.close({ drainTimeout: 0 });
      expect([first.status, statesOf(next)]).toEqual(['resolved', 'closed closed']);
      await expect(pool.close({ signal: AbortSignal.abort() })).resolves.toBeUndefined();
    });

    it.each(['hang', 'reject', 'throw'] as const)('resolves within its bound though closers %s', async (script) => {
      const { pool, made, clock, events } = await openRig(make, 3, { closeTimeout: 250 });
      (made[1] as TestConnection).onClose = script;
      (made[2] as TestConnection).onClose = script;
      const outcome = watch(pool.close());
      await clock.advance(script === 'hang' ? 249 : 0);
      expect(outcome.status).toBe(script === 'hang' ? 'pending' : 'resolved');
      await clock.advance(1);
      expect(outcome).toEqual({ status: 'resolved', value: undefined });
      expect(events.filter(({ type }) => type === 'close-failed')).toHaveLength(2);
      expect(clock.timers).toBe(0);
    });

    it('is idempotent, and every call waits for the same end', async () => {
      const { pool, made } = await openRig(make, 1);
      (made[0] as TestConnection).onClose = 'wait';
      const outcomes = [watch(pool.close()), watch(pool.close())];
      await settle();
      expect(outcomes.map(({ status }) => status)).toEqual(['pending', 'pending']);
      made[0]?.closed();
      await settle();
      expect(outcomes.map(({ status }) => status)).toEqual(['resolved', 'resolved']);
      expect(made[0]?.closes).toBe(1);
    });

    it('is harmless before setup()', async () => {
      const { pool, made } = rig(make, 2);
      await pool.close();
      await pool.close();
      await expect(pool.extendPoolBySize(1)).rejects.toThrow(PoolClosedError);
      expect(made).toHaveLength(0);
      await pool.setup();
      expect(pool.connectedConnections).toHaveLength(2);
    });

    it('tells that each member left because of it', async () => {
      const { pool, made, events } = await openRig(make, 2);
      await pool.close();
      expect(events.slice(-2)).toEqual(made.map((connection) => ({ type: 'left', connection, reason: 'pool-closed' })));
    });

    it('takes no new work, and refuses everything but setup', async () => {
      const { pool } = await openRig(make, 1);
      const closing = pool.close();
      expect(() => pool.getLeastLoadedConnection()).toThrow(PoolClosedError);
      await expect(pool.use(() => 1)).rejects.toThrow(PoolClosedError);
      await expect(pool.extendPoolBySize(1)).rejects.toThrow(PoolClosedError);
      await expect(pool.extendPoolByConnections([])).rejects.toThrow(PoolClosedError);
      await expect(pool.reconnect()).rejects.toThrow(PoolClosedError);
      await expect(pool.ready()).rejects.toThrow(PoolClosedError);
      expect(pool.removeConnections([])).toBe(0);
      await closing;
    });
  });

  describe('close() wins over', () => {
    const overtaken = async (begin: (test: ReturnType<typeof rig>) => Promise<unknown>): Promise<void> => {
      const test = rig(make, 2, { maxDials: 1 });
      test.script = 'wait';
      const work = watch(begin(test));
      await settle();
      const members = [...new Set([...test.made, ...test.pool.connections])];
      await test.pool.close({ drainTimeout: 0 });
      await settle();
      expect(work.status).not.toBe('pending');
      for (const connection of members) connection.accept();
      await test.clock.advance(60_000);
      expect(test.pool.isEmpty()).toBe(true);
      expect(new Set(members.map(({ state }) => state))).toEqual(new Set(['closed']));
      expect(members.reduce((sum, { dials }) => sum + dials, 0)).toBeLessThanOrEqual(4);
      expect(test.clock.timers).toBe(0);
    };

    it('a setup with one dial under way and one in the queue', () => overtaken(({ pool }) => pool.setup()));

    it('an extension', () => overtaken(({ pool }) => pool.extendPoolBySize(3)));

    it('an extension by connections', () =>
      overtaken(({ pool }) => pool.extendPoolByConnections([make('wait'), make('wait')])));

    it('a reconnect', () =>
      overtaken(async (test) => {
        test.script = 'refuse';
        await test.pool.setup();
        for (const connection of test.made) connection.onDial = 'wait';
        await test.pool.reconnect();
      }));

    it('a rolling reconnect that drains', () =>
      overtaken(async (test) => {
        test.script = 'accept';
        await test.pool.setup();
        for (const connection of test.made) connection.send();
        await test.pool.reconnect(false);
      }));

    it('a rolling reconnect that closes', () =>
      overtaken(async (test) => {
        test.script = 'accept';
        await test.pool.setup();
        for (const connection of test.made) connection.onClose = 'wait';
        const reconnecting = test.pool.reconnect(false);
        await settle();
        for (const connection of test.made) Object.assign(connection, { onClose: 'settle' });
        await settle();
        void Promise.resolve().then(() => test.made.map((connection) => connection.closed()));
        setImmediate(() => test.made.map((connection) => connection.closed()));
        await reconnecting;
      }));

    it('a rolling reconnect that dials', () =>
      overtaken(async (test) => {
        test.script = 'accept';
        await test.pool.setup();
        for (const connection of test.made) connection.onDial = 'wait';
        await test.pool.reconnect(false);
      }));

    it('a reduction that drains', () =>
      overtaken(async (test) => {
        test.script = 'accept';
        await test.pool.setup();
        for (const connection of test.made) connection.send();
        test.pool.reducePoolConnections(2, true);
      }));

    it('healing that waits, and healing that dials', async () => {
      for (const wait of [0, 50]) {
        const { pool, made, clock } = await openRig(make, 1, { heal: undefined });
        (made[0] as TestConnection).onDial = 'wait';
        made[0]?.lose();
        await clock.advance(wait);
        await pool.close();
        made[0]?.accept();
        await clock.advance(60_000);
        expect([statesOf(made), clock.timers]).toEqual(['closed', 0]);
      }
    });

    it('a dial that has just come up', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      const setup = test.pool.setup();
      test.made[0]?.accept();
      const closing = test.pool.close();
      await Promise.all([setup, closing]);
      await settle();
      expect([statesOf(test.made), test.pool.isEmpty()]).toEqual(['closed', true]);
    });

    it('a factory that calls it', async () => {
      const made: TestConnection[] = [];
      const pool: ConnectionPool<TestConnection> = new ConnectionPool(2, () => {
        if (made.length === 1) void pool.close();
        const connection = make();
        made.push(connection);
        return connection;
      });
      await pool.setup();
      await settle();
      expect(pool.isEmpty()).toBe(true);
      expect(made.map(({ state, dials }) => [state, dials])).toEqual([
        ['closed', 0],
        ['closed', 0],
      ]);
      await expect(pool.extendPoolBySize(1)).rejects.toThrow(PoolClosedError);
    });

    it('healing that calls it when it is subscribed to', async () => {
      const made: TestConnection[] = [];
      let healed = 0;
      const pool: ConnectionPool<TestConnection> = new ConnectionPool(
        1,
        () => {
          const connection = make();
          made.push(connection);
          return connection;
        },
        {
          heal: (broken$) => {
            void pool.close();
            broken$.subscribe({ next: () => healed++ }).unsubscribe();
            return broken$ as never;
          },
        },
      );
      await pool.setup();
      await settle();
      expect([pool.isEmpty(), statesOf(made), made[0]?.dials]).toEqual([true, 'closed', 0]);
      expect(pool.health.status).toBe('closed');
    });

    it('healing that calls it and goes on: it is unsubscribed from', async () => {
      let healing = 0;
      const pool: ConnectionPool<TestConnection> = new ConnectionPool(1, () => make(), {
        heal: () =>
          new Observable(() => {
            healing++;
            void pool.close();
            return () => healing--;
          }),
      });
      await pool.setup();
      expect(healing).toBe(0);
    });

    it('a closer that calls close() of the pool, which waits for it', async () => {
      const { pool, made } = await openRig(make, 1);
      const [connection] = made as [TestConnection];
      connection.onClose = 'wait';
      let inner: Promise<void> | undefined;
      connection.state$.subscribe((state) => {
        if (state === 'closed') inner = pool.close();
      });
      pool.removeConnections(made);
      const outcome = watch(inner as Promise<void>);
      await settle();
      expect(outcome.status).toBe('pending');
      connection.closed();
      await settle();
      expect(outcome.status).toBe('resolved');
    });
  });

  describe('setup() after close()', () => {
    it('opens the pool again at once, beside connections that are still closing', async () => {
      const { pool, made } = await openRig(make, 2);
      for (const connection of made) connection.onClose = 'wait';
      const closing = watch(pool.close());
      await pool.setup();
      expect(names(pool.connectedConnections)).toBe('#3 #4');
      expect(closing.status).toBe('pending');
      for (const connection of made) connection.closed();
      await settle();
      expect(closing.status).toBe('resolved');
      expect(names(pool.connectedConnections)).toBe('#3 #4');
    });

    it('calls back connections that are still draining, when the factory returns the same ones', async () => {
      const members = [make(), make()] as const;
      let next = 0;
      const { clock } = rig(make, 0);
      const pool = new ConnectionPool(2, () => members[next++ % 2] as TestConnection, {
        heal: false,
        scheduler: clock.scheduler,
      });
      await pool.setup();
      for (const connection of members) connection.send();
      const closing = watch(pool.close());
      await pool.setup();
      await clock.advance(10_000);
      expect(closing.status).toBe('resolved');
      expect(pool.connectedConnections).toEqual(members);
      expect(members.map(({ dials, closes, pending }) => [dials, closes, pending])).toEqual([
        [1, 0, 1],
        [1, 0, 1],
      ]);
      await pool.close({ drainTimeout: 0 });
      expect(statesOf(members)).toBe('closed closed');
    });

    it('dials connections that are still closing once they are closed, when the factory returns the same ones', async () => {
      const members = [make(), make()] as const;
      let next = 0;
      const pool = new ConnectionPool(2, () => members[next++ % 2] as TestConnection, { heal: false });
      await pool.setup();
      for (const connection of members) connection.onClose = 'wait';
      const closing = watch(pool.close());
      const filling = watch(pool.setup());
      await settle();
      expect([closing.status, filling.status, pool.health.status]).toEqual(['pending', 'pending', 'starting']);
      for (const connection of members) {
        connection.onClose = 'settle';
        connection.closed();
      }
      await settle();
      expect([closing.status, filling.status]).toEqual(['resolved', 'resolved']);
      expect(pool.connectedConnections).toEqual(members);
      expect(members.map(({ dials }) => dials)).toEqual([2, 2]);
      await pool.dispose();
      expect(statesOf(members)).toBe('closed closed');
    });

    it('keeps the time of a closing before it from what leaves after it', async () => {
      const { pool, made, clock } = await openRig(make, 1);
      (made[0] as TestConnection).onClose = 'hang';
      void pool.close({ drainTimeout: 100 });
      await pool.setup();
      const [busy] = pool.connections as [TestConnection];
      busy.send();
      pool.removeConnections([busy], { drainTimeout: 10_000 });
      await clock.advance(9_999);
      expect(busy.state).toBe('connected');
      await clock.advance(1);
      expect(busy.state).toBe('closed');
    });

    it('heals again', async () => {
      const { pool, clock } = await openRig(make, 1, { heal: undefined });
      await pool.close();
      await pool.setup();
      pool.connections[0]?.lose();
      await clock.advance(100);
      expect(pool.isWorking()).toBe(true);
      await pool.close();
    });

    it('keeps streams going', async () => {
      const { pool } = await openRig(make, 1);
      const statuses: string[] = [];
      pool.health$.subscribe(({ status }) => statuses.at(-1) !== status && statuses.push(status));
      await pool.close();
      await pool.setup();
      expect(statuses).toEqual(['healthy', 'closed', 'starting', 'healthy']);
    });
  });

  describe.each([
    { how: 'dispose()', end: (pool: ConnectionPool<TestConnection>) => pool.dispose() },
    { how: 'Symbol.asyncDispose', end: (pool: ConnectionPool<TestConnection>) => pool[Symbol.asyncDispose]() },
  ])('$how', ({ end }) => {
    it('gives every stream a last value and completes it', async () => {
      const { pool } = await openRig(make, 2);
      const seen: Record<string, unknown[]> = {};
      const streams = {
        connections: pool.connections$,
        connected: pool.connected$,
        broken: pool.broken$,
        snapshot: pool.snapshot$,
        leastLoaded: pool.leastLoaded$,
        pending: pool.pending$,
        health: pool.health$,
        events: pool.events$,
      };
      for (const [name, stream] of Object.entries(streams)) {
        const values: unknown[] = [];
        seen[name] = values;
        (stream as typeof pool.pending$).subscribe({
          next: (value) => values.push(value),
          error: () => values.push('error'),
          complete: () => values.push('complete'),
        });
      }
      await end(pool);
      for (const values of Object.values(seen)) expect(values.filter((value) => value === 'complete')).toHaveLength(1);
      expect(Object.entries(seen).map(([name, values]) => [name, ...values.slice(-2)])).toEqual([
        ['connections', [], 'complete'],
        ['connected', [], 'complete'],
        ['broken', [], 'complete'],
        ['snapshot', { connections: [], connected: [], broken: [] }, 'complete'],
        ['leastLoaded', undefined, 'complete'],
        ['pending', 0, 'complete'],
        ['health', expect.objectContaining({ status: 'closed', total: 0 }), 'complete'],
        ['events', { type: 'left', connection: expect.anything(), reason: 'pool-closed' }, 'complete'],
      ]);
    });

    it('replays the last value to whoever comes later, and completes', async () => {
      const { pool } = await openRig(make, 1);
      await end(pool);
      const seen: unknown[] = [];
      for (const stream of [pool.connections$, pool.connected$, pool.broken$, pool.pending$, pool.leastLoaded$]) {
        (stream as typeof pool.pending$).subscribe({
          next: (value) => seen.push(value),
          complete: () => seen.push('|'),
        });
      }
      pool.events$.subscribe({ complete: () => seen.push('|') });
      pool.health$.subscribe({ next: ({ status }) => seen.push(status), complete: () => seen.push('|') });
      expect(seen).toEqual([[], '|', [], '|', [], '|', 0, '|', undefined, '|', '|', 'closed', '|']);
    });

    it('makes every call that would do work fail, lets closing resolve, and shows an empty pool', async () => {
      const { pool, made } = await openRig(make, 1);
      await end(pool);
      await expect(pool.setup()).rejects.toThrow(PoolDisposedError);
      await expect(pool.extendPoolBySize(1)).rejects.toThrow(PoolDisposedError);
      await expect(pool.extendPoolByConnections([make()])).rejects.toThrow(PoolDisposedError);
      await expect(pool.reconnect()).rejects.toThrow(PoolDisposedError);
      await expect(pool.reconnect(false)).rejects.toThrow(PoolDisposedError);
      await expect(pool.ready()).rejects.toThrow(PoolDisposedError);
      await expect(pool.use(() => 1)).rejects.toThrow(PoolDisposedError);
      expect(() => pool.getLeastLoadedConnection()).toThrow(PoolDisposedError);
      expect(() => pool.reducePoolConnections(1)).toThrow(PoolDisposedError);
      expect(() => pool.cleanupBrokenConnections()).toThrow(PoolDisposedError);
      expect(() => pool.removeConnections(made)).toThrow(PoolDisposedError);
      await expect(pool.close()).resolves.toBeUndefined();
      await expect(pool.dispose()).resolves.toBeUndefined();
      expect([pool.connections, pool.connectedConnections, pool.brokenConnections]).toEqual([[], [], []]);
      expect([pool.isEmpty(), pool.isWorking()]).toEqual([true, false]);
      expect(figures(pool.health)).toEqual({ poolSize: 1 });
      expect(pool.health.status).toBe('closed');
      expect(made).toHaveLength(1);
    });

    it('waits for work in flight and for every closer', async () => {
      const { pool, made, clock } = await openRig(make, 2, { drainTimeout: 500, closeTimeout: 200 });
      made[0]?.send();
      (made[0] as TestConnection).onClose = 'hang';
      const outcome = watch(end(pool));
      await clock.advance(699);
      expect(outcome.status).toBe('pending');
      await clock.advance(1);
      expect(outcome.status).toBe('resolved');
      expect(statesOf(made)).toBe('closed closed');
    });

    it('may follow a close, and come before it is over', async () => {
      const { pool, made } = await openRig(make, 1);
      (made[0] as TestConnection).onClose = 'wait';
      const outcomes = [watch(pool.close()), watch(end(pool)), watch(end(pool))];
      await settle();
      expect(outcomes.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending']);
      made[0]?.closed();
      await settle();
      expect(outcomes.map(({ status }) => status)).toEqual(['resolved', 'resolved', 'resolved']);
    });
  });

  it('works with `await using`', async () => {
    let members: readonly TestConnection[];
    {
      await using pool = new ConnectionPool(2, () => make(), { heal: false });
      await pool.setup();
      members = pool.connections;
    }
    expect(statesOf(members)).toBe('closed closed');
  });
});

describe('closing a pool whose connections do not let go', () => {
  it('does not wait for a dial that hangs and has closed the pool itself', async () => {
    const test = rig(() => {
      const connection = new SubjectConnection();
      connection.connect = () => {
        void test.pool.close();
        return new Promise(() => {});
      };
      return connection;
    }, 1);
    await test.pool.setup();
    await test.pool.close();
    await settle();
    expect(test.clock.timers).toBe(0);
    expect((test.made as SubjectConnection[]).map(({ observed }) => observed)).toEqual([false]);
  });

  it('does not wait for a dial that hangs though its connection was closed', async () => {
    const test = rig(() => {
      const connection = new SubjectConnection();
      connection.connect = () => {
        connection.state$.next('connecting');
        return new Promise(() => {});
      };
      return connection;
    }, 2);
    const setup = watch(test.pool.setup());
    await test.pool.close();
    await settle();
    expect(setup.status).toBe('resolved');
    expect(test.clock.timers).toBe(0);
  });
});
