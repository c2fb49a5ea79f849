import { BehaviorSubject, defer, EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { type Connection, type ConnectionPoolOptions, type ConnectionState, ConnectionStreamError } from 'rxpool';
import { SubjectConnection, type TestConnection } from '../support/connections.js';
import { figures, openRig, type Rig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

/** A pool of connections with the members of `build()` in place of their own. */
function rigOf(
  build: () => Partial<Record<keyof Connection, unknown>>,
  options?: ConnectionPoolOptions<TestConnection>,
): Rig {
  return rig(
    () => {
      const connection = new SubjectConnection();
      for (const [key, value] of Object.entries(Object.getOwnPropertyDescriptors(build()))) {
        Object.defineProperty(connection, key, { ...value, configurable: true });
      }
      return connection;
    },
    1,
    options,
  );
}

describe('a connection whose pending$ emits invalid values', () => {
  it.each([Number.NaN, -1, 1e9, 1.5, Number.POSITIVE_INFINITY, 'x', null, undefined, {}])(
    'pending$ emitting %p emits misreported, ranks the connection last and adds no load',
    async (lie) => {
      const { pool, made, events } = await openRig(() => new SubjectConnection(), 2);
      const [liar, honest] = made as [SubjectConnection, SubjectConnection];
      for (let request = 0; request < 100; request++) honest.send();
      liar.pending$.next(lie as number);
      for (let pick = 0; pick < 10; pick++) expect(pool.getLeastLoadedConnection()).toBe(honest);
      expect(events.at(-1)).toEqual({ type: 'misreported', connection: liar, member: 'pending$', value: lie });
      expect(pool.health.pending).toBe(100);
      expect(pool.health.connected).toBe(2);
      liar.pending$.next(3);
      expect(pool.getLeastLoadedConnection()).toBe(liar);
      expect(pool.health.pending).toBe(103);
      await pool.close({ drainTimeout: 0 });
    },
  );

  it('invalid values that state$ and pending$ had before the join are emitted as misreported after joined', async () => {
    const { pool, events } = rig(() => new SubjectConnection(), 0);
    const liar = new SubjectConnection();
    liar.pending$.next(-1);
    liar.state$.next('asleep' as ConnectionState);
    void pool.extendPoolByConnections([liar]);
    expect(events.slice(0, 3)).toEqual([
      { type: 'joined', connection: liar },
      { type: 'misreported', connection: liar, member: 'state$', value: 'asleep' },
      { type: 'misreported', connection: liar, member: 'pending$', value: -1 },
    ]);
  });

  it('a lone connection with pending$ of NaN is picked, and close() drains it no longer than drainTimeout', async () => {
    const { pool, made, clock } = await openRig(() => new SubjectConnection(), 1);
    (made[0] as SubjectConnection).pending$.next(Number.NaN);
    expect(pool.getLeastLoadedConnection()).toBe(made[0]);
    const closing = watch(pool.close());
    await clock.advance(1_000);
    expect(closing.status).toBe('resolved');
  });

  it('pending$ jumping between 1e9, NaN and 0 leaves no load and no bias in picks', async () => {
    const { pool, made } = await openRig(() => new SubjectConnection(), 2);
    const [wild] = made as [SubjectConnection];
    for (const count of [1e9, 0, 1e6, 5, 1e6 + 1, 4_096, 4_095, Number.NaN, 0]) wild.pending$.next(count);
    expect(pool.health.pending).toBe(0);
    const picks = new Set([pool.getLeastLoadedConnection(), pool.getLeastLoadedConnection()]);
    expect(picks).toEqual(new Set(made));
  });
});

describe('a connection whose state$ emits invalid values', () => {
  it.each(['CONNECTED', '', null, undefined, 7, {}])(
    'state$ emitting %p emits misreported and leaves the member connected',
    async (lie) => {
      const { pool, made, events } = await openRig(() => new SubjectConnection(), 1);
      const [liar] = made as [SubjectConnection];
      liar.state$.next(lie as ConnectionState);
      expect(events.at(-1)).toEqual({ type: 'misreported', connection: liar, member: 'state$', value: lie });
      expect(pool.isWorking()).toBe(true);
      liar.state$.next('broken');
      expect(pool.brokenConnections).toEqual([liar]);
    },
  );
});

describe.each(['state$', 'pending$'] as const)('a connection whose %s ends', (member) => {
  it.each([
    { how: 'errors', end: (subject: Subject<never>) => subject.error(new Error('stream broke')) },
    { how: 'completes', end: (subject: Subject<never>) => subject.complete() },
  ])(`a connection whose ${member} $how becomes broken, with ConnectionStreamError as cause`, async ({ how, end }) => {
    const { pool, made, events } = await openRig(() => new SubjectConnection(), 2);
    const [liar] = made as [SubjectConnection];
    end(liar[member] as unknown as Subject<never>);
    expect(pool.brokenConnections).toEqual([liar]);
    expect(events.at(-1)).toMatchObject({ type: 'lost', connection: liar, cause: expect.any(ConnectionStreamError) });
    if (how === 'errors') expect(events.at(-1)).toMatchObject({ cause: { cause: new Error('stream broke') } });
    expect(liar.observed).toBe(false);
    expect(pool.connectedConnections).toEqual([made[1]]);
    await pool.dispose();
    expect(liar.closes).toBe(1);
  });

  it(`a connection whose ${member} completed is subscribed to again by reconnect()`, async () => {
    const { pool, made } = await openRig(() => new SubjectConnection(), 1);
    const [liar] = made as [SubjectConnection];
    liar[member].complete();
    const state$ = new BehaviorSubject<ConnectionState>('broken');
    Object.assign(liar, {
      state$,
      pending$: new BehaviorSubject(0),
      connect: async () => state$.next('connected'),
    });
    await expect(pool.reconnect()).resolves.toBe(1);
    state$.next('broken');
    expect(pool.brokenConnections).toEqual([liar]);
    await pool.dispose();
    expect(state$.observed).toBe(false);
  });

  it.each([
    {
      how: 'throws on subscribe',
      stream: () =>
        new Observable(() => {
          throw new Error('no');
        }),
    },
    { how: 'has errored before', stream: () => throwError(() => new Error('no')) },
    { how: 'is empty', stream: () => EMPTY },
    { how: 'completes after one value', stream: () => of(member === 'state$' ? 'connected' : 0) },
  ])(`a connection whose ${member} $how is broken, and setup() resolves within connectTimeout`, async ({ stream }) => {
    const test = rigOf(() => ({ [member]: stream() }), { connectTimeout: 500 });
    const setup = watch(test.pool.setup());
    await test.clock.advance(500);
    expect(setup.status).toBe('resolved');
    expect(test.pool.connectedConnections).toEqual([]);
    expect(figures(test.pool.health)).toEqual({ poolSize: 1, total: 1, broken: 1 });
    await test.pool.dispose();
    expect(test.clock.timers).toBe(0);
  });

  it(`a connection whose ${member} getter throws when the pool subscribes is broken`, async () => {
    let asked = 0;
    const stream = member === 'state$' ? new BehaviorSubject('idle') : new BehaviorSubject(0);
    const test = rigOf(
      () => ({
        get [member]() {
          // The first read is the check that the member exists.
          if (asked++ > 0) throw new Error('getter');
          return stream;
        },
        connect: async () => {},
      }),
      { connectTimeout: 10 },
    );
    const setup = watch(test.pool.setup());
    await test.clock.advance(10);
    expect(setup.status).toBe('resolved');
    expect(test.pool.brokenConnections).toEqual(test.made);
    await test.pool.dispose();
  });
});

describe('a connection whose connect() misbehaves', () => {
  it('a connection whose connect() throws is broken, and connect-failed carries the error', async () => {
    const refusal = new Error('thrown, not rejected');
    const test = rigOf(() => ({
      connect: () => {
        throw refusal;
      },
    }));
    await test.pool.setup();
    expect(test.pool.brokenConnections).toEqual(test.made);
    expect(test.events.at(-1)).toMatchObject({ type: 'connect-failed', cause: refusal });
  });

  it('a connection whose connect() rejects without a change of state is broken', async () => {
    const test = rigOf(() => ({ connect: () => Promise.reject(new Error('no')) }));
    await test.pool.setup();
    expect(test.pool.brokenConnections).toEqual(test.made);
  });

  it('a connection that goes back to idle when connect() rejects is broken', async () => {
    const test = rig(() => {
      const connection = new SubjectConnection();
      connection.connect = async () => {
        connection.state$.next('connecting');
        await Promise.resolve();
        connection.state$.next('idle');
        throw new Error('no');
      };
      return connection;
    }, 1);
    await test.pool.setup();
    expect(test.pool.brokenConnections).toEqual(test.made);
  });

  it.each([
    { how: 'hangs', connect: () => new Promise(() => {}) },
    { how: 'resolves without a change of state', connect: async () => {} },
    { how: 'returns nothing', connect: () => undefined },
  ])('a connection whose connect() $how is broken and closed after connectTimeout', async ({ connect }) => {
    const test = rigOf(() => ({ connect }), { connectTimeout: 200 });
    const setup = watch(test.pool.setup());
    await test.clock.advance(199);
    expect([setup.status, test.pool.health.connecting]).toEqual(['pending', 1]);
    await test.clock.advance(1);
    expect(test.pool.brokenConnections).toEqual(test.made);
    expect(test.made[0]?.closes).toBeGreaterThan(0);
  });

  it('a dial whose state$ errors meanwhile fails with ConnectionStreamError', async () => {
    const test = rig(() => {
      const connection = new SubjectConnection();
      connection.connect = async () => {
        await Promise.resolve();
        connection.state$.error(new Error('stream broke'));
      };
      return connection;
    }, 1);
    await test.pool.setup();
    expect(test.events.at(-1)).toMatchObject({ type: 'connect-failed', cause: expect.any(ConnectionStreamError) });
  });

  it('a connection whose state$ emits connected is in service although connect() never settles', async () => {
    const test = rig(() => {
      const connection = new SubjectConnection();
      connection.connect = () => {
        connection.state$.next('connected');
        return new Promise(() => {});
      };
      return connection;
    }, 1);
    await test.pool.setup();
    expect(test.pool.connectedConnections).toEqual(test.made);
    await test.pool.dispose();
    expect(test.clock.timers).toBe(0);
  });

  it('a connect() that resolves after connectTimeout or removal has its connection closed again', async () => {
    for (const removed of [false, true]) {
      let succeed!: () => void;
      const test = rigOf(() => ({ connect: () => new Promise<void>((resolve) => (succeed = resolve)) }));
      void test.pool.setup();
      const [late] = test.made as [SubjectConnection];
      if (removed) test.pool.removeConnections([late]);
      else await test.clock.advance(5_000);
      await settle();
      const { closes } = late;
      succeed();
      await settle();
      expect([late.closes, late.state]).toEqual([closes + 1, 'closed']);
      expect(test.pool.connectedConnections).toEqual([]);
    }
  });

  it.each(['while it is dialled again', 'after it was dialled again'])(
    'a connect() that resolves after connectTimeout and %s does not close the connection',
    async (when) => {
      const dials: (() => void)[] = [];
      const test = rigOf(() => ({ connect: () => new Promise<void>((resolve) => dials.push(resolve)) }));
      void test.pool.setup();
      await test.clock.advance(5_000);
      const [connection] = test.made as [SubjectConnection];
      const redial = test.pool.reconnect();
      await settle();
      const up = (): void => {
        connection.state$.next('connected');
        dials[1]?.();
      };
      if (when === 'after it was dialled again') up();
      await settle();
      dials[0]?.();
      await settle();
      expect([dials.length, connection.closes]).toEqual([2, 1]);
      up();
      await expect(redial).resolves.toBe(1);
      await test.pool.dispose();
    },
  );

  it('a connection whose state$ emits connected after connectTimeout is closed again and stays broken', async () => {
    const test = rigOf(() => ({ connect: () => new Promise(() => {}) }));
    void test.pool.setup();
    const [late] = test.made as [SubjectConnection];
    await test.clock.advance(5_000);
    late.state$.next('connected');
    await settle();
    expect([late.closes, late.state]).toEqual([2, 'closed']);
    expect(test.pool.brokenConnections).toEqual([late]);
  });

  it('a late connect() does not close a connection that has joined another pool meanwhile', async () => {
    let succeed!: () => void;
    const test = rigOf(() => ({ connect: () => new Promise<void>((resolve) => (succeed = resolve)) }));
    void test.pool.setup();
    const [late] = test.made as [SubjectConnection];
    test.pool.removeConnections([late]);
    await settle();
    const first = succeed;
    const { pool: other } = rig(() => new SubjectConnection(), 0);
    late.connect = async () => late.state$.next('connected');
    await other.extendPoolByConnections([late]);
    first();
    await settle();
    expect(other.connectedConnections).toEqual([late]);
  });
});

describe('a connection whose other members misbehave', () => {
  it('a connection re-added while it closes stays a member when its state$ emits closed at the end', async () => {
    let closed!: () => void;
    const { pool, made } = await openRig(() => {
      const connection = new SubjectConnection();
      connection.close = () =>
        new Promise((resolve) => {
          closed = () => {
            connection.state$.next('closed');
            resolve();
          };
        });
      return connection;
    }, 1);
    pool.removeConnections(made);
    const extending = pool.extendPoolByConnections(made);
    closed();
    await extending;
    expect(pool.connectedConnections).toEqual(made);
    expect(made[0]?.dials).toBe(2);
  });

  it('a connection whose cause getter throws is lost with that error as the cause of the event', async () => {
    const mine = new Error('from the getter');
    const { pool, made, events } = await openRig(() => {
      const connection = new SubjectConnection();
      return Object.defineProperty(connection, 'cause', {
        get: () => {
          throw mine;
        },
        set: () => {},
      });
    }, 1);
    made[0]?.lose();
    expect(pool.brokenConnections).toEqual(made);
    expect(events.at(-1)).toEqual({ type: 'lost', connection: made[0], cause: mine });
  });

  it('a connection whose state$ emits nothing on subscribe is dialled by setup() and connected', async () => {
    const state$ = new Subject<ConnectionState>();
    const test = rigOf(() => ({ state$, pending$: NEVER, connect: async () => state$.next('connected') }));
    const setup = test.pool.setup();
    await setup;
    expect(test.pool.connectedConnections).toEqual(test.made);
    await test.pool.dispose();
    expect(state$.observed).toBe(false);
  });

  it('close() called inside the subscribe of state$ empties the pool and closes the connection undialled', async () => {
    const test = rigOf(() => ({
      state$: new Observable<ConnectionState>((subscriber) => {
        subscriber.next('idle');
        void test.pool.close();
      }),
    }));
    await test.pool.setup();
    await settle();
    expect(test.pool.isEmpty()).toBe(true);
    expect(test.pool.health.status).toBe('closed');
    expect(test.made.map(({ dials, closes }) => [dials, closes])).toEqual([[0, 1]]);
  });

  it('extendPoolByConnections() called inside the subscribe of state$ adds the connection once', async () => {
    const { pool } = rig(() => new SubjectConnection(), 0);
    const inner = new SubjectConnection();
    let joined = false;
    const state$ = new Observable<ConnectionState>((subscriber) => {
      if (!joined) {
        joined = true;
        void pool.extendPoolByConnections([twin]);
      }
      return inner.state$.subscribe(subscriber);
    });
    const twin = new Proxy(inner, {
      get: (target, key) => {
        if (key === 'state$') return state$;
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await pool.extendPoolByConnections([twin]);
    expect(pool.connections).toEqual([twin]);
    await pool.dispose();
    expect(inner.observed).toBe(false);
  });
});

describe('a connection that closes the pool when it is subscribed to', () => {
  it('extendPoolByConnections() of a connection whose state$ closes the pool on subscribe closes and unsubscribes it', async () => {
    const { pool } = rig(() => new SubjectConnection(), 0);
    const connection = new SubjectConnection();
    const { state$ } = connection;
    const closing$ = defer(() => {
      void pool.close();
      return state$;
    });
    await pool.extendPoolByConnections([Object.assign(connection, { state$: closing$ })]);
    expect([pool.connections, connection.state, connection.observed]).toEqual([[], 'closed', false]);
  });
});

describe('a connection that is up when it joins, or again at once', () => {
  it('extendPoolByConnections() of a draining connection has it drained, closed and dialled anew', async () => {
    const { pool, events } = rig(() => new SubjectConnection(), 0);
    const connection = new SubjectConnection();
    await connection.connect();
    connection.send();
    connection.state$.next('draining');
    const joining = pool.extendPoolByConnections([connection]);
    expect(pool.health).toMatchObject({ draining: 1, connected: 0 });
    connection.reply();
    await joining;
    await settle();
    expect([connection.closes, connection.dials, pool.connectedConnections]).toEqual([1, 2, [connection]]);
    expect(events.map(({ type }) => type)).toEqual(['joined', 'connecting', 'connected']);
    await pool.dispose();
  });

  it('a connection that is lost and connected again inside one next() leaves connected$ as it was', async () => {
    const { pool, made } = await openRig(() => new SubjectConnection(), 2);
    const [connection] = made as [SubjectConnection];
    let arrays = 0;
    pool.connected$.subscribe(() => arrays++);
    pool.health$.subscribe(({ suspended }) => {
      if (!suspended) return;
      connection.state$.next('broken');
      connection.state$.next('connected');
    });
    pool.suspend();
    expect([arrays, pool.connectedConnections]).toEqual([1, made]);
    await pool.dispose();
  });

  it('renew() counts no replacement that joins another pool when it is subscribed to, and keeps the old connection', async () => {
    const { pool: other } = rig(() => new SubjectConnection(), 0);
    let strays = false;
    const { pool, made } = await openRig(() => {
      const connection = new SubjectConnection();
      const { state$ } = connection;
      const straying$ = defer(() => {
        void other.extendPoolByConnections([connection]);
        return state$;
      });
      return !strays ? connection : Object.assign(connection, { state$: straying$ });
    }, 1);
    strays = true;
    await expect(pool.renew()).resolves.toBe(0);
    expect([pool.connections, other.connections]).toEqual([made.slice(0, 1), made.slice(1)]);
    await Promise.all([pool.dispose(), other.dispose()]);
  });
});

describe('a connection that comes up without being dialled', () => {
  it.each(['idle', 'broken'] as const)(
    'state$ that goes from %s to connected, without connecting, has the connection in service',
    async (state) => {
      const { pool, events } = rig(() => new SubjectConnection(), 0);
      const connection = new SubjectConnection();
      connection.state$.next(state);
      connection.onDial = 'refuse';
      await pool.extendPoolByConnections([connection]);
      connection.state$.next(state);
      events.length = 0;
      connection.state$.next('connected');
      expect([pool.connectedConnections, events.map(({ type }) => type)]).toEqual([[connection], ['connected']]);
      await pool.dispose();
    },
  );
});

describe('a connection that changes its state by itself', () => {
  it('idle that becomes connected: the signal of a lease made by a connected$ subscriber is not aborted', async () => {
    const { pool, made } = rig(() => new SubjectConnection(), 1);
    const given = new SubjectConnection();
    const added = pool.extendPoolByConnections([given]);
    const signals: AbortSignal[] = [];
    given.state$.next('broken');
    await added;
    pool.connected$.subscribe((connected) => {
      const lease = connected.length > 0 ? pool.tryLease() : undefined;
      if (lease) signals.push(lease.signal);
    });
    given.state$.next('connected');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    expect(made).toEqual([]);
    await pool.close({ drainTimeout: 0 });
  });

  it('broken that becomes connected while its dial waits for a slot: warmup is not run on it, and reconnect() resolves', async () => {
    const warmed: TestConnection[] = [];
    const warmup = (connection: TestConnection): void => void warmed.push(connection);
    const { pool, made } = await openRig(() => new SubjectConnection(), 2, { maxDials: 1, warmup });
    const [hanging, other] = made as [SubjectConnection, SubjectConnection];
    for (const connection of made) connection.lose();
    hanging.onDial = 'wait';
    warmed.length = 0;
    const done = watch(pool.reconnect());
    other.state$.next('connected');
    hanging.accept();
    await settle();
    expect(done.value).toBe(2);
    expect(warmed).toEqual([hanging]);
    await pool.close({ drainTimeout: 0 });
  });

  it('a dial of its own that fails while the pool calls connect() of another: it is broken at once', async () => {
    const { pool, made } = await openRig(() => new SubjectConnection(), 1);
    const [own] = made as [SubjectConnection];
    own.lose();
    const given = new SubjectConnection();
    const connect = given.connect.bind(given);
    given.connect = () => {
      own.state$.next('connecting');
      own.state$.next('broken');
      return connect();
    };
    await pool.extendPoolByConnections([given]);
    expect(pool.brokenConnections).toEqual([own]);
    await pool.close({ drainTimeout: 0 });
  });
});
