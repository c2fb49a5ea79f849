import { EMPTY, finalize, map, Observable, type OperatorFunction, Subject, throwError } from 'rxjs';
import type { ConnectionPoolOptions } from 'rxpool';
import { type BreakerState, circuitBreaker, cleanupBroken, type DialReport, growOnDemand } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, type Outcome, type Rig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('the circuit breaker of a pool of $kind', ({ make }) => {
  /** A pool with a breaker that opens at the second failed dial, for a second. */
  function breakable(size: number, options: ConnectionPoolOptions<TestConnection> = {}): Rig {
    const test = rig(make, size, options);
    const breaker = circuitBreaker({ consecutiveFailures: 2, openFor: 1_000, scheduler: test.clock.scheduler });
    test.pool.reconfigure({ breaker });
    return test;
  }

  /** A pool whose breaker state the test sets, with the dial reports that the breaker received. */
  function switched(size: number, options: ConnectionPoolOptions<TestConnection> = {}) {
    const states = new Subject<BreakerState>();
    const reports: DialReport[] = [];
    const ends: string[] = [];
    const breaker: OperatorFunction<DialReport, BreakerState> = (source) =>
      new Observable<BreakerState>((subscriber) => {
        subscriber.add(source.subscribe((report) => reports.push(report)));
        subscriber.add(states.subscribe(subscriber));
        subscriber.add(() => ends.push('ended'));
      });
    return Object.assign(rig(make, size, { breaker, ...options }), { states, reports, ends });
  }

  const dials = ({ made }: Rig): string => made.map((connection) => connection.dials).join(' ');
  const states = ({ events }: Rig): string[] =>
    events.flatMap((event) => (event.type === 'breaker-changed' ? [event.state] : []));

  it('breaker receives a report of every dial with the number of connected members after it', async () => {
    const test = switched(2, { maxDials: 1 });
    await test.pool.setup();
    test.made[0]?.lose();
    (test.made[0] as TestConnection).onDial = 'refuse';
    await test.pool.reconnect();
    await test.made[0]?.connect().catch(() => {});
    await settle();
    expect(test.reports).toEqual([
      { ok: true, connected: 1 },
      { ok: true, connected: 2 },
      { ok: false, connected: 1 },
      { ok: false, connected: 1 },
    ]);
  });

  it('breaker opens after failed dials, allows one dial after openFor, and closes when that succeeds', async () => {
    const test = breakable(4, { maxDials: 1 });
    test.script = 'refuse';
    const setup = watch(test.pool.setup());
    await settle();
    test.pool.reconfigure({ maxDials: 2 });
    expect([dials(test), setup.status, states(test)]).toEqual(['1 1 0 0', 'pending', ['open']]);
    await test.clock.advance(999);
    expect(dials(test)).toBe('1 1 0 0');
    for (const connection of test.made) connection.onDial = 'wait';
    await test.clock.advance(1);
    expect([dials(test), states(test)]).toEqual(['1 1 1 0', ['open', 'half-open']]);
    for (const connection of test.made) connection.onDial = 'accept';
    test.made[2]?.accept();
    await settle();
    expect([dials(test), setup.status]).toEqual(['1 1 1 1', 'resolved']);
    expect(states(test)).toEqual(['open', 'half-open', 'closed']);
    expect([test.pool.health.connected, test.clock.timers]).toEqual([2, 0]);
  });

  it('half-open breaker opens again when its one dial fails', async () => {
    const test = breakable(4, { maxDials: 1 });
    test.script = 'refuse';
    const setup = watch(test.pool.setup());
    await settle();
    test.pool.reconfigure({ maxDials: 2 });
    await test.clock.advance(1_000);
    expect([dials(test), states(test)]).toEqual(['1 1 1 0', ['open', 'half-open', 'open']]);
    await test.clock.advance(1_000);
    expect([dials(test), setup.status, states(test).at(-1)]).toEqual(['1 1 1 1', 'resolved', 'open']);
    await test.pool.dispose();
    expect(test.clock.timers).toBe(0);
  });

  it('half-open breaker allows one dial although reconnect() is called as soon as that dial has failed', async () => {
    const test = breakable(4, { maxDials: 1 });
    test.script = 'refuse';
    void test.pool.setup();
    await settle();
    test.pool.reconfigure({ maxDials: 2 });
    test.pool.events$.subscribe(({ type }) => {
      if (type === 'connect-failed') void test.pool.reconnect();
    });
    await test.clock.advance(1_000);
    expect([dials(test), states(test)]).toEqual(['1 1 1 0', ['open', 'half-open', 'open']]);
  });

  it('half-open breaker allows one dial although dials that began before it opened hang', async () => {
    const test = breakable(5);
    const setup = watch(test.pool.setup());
    for (const connection of test.made) connection.onDial = 'wait';
    await settle();
    for (const connection of test.made) {
      connection.onDial = 'wait';
      connection.lose();
    }
    void test.pool.reconnect();
    await settle();
    const [first, second, ...hanging] = test.made as [TestConnection, TestConnection, ...TestConnection[]];
    first.refuse();
    second.refuse();
    await settle();
    void test.pool.reconnect();
    await settle();
    expect([dials(test), states(test), setup.status]).toEqual(['2 2 2 2 2', ['open'], 'resolved']);
    await test.clock.advance(1_000);
    expect([dials(test), states(test)]).toEqual(['3 2 2 2 2', ['open', 'half-open']]);
    for (const connection of hanging) connection.refuse();
    await settle();
    expect([dials(test), states(test)]).toEqual(['3 2 2 2 2', ['open', 'half-open']]);
    second.onDial = 'accept';
    first.accept();
    await settle();
    expect([states(test).at(-1), test.pool.health.connected]).toEqual(['closed', 2]);
    await test.pool.dispose();
  });

  it('half-open breaker closes when a dial that began before it opened succeeds', async () => {
    const test = breakable(3);
    test.script = 'wait';
    void test.pool.setup();
    const [first, second, late] = test.made as [TestConnection, TestConnection, TestConnection];
    first.refuse();
    second.refuse();
    await test.clock.advance(1_000);
    expect(states(test)).toEqual(['open', 'half-open']);
    late.accept();
    await settle();
    expect(states(test)).toEqual(['open', 'half-open', 'closed']);
    await test.pool.dispose();
  });

  it('half-open breaker of an empty pool lets callers wait, so that growOnDemand() adds the connection that decides', async () => {
    const test = breakable(2);
    const { scheduler } = test.clock;
    const { pool } = test;
    pool.reconfigure({
      policies: [
        () =>
          pool.health$.pipe(growOnDemand((count) => pool.extendPoolBySize(count), { scheduler, backoff: () => 100 })),
        () => pool.broken$.pipe(cleanupBroken((dead) => pool.removeConnections(dead), { scheduler })),
      ],
    });
    await pool.setup();
    test.script = 'refuse';
    for (const connection of test.made) {
      connection.onDial = 'refuse';
      connection.lose();
    }
    const failing: unknown[] = [];
    for (let i = 0; i < 200; i++) {
      pool.use(() => 'done').catch(({ code }) => failing.push(code));
      await test.clock.advance(50);
    }
    expect(failing).toContain('ERR_CIRCUIT_OPEN');
    expect(failing.length).toBeGreaterThan(150);
    test.script = 'accept';
    const calls: Outcome<string>[] = [];
    for (let i = 0; i < 200; i++) {
      calls.push(watch(pool.use(() => 'done')));
      await test.clock.advance(50);
    }
    expect(calls.slice(100).map(({ status }) => status)).toEqual(Array(100).fill('resolved'));
    expect(states(test).at(-1)).toBe('closed');
    await pool.dispose();
    expect(test.clock.timers).toBe(0);
  });

  it('half-open breaker dials the next member when the one being dialled is removed', async () => {
    const test = breakable(4, { maxDials: 1 });
    test.script = 'refuse';
    void test.pool.setup();
    await settle();
    test.pool.reconfigure({ maxDials: 2 });
    for (const connection of test.made) connection.onDial = 'wait';
    await test.clock.advance(1_000);
    expect(dials(test)).toBe('1 1 1 0');
    test.pool.removeConnections(test.made.slice(2, 3));
    await settle();
    expect(dials(test)).toBe('1 1 1 1');
  });

  it('open breaker holds back a redial that waited for connection.close() until it is half-open', async () => {
    const test = switched(1);
    await test.pool.setup();
    const first = test.made[0] as TestConnection;
    first.onClose = 'wait';
    const reconnecting = watch(test.pool.reconnect(false));
    await settle();
    test.states.next('open');
    first.closed();
    await settle();
    expect(first.dials).toBe(1);
    test.states.next('half-open');
    await settle();
    expect([first.dials, reconnecting.value]).toEqual([2, 1]);
  });

  it('open breaker keeps setup(), extendPoolBySize() and reconnect() pending until their signals abort', async () => {
    const test = switched(1);
    test.pool.setup();
    test.states.next('open');
    await settle();
    test.made[0]?.lose();
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [
      test.pool.setup({ signal }),
      test.pool.extendPoolBySize(1, { signal }),
      test.pool.reconnect(true, { signal }),
    ].map((call) => watch<unknown>(call));
    await settle();
    expect([calls.map(({ status }) => status), dials(test)]).toEqual([['pending', 'pending', 'pending'], '1 0']);
    controller.abort(new Error('enough'));
    await settle();
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    test.states.next('closed');
    await settle();
    expect(test.pool.health.connected).toBe(2);
  });

  it('open breaker rejects waiters and new callers with ERR_CIRCUIT_OPEN and the last dial failure', async () => {
    const test = breakable(2);
    test.script = 'wait';
    void test.pool.setup();
    const waiting = watch(test.pool.use(() => 'never'));
    const refused = new Error('no route');
    test.made[0]?.refuse(new Error('first'));
    await settle();
    expect(waiting.status).toBe('pending');
    test.made[1]?.refuse(refused);
    await settle();
    const error = { code: 'ERR_CIRCUIT_OPEN', cause: refused, sent: 'never', figures: { total: 2, connected: 0 } };
    expect(waiting.reason).toMatchObject(error);
    await expect(test.pool.use(() => 'never')).rejects.toMatchObject(error);
    await expect(test.pool.lease()).rejects.toMatchObject(error);
    expect(test.pool.tryLease()).toBeUndefined();
    expect(figures(test.pool.health)).toEqual({ poolSize: 2, total: 2, broken: 2 });
    await test.clock.advance(1_000);
    await expect(test.pool.use(() => 'never')).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  });

  it('open breaker does not affect use() and picks while a member is connected', async () => {
    const test = switched(1);
    await test.pool.setup();
    test.states.next('open');
    await expect(test.pool.use(() => 'done')).resolves.toBe('done');
    expect(test.pool.getLeastLoadedConnection()).toBe(test.made[0]);
  });

  it('breaker closes when a connected connection joins, and callers can wait for it', async () => {
    const test = breakable(1, { maxPending: 1 });
    test.script = 'refuse';
    void test.pool.setup();
    await settle();
    void test.pool.reconnect();
    await settle();
    expect(states(test)).toEqual(['open']);
    const connected = make('accept', 'connected');
    await connected.connect();
    void test.pool.extendPoolByConnections([connected]);
    const lease = test.pool.tryLease();
    const waiting = watch(test.pool.use(() => 'done'));
    await settle();
    expect([states(test), waiting.status]).toEqual([['open', 'closed'], 'pending']);
    lease?.release();
    await settle();
    expect(waiting.value).toBe('done');
  });

  it('breaker closes when an ejected connection returns to service', async () => {
    const test = breakable(3);
    await test.pool.setup();
    const [ejected, ...others] = test.made;
    test.pool.ejectConnections([ejected as TestConnection], { duration: 500 });
    for (const connection of others) {
      connection.onDial = 'refuse';
      connection.lose();
    }
    await test.pool.reconnect();
    expect(states(test)).toEqual(['open']);
    await test.clock.advance(500);
    expect(states(test)).toEqual(['open', 'closed']);
  });

  it('half-open breaker allows one of several redials that waited for connection.close()', async () => {
    const test = switched(3);
    await test.pool.setup();
    for (const connection of test.made) connection.onClose = 'wait';
    test.pool.invalidateConnections(test.made);
    void test.pool.reconnect();
    await settle();
    test.states.next('open');
    test.states.next('half-open');
    for (const connection of test.made) {
      connection.onDial = 'wait';
      connection.closed();
    }
    await settle();
    expect(dials(test).split(' ').sort()).toEqual(['1', '1', '2']);
    for (const connection of test.made) connection.onClose = 'settle';
    await test.pool.dispose();
  });

  it('close() with an open breaker starts no queued dial, and setup() starts with a closed breaker', async () => {
    const test = switched(2);
    test.pool.setup();
    test.states.next('open');
    await settle();
    void test.pool.extendPoolBySize(2);
    const closing = watch(test.pool.close());
    await settle();
    expect([closing.status, dials(test)]).toEqual(['resolved', '1 1 0 0']);
    expect([test.ends, states(test)]).toEqual([['ended'], ['open', 'closed']]);
    const setup = watch(test.pool.setup());
    await settle();
    expect([setup.status, test.pool.health.connected]).toEqual(['resolved', 4]);
    await test.pool.dispose();
    expect([test.states.observed, test.ends.length]).toEqual([false, 2]);
  });

  it('a breaker that errors allows every dial and emits policy-failed', async () => {
    const test = switched(1);
    test.pool.setup();
    test.states.next('open');
    await settle();
    void test.pool.extendPoolBySize(1);
    const mistake = new Error('mistake');
    test.states.error(mistake);
    await settle();
    expect([test.pool.health.connected, states(test)]).toEqual([2, ['open', 'closed']]);
    expect(test.events).toContainEqual({ type: 'policy-failed', cause: mistake });
  });

  it('a breaker that completes allows every dial', async () => {
    const test = switched(1);
    test.pool.setup();
    test.states.next('open');
    await settle();
    void test.pool.extendPoolBySize(1);
    test.states.complete();
    await settle();
    expect([test.pool.health.connected, states(test)]).toEqual([2, ['open', 'closed']]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('mistake');
      },
    ],
    ['errors at once', () => throwError(() => new Error('mistake'))],
    [
      'throws when it is unsubscribed from',
      (source: Observable<DialReport>) =>
        source.pipe(
          map((): BreakerState => 'closed'),
          finalize(() => {
            throw new Error('mistake');
          }),
        ),
    ],
  ])('a breaker that %s leaves the pool healthy and emits one policy-failed event', async (_, breaker) => {
    const test = rig(make, 1, { breaker: breaker as OperatorFunction<DialReport, BreakerState> });
    await test.pool.setup();
    expect(test.pool.health.status).toBe('healthy');
    await test.pool.close();
    expect(test.pool.connections).toEqual([]);
    const failures = test.events.filter(({ type }) => type === 'policy-failed');
    expect(failures).toHaveLength(1);
    await test.pool.setup();
    await test.pool.dispose();
  });

  it('reconfigure({ breaker }) replaces an open breaker; reconfigure() of other options keeps it', async () => {
    const test = switched(1);
    test.pool.setup();
    test.states.next('open');
    await settle();
    const extending = watch(test.pool.extendPoolBySize(1));
    test.pool.reconfigure({ maxWaiting: 3 });
    await settle();
    expect([extending.status, test.ends]).toEqual(['pending', []]);
    test.pool.reconfigure({ breaker: () => EMPTY });
    await settle();
    expect([extending.status, test.ends, states(test)]).toEqual(['resolved', ['ended'], ['open', 'closed']]);
    test.pool.reconfigure({ breaker: false });
    expect(test.states.observed).toBe(false);
  });

  it('close() called by a breaker as it is subscribed to closes the pool and unsubscribes from the breaker', async () => {
    const policy = new Subject();
    let ended = 0;
    const closing: OperatorFunction<DialReport, BreakerState> = () =>
      new Observable(() => {
        void test.pool.close();
        return () => ended++;
      });
    const test = rig(make, 1, { breaker: closing, policies: [() => policy] });
    await test.pool.setup();
    await settle();
    expect([test.pool.health.status, ended, policy.observed]).toEqual(['closed', 1, false]);
    test.pool.reconfigure({ breaker: false });
    await test.pool.setup();
    test.pool.reconfigure({ breaker: closing });
    await settle();
    expect([test.pool.health.status, ended, policy.observed]).toEqual(['closed', 2, false]);
  });

  it('setup() called by a breaker as it is unsubscribed from reopens the pool and subscribes to it again', async () => {
    let running = 0;
    let again = true;
    const breaker: OperatorFunction<DialReport, BreakerState> = () =>
      new Observable<BreakerState>((subscriber) => {
        running++;
        subscriber.next('half-open');
        return () => {
          running--;
          if (again) void test.pool.setup();
          again = false;
        };
      });
    const test = rig(make, 1, { breaker });
    await test.pool.setup();
    await test.pool.close();
    await settle();
    expect([running, test.pool.health.status, states(test).at(-1)]).toEqual([1, 'healthy', 'half-open']);
    await test.pool.dispose();
    expect([running, states(test).at(-1)]).toEqual([0, 'closed']);
  });

  it('reconfigure({ breaker }) in the teardown of a breaker overrides the reconfigure() that ended it', async () => {
    const begun: string[] = [];
    const named =
      (name: string, ended = (): void => {}): OperatorFunction<DialReport, BreakerState> =>
      () =>
        new Observable(() => {
          begun.push(name);
          return ended;
        });
    const test = rig(make, 1, { breaker: named('first', () => test.pool.reconfigure({ breaker: named('third') })) });
    await test.pool.setup();
    test.pool.reconfigure({ breaker: named('second') });
    expect(begun).toEqual(['first', 'third']);
    await test.pool.dispose();
  });
});
