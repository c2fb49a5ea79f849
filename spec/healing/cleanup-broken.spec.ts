import { NEVER, Observable, Subject, take } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type CleanupBrokenOptions, CommandFailure, type Connection, cleanupBroken, reconnectBroken } from 'rxpool';
import { KINDS, OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

type List = readonly TestConnection[];

class Rig {
  readonly clock = new VirtualClock();
  readonly list$ = new Subject<List>();
  /** Time and names of each call of `remove`. */
  readonly removed: string[] = [];
  /** Time and names of each emission. */
  readonly emitted: string[] = [];
  readonly failures: unknown[] = [];
  completed = false;
  /** What `remove()` does and returns. */
  remove: (dead: List) => unknown = () => undefined;
  readonly subscription;

  constructor(options: CleanupBrokenOptions = {}) {
    const line = (dead: List): string => `${this.clock.now}: ${dead.map(({ name }) => name).join(' ')}`;
    const remove = (dead: List): unknown => {
      this.removed.push(line(dead));
      return this.remove(dead);
    };
    this.subscription = this.list$
      .pipe(cleanupBroken(remove, { scheduler: this.clock.scheduler, ...options }))
      .subscribe({
        next: (dead) => this.emitted.push(dead instanceof CommandFailure ? String(dead.cause) : line(dead)),
        error: (error: unknown) => this.failures.push(error),
        complete: () => {
          this.completed = true;
        },
      });
  }
}

describe.each(KINDS)('cleanupBroken, over $kind', ({ make }) => {
  const broken = async (name = 'a'): Promise<TestConnection> => {
    const connection = make('refuse', name);
    await connection.connect().catch(() => {});
    connection.onDial = 'wait';
    return connection;
  };

  it('cleanupBroken(): by default removes all new connections of a list at once, in one call, and emits them', async () => {
    const [a, b, c] = [await broken('a'), await broken('b'), await broken('c')];
    const rig = new Rig();
    rig.list$.next([a, b]);
    rig.list$.next([c]);
    expect(rig.removed).toEqual(['0: a b', '0: c']);
    expect(rig.emitted).toEqual(rig.removed);
    [a, b, c].forEach(expectUntouched);
  });

  it('cleanupBroken({ after }): removes each connection once, when it has been on the list for `after`', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const rig = new Rig({ after: 100 });
    rig.list$.next([a]);
    await rig.clock.advance(60);
    rig.list$.next([a, b]);
    await rig.clock.advance(39);
    expect(rig.removed).toEqual([]);
    await rig.clock.advance(1);
    expect(rig.removed).toEqual(['100: a']);
    rig.list$.next([b]);
    await rig.clock.advance(1_000);
    expect(rig.removed).toEqual(['100: a', '160: b']);
    expect(rig.clock.timers).toBe(0);
    [a, b].forEach(expectUntouched);
  });

  it('cleanupBroken({ after }): a failed dial in between does not restart the time', async () => {
    const a = await broken();
    const rig = new Rig({ after: 100 });
    rig.list$.next([a]);
    await rig.clock.advance(50);
    const dial = a.connect().catch(() => {});
    rig.list$.next([]);
    await rig.clock.advance(40);
    a.refuse();
    await dial;
    rig.list$.next([a]);
    await rig.clock.advance(9);
    expect(rig.removed).toEqual([]);
    await rig.clock.advance(1);
    expect(rig.removed).toEqual(['100: a']);
  });

  it('cleanupBroken({ after }): a connection that is due during a dial is removed when that dial has failed', async () => {
    const a = await broken();
    const rig = new Rig({ after: 100 });
    rig.list$.next([a]);
    const dial = a.connect().catch(() => {});
    rig.list$.next([]);
    await rig.clock.advance(150);
    expect(rig.removed).toEqual([]);
    a.refuse();
    await dial;
    rig.list$.next([a]);
    expect(rig.removed).toEqual(['150: a']);
    expectUntouched(a);
  });

  it('cleanupBroken({ after }): a connection that is due during a dial is not removed when another one is due', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const rig = new Rig({ after: 100 });
    rig.list$.next([a]);
    await rig.clock.advance(50);
    const dial = a.connect();
    rig.list$.next([b]);
    await rig.clock.advance(200);
    expect(rig.removed).toEqual(['150: b']);
    a.accept();
    await dial;
    await rig.clock.advance(1_000);
    expect(rig.removed).toEqual(['150: b']);
    [a, b].forEach(expectUntouched);
  });

  it('cleanupBroken({ after }): a successful dial cancels the removal; the next loss starts the time anew', async () => {
    const a = await broken();
    const rig = new Rig({ after: 100 });
    rig.list$.next([a]);
    await rig.clock.advance(50);
    const dial = a.connect();
    rig.list$.next([]);
    a.accept();
    await dial;
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
    a.lose();
    rig.list$.next([a]);
    await rig.clock.advance(99);
    expect(rig.removed).toEqual([]);
    await rig.clock.advance(1);
    expect(rig.removed).toEqual(['150: a']);
  });

  it('cleanupBroken({ after }): a connection that left the list and is closed is unsubscribed at once', async () => {
    const a = await broken();
    const rig = new Rig({ after: 100 });
    rig.list$.next([a]);
    rig.list$.next([]);
    await a.close();
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it.each(['broken', 'idle'] as const)(
    'cleanupBroken({ after }): a connection that left the list, %s, is unsubscribed after `after`, not removed',
    async (state) => {
      const a = state === 'idle' ? make('wait', 'a') : await broken();
      const rig = new Rig({ after: 100 });
      rig.list$.next([a]);
      rig.list$.next([]);
      await rig.clock.advance(100);
      expect(rig.clock.timers).toBe(0);
      expect(rig.removed).toEqual([]);
      expectUntouched(a);
    },
  );

  it('cleanupBroken({ after }): a connection off the list is unsubscribed when a dial longer than `after` fails', async () => {
    const a = await broken();
    const rig = new Rig({ after: 100 });
    rig.list$.next([a]);
    const dial = a.connect().catch(() => {});
    rig.list$.next([]);
    await rig.clock.advance(150);
    a.refuse();
    await dial;
    await rig.clock.advance(0);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('cleanupBroken({ after }): removes a due connection when a late list shows it, after several failed dials', async () => {
    const a = await broken();
    const rig = new Rig({ after: 100 });
    rig.list$.next([a]);
    a.connect().catch(() => {});
    rig.list$.next([]);
    await rig.clock.advance(150);
    for (let i = 0; i < 3; i++) {
      a.refuse();
      await settle();
      a.connect().catch(() => {});
      await settle();
    }
    await rig.clock.advance(10);
    expect(rig.clock.timers).toBe(0);
    a.refuse();
    await settle();
    rig.list$.next([a]);
    expect(rig.removed).toEqual(['160: a']);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it.each([1, 3])(
    'cleanupBroken({ after }): unsubscribing when %d dials have failed past `after` leaves no timer',
    async (dials) => {
      const a = await broken();
      const rig = new Rig({ after: 100 });
      rig.list$.next([a]);
      a.connect().catch(() => {});
      rig.list$.next([]);
      await rig.clock.advance(150);
      for (let i = 0; i < dials; i++) {
        a.refuse();
        await settle();
        a.connect().catch(() => {});
        await settle();
      }
      rig.subscription.unsubscribe();
      expect(rig.clock.timers).toBe(0);
    },
  );

  it('cleanupBroken({ after }): unsubscribing cancels all timers and removes nothing', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const rig = new Rig({ after: 100 });
    rig.list$.next([a, b]);
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    [a, b].forEach(expectUntouched);
    await rig.clock.advance(1_000);
    expect(rig.removed).toEqual([]);
  });

  it.each(['complete', 'error'] as const)(
    'cleanupBroken({ after }): %s of the source is passed on and cancels all timers',
    async (ending) => {
      const a = await broken();
      const rig = new Rig({ after: 100 });
      rig.list$.next([a]);
      rig.list$[ending]('gone');
      expect(rig.completed).toBe(ending === 'complete');
      expect(rig.failures).toEqual(ending === 'error' ? ['gone'] : []);
      expect(rig.clock.timers).toBe(0);
      expectUntouched(a);
    },
  );

  it.each([
    [
      'throws',
      () => {
        throw 'not allowed to';
      },
    ],
    ['rejects', () => Promise.reject('not allowed to')],
  ])(
    'cleanupBroken() emits the failure when remove() %s, and calls it again with what is still broken',
    async (_, no) => {
      const [a, b, c] = [await broken('a'), await broken('b'), await broken('c')];
      const rig = new Rig({ backoff: (attempt) => 100 * attempt });
      rig.remove = no;
      rig.list$.next([a, b]);
      await rig.clock.advance(50);
      // One of them recovers, and another one breaks.
      rig.list$.next([b, c]);
      await rig.clock.advance(150);
      expect(rig.removed).toEqual(['0: a b', '100: b c']);
      expect(rig.emitted).toEqual(['not allowed to', 'not allowed to']);
      rig.remove = () => undefined;
      await rig.clock.advance(10_000);
      expect(rig.removed[2]).toBe('300: b c');
      expect([rig.removed.length, rig.emitted[2], rig.failures, rig.clock.timers]).toEqual([3, '300: b c', [], 0]);
      [a, b, c].forEach(expectUntouched);
    },
  );

  it('cleanupBroken() leaves no timer when it is unsubscribed from while it waits to call remove() again', async () => {
    const a = await broken('a');
    const rig = new Rig({ backoff: () => 100 });
    rig.remove = () => Promise.reject('not allowed to');
    rig.list$.next([a]);
    await rig.clock.advance(10);
    expect(rig.clock.timers).toBe(1);
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('cleanupBroken(): emits when the promise of remove() resolves, and its cause when it rejects', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const removals: { resolve(): void; reject(cause: unknown): void }[] = [];
    const heard: unknown[] = [];
    const list$ = new Subject<List>();
    const remove = (): Promise<void> => new Promise((resolve, reject) => removals.push({ resolve, reject }));
    const cleaning = list$.pipe(cleanupBroken(remove)).subscribe({
      next: (dead) => heard.push(dead),
      error: (error: unknown) => heard.push(error),
    });
    list$.next([a]);
    list$.next([a, b]);
    await settle();
    expect(heard).toEqual([]);
    removals[1]?.resolve();
    await settle();
    expect(heard).toEqual([[b]]);
    removals[0]?.reject('not allowed to');
    await settle();
    expect(heard).toEqual([[b], { type: 'command-failed', cause: 'not allowed to' }]);
    expect(list$.observed).toBe(true);
    cleaning.unsubscribe();
  });

  it('cleanupBroken({ after }): unsubscribing inside remove() prevents further removals', async () => {
    const [a, b] = [await broken('a'), await broken('b')];
    const rig = new Rig({ after: 10 });
    const removed: string[] = [];
    const list$ = new Subject<List>();
    const subscription = list$
      .pipe(
        cleanupBroken(
          (dead) => {
            removed.push(...dead.map(({ name }) => name));
            subscription.unsubscribe();
          },
          { scheduler: rig.clock.scheduler, after: 10 },
        ),
      )
      .subscribe();
    list$.next([a]);
    await rig.clock.advance(5);
    list$.next([a, b]);
    await rig.clock.advance(100);
    expect(removed).toEqual(['a']);
    expect(rig.clock.timers).toBe(0);
    [a, b].forEach(expectUntouched);
  });

  it('cleanupBroken({ after }) with reconnectBroken(): removes the member whose dials are refused for `after`', async () => {
    const { pool, clock, made } = await openRig(make, 3, { heal: false });
    const { scheduler } = clock;
    pool.broken$.pipe(cleanupBroken((dead) => pool.removeConnections(dead), { after: 1_000, scheduler })).subscribe();
    pool.broken$.pipe(reconnectBroken({ backoff: () => 70, scheduler })).subscribe();
    const [a, b] = made;
    a!.onDial = 'refuse';
    a!.lose();
    b!.lose();
    await clock.advance(999);
    expect(pool.connections).toHaveLength(3);
    await clock.advance(1);
    expect(pool.connections).toEqual([b, made[2]]);
    expect(pool.poolSize).toBe(3);
    await clock.advance(1_000);
    expect(clock.timers).toBe(0);
  });

  it('cleanupBroken({ after }) with reconnectBroken(): removes the member whose dials all time out', async () => {
    const { pool, clock, made } = await openRig(make, 2, { connectTimeout: 300 });
    const { scheduler } = clock;
    pool.broken$.pipe(cleanupBroken((dead) => pool.removeConnections(dead), { after: 1_000, scheduler })).subscribe();
    pool.broken$.pipe(reconnectBroken({ backoff: () => 70, scheduler })).subscribe();
    made[0]!.onDial = 'wait';
    made[0]!.lose();
    await clock.advance(1_400);
    expect(pool.connections).toEqual([made[1]]);
    await clock.advance(2_000);
    expect(clock.timers).toBe(0);
  });

  it('cleanupBroken() of pool.broken$: a member removed during its dial is unsubscribed although close() hangs', async () => {
    const { pool, clock, made } = await openRig(make, 2);
    const { scheduler } = clock;
    const a = made[0]!;
    pool.broken$.pipe(cleanupBroken(() => {}, { after: 1_000, scheduler })).subscribe();
    a.onDial = 'wait';
    a.lose();
    void pool.reconnect();
    await settle();
    a.onClose = 'hang';
    pool.removeConnections([a]);
    await clock.advance(10_000);
    expect(clock.timers).toBe(0);
    expectUntouched(a);
  });
});

describe('cleanupBroken', () => {
  it('cleanupBroken() of pool.broken$: a removed member is unsubscribed although close() reports no state', async () => {
    const { pool, clock, made } = await openRig(
      (script, name) => new SubjectConnection({ onDial: script!, name: name! }),
      1,
    );
    const a = made[0] as SubjectConnection;
    const { scheduler } = clock;
    pool.broken$.pipe(cleanupBroken(() => {}, { after: 1_000, scheduler })).subscribe();
    a.close = async () => {};
    a.lose();
    pool.cleanupBrokenConnections();
    await clock.advance(10_000);
    expectUntouched(a);
  });

  it('cleanupBroken({ after: Infinity }): uses the longest timer delay, 2^31 - 1 ms, and removes nothing', async () => {
    const a = new OwnConnection({ name: 'a' });
    const rig = new Rig({ after: Number.POSITIVE_INFINITY });
    rig.list$.next([a]);
    await rig.clock.advance(2 ** 30);
    expect(rig.removed).toEqual([]);
    const delays: (number | undefined)[] = [];
    const scheduler = {
      now: () => 0,
      schedule: (_work: unknown, delay?: number) => {
        delays.push(delay);
        return NEVER.subscribe();
      },
    };
    new Observable<readonly OwnConnection[]>((subscriber) => subscriber.next([a]))
      .pipe(cleanupBroken(() => {}, { after: Number.POSITIVE_INFINITY, scheduler }))
      .subscribe();
    expect(delays).toEqual([2 ** 31 - 1]);
  });

  it('cleanupBroken(): subscribes to the source on subscribe, and unsubscribes with its subscriber', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
      const [a, b] = [new OwnConnection({ name: 'a' }), new OwnConnection({ name: 'b' })];
      const values: Record<string, readonly Connection[]> = { a: [a], b: [a, b], c: [b], e: [] };
      const source = hot('                                    --a--b--c-----e--|', values);
      expectObservable(source.pipe(cleanupBroken(() => {}, { after: 4 }))).toBe('      ------a--c-------|', values);
      expectObservable(
        source.pipe(
          cleanupBroken(() => {}),
          take(1),
        ),
        '   ---^----',
      ).toBe('-----(b|)', values);
      expectSubscriptions(source.subscriptions).toBe(['^----------------!', '---^-!']);
    });
  });
});
