import { lastValueFrom, NEVER, of, Subject } from 'rxjs';
import {
  type ConnectionFactory,
  ConnectionFactoryError,
  ConnectionPool,
  type ConnectionPoolOptions,
  type ConnectionRequest,
  type PoolEvent,
  refill,
} from 'rxpool';
import { OwnConnection, type TestConnection } from '../support/connections.js';
import { names, openRig, rig, watch } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

const make = (): TestConnection => new OwnConnection();

describe('the first call of a new pool', () => {
  it.each<[call: string, run: (pool: ConnectionPool<TestConnection>) => Promise<unknown>]>([
    ['use(work)', (pool) => pool.use(() => 1)],
    ['use(work, options)', (pool) => pool.use(() => 1, { waitTimeout: 100 })],
    ['lease()', (pool) => pool.lease()],
    ['lease(options)', (pool) => pool.lease({ waitTimeout: 100 })],
    ['withConnection()', (pool) => lastValueFrom(pool.withConnection(() => of(1)))],
    ['ready()', (pool) => pool.ready({ min: 2 })],
  ])('%s opens the pool: it is filled, and the call is served', async (_, run) => {
    const { pool, made } = rig(make, 2, { drainTimeout: 0 });
    await run(pool);
    await settle();
    expect([made.length, pool.health.connected, pool.health.status]).toEqual([2, 2, 'healthy']);
    await pool.dispose();
  });

  it('withConnection() opens the pool when it is subscribed to, and not before', async () => {
    const { pool, made } = rig(make, 1);
    const work$ = pool.withConnection(() => of(1));
    expect(made).toHaveLength(0);
    await lastValueFrom(work$);
    expect(made).toHaveLength(1);
    await pool.dispose();
  });

  it('tryLease() and getLeastLoadedConnection() do not open the pool', () => {
    const { pool, made } = rig(make, 1);
    expect(pool.tryLease()).toBeUndefined();
    expect(() => pool.getLeastLoadedConnection()).toThrow(expect.objectContaining({ code: 'ERR_POOL_EMPTY' }));
    expect(made).toHaveLength(0);
  });

  it('use(), lease(), withConnection() and ready() do not open a pool that was closed', async () => {
    const { pool, made } = await openRig(make, 1);
    await pool.close();
    const calls = [pool.use(() => 1), pool.lease(), lastValueFrom(pool.withConnection(() => of(1))), pool.ready()];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    expect(made).toHaveLength(1);
  });

  it('use() of a pool whose factory throws rejects with its error, and leaves an open pool', async () => {
    const pool = new ConnectionPool<TestConnection>(1, () => {
      throw new Error('no credentials');
    });
    const error = await pool.use(() => 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionFactoryError);
    await pool.dispose();
  });

  it('setup() whose factory throws leaves an open, empty pool, whose policies fill it later', async () => {
    const clock = new VirtualClock();
    let fails = true;
    const pool = new ConnectionPool<TestConnection>(
      2,
      () => {
        if (fails) throw new Error('no credentials');
        return make();
      },
      {
        scheduler: clock.scheduler,
        policies: [
          (self) =>
            self.health$.pipe(
              refill((count) => self.extendPoolBySize(count), { scheduler: clock.scheduler, backoff: () => 100 }),
            ),
        ],
      },
    );
    await expect(pool.setup()).rejects.toBeInstanceOf(ConnectionFactoryError);
    expect([pool.isEmpty(), pool.health.status]).toEqual([true, 'empty']);
    fails = false;
    await clock.advance(1_000);
    expect(pool.health.connected).toBe(2);
    await pool.dispose();
  });
});

describe('what a connection factory is told', () => {
  it('setup() asks for any connection, and renew() names the one that is replaced and its endpoint', async () => {
    const requests: ConnectionRequest<OwnConnection>[] = [];
    const pool = new ConnectionPool<OwnConnection>(
      2,
      (request) => {
        requests.push(request);
        return new OwnConnection({ name: `#${requests.length}`, endpoint: `host-${requests.length}` });
      },
      { heal: false },
    );
    await pool.setup();
    const [first, second] = pool.connections as [OwnConnection, OwnConnection];
    await pool.renew();
    expect(requests).toEqual([
      {},
      {},
      { replaces: first, endpoint: 'host-1' },
      { replaces: second, endpoint: 'host-2' },
    ]);
    expect(names(pool.connections)).toBe('#3 #4');
    await pool.dispose();
  });

  it('renew() names no endpoint where the replaced connection has none', async () => {
    const requests: object[] = [];
    const { pool } = await openRig(make, 1);
    const other = new ConnectionPool<TestConnection>(1, (request) => {
      requests.push(request);
      return make();
    });
    await other.setup();
    await other.renew();
    expect(Object.keys(requests[1] as object)).toEqual(['replaces']);
    await Promise.all([pool.dispose(), other.dispose()]);
  });
});

