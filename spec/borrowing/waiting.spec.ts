import { ConnectionPool, type ConnectionPoolOptions, leastLoaded, PoolClosedError } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { Job, jobs, microtasks } from '../support/jobs.js';
import { openRig, type Rig, rig } from '../support/pools.js';
import { fussy } from '../support/strategies.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

describe.each(KINDS)('A caller for whom no connection of $kind is free', ({ make }) => {
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
    { how: 'the limit is raised', prepare: makeBusy, serve: ({ pool }) => pool.reconfigure({ maxPending: 2 }) },
    { how: 'the pool is enlarged', prepare: makeBusy, serve: ({ pool }) => pool.reconfigure({ poolSize: 2 }) },
    { how: 'the pool is resumed', prepare: ({ pool }) => pool.suspend(), serve: ({ pool }) => pool.resume() },
    {
      how: 'an ejected connection is back',
      prepare: ({ pool, made }) => pool.ejectConnections(made, { duration: 100 }),
      serve: ({ clock }) => clock.advance(100),
    },
    {
      how: 'another strategy finds one',
      options: { select: fussy(() => false) },
      serve: ({ pool }) => pool.reconfigure({ select: leastLoaded() }),
    },
    {
      how: 'the pool is filled again',
      prepare: ({ pool, made }) => pool.removeConnections(made),
      serve: ({ pool }) => pool.setup(),
    },
  ];
  const leases: ReturnType<Rig['pool']['tryLease']>[] = [];

  it.each(WAYS)('is served as $how', async ({ options, prepare, serve }) => {
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

  it('waits for the first dial of an open pool', async () => {
    const { pool, made } = rig(make, 2);
    void pool.setup();
    const job = new Job(pool);
    expect(job.started).toBe(false);
    await settle();
    expect(job.started).toBe(true);
    expect(made).toContain(job.connection);
  });

  it('is served after all those who came before, and before all those who come later', async () => {
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

  it('is passed by nobody between the giving back and its being served', async () => {
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

  it('is answered once, and holds nothing, where a strategy closes the pool when it is asked', async () => {
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

  it('is passed by nobody whose key would find a connection, until it gives up', async () => {
    const { scheduler } = new VirtualClock();
    const pool = new ConnectionPool<TestConnection, string>(1, () => make(), {
      select: fussy((key) => key === 'easy'),
      scheduler,
    });
    await pool.setup();
    const order: string[] = [];
    const controller = new AbortController();
    const { signal } = controller;
    const hard = pool.use(() => order.push('hard'), { key: 'hard', signal }).catch(() => order.push('gave up'));
    const easy = pool.use(() => order.push('easy'), { key: 'easy' });
    expect(pool.tryLease({ key: 'easy' })).toBeUndefined();
    await settle();
    expect(order).toEqual([]);
    controller.abort();
    await Promise.all([hard, easy]);
    expect(order).toEqual(['gave up', 'easy']);
    await pool.dispose();
  });
});
