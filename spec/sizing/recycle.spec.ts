import { Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { CommandFailure, type RecycleOptions, recycle, refill } from 'rxpool';
import { KINDS, OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { names, openRig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

type List = readonly TestConnection[];

class Rig {
  readonly clock = new VirtualClock();
  readonly list$ = new Subject<List>();
  /** The calls of `replace()`, with their times. */
  readonly replaced: string[] = [];
  readonly emitted: string[] = [];
  /** The causes of `replace()` having failed. */
  readonly refused: unknown[] = [];
  readonly failures: unknown[] = [];
  completed = false;
  /** What `replace()` does and returns. */
  replace: (due: List) => unknown = () => undefined;
  readonly subscription;

  constructor(options: RecycleOptions) {
    const line = (due: List): string => `${this.clock.now}: ${names(due)}`;
    const replace = (due: List): unknown => {
      this.replaced.push(line(due));
      return this.replace(due);
    };
    this.subscription = this.list$
      .pipe(recycle(replace, { scheduler: this.clock.scheduler, spread: 0, ...options }))
      .subscribe({
        next: (value) => {
          if (value instanceof CommandFailure) this.refused.push(value.cause);
          else this.emitted.push(line(value));
        },
        error: (error: unknown) => this.failures.push(error),
        complete: () => {
          this.completed = true;
        },
      });
  }
}

describe.each(KINDS)('recycle, over $kind', ({ make }) => {
  const some = (count: number): TestConnection[] =>
    Array.from({ length: count }, (_, i) => make('accept', 'abcdef'[i]));
  const use = (connection: TestConnection, times: number): void => {
    for (let i = 0; i < times; i++) {
      connection.send();
      connection.reply();
    }
  };

  it('recycle({ maxLifetime }) hands over connections at the end of their lifetime, all of a moment together', async () => {
    const [a, b, c] = some(3) as [TestConnection, TestConnection, TestConnection];
    const rig = new Rig({ maxLifetime: 100 });
    rig.list$.next([a, b]);
    await rig.clock.advance(40);
    rig.list$.next([a, b, c]);
    await rig.clock.advance(59);
    expect(rig.replaced).toEqual([]);
    await rig.clock.advance(1_000);
    expect(rig.replaced).toEqual(['100: a b', '140: c']);
    expect(rig.emitted).toEqual(rig.replaced);
    expect(rig.clock.timers).toBe(0);
  });

  it('recycle({ maxUses }) hands over connections after that many rises of their load', async () => {
    const [a, b] = some(2) as [TestConnection, TestConnection];
    a.send();
    const rig = new Rig({ maxUses: 3 });
    rig.list$.next([a, b]);
    a.reply();
    use(a, 2);
    use(b, 1);
    b.send();
    await rig.clock.advance(0);
    expect(rig.replaced).toEqual([]);
    a.send();
    b.send();
    expect(rig.replaced).toEqual([]);
    await rig.clock.advance(0);
    expect(rig.replaced).toEqual(['0: a b']);
    rig.list$.next([]);
    [a, b].forEach(expectUntouched);
  });

  it('recycle hands a connection over once per stay, at the limit that is reached first', async () => {
    const [a, b] = some(2) as [TestConnection, TestConnection];
    const rig = new Rig({ maxLifetime: 100, maxUses: 2 });
    rig.list$.next([a, b]);
    use(a, 50);
    await rig.clock.advance(100);
    use(b, 50);
    await rig.clock.advance(1_000);
    expect(rig.replaced).toEqual(['0: a', '100: b']);
    expect(rig.clock.timers).toBe(0);
  });

  it('recycle restarts the lifetime and uses of a connection that left and returned', async () => {
    const [a, b] = some(2) as [TestConnection, TestConnection];
    const rig = new Rig({ maxLifetime: 100, maxUses: 3 });
    rig.list$.next([a, b]);
    use(a, 2);
    await rig.clock.advance(90);
    rig.list$.next([b]);
    expectUntouched(a);
    rig.list$.next([a, b]);
    use(a, 2);
    await rig.clock.advance(99);
    expect(rig.replaced).toEqual(['100: b']);
    await rig.clock.advance(1);
    expect(rig.replaced).toEqual(['100: b', '190: a']);
    rig.list$.next([]);
    rig.list$.next([a]);
    use(a, 3);
    await rig.clock.advance(0);
    expect(rig.replaced[2]).toBe('190: a');
  });

  it('recycle does not hand over a due connection that leaves before the hand-over', async () => {
    const [a, b] = some(2) as [TestConnection, TestConnection];
    const rig = new Rig({ maxUses: 1 });
    rig.list$.next([a, b]);
    use(a, 1);
    use(b, 1);
    rig.list$.next([b]);
    rig.list$.next([a, b]);
    await rig.clock.advance(100);
    expect(rig.replaced).toEqual(['0: b']);
  });

  it('recycle({ spread }) lowers the limits of each connection by a random share', async () => {
    const draws = [0, 0.5, 0.999];
    const [a, b, c] = some(3) as [TestConnection, TestConnection, TestConnection];
    const rig = new Rig({ maxLifetime: 1_000, maxUses: 10, spread: 0.4, random: () => draws.shift()! });
    rig.list$.next([a, b, c]);
    use(a, 9);
    use(b, 7);
    use(c, 6);
    await rig.clock.advance(0);
    expect(rig.replaced).toEqual([]);
    use(c, 1);
    await rig.clock.advance(2_000);
    expect(rig.replaced).toEqual(['0: c', '800: b', '1000: a']);
  });

  it('recycle spreads lifetimes by a spread of a tenth by default', async () => {
    const all = Array.from({ length: 200 }, () => make('accept', 'x'));
    const ages: number[] = [];
    const clock = new VirtualClock();
    const list$ = new Subject<List>();
    list$
      .pipe(recycle(() => {}, { maxLifetime: 1_000, scheduler: clock.scheduler }))
      .subscribe((due) => ages.push(...(due as List).map(() => clock.now)));
    list$.next(all);
    await clock.advance(1_000);
    expect(ages).toHaveLength(200);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(900);
    expect(ages.filter((age) => age < 950).length).toBeGreaterThan(50);
    expect(ages.filter((age) => age > 950).length).toBeGreaterThan(50);
  });

  it('recycle emits once the promise of replace() has resolved', async () => {
    const rig = new Rig({ maxLifetime: 10 });
    let replaced!: () => void;
    rig.replace = () => new Promise<void>((resolve) => (replaced = resolve));
    rig.list$.next(some(1));
    await rig.clock.advance(10);
    expect([rig.replaced, rig.emitted]).toEqual([['10: a'], []]);
    replaced();
    await settle();
    expect(rig.emitted).toEqual(['10: a']);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('not allowed to');
      },
    ],
    ['rejects', () => Promise.reject(new Error('not allowed to'))],
  ])(
    'recycle emits the cause when replace() %s, and replaces those that are still there after the backoff',
    async (_how, replace) => {
      const all = some(3);
      const [a, b, c] = all as [TestConnection, TestConnection, TestConnection];
      const rig = new Rig({ maxLifetime: 100, backoff: (attempt) => 100 * attempt });
      rig.replace = replace;
      rig.list$.next([a, b]);
      await rig.clock.advance(50);
      rig.list$.next(all);
      await rig.clock.advance(60);
      rig.list$.next([b, c]);
      await rig.clock.advance(200);
      expect(rig.replaced).toEqual(['100: a b', '200: b c']);
      expect(rig.refused).toEqual([new Error('not allowed to'), new Error('not allowed to')]);
      rig.replace = () => undefined;
      await rig.clock.advance(1_000);
      expect([rig.replaced[2], rig.replaced.length]).toEqual(['400: b c', 3]);
      expect([rig.emitted, rig.failures, rig.clock.timers]).toEqual([['400: b c'], [], 0]);
      rig.subscription.unsubscribe();
      all.forEach(expectUntouched);
    },
  );

  it('recycle calls replace() again after one call failed and an earlier one succeeded meanwhile', async () => {
    const [a, b, c] = some(3) as [TestConnection, TestConnection, TestConnection];
    const rig = new Rig({ maxLifetime: 100, backoff: () => 100 });
    let replaced!: () => void;
    rig.replace = () => new Promise<void>((resolve) => (replaced = resolve));
    rig.list$.next([a]);
    await rig.clock.advance(50);
    rig.list$.next([a, b, c]);
    await rig.clock.advance(50);
    rig.replace = () => Promise.reject(new Error('not allowed to'));
    await rig.clock.advance(60);
    replaced();
    rig.replace = () => undefined;
    await rig.clock.advance(1_000);
    expect(rig.replaced).toEqual(['100: a', '150: b c', '250: b c']);
    rig.subscription.unsubscribe();
  });

  it('recycle leaves no timer when it is unsubscribed from while it waits to call replace() again', async () => {
    const all = some(1);
    const rig = new Rig({ maxLifetime: 10, backoff: () => 100 });
    rig.replace = () => Promise.reject(new Error('not allowed to'));
    rig.list$.next(all);
    await rig.clock.advance(20);
    expect(rig.clock.timers).toBe(1);
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    all.forEach(expectUntouched);
  });

  it('recycle errors when its backoff returns no duration', async () => {
    const rig = new Rig({ maxLifetime: 10, backoff: () => Number.NaN });
    rig.replace = () => Promise.reject(new Error('not allowed to'));
    rig.list$.next(some(1));
    await rig.clock.advance(20);
    expect(rig.failures).toEqual([expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' })]);
    expect([rig.list$.observed, rig.clock.timers]).toEqual([false, 0]);
  });

  it('recycle goes on with the age and the uses of a member that was ejected', async () => {
    const { pool, clock, made } = await openRig(make, 2);
    const { scheduler } = clock;
    const due: string[] = [];
    const replace = (connections: List): void => void due.push(`${clock.now}: ${names(connections)}`);
    const limits = { maxLifetime: 1_000, maxUses: 3, spread: 0, scheduler };
    const recycling = pool.connected$.pipe(recycle(replace, limits)).subscribe();
    use(made[0]!, 2);
    pool.ejectConnections(made, { duration: 400 });
    await clock.advance(500);
    expect(pool.connectedConnections).toHaveLength(2);
    use(made[0]!, 1);
    await clock.advance(499);
    expect(due).toEqual(['500: #1']);
    await clock.advance(1);
    expect(due).toEqual(['500: #1', '1000: #2']);
    // A redial is a new stay.
    await pool.reconnect(false);
    await clock.advance(1_000);
    expect(due.slice(2)).toEqual(['2000: #1 #2']);
    pool.ejectConnections(made, { duration: 400 });
    recycling.unsubscribe();
    void pool.dispose();
    await clock.advance(5_000);
    expect(clock.timers).toBe(0);
    made.forEach(expectUntouched);
  });

  it('recycle errors and leaves no subscription when random() throws', () => {
    const all = some(2);
    const failure = new Error('out of chance');
    const rig = new Rig({
      maxUses: 2,
      random: () => {
        throw failure;
      },
    });
    rig.list$.next(all);
    expect(rig.failures).toEqual([failure]);
    expect(rig.list$.observed).toBe(false);
    all.forEach(expectUntouched);
  });

  it.each(['unsubscribed from', 'complete', 'error'] as const)(
    'recycle leaves no timer and no subscription at its end: %s',
    (ending) => {
      const all = some(3);
      const rig = new Rig({ maxLifetime: 100, maxUses: 2 });
      rig.list$.next(all);
      use(all[0]!, 2);
      if (ending === 'unsubscribed from') rig.subscription.unsubscribe();
      else rig.list$[ending]('gone');
      expect(rig.completed).toBe(ending === 'complete');
      expect(rig.failures).toEqual(ending === 'error' ? ['gone'] : []);
      expect(rig.clock.timers).toBe(0);
      all.forEach(expectUntouched);
    },
  );

  it('recycle with removeConnections() and refill renews a pool in use without cutting off work', async () => {
    const { pool, clock, made } = await openRig(make, 3);
    const { scheduler } = clock;
    const takeOut = recycle<TestConnection>((due) => pool.removeConnections(due), {
      maxLifetime: 1_000,
      maxUses: 4,
      spread: 0,
      scheduler,
    });
    pool.connected$.pipe(takeOut).subscribe();
    pool.health$.pipe(refill((count) => pool.extendPoolBySize(count), { scheduler })).subscribe();
    let finish!: () => void;
    const work = pool.use(() => new Promise<void>((resolve) => (finish = resolve)));
    for (let i = 0; i < 8; i++) await pool.use(async () => {});
    expect(made).toHaveLength(3);
    await clock.advance(10);
    expect(names(pool.connectedConnections)).toBe('#1 #4 #5');
    await clock.advance(1_000);
    expect(names(pool.connectedConnections)).toBe('#6 #7 #8');
    expect(made.slice(0, 5).map(({ state }) => state)).toEqual(['connected', ...Array(4).fill('closed')]);
    finish();
    await work;
    await settle();
    expect(made[0]!.state).toBe('closed');
    void pool.dispose();
    await clock.advance(10_000);
    expect(clock.timers).toBe(0);
    made.forEach(expectUntouched);
  });

  it('recycle with reconnect(false) redials every member once per maxLifetime', async () => {
    const { pool, clock } = await openRig(make, 2);
    const { scheduler } = clock;
    let renewals = 0;
    const replace = async (): Promise<void> => {
      renewals++;
      await pool.reconnect(false);
    };
    pool.connected$.pipe(recycle(replace, { maxLifetime: 100, spread: 0, scheduler })).subscribe();
    await clock.advance(99);
    expect(renewals).toBe(0);
    await clock.advance(202);
    expect(renewals).toBe(3);
    expect(pool.connections.map((connection) => connection.dials)).toEqual([4, 4]);
  });
});

describe('recycle', () => {
  it('recycle({ maxUses }) counts each request when pending$ rises by several at once', async () => {
    const a = new SubjectConnection({ name: 'a' });
    const rig = new Rig({ maxUses: 3 });
    rig.list$.next([a]);
    a.pending$.next(2);
    await rig.clock.advance(0);
    expect(rig.replaced).toEqual([]);
    a.pending$.next(5);
    await rig.clock.advance(0);
    expect(rig.replaced).toEqual(['0: a']);
  });

  it('recycle({ maxUses }) ignores invalid values of pending$', async () => {
    const a = new SubjectConnection({ name: 'a' });
    const rig = new Rig({ maxUses: 3 });
    rig.list$.next([a]);
    for (const nonsense of [Number.NaN, 1e9, -1]) a.pending$.next(nonsense);
    a.pending$.next(0);
    await rig.clock.advance(100);
    expect(rig.replaced).toEqual([]);
  });

  it('recycle subscribes to its source on subscribe and unsubscribes from it on unsubscribe', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
      const [a, b] = [new OwnConnection({ name: 'a' }), new OwnConnection({ name: 'b' })];
      const values: Record<string, readonly OwnConnection[]> = { a: [a], c: [a, b], b: [b] };
      const source = hot('                                    --a--c-----b----|', values);
      const recycling = source.pipe(recycle(() => {}, { maxLifetime: 7, spread: 0 }));
      expectObservable(recycling).toBe('                      ---------a--b---|', { a: [a], b: [b] });
      expectObservable(recycling, '                           ^-------!').toBe('-');
      expectSubscriptions(source.subscriptions).toBe(['       ^---------------!', '^-------!']);
    });
  });

  it('recycle({ maxLifetime: Infinity }) sets a timer of 2 ** 31 - 1 ms, and maxUses alone sets none', () => {
    const delays: (number | undefined)[] = [];
    const scheduler = {
      now: () => 0,
      schedule: (_work: unknown, delay?: number) => {
        delays.push(delay);
        return new Subject().subscribe();
      },
    };
    const list$ = new Subject<readonly OwnConnection[]>();
    list$.pipe(recycle(() => {}, { maxLifetime: Number.POSITIVE_INFINITY, spread: 0, scheduler })).subscribe();
    list$.pipe(recycle(() => {}, { maxUses: Number.POSITIVE_INFINITY, scheduler })).subscribe();
    list$.next([new OwnConnection()]);
    expect(delays).toEqual([2 ** 31 - 1]);
  });
});
