import { asyncScheduler, NEVER, Observable, of, take, takeWhile, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type Connection, reconnectBroken } from 'rxpool';
import { KINDS, OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { backoff, brokenOf, ReconnectRig as Rig } from '../support/reconnect-rig.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

describe.each(KINDS)('reconnectBroken, over $kind', ({ make }) => {
  const broken = async (name = 'a'): Promise<TestConnection> => {
    const connection = make('refuse', name);
    await connection.connect().catch(() => {});
    connection.onDial = 'refuse';
    return connection;
  };

  it('reconnectBroken(): redials with a backoff that grows with each failure, until the connection is connected', async () => {
    const a = await broken();
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(299);
    a.onDial = 'accept';
    await rig.clock.advance(1_000);
    expect(rig.log).toEqual([
      '0: a1 in 100',
      '100: a1 dialling',
      '100: a1 failed',
      '100: a2 in 200',
      '300: a2 dialling',
      '300: a2 reconnected',
    ]);
    expect(a.state).toBe('connected');
    expect(a.dials).toBe(3);
  });

  it('reconnectBroken({ backoff }): is called with the attempt number and the previous wait', async () => {
    const a = await broken();
    const asked: [attempt: number, previous: number][] = [];
    const grow = (attempt: number, previous: number): number => {
      asked.push([attempt, previous]);
      return previous + 10;
    };
    const rig = new Rig({ backoff: grow, resetAfter: 50 }, brokenOf(a));
    await rig.clock.advance(10 + 20);
    a.onDial = 'accept';
    await rig.clock.advance(30 + 50);
    a.lose();
    expect(asked).toEqual([
      [1, 0],
      [2, 10],
      [3, 20],
      [1, 0],
    ]);
  });

  it('reconnectBroken(): each connection has a backoff of its own', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const rig = new Rig();
    rig.list$.next([a]);
    await rig.clock.advance(50);
    rig.list$.next([a, b]);
    await rig.clock.advance(60);
    expect(rig.log.slice(0, 4)).toEqual(['0: a1 in 100', '50: b1 in 100', '100: a1 dialling', '100: a1 failed']);
    expect(b.dials).toBe(1);
    await rig.clock.advance(40);
    expect(b.dials).toBe(2);
  });

  it('reconnectBroken(): reconnect-failed has the error that connect() rejected with as its cause', async () => {
    const a = await broken();
    a.onDial = 'wait';
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100);
    const cause = new Error('no route');
    a.refuse(cause);
    await settle();
    expect(rig.failures).toEqual([cause]);
  });

  it('reconnectBroken(): the backoff goes on although each dial takes the connection off the list', async () => {
    const a = await broken();
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100 + 200 + 300);
    expect(rig.log.filter((line) => line.includes(' in '))).toEqual([
      '0: a1 in 100',
      '100: a2 in 200',
      '300: a3 in 300',
      '600: a4 in 400',
    ]);
  });

  it('reconnectBroken({ resetAfter }): the backoff goes on when connected for less than resetAfter', async () => {
    const a = await broken();
    const rig = new Rig({ resetAfter: 50 }, brokenOf(a));
    a.onDial = 'accept';
    await rig.clock.advance(149);
    a.lose();
    expect(rig.log.at(-1)).toBe('149: a2 in 200');
  });

  it('reconnectBroken({ resetAfter }): the backoff starts anew when connected for resetAfter', async () => {
    const a = await broken();
    const rig = new Rig({ resetAfter: 50 }, brokenOf(a));
    a.onDial = 'accept';
    await rig.clock.advance(150);
    expect(rig.clock.timers).toBe(0);
    a.lose();
    expect(rig.log.at(-1)).toBe('150: a1 in 100');
  });

  it('reconnectBroken(): failed dials by the owner during the wait count as attempts of the backoff', async () => {
    const a = await broken();
    const rig = new Rig({ backoff: () => 10_000 }, brokenOf(a));
    for (let i = 0; i < 3; i++) {
      await rig.clock.advance(1_000);
      await a.connect().catch(() => {});
    }
    expect(rig.log).toEqual(['0: a1 in 10000', '1000: a2 in 10000', '2000: a3 in 10000', '3000: a4 in 10000']);
    expect(rig.clock.timers).toBe(1);
  });

  it.each([
    { up: 49, next: 'a2 in 200' },
    { up: 50, next: 'a1 in 100' },
  ])(
    "reconnectBroken({ resetAfter: 50 }): counts from the connect of the owner's dial: lost after $up ms",
    async ({ up, next }) => {
      const a = await broken();
      const rig = new Rig({ resetAfter: 50 }, brokenOf(a));
      a.onDial = 'wait';
      void a.connect();
      await rig.clock.advance(1_000);
      expect(rig.clock.timers).toBe(0);
      a.accept();
      await rig.clock.advance(up);
      expect(rig.clock.timers).toBe(up < 50 ? 1 : 0);
      a.lose();
      expect(rig.log.slice(1)).toEqual([`${1_000 + up}: ${next}`]);
    },
  );

  it('reconnectBroken(): a connection that its owner dials and closes is unsubscribed at once', async () => {
    const a = await broken();
    const rig = new Rig();
    rig.list$.next([a]);
    a.onDial = 'wait';
    a.connect().catch(() => {});
    rig.list$.next([]);
    await a.close();
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('reconnectBroken({ resetAfter }): connections off the list are unsubscribed, whether dials succeed or fail', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const rig = new Rig({ resetAfter: 50 });
    rig.list$.next([a, b]);
    rig.list$.next([]);
    a.onDial = 'accept';
    await a.connect();
    for (let i = 0; i < 6; i++) {
      await b.connect().catch(() => {});
      await rig.clock.advance(10);
    }
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
    expectUntouched(b);
  });

  it('reconnectBroken({ resetAfter }): a connection off the list during its wait is not dialled, later starts anew', async () => {
    const a = await broken();
    const rig = new Rig({ resetAfter: 50 });
    rig.list$.next([a]);
    rig.list$.next([]);
    await rig.clock.advance(50);
    expect(a.dials).toBe(1);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
    rig.list$.next([a]);
    expect(rig.log.at(-1)).toBe('50: a1 in 100');
  });

  it('reconnectBroken(): a connection closed during its wait leaves no timer and no subscription', async () => {
    const a = await broken();
    const rig = new Rig({}, brokenOf(a));
    await a.close();
    rig.list$.next([]);
    expect(rig.clock.timers).toBe(0);
    rig.subscription.unsubscribe();
    expectUntouched(a);
  });

  it('reconnectBroken(): a connection closed during its dial emits reconnect-failed and leaves no timer', async () => {
    const a = await broken();
    a.onDial = 'wait';
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100);
    await a.close();
    await settle();
    expect(rig.log.at(-1)).toBe('100: a1 failed');
    expect(rig.clock.timers).toBe(0);
    rig.subscription.unsubscribe();
    expectUntouched(a);
  });

  it('reconnectBroken(): unsubscribing cancels scheduled attempts', async () => {
    const a = await broken();
    const rig = new Rig({}, brokenOf(a));
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
    await rig.clock.advance(1_000);
    expect(a.dials).toBe(1);
  });

  it.each(['accept', 'refuse'] as const)(
    'reconnectBroken(): unsubscribing leaves the dial under way alone: %s',
    async (verdict) => {
      const a = await broken();
      a.onDial = 'wait';
      const rig = new Rig({}, brokenOf(a));
      await rig.clock.advance(100);
      rig.subscription.unsubscribe();
      expect(a.state).toBe('connecting');
      expectUntouched(a);
      a[verdict]();
      await settle();
      expect(a.state).toBe(verdict === 'accept' ? 'connected' : 'broken');
      expect(rig.log.at(-1)).toBe('100: a1 dialling');
      expect(rig.clock.timers).toBe(0);
      expectUntouched(a);
    },
  );

  it.each(['reconnect-scheduled', 'reconnecting', 'reconnect-failed', 'reconnected'] as const)(
    'reconnectBroken(): unsubscribing on "%s" prevents any further dial and leaves no timer',
    async (last) => {
      const a = await broken();
      if (last === 'reconnected') a.onDial = 'accept';
      const { dials } = a;
      const clock = new VirtualClock();
      const seen: string[] = [];
      brokenOf(a)
        .pipe(
          reconnectBroken({ backoff, scheduler: clock.scheduler }),
          takeWhile(({ type }) => type !== last, true),
        )
        .subscribe(({ type }) => seen.push(type));
      await clock.advance(5_000);
      expect(seen.at(-1)).toBe(last);
      expect(clock.timers).toBe(0);
      expect(a.dials).toBe(dials + (last.startsWith('reconnect-s') || last === 'reconnecting' ? 0 : 1));
      expectUntouched(a);
    },
  );

  it('reconnectBroken(): completes with the source and cancels scheduled attempts', async () => {
    const a = await broken();
    const rig = new Rig();
    rig.list$.next([a]);
    rig.list$.complete();
    expect(rig.completed).toBe(true);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('reconnectBroken(): when the source completes during a dial, completes after that dial has settled', async () => {
    const a = await broken();
    a.onDial = 'wait';
    const rig = new Rig();
    rig.list$.next([a]);
    await rig.clock.advance(100);
    rig.list$.complete();
    expect(rig.completed).toBe(false);
    a.refuse();
    await settle();
    expect(rig.log.at(-1)).toBe('100: a1 failed');
    expect(rig.completed).toBe(true);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('reconnectBroken(): errors with the source and cancels scheduled attempts', async () => {
    const a = await broken();
    const rig = new Rig();
    rig.list$.next([a]);
    const failure = new Error('the list is gone');
    rig.list$.error(failure);
    expect(rig.failures).toEqual([failure]);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('reconnectBroken(): repeated lists and duplicates schedule one attempt per connection', async () => {
    const a = await broken();
    const rig = new Rig();
    rig.list$.next([a, a]);
    rig.list$.next([a]);
    rig.list$.next([a, a, a]);
    await rig.clock.advance(100);
    expect(rig.log).toEqual(['0: a1 in 100', '100: a1 dialling', '100: a1 failed', '100: a2 in 200']);
    expect(rig.clock.timers).toBe(1);
  });

  it('reconnectBroken({ backoff }): errors when backoff() throws, and cancels scheduled attempts', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const failure = new Error('no idea how long');
    const rig = new Rig({
      backoff: (attempt) => {
        if (attempt > 1) throw failure;
        return 100;
      },
    });
    rig.list$.next([a]);
    await rig.clock.advance(50);
    rig.list$.next([a, b]);
    await rig.clock.advance(100);
    expect(rig.failures.at(-1)).toBe(failure);
    expect(rig.clock.timers).toBe(0);
    expect(rig.list$.observed).toBe(false);
    expectUntouched(a);
    expectUntouched(b);
  });

  it('reconnectBroken(): keeps no timer and no subscription of 50 connections that have left the list', async () => {
    const connections = await Promise.all(Array.from({ length: 50 }, (_, i) => broken(`${i}`)));
    const rig = new Rig();
    for (let i = 0; i < 50; i++) rig.list$.next(connections.slice(i, i + 5));
    rig.list$.next([]);
    await rig.clock.advance(1_000);
    expect(rig.clock.timers).toBe(0);
    connections.forEach(expectUntouched);
  });
});

describe('reconnectBroken', () => {
  const marbles = (): TestScheduler => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

  it('reconnectBroken(): subscribes to the source on subscribe, and unsubscribes with its subscriber', () => {
    marbles().run(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot<readonly Connection[]>('--e--e--e--', { e: [] });
      expectObservable(source.pipe(reconnectBroken()), '   ---^---!').toBe('-----------');
      expectSubscriptions(source.subscriptions).toBe('      ---^---!');
    });
  });

  it('reconnectBroken(): schedules when a connection enters the list, and cancels when it leaves', () => {
    const a = new OwnConnection({ name: 'a' });
    marbles().run(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot<readonly OwnConnection[]>('  --a----e--a--|', { a: [a], e: [] });
      const subscriptions = '^------------!';
      const expected = '    --s-------s--|';
      const scheduled = { type: 'reconnect-scheduled' as const, connection: a, attempt: 1, delay: 100 };
      expectObservable(source.pipe(reconnectBroken({ backoff, resetAfter: 2 }))).toBe(expected, { s: scheduled });
      expectSubscriptions(source.subscriptions).toBe(subscriptions);
    });
    expect(a.dials).toBe(0);
    expectUntouched(a);
  });

  it('reconnectBroken(): passes on an error of the source', () => {
    marbles().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<readonly Connection[]>('---#');
      expectObservable(source.pipe(reconnectBroken())).toBe('---#');
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });

  it('reconnectBroken(): each subscription schedules attempts of its own', async () => {
    const a = new OwnConnection({ name: 'a' });
    const clock = new VirtualClock();
    const operator = new Observable<readonly OwnConnection[]>((subscriber) => subscriber.next([a])).pipe(
      reconnectBroken({ backoff, scheduler: clock.scheduler }),
    );
    operator.subscribe();
    operator.subscribe();
    expect(clock.timers).toBe(2);
  });

  it.each([2 ** 40, Number.POSITIVE_INFINITY])(
    'reconnectBroken({ backoff }): a wait of %d ms becomes the longest timer delay, 2^31 - 1 ms',
    (wait) => {
      const a = new OwnConnection({ name: 'a' });
      const schedule = jest.spyOn(asyncScheduler, 'schedule');
      const subscription = new Observable<readonly OwnConnection[]>((subscriber) => subscriber.next([a]))
        .pipe(reconnectBroken({ backoff: () => wait }))
        .subscribe();
      const delays = schedule.mock.calls.map(([, delay]) => delay);
      subscription.unsubscribe();
      schedule.mockRestore();
      expect(delays).toEqual([2 ** 31 - 1]);
    },
  );

  it.each([-1, Number.NaN])('reconnectBroken({ backoff }): errors with RangeError for a wait of %d ms', (wait) => {
    const a = new OwnConnection({ name: 'a' });
    const rig = new Rig({ backoff: () => wait });
    rig.list$.next([a]);
    expect(rig.failures).toEqual([expect.any(RangeError)]);
    expect(rig.log).toEqual([]);
    expectUntouched(a);
  });

  it('reconnectBroken(): state$ decides whether a dial succeeded, not the promise of connect()', async () => {
    const a = new SubjectConnection({ name: 'a' });
    a.state$.next('broken');
    a.connect = async () => a.state$.next('connecting');
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100);
    expect(rig.log.at(-1)).toBe('100: a1 dialling');
    a.cause = new Error('said by the connection');
    a.state$.next('broken');
    await settle();
    expect(rig.log.slice(2)).toEqual(['100: a1 failed', '100: a2 in 200']);
    expect(rig.failures).toEqual([a.cause]);
    a.connect = () => {
      a.state$.next('connecting');
      a.state$.next('connected');
      return Promise.reject(new Error('a lie'));
    };
    await rig.clock.advance(200);
    expect(rig.log.at(-1)).toBe('300: a2 reconnected');
  });

  it('reconnectBroken(): retries when connect() resolves although the connection stayed broken', async () => {
    const a = new SubjectConnection({ name: 'a' });
    a.state$.next('broken');
    a.connect = async () => a.state$.next('broken');
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100);
    expect(rig.log).toEqual(['0: a1 in 100', '100: a1 dialling', '100: a1 failed', '100: a2 in 200']);
  });

  it('reconnectBroken(): treats a connect() that throws like one that rejects', async () => {
    const a = new SubjectConnection({ name: 'a' });
    a.state$.next('broken');
    const failure = new Error('thrown');
    a.connect = () => {
      throw failure;
    };
    const rig = new Rig({}, of([a], [a]));
    expect(rig.completed).toBe(true);
    const open = new Rig({}, new Observable((subscriber) => subscriber.next([a])));
    await open.clock.advance(100);
    expect(open.failures).toEqual([failure]);
    expect(open.log.at(-1)).toBe('100: a2 in 200');
    open.subscription.unsubscribe();
    expectUntouched(a);
  });

  it('reconnectBroken(): the backoff goes on when the list shows the failed connection later', async () => {
    const a = new SubjectConnection({ name: 'a', onDial: 'refuse' });
    a.state$.next('broken');
    const rig = new Rig();
    rig.list$.next([a]);
    await rig.clock.advance(99);
    a.onDial = 'wait';
    await rig.clock.advance(1);
    rig.list$.next([]);
    a.refuse();
    await settle();
    expect(rig.log.at(-1)).toBe('100: a1 failed');
    rig.list$.next([a]);
    expect(rig.log.at(-1)).toBe('100: a2 in 200');
  });

  it('reconnectBroken(): completes with an empty list, stays open with NEVER, errors with throwError()', async () => {
    expect(new Rig({}, of([])).completed).toBe(true);
    expect(new Rig({}, NEVER).completed).toBe(false);
    expect(
      new Rig(
        {},
        throwError(() => 'gone'),
      ).failures,
    ).toEqual(['gone']);
  });

  it('reconnectBroken(): take(7) gets attempts 1, 1, 1, 2, 2, 2, 3 and leaves no timer', async () => {
    const a = new OwnConnection({ name: 'a', onDial: 'refuse' });
    const clock = new VirtualClock();
    const attempts: number[] = [];
    new Observable<readonly OwnConnection[]>((subscriber) => subscriber.next([a]))
      .pipe(reconnectBroken({ backoff, scheduler: clock.scheduler }), take(7))
      .subscribe(({ attempt }) => attempts.push(attempt));
    await clock.advance(10_000);
    expect(attempts).toEqual([1, 1, 1, 2, 2, 2, 3]);
    expect(clock.timers).toBe(0);
  });
});

it('reconnectBroken(): a connection whose state$ says closed and completes is forgotten when it leaves the list', async () => {
  const connection = new SubjectConnection({ name: 'a', onDial: 'refuse' });
  await connection.connect().catch(() => {});
  const rig = new Rig();
  rig.list$.next([connection]);
  connection.state$.next('closed');
  connection.state$.complete();
  rig.list$.next([]);
  expect([rig.log, rig.clock.timers]).toEqual([['0: a1 in 100'], 0]);
});
