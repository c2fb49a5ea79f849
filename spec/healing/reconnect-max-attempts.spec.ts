import { of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type ConnectionPoolOptions, cleanupBroken, type PoolEvent, reconnectBroken } from 'rxpool';
import { KINDS, OwnConnection, type TestConnection } from '../support/connections.js';
import { openRig, type Rig as PoolRig, rig } from '../support/pools.js';
import { brokenOf, ReconnectRig as Rig } from '../support/reconnect-rig.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

const revoked = (): Error => Object.assign(new Error('certificate is revoked'), { code: 'CERT_REVOKED' });

describe.each(KINDS)('reconnectBroken() abandons connections, over $kind', ({ make }) => {
  const broken = async (name = 'a', cause?: unknown): Promise<TestConnection> => {
    const connection = make('wait', name);
    const dial = connection.connect().catch(() => {});
    connection.refuse(cause);
    await dial;
    connection.onDial = 'refuse';
    return connection;
  };

  it('reconnectBroken({ maxAttempts: 2, abandonedInterval: false }): abandons after two failed dials, and leaves no timer', async () => {
    const a = await broken();
    const rig = new Rig({ maxAttempts: 2, abandonedInterval: false }, brokenOf(a));
    await rig.clock.advance(300);
    expect(rig.log).toEqual([
      '0: a1 in 100',
      '100: a1 dialling',
      '100: a1 failed',
      '100: a2 in 200',
      '300: a2 dialling',
      '300: a2 failed',
      '300: a2 abandoned: max-attempts',
    ]);
    expect(rig.clock.timers).toBe(0);
    await rig.clock.advance(60_000);
    expect(a.dials).toBe(3);
    rig.subscription.unsubscribe();
    expectUntouched(a);
  });

  it('reconnectBroken() without maxAttempts: still redials after 1,000 failed dials', async () => {
    const a = await broken();
    const rig = new Rig({ backoff: () => 1 }, brokenOf(a));
    await rig.clock.advance(1_000);
    expect(a.dials).toBe(1 + 1_000);
  });

  it('reconnectBroken({ maxAttempts }): attempts are counted per connection; others are still dialled', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const rig = new Rig({ maxAttempts: 2, abandonedInterval: false });
    rig.list$.next([a]);
    await rig.clock.advance(150);
    rig.list$.next([a, b]);
    await rig.clock.advance(150);
    expect(rig.log.slice(-2)).toEqual(['300: a2 failed', '300: a2 abandoned: max-attempts']);
    expect(rig.clock.timers).toBe(1);
    await rig.clock.advance(150);
    expect(rig.log.at(-1)).toBe('450: b2 abandoned: max-attempts');
  });

  it('reconnectBroken({ maxAttempts: 3 }): abandons a connection that connects and is lost at once three times', async () => {
    const a = await broken();
    const rig = new Rig({ maxAttempts: 3, backoff: () => 10 }, brokenOf(a));
    a.onDial = 'accept';
    for (let i = 0; i < 5; i++) {
      await rig.clock.advance(10);
      a.lose();
    }
    expect(rig.log.filter((line) => !line.includes('dialling'))).toEqual([
      '0: a1 in 10',
      '10: a1 reconnected',
      '10: a2 in 10',
      '20: a2 reconnected',
      '20: a3 in 10',
      '30: a3 reconnected',
      '30: a3 abandoned: max-attempts',
    ]);
  });

  it('reconnectBroken(): abandons at once when a dial fails with a terminal cause', async () => {
    const a = await broken();
    a.onDial = 'wait';
    const rig = new Rig({ abandonedInterval: false }, brokenOf(a));
    await rig.clock.advance(100);
    a.refuse(new Error('handshake', { cause: revoked() }));
    await settle();
    expect(rig.log.slice(-2)).toEqual(['100: a1 failed', '100: a1 abandoned: terminal']);
    expect(rig.clock.timers).toBe(0);
  });

  it('reconnectBroken({ abandonedInterval: false }): never dials a connection that broke for a terminal cause', async () => {
    const a = await broken('a', revoked());
    const rig = new Rig({ abandonedInterval: false }, brokenOf(a));
    await rig.clock.advance(60_000);
    expect(rig.log).toEqual(['0: a0 abandoned: terminal']);
    expect(a.dials).toBe(1);
    expect(rig.clock.timers).toBe(0);
    rig.subscription.unsubscribe();
    expectUntouched(a);
  });

  it('reconnectBroken(): abandons a reconnected connection that is lost for a terminal cause', async () => {
    const a = await broken();
    a.onDial = 'accept';
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100);
    a.lose({ terminal: true });
    expect(rig.log.slice(-2)).toEqual(['100: a1 reconnected', '100: a1 abandoned: terminal']);
  });

  it('reconnectBroken({ isTerminal }): is called with each cause, and abandons when it returns true', async () => {
    const first = new Error('first');
    const a = await broken('a', first);
    const causes: unknown[] = [];
    const isTerminal = (cause: unknown): boolean => causes.push(cause) === 3;
    const rig = new Rig({ isTerminal }, brokenOf(a));
    a.onDial = 'wait';
    const second = revoked();
    await rig.clock.advance(100);
    a.refuse(second);
    await rig.clock.advance(200);
    const third = new Error('third');
    a.refuse(third);
    await settle();
    expect(causes).toEqual([first, second, third]);
    expect(rig.log.at(-1)).toBe('300: a2 abandoned: terminal');
  });

  it('reconnectBroken({ isTerminal: () => false }): retries after a revoked certificate', async () => {
    const a = await broken('a', revoked());
    const rig = new Rig({ isTerminal: () => false }, brokenOf(a));
    expect(rig.log).toEqual(['0: a1 in 100']);
  });

  it('reconnectBroken(): emits one reconnect-abandoned event, with reason and cause', async () => {
    const cause = revoked();
    const a = await broken('a', cause);
    const events: unknown[] = [];
    of([a])
      .pipe(reconnectBroken())
      .subscribe((event) => events.push(event));
    expect(events).toEqual([{ type: 'reconnect-abandoned', connection: a, attempt: 0, reason: 'terminal', cause }]);
  });

  it('reconnectBroken(): an abandoned connection stays abandoned while dials of its owner fail', async () => {
    const a = await broken();
    const rig = new Rig({ maxAttempts: 1, abandonedInterval: false }, brokenOf(a));
    await rig.clock.advance(100);
    for (let i = 0; i < 3; i++) {
      await a.connect().catch(() => {});
      await rig.clock.advance(600);
    }
    expect(rig.log.at(-1)).toBe('100: a1 abandoned: max-attempts');
    expect(rig.clock.timers).toBe(0);
  });

  it.each([0, 10_000])(
    'reconnectBroken(): an abandoned connection that its owner connects is retried when lost %d ms later',
    async (up) => {
      const a = await broken();
      const rig = new Rig({ maxAttempts: 1 }, brokenOf(a));
      await rig.clock.advance(100);
      a.onDial = 'accept';
      await a.connect();
      await rig.clock.advance(up);
      a.lose();
      expect(rig.log.at(-2)).toBe('100: a1 abandoned: max-attempts');
      expect(rig.log.at(-1)).toBe(`${100 + up}: a1 in 100`);
      await rig.clock.advance(100);
      expect(rig.log.at(-1)).toBe(`${200 + up}: a1 reconnected`);
    },
  );

  it('reconnectBroken({ resetAfter }): an abandoned connection off the list is unsubscribed after resetAfter', async () => {
    const a = await broken('a', revoked());
    const rig = new Rig({ resetAfter: 50 });
    rig.list$.next([a]);
    rig.list$.next([]);
    expect(rig.clock.timers).toBe(1);
    await rig.clock.advance(50);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('reconnectBroken(): an abandoned connection that is closed leaves no timer and no subscription', async () => {
    const a = await broken('a', revoked());
    const rig = new Rig({}, brokenOf(a));
    await a.close();
    expect(rig.clock.timers).toBe(0);
    rig.subscription.unsubscribe();
    expectUntouched(a);
  });

  it('reconnectBroken(): completes with the source although a connection was abandoned', async () => {
    const a = await broken('a', revoked());
    const rig = new Rig();
    rig.list$.next([a]);
    rig.list$.complete();
    expect(rig.completed).toBe(true);
    expectUntouched(a);
  });

  it('reconnectBroken({ isTerminal }): errors when isTerminal() throws, and cancels all attempts', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const failure = new Error('no opinion');
    let asked = 0;
    const isTerminal = (): boolean => {
      if (++asked > 1) throw failure;
      return false;
    };
    const rig = new Rig({ isTerminal });
    rig.list$.next([a]);
    rig.list$.next([a, b]);
    expect(rig.failures).toEqual([failure]);
    expect(rig.clock.timers).toBe(0);
    expect(rig.list$.observed).toBe(false);
    [a, b].forEach(expectUntouched);
  });

  it.each(['isTerminal', 'backoff'] as const)(
    'reconnectBroken(): a connection that leaves the list inside %s() is not dialled',
    async (name) => {
      const a = await broken();
      const rig: Rig = new Rig({
        [name]: () => {
          rig.list$.next([]);
          return name === 'backoff' ? 10 : false;
        },
      });
      rig.list$.next([a]);
      await rig.clock.advance(1_000);
      expect(rig.log).toEqual([]);
      expect(a.dials).toBe(1);
      expect(rig.clock.timers).toBe(0);
      expectUntouched(a);
    },
  );
});

