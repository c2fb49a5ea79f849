import { AsyncLocalStorage } from 'node:async_hooks';
import { map } from 'rxjs';
import {
  ConnectionPool,
  type ConnectionPoolOptions,
  leastLoaded,
  PoolClosedError,
  PoolDisposedError,
  PoolNotConnectedError,
  WaitTimeoutError,
} from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { Job, jobs, microtasks } from '../support/jobs.js';
import { openRig, type Rig, rig, watch } from '../support/pools.js';
import { fussy } from '../support/strategies.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

describe.each(KINDS)('Waiting callers, over $kind', ({ make }) => {
  const exclusive = (size = 1, options: ConnectionPoolOptions<TestConnection> = {}): Promise<Rig> =>
    openRig(make, size, { maxPending: 1, ...options });

  interface Way {
    readonly how: string;
    readonly options?: ConnectionPoolOptions<TestConnection>;
    readonly prepare?: (rig: Rig) => unknown;
    readonly serve: (rig: Rig) => unknown;
  }

  const makeBusy = ({ made }: Rig): void => {
    for (const connection of made) connection.send();
  };

  const WAYS: Way[] = [
    { how: 'a reply comes in', prepare: makeBusy, serve: ({ made }) => made[0]?.reply() },
    {
      how: 'a lease is released',
      prepare: ({ pool }) => leases.push(pool.tryLease()),
      serve: () => leases.pop()?.release(),
    },
    {
      how: 'a broken connection is redialled',
      prepare: ({ made }) => made[0]?.lose(),
      serve: ({ pool }) => pool.reconnect(),
    },
    { how: 'the pool is extended', prepare: makeBusy, serve: ({ pool }) => pool.extendPoolBySize(1) },
    {
      how: 'a connection is added',
      prepare: makeBusy,
      serve: async ({ pool }) => {
        const another = make('accept', 'another');
        await another.connect();
        void pool.extendPoolByConnections([another]);
      },
    },
    { how: 'maxPending is raised', prepare: makeBusy, serve: ({ pool }) => pool.reconfigure({ maxPending: 2 }) },
    { how: 'poolSize is raised', prepare: makeBusy, serve: ({ pool }) => pool.reconfigure({ poolSize: 2 }) },
    { how: 'the pool is resumed', prepare: ({ pool }) => pool.suspend(), serve: ({ pool }) => pool.resume() },
    {
      how: 'an ejected connection is back',
      prepare: ({ pool, made }) => pool.ejectConnections(made, { duration: 100 }),
      serve: ({ clock }) => clock.advance(100),
    },
    {
      how: 'another strategy picks a connection',
      options: { select: fussy(() => false) },
      serve: ({ pool }) => pool.reconfigure({ select: leastLoaded() }),
    },
    {
      how: 'setup() fills the pool again',
      prepare: ({ pool, made }) => pool.removeConnections(made),
      serve: ({ pool }) => pool.setup(),
    },
  ];
  const leases: ReturnType<Rig['pool']['tryLease']>[] = [];

  it.each(WAYS)('waiting use(): starts when $how', async ({ options, prepare, serve }) => {
    const test = await exclusive(1, options);
    prepare?.(test);
    const job = new Job(test.pool);
    await settle();
    expect([job.started, test.pool.health.waiting]).toEqual([false, 1]);
    await serve(test);
    await settle();
    expect([job.started, test.pool.health.waiting]).toEqual([true, 0]);
    expect(test.clock.timers).toBe(0);
    job.finish();
    await test.pool.close({ drainTimeout: 0 });
  });

  it('use() during setup(): waits for the first dial, then starts', async () => {
    const { pool, made } = rig(make, 2);
    void pool.setup();
    const job = new Job(pool);
    expect(job.started).toBe(false);
    await settle();
    expect(job.started).toBe(true);
    expect(made).toContain(job.connection);
  });

  it('waiting use(): 50 callers start first come, first served', async () => {
    const { pool } = await exclusive(2);
    const order: number[] = [];
    const held = jobs(pool, 2);
    const waiting = Array.from({ length: 50 }, (_, place) =>
      pool.use(async () => {
        order.push(place);
        await microtasks(place % 3);
      }),
    );
    held[1]?.finish();
    held[0]?.finish();
    await Promise.all(waiting);
    expect(order).toEqual(Array.from({ length: 50 }, (_, place) => place));
  });

  it('use(), lease(), tryLease(), withConnection() cannot overtake a waiter between release() and its start', async () => {
    const { pool } = await exclusive();
    const lease = pool.tryLease();
    const first = new Job(pool);
    lease?.release();
    const order: string[] = [];
    for (let turn = 0; turn < 10; turn++) {
      expect(pool.tryLease()).toBeUndefined();
      void pool.use(() => order.push(`use ${turn}`));
      pool.withConnection(() => [order.push(`withConnection ${turn}`)]).subscribe();
      void pool.lease().then((one) => {
        order.push(`lease ${turn}`);
        one.release();
      });
      expect(order).toEqual([]);
      await undefined;
    }
    expect(first.started).toBe(true);
    first.finish();
    await settle();
    const expected = Array.from({ length: 10 }, (_, turn) => [
      `use ${turn}`,
      `withConnection ${turn}`,
      `lease ${turn}`,
    ]);
    expect(order).toEqual(expected.flat());
  });

  it('waiting use(): rejects with PoolClosedError and starts no work when pick() closes the pool', async () => {
    let isClosing = false;
    const select = fussy<TestConnection, void>(() => {
      if (isClosing) void test.pool.close();
      return true;
    });
    const test = await exclusive(1, { select });
    const lease = test.pool.tryLease();
    const job = new Job(test.pool);
    isClosing = true;
    lease?.release();
    await settle();
    expect([job.started, job.outcome.reason]).toEqual([false, expect.any(PoolClosedError)]);
    expect([test.made[0]?.state, test.clock.timers]).toEqual(['closed', 0]);
  });

  describe('between grant and start of work', () => {
    it.each([
      { end: 'close' as const, drainTimeout: 0, error: PoolClosedError },
      { end: 'close' as const, drainTimeout: 100, error: PoolClosedError },
      { end: 'dispose' as const, drainTimeout: 0, error: PoolDisposedError },
    ])(
      'waiting use() and lease(): $end() with drainTimeout $drainTimeout between grant and start rejects them',
      async (row) => {
        const { end, drainTimeout, error } = row;
        const { pool, clock, made } = await exclusive(2, { drainTimeout });
        const leases = [pool.tryLease(), pool.tryLease()];
        const job = new Job(pool, { timeout: 1_000 });
        const leasing = watch(pool.lease());
        for (const lease of leases) lease?.release();
        await undefined;
        expect([job.started, pool.health.waiting]).toEqual([false, 0]);
        const ended = pool[end]();
        await settle();
        expect([job.started, job.outcome.reason, leasing.reason]).toEqual([
          false,
          expect.any(error),
          expect.any(error),
        ]);
        await ended;
        expect([made.map(({ state }) => state), clock.timers]).toEqual([['closed', 'closed'], 0]);
      },
    );

    it.each([
      { what: 'lost', take: ({ made }: Rig) => made.map((one) => one.lose()) },
      { what: 'removed', take: ({ pool, made }: Rig) => pool.removeConnections(made) },
      { what: 'ejected', take: ({ pool, made }: Rig) => pool.ejectConnections(made, { duration: 10 }) },
    ])(
      'waiting use(): keeps its place in the queue when its connection is $what between grant and start',
      async ({ take }) => {
        const test = await exclusive(2, { waitTimeout: 50 });
        const { pool, clock } = test;
        const leases = [pool.tryLease(), pool.tryLease()];
        const order: string[] = [];
        const work = (name: string) => () => void order.push(name);
        const outcomes = ['first', 'second', 'third', 'fourth'].map((name) => watch(pool.use(work(name))));
        await clock.advance(30);
        for (const lease of leases) lease?.release();
        await undefined;
        expect(pool.health.waiting).toBe(2);
        take(test);
        await settle();
        expect([order, pool.health.waiting, pool.health.pending]).toEqual([[], 4, 0]);
        await pool.extendPoolBySize(1);
        await settle();
        expect(order).toEqual(['first', 'second', 'third', 'fourth']);
        expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('resolved'));
        await pool.dispose();
        expect(clock.timers).toBe(0);
      },
    );

    it('waiting use(): rejects at waitTimeout after its connection was lost between grant and start', async () => {
      const { pool, clock, made } = await exclusive(1, { waitTimeout: 50 });
      const lease = pool.tryLease();
      const job = new Job(pool);
      await clock.advance(30);
      lease?.release();
      await undefined;
      made[0]?.lose();
      await clock.advance(19);
      expect([job.outcome.status, pool.health.waiting]).toEqual(['pending', 1]);
      await clock.advance(1);
      expect([job.started, job.outcome.reason]).toEqual([false, expect.any(WaitTimeoutError)]);
      expect([pool.health.pending, pool.health.waiting, clock.timers]).toEqual([0, 0, 0]);
    });

    it('waiting use(): gets the connection that came free when its own was invalidated between grant and start', async () => {
      const { pool, made } = await exclusive(2);
      const leases = [pool.tryLease(), pool.tryLease()];
      const job = new Job(pool);
      leases[0]?.release();
      await undefined;
      leases[1]?.release();
      pool.invalidateConnections(made.filter((connection) => connection === leases[0]?.connection));
      await settle();
      expect([job.started, pool.health.waiting, pool.health.connected]).toEqual([true, 0, 1]);
      await pool.close({ drainTimeout: 0 });
    });

    it('waiting use({ signal }): a strategy that aborts the signal of the waiting caller as it picks leaves no load', async () => {
      const controller = new AbortController();
      let aborts = false;
      const select = map((all: readonly TestConnection[]) => {
        const pick = (_: unknown, accepts = (_one: TestConnection): boolean => true): TestConnection | undefined => {
          if (aborts) controller.abort(new Error('not needed'));
          return all.find(accepts);
        };
        return { pick, peek: pick, size: all.length };
      });
      const { pool } = await exclusive(1, { select });
      const lease = pool.tryLease();
      const job = new Job(pool, { signal: controller.signal });
      aborts = true;
      lease?.release();
      await settle();
      expect([job.started, job.outcome.status]).toEqual([false, 'rejected']);
      expect([pool.health.pending, pool.health.waiting]).toEqual([0, 0]);
    });

    it('waiting use({ signal }): abort and loss of its connection between grant and start leave it no place in the queue', async () => {
      const { pool, clock, made } = await exclusive();
      const leases = made.map(() => pool.tryLease());
      const controller = new AbortController();
      const job = new Job(pool, { signal: controller.signal });
      for (const lease of leases) lease?.release();
      await undefined;
      controller.abort(new Error('not needed'));
      for (const connection of made) connection.lose();
      await settle();
      expect([job.outcome.status, pool.health.waiting, pool.health.pending]).toEqual(['rejected', 0, 0]);
      expect(clock.timers).toBe(0);
    });

    it('waiting use({ signal }): abort rejects it after its connection was lost between grant and start', async () => {
      const { pool, clock, made } = await exclusive();
      const lease = pool.tryLease();
      const controller = new AbortController();
      const job = new Job(pool, { signal: controller.signal });
      lease?.release();
      await undefined;
      made[0]?.lose();
      await settle();
      expect(pool.health.waiting).toBe(1);
      controller.abort(new Error('changed my mind'));
      await settle();
      expect(job.outcome.reason).toEqual(new Error('changed my mind'));
      expect([job.started, pool.health.waiting, clock.timers]).toEqual([false, 0, 0]);
    });

    it('waiting use() with failFast: rejects when the only connection is lost between grant and start', async () => {
      const { pool, clock, made } = await exclusive(1, { failFast: true });
      const lease = pool.tryLease();
      const job = new Job(pool);
      lease?.release();
      await undefined;
      made[0]?.lose();
      await settle();
      expect(job.outcome.reason).toBeInstanceOf(PoolNotConnectedError);
      expect([pool.health.waiting, clock.timers]).toEqual([0, 0]);
    });

    it('waiting use(): keeps its async context when it is requeued after a loss', async () => {
      const { pool, made } = await exclusive();
      const storage = new AsyncLocalStorage<string>();
      const lease = pool.tryLease();
      const seen = storage.run('mine', () => pool.use(() => storage.getStore()));
      lease?.release();
      await undefined;
      made[0]?.lose();
      await settle();
      await storage.run('of another', () => pool.reconnect());
      await expect(seen).resolves.toBe('mine');
    });
  });

  it('waiting use({ key }): a caller with another key is served past it, and one with the same key is not', async () => {
    const { scheduler } = new VirtualClock();
    let accepted = ['easy'];
    const pool = new ConnectionPool<TestConnection, string>(1, () => make(), {
      select: fussy((key) => accepted.includes(key)),
      scheduler,
    });
    await pool.setup();
    const order: string[] = [];
    const hard = pool.use(() => order.push('hard'), { key: 'hard' });
    await pool.use(() => order.push('easy'), { key: 'easy' });
    expect(order).toEqual(['easy']);
    accepted = ['easy', 'hard'];
    expect(pool.tryLease({ key: 'hard' })).toBeUndefined();
    pool.tryLease({ key: 'easy' })?.release();
    await hard;
    expect(order).toEqual(['easy', 'hard']);
    await pool.dispose();
  });
});
