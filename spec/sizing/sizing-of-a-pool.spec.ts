import { BehaviorSubject, delay, map } from 'rxjs';
import {
  type ConnectionPoolOptions,
  cleanupBroken,
  growOnDemand,
  type Picker,
  type Policy,
  reconnectBroken,
  recycle,
  refill,
} from 'rxpool';
import type { DialScript } from 'rxpool/testing';
import { KINDS, type TestConnection } from '../support/connections.js';
import { type Rig, rig } from '../support/pools.js';

type Options = ConnectionPoolOptions<TestConnection>;

describe.each(KINDS)('sizing policies on a pool of $kind', ({ make }) => {
  /** A pool that heals, in virtual time with seeded backoffs, and its policies. */
  function healing(size: number, options: (test: Rig) => Options, dials = (_: number): DialScript => 'accept'): Rig {
    let made = 0;
    const test: Rig = rig((_, name) => make(dials(++made), name), size, { closeTimeout: 10 });
    test.pool.reconfigure({ heal: reconnectBroken({ scheduler: test.clock.scheduler }), ...options(test) });
    return test;
  }

  const growing =
    ({ clock: { scheduler } }: Rig): Policy<TestConnection> =>
    (pool) =>
      pool.health$.pipe(growOnDemand((count) => pool.extendPoolBySize(count), { scheduler }));
  const filling =
    ({ clock: { scheduler } }: Rig, lag?: number): Policy<TestConnection> =>
    (pool) => {
      const health$ = lag === undefined ? pool.health$ : pool.health$.pipe(delay(lag, scheduler));
      return health$.pipe(refill((count) => pool.extendPoolBySize(count), { scheduler }));
    };
  const rotating =
    ({ clock: { scheduler } }: Rig): Policy<TestConnection> =>
    (pool) =>
      pool.connected$.pipe(recycle((due) => pool.removeConnections(due), { maxLifetime: 300, scheduler }));
  const cleaning =
    ({ clock: { scheduler } }: Rig): Policy<TestConnection> =>
    (pool) =>
      pool.broken$.pipe(cleanupBroken((dead) => pool.removeConnections(dead), { scheduler }));

  /** Callers who wait: each comes back at once when its time is up. */
  function callers(test: Rig, count: number): { served: number; late: number; stop(): void } {
    const tally = {
      served: 0,
      late: 0,
      isOver: false,
      stop: () => {
        tally.isOver = true;
      },
    };
    const call = async (): Promise<void> => {
      while (!tally.isOver) {
        await test.pool
          .use(() => new Promise<void>((done) => test.clock.scheduler.schedule(() => done(), 100)))
          .then(
            () => tally.served++,
            () => tally.late++,
          );
      }
    };
    for (let i = 0; i < count; i++) void call();
    return tally;
  }

  /** Disposes of the pool; nothing is left after that. */
  async function end({ pool, clock, made }: Rig): Promise<void> {
    void pool.dispose();
    await clock.advance(20_000);
    expect(clock.timers).toBe(0);
    expect(made.filter(({ state }) => state === 'connected')).toEqual([]);
  }

  const refusing: Options['select'] = map(
    (): Picker<TestConnection> => ({ pick: () => undefined, peek: () => undefined, size: 0 }),
  );

  it.each<[string, Options, (test: Rig) => void]>([
    ['the pool is suspended', {}, ({ pool }) => pool.suspend()],
    ['the strategy chooses none', { select: refusing }, () => {}],
    ['the capacity of each connection is 0', {}, () => {}],
  ])('growOnDemand() opens no connection for three waiters while %s', async (why, options, arrange) => {
    const withCapacity = (connection: TestConnection): TestConnection =>
      why.includes('capacity')
        ? Object.defineProperty(connection, 'capacity$', { value: new BehaviorSubject(0) })
        : connection;
    const test = rig((script, name) => withCapacity(make(script, name)), 2, { maxPending: 1, ...options });
    test.pool.reconfigure({ policies: [growing(test)] });
    await test.pool.setup();
    arrange(test);
    const waiting = callers(test, 3);
    await test.clock.advance(30_000);
    expect([test.made.length, waiting.served]).toEqual([2, 0]);
    expect(test.pool.health.suspended).toBe(why.includes('suspended'));
    waiting.stop();
    await end(test);
  });

  it.each<[string, DialScript]>([
    ['refuses', 'refuse'],
    ['hangs', 'wait'],
  ])('growOnDemand() serves all callers while the dial of one of four members %s', async (_, script) => {
    const test = healing(
      4,
      (self) => ({ maxPending: 1, policies: [growing(self)] }),
      (n) => (n === 2 ? script : 'accept'),
    );
    void test.pool.setup();
    await test.clock.advance(10);
    const waiting = callers(test, 12);
    await test.clock.advance(10_000);
    waiting.stop();
    expect(waiting.late).toBe(0);
    expect(test.pool.health.connected).toBeGreaterThanOrEqual(11);
    expect(test.made.length).toBeLessThanOrEqual(16);
    await end(test);
  });

  it('growOnDemand() opens no more connections than wait where the server accepts no further one', async () => {
    const test = healing(
      4,
      (self) => ({ maxPending: 1, policies: [growing(self)] }),
      (n) => (n > 4 ? 'refuse' : 'accept'),
    );
    await test.pool.setup();
    const held = await Promise.all([1, 2, 3, 4].map(() => test.pool.lease()));
    const waiting = callers(test, 3);
    await test.clock.advance(120_000);
    expect(test.made.length).toBeLessThanOrEqual(8);
    waiting.stop();
    for (const lease of held) lease.release();
    await end(test);
  });

  it.each<[string, number | undefined, DialScript]>([
    ['one connection is reset every 400 ms', 400, 'accept'],
    ['one member of eight is refused at each dial', undefined, 'refuse'],
    ['each dial of one member of eight hangs', undefined, 'wait'],
  ])('refill() keeps a pool of eight under recycle() at work while %s', async (_, every, script) => {
    const policies = (self: Rig): Options => ({ connectTimeout: 100, policies: [filling(self), rotating(self)] });
    const test = healing(8, policies, (n) => (n === 3 ? script : 'accept'));
    void test.pool.setup();
    const { clock, pool } = test;
    await clock.advance(1_000);
    let up = 0;
    for (let at = 0; at < 10_000; at += 20) {
      await clock.advance(20);
      if (every !== undefined && at % every === 0) pool.connectedConnections[at % 3]?.lose();
      up += pool.health.connected;
    }
    // Of eight, on average.
    expect(up / 500).toBeGreaterThan(6.5);
    await end(test);
  });

  it('refill() replaces what cleanupBroken() removes at once, and waits where nothing can be connected', async () => {
    let isDown = false;
    const test = healing(
      4,
      (self) => ({ policies: [filling(self), cleaning(self)] }),
      () => (isDown ? 'refuse' : 'accept'),
    );
    await test.pool.setup();
    isDown = true;
    for (const connection of test.made) connection.lose();
    await test.clock.advance(60_000);
    expect(test.made.length).toBeLessThan(4 + 4 * 60);
    isDown = false;
    await test.clock.advance(5_000);
    expect(test.pool.health.connected).toBe(4);
    await end(test);
  });

  it.each([30, 300])('refill() over health$ that comes %d ms late adds no more than are missing', async (lag) => {
    const test = healing(8, (self) => ({ policies: [filling(self, lag)] }));
    await test.pool.setup();
    const { clock, pool, made } = test;
    await clock.advance(1_000);
    for (let i = 0; i < 10; i++) {
      pool.removeConnections(pool.connections.slice(0, 1 + (i % 3)));
      await clock.advance(lag / 3);
      pool.removeConnections(pool.connections.slice(0, 1));
      for (let at = 0; at < 2_000; at += 10) {
        await clock.advance(10);
        expect(pool.connections.length).toBeLessThanOrEqual(8);
      }
      expect(pool.health.connected).toBe(8);
    }
    expect(made.length).toBeLessThanOrEqual(8 + 10 * 4);
    await end(test);
  });
});
