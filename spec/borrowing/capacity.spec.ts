import { BehaviorSubject, defer, NEVER, Observable, of, ReplaySubject, Subject, throwError } from 'rxjs';
import { ConnectionStreamError, leastLoaded } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { Job, jobs } from '../support/jobs.js';
import { figures, openRig, type Rig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

type WithCapacity = TestConnection & { capacity$?: Observable<number> };

describe.each(KINDS)('capacity$ of a connection, over $kind', ({ make }) => {
  const opened = (capacity$: () => Observable<unknown>, size = 1, options = {}): Promise<Rig> =>
    openRig((...script) => Object.assign(make(...script), { capacity$: capacity$() }) as TestConnection, size, options);

  it('capacity$: limits use() and tryLease() from its first value on, and after each change', async () => {
    const capacity$ = new ReplaySubject<number>(1);
    const { pool, made } = await opened(() => capacity$);
    const first = jobs(pool, 3);
    expect(first.every((job) => job.started)).toBe(true);
    capacity$.next(3);
    const waiting = jobs(pool, 3);
    expect([pool.tryLease(), pool.health.waiting]).toEqual([undefined, 3]);
    capacity$.next(5);
    await settle();
    expect(waiting.map((job) => job.started)).toEqual([true, true, false]);
    capacity$.next(2);
    for (const job of first) job.finish();
    await settle();
    expect([pool.health.pending, waiting[2]?.started]).toEqual([2, false]);
    waiting[0]?.finish();
    await settle();
    expect([waiting[2]?.started, pool.health.pending]).toEqual([true, 2]);
    expect(made[0]?.closes).toBe(0);
  });

  it('capacity$: requests sent outside the pool count towards the limit', async () => {
    const { pool, made } = await opened(() => of(2));
    made[0]?.send();
    made[0]?.send();
    expect(() => pool.getLeastLoadedConnection()).toThrow(expect.objectContaining({ code: 'ERR_POOL_EXHAUSTED' }));
    made[0]?.reply();
    expect(pool.getLeastLoadedConnection()).toBe(made[0]);
  });

  it.each([
    { maxPending: 2, capacity: 5, gives: 2 },
    { maxPending: 5, capacity: 2, gives: 2 },
    { maxPending: 3, capacity: Number.POSITIVE_INFINITY, gives: 3 },
    { maxPending: Number.POSITIVE_INFINITY, capacity: 4, gives: 4 },
    { maxPending: 4, capacity: 0, gives: 0 },
  ])(
    'capacity$ of $capacity with maxPending: $maxPending allows $gives uses at a time',
    async ({ maxPending, capacity, gives }) => {
      const { pool } = await opened(() => of(capacity), 1, { maxPending });
      const running = jobs(pool, 6).filter((job) => job.started);
      expect(running).toHaveLength(gives);
      pool.reconfigure({ maxPending: 6 });
      await settle();
      expect(pool.health.pending).toBe(Math.min(6, capacity));
      await pool.close({ drainTimeout: 0 });
    },
  );

  it('capacity$ of 0: the connection is not picked, its running work finishes, and it stays connected', async () => {
    const capacity$ = new BehaviorSubject(1);
    const { pool, made } = await opened(() => capacity$);
    const job = new Job(pool);
    capacity$.next(0);
    job.finish();
    await settle();
    expect([job.outcome.value, pool.tryLease(), pool.health.connected]).toEqual(['done', undefined, 1]);
    capacity$.next(1);
    expect(pool.tryLease()?.connection).toBe(made[0]);
  });

  it.each([Number.NaN, -1, 1.5, '3', null, undefined, {}])(
    'capacity$ of %p: emits misreported, and the last valid value counts',
    async (lie) => {
      const capacity$ = new BehaviorSubject<unknown>(2);
      const { pool, made, events } = await opened(() => capacity$);
      capacity$.next(lie);
      expect(events.at(-1)).toEqual({ type: 'misreported', connection: made[0], member: 'capacity$', value: lie });
      expect(jobs(pool, 3).filter((job) => job.started)).toHaveLength(2);
      await pool.close({ drainTimeout: 0 });
    },
  );

  it('capacity$ that completes: its last value counts', async () => {
    const { pool } = await opened(() => of(1, 2));
    expect(jobs(pool, 3).filter((job) => job.started)).toHaveLength(2);
    await pool.close({ drainTimeout: 0 });
  });

  it('capacity$ that completes while its connection is in service: the connection stays in service', async () => {
    const capacity$ = new BehaviorSubject(2);
    const { pool, made } = await opened(() => capacity$);
    capacity$.complete();
    expect(pool.connectedConnections).toEqual(made);
  });

  it('capacity$ that completes: is subscribed to at the next dial and not before, and its last value counts until it emits', async () => {
    let subscriptions = 0;
    const capacity$ = defer(() => (subscriptions++ === 0 ? of(2) : NEVER));
    const { pool, made } = await opened(() => capacity$);
    pool.ejectConnections(made, { duration: 1_000 });
    expect(subscriptions).toBe(1);
    made[0]?.lose();
    await pool.reconnect();
    pool.reconfigure({ maxPending: 5 });
    expect([subscriptions, jobs(pool, 3).filter((job) => job.started).length]).toEqual([2, 2]);
    await pool.close({ drainTimeout: 0 });
  });

  it('capacity$ that goes on: is subscribed to once, however often the connection is redialled', async () => {
    let subscriptions = 0;
    const capacity$ = new BehaviorSubject(2);
    const counted$ = defer(() => {
      subscriptions++;
      return capacity$;
    });
    const { pool, made } = await opened(() => counted$);
    made[0]?.lose();
    await pool.reconnect();
    expect(subscriptions).toBe(1);
    await pool.close();
    expect(capacity$.observed).toBe(false);
  });

  it('capacity$: is followed again once a connection that was leaving has joined again', async () => {
    const capacity$ = new BehaviorSubject(2);
    const { pool, made } = await opened(() => capacity$);
    const [job] = jobs(pool, 1);
    pool.removeConnections(made);
    await pool.extendPoolByConnections(made);
    capacity$.next(3);
    expect(jobs(pool, 3).filter((one) => one.started)).toHaveLength(2);
    job?.finish();
    await pool.close({ drainTimeout: 0 });
  });

  it('capacity$: is unsubscribed when the connection leaves; a teardown that throws does not stop close()', async () => {
    const capacity$ = new BehaviorSubject(1);
    const { pool } = await opened(() => capacity$, 2);
    expect(capacity$.observed).toBe(true);
    pool.reducePoolConnections(2);
    expect(capacity$.observed).toBe(false);
    await pool.extendPoolBySize(1);
    await pool.dispose();
    expect(capacity$.observed).toBe(false);
    const awkward = await opened(
      () =>
        new Observable(() => () => {
          throw new Error('of the teardown');
        }),
    );
    await awkward.pool.close();
    expect(awkward.made[0]?.closes).toBe(1);
  });

  describe('that errors', () => {
    it('capacity$ that errors: breaks the connection with ConnectionStreamError and aborts context.signal', async () => {
      const capacity$ = new Subject();
      const { pool, made, events } = await opened(() => capacity$);
      const job = new Job(pool);
      const cause = new Error('stream broke');
      capacity$.error(cause);
      expect([pool.brokenConnections, made[0]?.closes]).toEqual([made, 1]);
      expect(events.at(-1)).toMatchObject({ type: 'lost', cause: expect.any(ConnectionStreamError) });
      expect(events.at(-1)).toMatchObject({ cause: { cause } });
      expect(job.context?.signal.aborted).toBe(true);
    });

    it.each([
      { how: 'errors', capacity$: () => throwError(() => new Error('no')) },
      {
        how: 'throws',
        capacity$: () =>
          new Observable(() => {
            throw new Error('no');
          }),
      },
      { how: 'is not an observable', capacity$: () => 7 as never },
    ])('capacity$ that $how on subscribe: the member is broken and cannot be leased', async ({ capacity$ }) => {
      const { pool, events } = await opened(capacity$);
      expect(figures(pool.health)).toEqual({ poolSize: 1, total: 1, broken: 1 });
      const lost = events.find(({ type }) => type === 'lost');
      expect(lost).toMatchObject({ cause: expect.any(ConnectionStreamError) });
      expect(pool.tryLease()).toBeUndefined();
      await pool.dispose();
    });

    it('capacity$ whose getter throws: breaks this member only', async () => {
      const test = rig((...script) => {
        const connection = make(...script);
        if (test.made.length === 0) {
          Object.defineProperty(connection, 'capacity$', {
            get: () => {
              throw new Error('no');
            },
          });
        }
        return connection;
      }, 2);
      await test.pool.setup();
      expect([test.pool.brokenConnections, test.pool.connectedConnections]).toEqual([
        test.made.slice(0, 1),
        test.made.slice(1),
      ]);
      await test.pool.dispose();
    });
  });

  it.each(['error', 'complete'] as const)(
    'capacity$ after %s: is subscribed to again when the connection is redialled',
    async (end) => {
      const sessions: ReplaySubject<number>[] = [];
      const perSession$ = new Observable<number>((subscriber) => {
        const session = new ReplaySubject<number>(1);
        sessions.push(session);
        return session.subscribe(subscriber);
      });
      const { pool, made } = await opened(() => perSession$);
      sessions[0]?.next(1);
      sessions[0]?.[end](undefined as never);
      if (end === 'complete') made[0]?.lose();
      expect(pool.health.broken).toBe(1);
      await pool.reconnect();
      expect(sessions).toHaveLength(2);
      expect(jobs(pool, 3).filter((job) => job.started)).toHaveLength(1);
      sessions[1]?.next(2);
      await settle();
      expect(pool.health).toMatchObject({ connected: 1, pending: 2, waiting: 1 });
      await pool.close({ drainTimeout: 0 });
      expect(sessions[1]?.observed).toBe(false);
    },
  );

  it('capacity$ that removes its connections on subscribe: they leave the pool unsubscribed', async () => {
    const test = rig(make, 0);
    const pickers = new Set<unknown>();
    test.pool.connected$.pipe(leastLoaded()).subscribe((picker) => pickers.add(picker.peek()));
    const lists: string[] = [];
    test.pool.connections$.subscribe((connections) => lists.push(connections.map(({ name }) => name).join(' ')));
    const [first, second] = [make('accept', 'first'), make('accept', 'second')] as WithCapacity[] as [
      WithCapacity,
      WithCapacity,
    ];
    await Promise.all([first.connect(), second.connect()]);
    const later$ = new BehaviorSubject(1);
    first.capacity$ = new Observable<number>(
      () => void test.pool.removeConnections([first, second], { drainTimeout: 0 }),
    );
    second.capacity$ = later$;
    await test.pool.extendPoolByConnections([first, second]);
    await settle();
    expect([later$.observed, lists.at(-1), test.pool.connections]).toEqual([false, '', []]);
    expect(test.events.slice(0, 4).map((event) => event.type)).toEqual(['joined', 'joined', 'left', 'left']);
    let peeked: unknown;
    test.pool.connected$.pipe(leastLoaded()).subscribe((picker) => {
      peeked = picker.peek();
    });
    expect(peeked).toBeUndefined();
  });

  it('capacity$: leastLoaded$ and the next pick agree after each change', async () => {
    const capacities = [new BehaviorSubject(2), new BehaviorSubject(2)];
    let given = 0;
    const { pool, made } = await opened(() => capacities[given++] as Observable<number>, 2);
    const shown: (TestConnection | undefined)[] = [];
    pool.leastLoaded$.subscribe((connection) => shown.push(connection));
    made[0]?.send();
    await settle();
    expect(shown.at(-1)).toBe(made[1]);
    capacities[1]?.next(0);
    await settle();
    expect([shown.at(-1), pool.getLeastLoadedConnection()]).toEqual([made[0], made[0]]);
    capacities[0]?.next(1);
    await settle();
    expect([shown.at(-1), pool.tryLease()]).toEqual([undefined, undefined]);
    capacities[1]?.next(1);
    await settle();
    expect([shown.at(-1), pool.tryLease()?.connection]).toEqual([made[1], made[1]]);
  });
});
