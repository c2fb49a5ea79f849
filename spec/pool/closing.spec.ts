import { Observable } from 'rxjs';
import { ConnectionClosedError, ConnectionPool, PoolClosedError, PoolDisposedError } from 'rxpool';
import { KINDS, SubjectConnection, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, rig, statesOf, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('closing a pool of $kind', ({ make }) => {
  describe('close()', () => {
    it('close() makes getters and streams show an empty pool before it returns', async () => {
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

    it('close() closes connected, broken, connecting and idle members once each', async () => {
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

    it('close() waits drainTimeout for requests in flight, then closes their connection', async () => {
      const { pool, made, clock } = await openRig(make, 2);
      made[0]?.send();
      const outcome = watch(pool.close());
      await clock.advance(999);
      expect([outcome.status, statesOf(made)]).toEqual(['pending', 'connected closed']);
      await clock.advance(1);
      expect([outcome.status, statesOf(made)]).toEqual(['resolved', 'closed closed']);
      expect(clock.timers).toBe(0);
    });

    it('close() resolves as soon as the requests in flight are done', async () => {
      const { pool, made } = await openRig(make, 1);
      made[0]?.send();
      const outcome = watch(pool.close());
      made[0]?.reply();
      await settle();
      expect(outcome.status).toBe('resolved');
    });

    it('close() aborts the leases of connections already draining without a limit, and bounds that draining', async () => {
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

    it('close({ drainTimeout }) also bounds the draining of connections removed before it', async () => {
      const { pool, made, clock } = await openRig(make, 2);
      for (const connection of made) connection.send();
      pool.removeConnections([made[0] as TestConnection], { drainTimeout: 60_000 });
      const outcome = watch(pool.close({ drainTimeout: 200 }));
      await clock.advance(199);
      expect(statesOf(made)).toBe('connected connected');
      await clock.advance(1);
      expect([outcome.status, statesOf(made)]).toEqual(['resolved', 'closed closed']);
    });

    it('close() ends draining when its signal aborts or a later close({ drainTimeout: 0 }) is called', async () => {
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

    it.each(['hang', 'reject', 'throw'] as const)(
      'close() resolves within closeTimeout when connection.close() is scripted to %s',
      async (script) => {
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
      },
    );

    it('close() called twice closes the connection once, and both promises wait for that', async () => {
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

    it('close() before setup() resolves, and setup() opens the pool afterwards', async () => {
      const { pool, made } = rig(make, 2);
      await pool.close();
      await pool.close();
      await expect(pool.extendPoolBySize(1)).rejects.toThrow(PoolClosedError);
      expect(made).toHaveLength(0);
      await pool.setup();
      expect(pool.connectedConnections).toHaveLength(2);
    });

    it('close() emits a left event with reason pool-closed for each member', async () => {
      const { pool, made, events } = await openRig(make, 2);
      await pool.close();
      expect(events.slice(-2)).toEqual(made.map((connection) => ({ type: 'left', connection, reason: 'pool-closed' })));
    });

    it('after close() picking, use(), extending, reconnect() and ready() fail with PoolClosedError', async () => {
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

  describe('close() during other work', () => {
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

    it('close() during setup(), one dial in flight and one queued, settles it and closes every connection', () =>
      overtaken(({ pool }) => pool.setup()));

    it('close() during extendPoolBySize() settles it and closes every connection', () =>
      overtaken(({ pool }) => pool.extendPoolBySize(3)));

    it('close() during extendPoolByConnections() settles it and closes every connection', () =>
      overtaken(({ pool }) => pool.extendPoolByConnections([make('wait'), make('wait')])));

    it('close() during reconnect() settles it and closes every connection', () =>
      overtaken(async (test) => {
        test.script = 'refuse';
        await test.pool.setup();
        for (const connection of test.made) connection.onDial = 'wait';
        await test.pool.reconnect();
      }));

    it('close() while reconnect(false) drains members settles it and closes every connection', () =>
      overtaken(async (test) => {
        test.script = 'accept';
        await test.pool.setup();
        for (const connection of test.made) connection.send();
        await test.pool.reconnect(false);
      }));

    it('close() while reconnect(false) closes members settles it and closes every connection', () =>
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

    it('close() while reconnect(false) dials members settles it and closes every connection', () =>
      overtaken(async (test) => {
        test.script = 'accept';
        await test.pool.setup();
        for (const connection of test.made) connection.onDial = 'wait';
        await test.pool.reconnect(false);
      }));

    it('close() while reducePoolConnections(2, true) drains members closes every connection', () =>
      overtaken(async (test) => {
        test.script = 'accept';
        await test.pool.setup();
        for (const connection of test.made) connection.send();
        test.pool.reducePoolConnections(2, true);
      }));

    it('close() during the backoff or the dial of healing leaves the connection closed and no timer', async () => {
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

    it('close() right after a dial has succeeded closes the connection and empties the pool', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      const setup = test.pool.setup();
      test.made[0]?.accept();
      const closing = test.pool.close();
      await Promise.all([setup, closing]);
      await settle();
      expect([statesOf(test.made), test.pool.isEmpty()]).toEqual(['closed', true]);
    });

    it('close() called by the factory during setup() closes what it makes, undialled', async () => {
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

    it('close() called by the heal operator during setup() closes the connections, undialled', async () => {
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

    it('close() called inside the subscribe of heal unsubscribes from heal', async () => {
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

    it('pool.close() called from state$ inside connection.close() waits for that connection to close', async () => {
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
    it('setup() right after close() connects new members while old connections are still closing', async () => {
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

    it('setup() after close() keeps draining connections open when the factory returns them again', async () => {
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

    it('setup() after close() redials closing connections once closed, when the factory returns them again', async () => {
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

    it('the drainTimeout of an earlier close() does not apply to connections removed after setup()', async () => {
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

    it('setup() after close() starts healing again: a lost connection is redialled', async () => {
      const { pool, clock } = await openRig(make, 1, { heal: undefined });
      await pool.close();
      await pool.setup();
      pool.connections[0]?.lose();
      await clock.advance(100);
      expect(pool.isWorking()).toBe(true);
      await pool.close();
    });

    it('health$ keeps emitting across close() and setup(): healthy, closed, starting, healthy', async () => {
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
    { how: '[Symbol.asyncDispose]()', end: (pool: ConnectionPool<TestConnection>) => pool[Symbol.asyncDispose]() },
  ])('$how', ({ how, end }) => {
    it(`${how} emits a last value on every stream and completes it`, async () => {
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
        ['events', expect.objectContaining({ type: 'left', reason: 'pool-closed' }), 'complete'],
      ]);
    });

    it(`streams subscribed to after ${how} replay their last value and complete`, async () => {
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

    it(`after ${how} calls fail with PoolDisposedError, close() resolves and the getters show an empty pool`, async () => {
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

    it(`${how} waits drainTimeout for a request and closeTimeout for connection.close()`, async () => {
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

    it(`${how} called while close() is pending waits for the same closing`, async () => {
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

  it('`await using` closes every connection at the end of the block', async () => {
    let members: readonly TestConnection[];
    {
      await using pool = new ConnectionPool(2, () => make(), { heal: false });
      await pool.setup();
      members = pool.connections;
    }
    expect(statesOf(members)).toBe('closed closed');
  });
});

describe('closing a pool whose connect() never settles', () => {
  it('close() called by a connect() that never settles ends that dial and unsubscribes from the connection', async () => {
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

  it('close() settles setup() although connect() does not settle when its connection is closed', async () => {
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