describe('errors that say what was done wrong', () => {
  it.each([
    { what: 'an async function', made: async () => make(), says: /returned a promise/ },
    { what: 'nothing', made: () => undefined, says: /returned undefined/ },
    { what: 'an object without state$', made: () => ({ ...half(), state$: undefined }), says: /lacks state\$/ },
    { what: 'an object without pending$', made: () => ({ ...half(), pending$: 5 }), says: /lacks pending\$/ },
    { what: 'an object without connect()', made: () => ({ ...half(), connect: 1 }), says: /lacks connect/ },
    { what: 'an object without close()', made: () => ({ ...half(), close: null }), says: /lacks close/ },
  ])('setup() rejects with an error that says so where the factory gives $what', async ({ made, says }) => {
    const pool = new ConnectionPool<TestConnection>(1, made as unknown as ConnectionFactory<TestConnection>);
    await expect(pool.setup()).rejects.toMatchObject({
      code: 'ERR_CONNECTION_FACTORY',
      message: expect.stringMatching(says),
    });
    await pool.dispose();
  });

  it.each(['use(work)', 'use(work, { timeout })'])(
    '%s rejects work that returns an observable with a TypeError that names withConnection(), and gives back',
    async (call) => {
      const { pool } = await openRig(make, 1);
      const options = call === 'use(work)' ? undefined : { timeout: 100 };
      await expect(pool.use(() => NEVER, options)).rejects.toMatchObject({
        name: 'TypeError',
        message: expect.stringContaining('withConnection()'),
      });
      expect(pool.health.pending).toBe(0);
      await pool.dispose();
    },
  );

  it('a heal that completes is told as heal-ended, once', async () => {
    const events: string[] = [];
    const options: ConnectionPoolOptions<TestConnection> = { heal: () => of() };
    const pool = new ConnectionPool<TestConnection>(1, make, options);
    pool.events$.subscribe(({ type }: PoolEvent<TestConnection>) => events.push(type));
    await pool.setup();
    expect(events.filter((type) => type.startsWith('heal'))).toEqual(['heal-ended']);
    await pool.dispose();
  });
});

describe('figures of health under load', () => {
  it('idle and used count the connections in service by their load, at each step', async () => {
    const { pool, made } = await openRig(make, 3, { drainTimeout: 0 });
    const seen = (): [number, number] => [pool.health.idle, pool.health.used];
    expect(seen()).toEqual([3, 0]);
    const leases = await Promise.all([pool.lease(), pool.lease(), pool.lease(), pool.lease()]);
    expect(seen()).toEqual([0, 3]);
    for (const lease of leases) lease.release();
    expect(seen()).toEqual([3, 0]);
    made[0]?.send();
    expect(seen()).toEqual([2, 1]);
    pool.ejectConnections(made.slice(0, 1), { duration: 10 });
    expect(seen()).toEqual([2, 0]);
    made[1]?.lose();
    expect(seen()).toEqual([1, 0]);
    await pool.dispose();
  });

  it('idle and used are exact with maxPending: 1, where a used connection is at its limit', async () => {
    const { pool } = await openRig(make, 2, { maxPending: 1, drainTimeout: 0 });
    const lease = await pool.lease();
    expect([pool.health.idle, pool.health.used]).toEqual([1, 1]);
    await pool.lease();
    expect([pool.health.idle, pool.health.used]).toEqual([0, 2]);
    lease.release();
    expect([pool.health.idle, pool.health.used]).toEqual([1, 1]);
    await pool.dispose();
  });

  it('suspended follows suspend() and resume(), in health and in health$', async () => {
    const { pool } = await openRig(make, 1);
    const seen: boolean[] = [];
    pool.health$.subscribe(({ suspended }) => seen.push(suspended));
    pool.suspend();
    expect(pool.health.suspended).toBe(true);
    pool.resume();
    expect([pool.health.suspended, seen]).toEqual([false, [false, true, false]]);
    await pool.dispose();
  });
});

/** The members of a connection, in a plain object. */
function half(): object {
  const { state$, pending$ } = make();
  return { state$, pending$, connect: async () => {}, close: async () => {} };
}

it('use({ signal }) of a new pool: rejects with the reason when the factory aborts the signal', async () => {
  const controller = new AbortController();
  const { pool } = rig(() => {
    controller.abort(new Error('no longer wanted'));
    return new OwnConnection();
  }, 1);
  const call = watch(pool.use(() => 'never', { signal: controller.signal }));
  await settle();
  expect(call.reason).toMatchObject({ message: 'no longer wanted' });
  await pool.dispose();
});

it('use() of a new pool whose endpoints complete without a list: leaves no unhandled rejection', async () => {
  const lists = new Subject<readonly string[]>();
  const { pool, clock } = rig(make, 1, { endpoints: lists, waitTimeout: 100 });
  const call = watch(pool.use(() => 'never'));
  await settle();
  lists.complete();
  // An unhandled rejection would fail the test.
  await settle();
  await clock.advance(100);
  expect(call.reason).toMatchObject({ code: 'ERR_WAIT_TIMEOUT' });
  await pool.dispose();
});