describe('reconnectBroken', () => {
  it('reconnectBroken(): emits reconnect-abandoned synchronously, and once although the connection is listed again', async () => {
    const cause = revoked();
    const [a, b] = [new OwnConnection({ name: 'a' }), new OwnConnection({ name: 'b', onDial: 'refuse' })];
    a.onDial = 'wait';
    const dials = [a, b].map((connection) => connection.connect().catch(() => {}));
    a.refuse(cause);
    await Promise.all(dials);
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ hot, expectObservable }) => {
      const source = hot<readonly OwnConnection[]>('--a----b---a---|', { a: [a], b: [a, b] });
      const expected = '                             --x----s-------|';
      expectObservable(source.pipe(reconnectBroken({ backoff: () => 100 }))).toBe(expected, {
        x: { type: 'reconnect-abandoned', connection: a, attempt: 0, reason: 'terminal', cause },
        s: { type: 'reconnect-scheduled', connection: b, attempt: 1, delay: 100 },
      });
    });
  });
});

describe.each(KINDS)('Pool with reconnectBroken() as its heal option abandons members, over $kind', ({ make }) => {
  const opened = async (options: Parameters<typeof reconnectBroken>[0], size = 2): Promise<PoolRig> => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const heal: ConnectionPoolOptions<TestConnection>['heal'] = reconnectBroken({
      backoff: () => 100,
      scheduler,
      ...options,
    });
    return { ...(await openRig(make, size, { heal, scheduler })), clock };
  };

  const abandonments = (events: readonly PoolEvent<TestConnection>[]): unknown[] =>
    events.flatMap((event) => (event.type === 'reconnect-abandoned' ? [[event.reason, event.attempt]] : []));

  it('heal with maxAttempts: 3, abandonedInterval: false: an abandoned member stays broken; after reconnect() it gets three attempts again', async () => {
    const { pool, clock, made, events } = await opened({ maxAttempts: 3, abandonedInterval: false });
    const [a] = made;
    a!.onDial = 'refuse';
    a!.lose();
    await clock.advance(60_000);
    expect(a!.dials).toBe(1 + 3);
    expect(pool.brokenConnections).toEqual([a]);
    expect(pool.health.status).toBe('degraded');
    expect(clock.timers).toBe(0);
    a!.onDial = 'accept';
    expect(await pool.reconnect()).toBe(2);
    a!.onDial = 'refuse';
    a!.lose();
    await clock.advance(60_000);
    expect(abandonments(events)).toEqual([
      ['max-attempts', 3],
      ['max-attempts', 3],
    ]);
  });

  it('heal: a member whose first dial fails with a revoked certificate is abandoned, and not redialled at once', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const opened = rig(make, 2, { heal: undefined, scheduler });
    opened.script = 'wait';
    const setup = opened.pool.setup();
    for (const connection of opened.made) connection.refuse(revoked());
    await setup;
    await clock.advance(14_999);
    expect(opened.made.map(({ dials }) => dials)).toEqual([1, 1]);
    expect(abandonments(opened.events)).toEqual([
      ['terminal', 0],
      ['terminal', 0],
    ]);
    await opened.pool.dispose();
    expect(clock.timers).toBe(0);
  });

  it('heal with cleanupBroken({ after }): a member that healing has abandoned is removed after `after`', async () => {
    const { pool, clock, made } = await opened({ maxAttempts: 1 });
    const { scheduler } = clock;
    pool.broken$.pipe(cleanupBroken((dead) => pool.removeConnections(dead), { after: 1_000, scheduler })).subscribe();
    made[0]!.onDial = 'refuse';
    made[0]!.lose();
    await clock.advance(999);
    expect(pool.brokenConnections).toEqual([made[0]]);
    await clock.advance(1);
    expect(pool.connections).toEqual([made[1]]);
    await clock.advance(2_000);
    expect(clock.timers).toBe(0);
    await Promise.all([pool.dispose(), clock.advance(10)]);
    made.forEach(expectUntouched);
  });
});
