import { BehaviorSubject, EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { type Connection, type ConnectionPoolOptions, type ConnectionState, ConnectionStreamError } from 'rxpool';
import { SubjectConnection, type TestConnection } from '../support/connections.js';
import { figures, openRig, type Rig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

/** A pool of connections that misbehave as told. */
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

describe('a connection whose pending$ lies', () => {
  it.each([Number.NaN, -1, 1e9, 1.5, Number.POSITIVE_INFINITY, 'x', null, undefined, {}])(
    'with %p ranks behind all others, is reported, and counts nothing',
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

  it('from the beginning is reported when it joins', async () => {
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

  it('is given out where there is no other, is drained for no longer than the bound', async () => {
    const { pool, made, clock } = await openRig(() => new SubjectConnection(), 1);
    (made[0] as SubjectConnection).pending$.next(Number.NaN);
    expect(pool.getLeastLoadedConnection()).toBe(made[0]);
    const closing = watch(pool.close());
    await clock.advance(1_000);
    expect(closing.status).toBe('resolved');
  });

  it('may jump about without costing anything', async () => {
    const { pool, made } = await openRig(() => new SubjectConnection(), 2);
    const [wild] = made as [SubjectConnection];
    for (const count of [1e9, 0, 1e6, 5, 1e6 + 1, 4_096, 4_095, Number.NaN, 0]) wild.pending$.next(count);
    expect(pool.health.pending).toBe(0);
    const picks = new Set([pool.getLeastLoadedConnection(), pool.getLeastLoadedConnection()]);
    expect(picks).toEqual(new Set(made));
  });
});

describe('a connection whose state$ lies', () => {
  it.each(['CONNECTED', '', null, undefined, 7, {}])('with %p is reported and stays where it stands', async (lie) => {
    const { pool, made, events } = await openRig(() => new SubjectConnection(), 1);
    const [liar] = made as [SubjectConnection];
    liar.state$.next(lie as ConnectionState);
    expect(events.at(-1)).toEqual({ type: 'misreported', connection: liar, member: 'state$', value: lie });
    expect(pool.isWorking()).toBe(true);
    liar.state$.next('broken');
    expect(pool.brokenConnections).toEqual([liar]);
  });
});

describe.each(['state$', 'pending$'] as const)('a connection whose %s ends', (member) => {
  it.each([
    { how: 'errors', end: (subject: Subject<never>) => subject.error(new Error('stream broke')) },
    { how: 'completes', end: (subject: Subject<never>) => subject.complete() },
  ])('as it $how is broken, and says why', async ({ how, end }) => {
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

  it('is listened to again when it is dialled', async () => {
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
    { how: 'has one value only', stream: () => of(member === 'state$' ? 'connected' : 0) },
  ])('because it $how is broken from the start; dialling it stays within its bound', async ({ stream }) => {
    const test = rigOf(() => ({ [member]: stream() }), { connectTimeout: 500 });
    const setup = watch(test.pool.setup());
    await test.clock.advance(500);
    expect(setup.status).toBe('resolved');
    expect(test.pool.connectedConnections).toEqual([]);
    expect(figures(test.pool.health)).toEqual({ poolSize: 1, total: 1, broken: 1 });
    await test.pool.dispose();
    expect(test.clock.timers).toBe(0);
  });

  it('as its getter throws when the pool subscribes is broken', async () => {
    let asked = 0;
    const stream = member === 'state$' ? new BehaviorSubject('idle') : new BehaviorSubject(0);
    const test = rigOf(
      () => ({
        get [member]() {
          // The pool looks once whether it is there.
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

describe('a connection whose connect() lies', () => {
  it('and throws is broken', async () => {
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

  it('and rejects without a state is broken', async () => {
    const test = rigOf(() => ({ connect: () => Promise.reject(new Error('no')) }));
    await test.pool.setup();
    expect(test.pool.brokenConnections).toEqual(test.made);
  });

  it('and goes back to idle when it fails is broken', async () => {
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
  ])('and $how is broken at the deadline', async ({ connect }) => {
    const test = rigOf(() => ({ connect }), { connectTimeout: 200 });
    const setup = watch(test.pool.setup());
    await test.clock.advance(199);
    expect([setup.status, test.pool.health.connecting]).toEqual(['pending', 1]);
    await test.clock.advance(1);
    expect(test.pool.brokenConnections).toEqual(test.made);
    expect(test.made[0]?.closes).toBeGreaterThan(0);
  });

  it('and whose state$ ends meanwhile has failed because of that', async () => {
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

  it('and changes state without settling is believed by its state', async () => {
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

  it('and succeeds too late is closed again, in the pool or out of it', async () => {
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

  it('and comes up too late, telling only by its state, is closed again', async () => {
    const test = rigOf(() => ({ connect: () => new Promise(() => {}) }));
    void test.pool.setup();
    const [late] = test.made as [SubjectConnection];
    await test.clock.advance(5_000);
    late.state$.next('connected');
    await settle();
    expect([late.closes, late.state]).toEqual([2, 'closed']);
    expect(test.pool.brokenConnections).toEqual([late]);
  });

  it('and succeeds too late is left alone when it has joined another pool', async () => {
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

describe('a connection whose other members lie', () => {
  it('says that it is closed only when it is: coming back meanwhile, it is not taken to leave', async () => {
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

  it('has a cause that throws: the pool is told so instead', async () => {
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

  it('does not tell its state at once: it is idle until it does', async () => {
    const state$ = new Subject<ConnectionState>();
    const test = rigOf(() => ({ state$, pending$: NEVER, connect: async () => state$.next('connected') }));
    const setup = test.pool.setup();
    await setup;
    expect(test.pool.connectedConnections).toEqual(test.made);
    await test.pool.dispose();
    expect(state$.observed).toBe(false);
  });

  it('closes the pool when it is subscribed to: nobody stays behind', async () => {
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

  it('joins twice when it is subscribed to: it is one member', async () => {
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
