import * as fc from 'fast-check';
import { BehaviorSubject, Subject, skip } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { CommandFailure, type ShrinkIdleOptions, shrinkIdle } from 'rxpool';
import { KINDS, OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

type List = readonly TestConnection[];

class Rig {
  readonly clock = new VirtualClock();
  readonly list$: BehaviorSubject<List>;
  /** The calls of `remove()`, with their times. */
  readonly removed: string[] = [];
  readonly emitted: number[] = [];
  /** The causes of `remove()` having failed. */
  readonly refused: unknown[] = [];
  readonly failures: unknown[] = [];
  completed = false;
  /** What `remove()` does and returns. */
  remove: (surplus: number) => unknown = () => undefined;
  readonly subscription;

  constructor(list: List, options: ShrinkIdleOptions = {}) {
    this.list$ = new BehaviorSubject(list);
    const remove = (surplus: number): unknown => {
      this.removed.push(`${this.clock.now}: ${surplus}`);
      return this.remove(surplus);
    };
    this.subscription = this.list$
      .pipe(shrinkIdle(remove, { scheduler: this.clock.scheduler, idleTimeout: 100, minIdle: 0, ...options }))
      .subscribe({
        next: (value) => {
          if (value instanceof CommandFailure) this.refused.push(value.cause);
          else this.emitted.push(value);
        },
        error: (error: unknown) => this.failures.push(error),
        complete: () => {
          this.completed = true;
        },
      });
  }
}

describe.each(KINDS)('shrinkIdle, over $kind', ({ make }) => {
  const some = (count: number): TestConnection[] => Array.from({ length: count }, (_, i) => make('accept', `${i}`));

  it('shrinkIdle removes the least number of connections that were idle at any moment of the window', async () => {
    const all = some(5);
    const rig = new Rig(all);
    const [a, b, c] = all as [TestConnection, TestConnection, TestConnection];
    await rig.clock.advance(30);
    a.send();
    b.send();
    await rig.clock.advance(10);
    b.reply();
    c.send();
    a.reply();
    await rig.clock.advance(10);
    c.reply();
    await rig.clock.advance(49);
    expect(rig.removed).toEqual([]);
    await rig.clock.advance(1);
    expect(rig.removed).toEqual(['100: 3']);
    expect(rig.emitted).toEqual([3]);
  });

  it('shrinkIdle counts how many are idle, not which: of three used in turn it removes two', async () => {
    const all = some(3);
    const rig = new Rig(all);
    for (let i = 0; i < 30; i++) {
      const one = all[i % 3]!;
      one.send();
      await rig.clock.advance(3);
      one.reply();
      await rig.clock.advance(1);
    }
    expect(rig.removed).toEqual(['100: 2']);
  });

  it('shrinkIdle removes none when all were in use at once in the window, and starts a new window', async () => {
    const all = some(2);
    const rig = new Rig(all);
    await rig.clock.advance(50);
    for (const one of all) one.send();
    for (const one of all) one.reply();
    await rig.clock.advance(149);
    expect(rig.removed).toEqual([]);
    await rig.clock.advance(1);
    expect(rig.removed).toEqual(['200: 2']);
  });

  it('shrinkIdle({ minIdle }) keeps that many idle, and sets no timer when there are no more', async () => {
    const rig = new Rig(some(5), { minIdle: 2 });
    await rig.clock.advance(100);
    expect(rig.removed).toEqual(['100: 3']);
    const few = new Rig(some(2), { minIdle: 2 });
    expect(few.clock.timers).toBe(0);
  });

  it('shrinkIdle does not count a connection that takes the place of another one in a window', async () => {
    const [a, b] = some(2) as [TestConnection, TestConnection];
    const rig = new Rig([a]);
    await rig.clock.advance(50);
    rig.list$.next([b]);
    await rig.clock.advance(50);
    expect(rig.removed).toEqual([]);
    await rig.clock.advance(100);
    expect(rig.removed).toEqual(['200: 1']);
  });

  it('shrinkIdle does not count connections that joined or were absent during the window', async () => {
    const all = some(6);
    const rig = new Rig(all.slice(0, 3));
    await rig.clock.advance(50);
    rig.list$.next(all);
    await rig.clock.advance(25);
    rig.list$.next(all.slice(1, 5));
    rig.list$.next(all.slice(0, 5));
    await rig.clock.advance(25);
    expect(rig.removed).toEqual(['100: 3']);
    rig.list$.next([]);
    rig.list$.next(all);
    await rig.clock.advance(100);
    expect(rig.removed).toHaveLength(1);
    await rig.clock.advance(100);
    expect(rig.removed).toEqual(['100: 3', '300: 6']);
  });

  it('shrinkIdle starts its window when a connection becomes idle, and has no timer before that', async () => {
    const all = some(2);
    for (const one of all) one.send();
    const rig = new Rig(all);
    expect(rig.clock.timers).toBe(0);
    await rig.clock.advance(70);
    all[1]!.reply();
    await rig.clock.advance(100);
    expect(rig.removed).toEqual(['170: 1']);
  });

  it('shrinkIdle emits once the promise of remove() has resolved', async () => {
    const rig = new Rig(some(2));
    let removed!: () => void;
    rig.remove = () => new Promise<void>((resolve) => (removed = resolve));
    await rig.clock.advance(100);
    expect([rig.removed, rig.emitted]).toEqual([['100: 2'], []]);
    removed();
    await settle();
    expect(rig.emitted).toEqual([2]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('not allowed to');
      },
    ],
    ['rejects', () => Promise.reject(new Error('not allowed to'))],
  ])('shrinkIdle emits the cause when remove() %s, and calls it again after the next window', async (_how, remove) => {
    const all = some(2);
    const rig = new Rig(all);
    rig.remove = remove;
    await rig.clock.advance(250);
    expect(rig.refused).toEqual([new Error('not allowed to'), new Error('not allowed to')]);
    expect([rig.removed, rig.emitted, rig.failures]).toEqual([['100: 2', '200: 2'], [], []]);
    rig.remove = () => rig.list$.next([]);
    await rig.clock.advance(1_000);
    expect([rig.removed.length, rig.emitted, rig.clock.timers]).toEqual([3, [2], 0]);
    all.forEach(expectUntouched);
  });

  it.each(['unsubscribed from', 'complete', 'error'] as const)(
    'shrinkIdle leaves no timer and no subscription at its end: %s',
    (ending) => {
      const all = some(3);
      const rig = new Rig(all);
      rig.list$.next(all.slice(1));
      expectUntouched(all[0]!);
      if (ending === 'unsubscribed from') rig.subscription.unsubscribe();
      else rig.list$[ending]('gone');
      expect(rig.completed).toBe(ending === 'complete');
      expect(rig.failures).toEqual(ending === 'error' ? ['gone'] : []);
      expect(rig.clock.timers).toBe(0);
      all.forEach(expectUntouched);
    },
  );

  it('shrinkIdle stops when it is unsubscribed from inside remove()', async () => {
    const all = some(3);
    const rig = new Rig(all);
    rig.remove = () => rig.subscription.unsubscribe();
    await rig.clock.advance(1_000);
    expect(rig.removed).toEqual(['100: 3']);
    expect(rig.clock.timers).toBe(0);
    all.forEach(expectUntouched);
  });

  it('shrinkIdle removes nothing while the pool is suspended, nor for what was not in use meanwhile', async () => {
    const { pool, clock, made } = await openRig(make, 4);
    const { scheduler } = clock;
    pool.connected$
      .pipe(shrinkIdle((surplus) => pool.reducePoolConnections(surplus), { scheduler, idleTimeout: 100 }))
      .subscribe();
    pool.suspend();
    await clock.advance(10_000);
    expect(pool.connections).toHaveLength(4);
    pool.resume();
    await clock.advance(50);
    pool.suspend();
    await clock.advance(40);
    pool.resume();
    await clock.advance(50);
    expect(pool.connections).toHaveLength(4);
    await clock.advance(200);
    expect(pool.connections).toHaveLength(1);
    void pool.dispose();
    await clock.advance(5_000);
    expect(clock.timers).toBe(0);
    made.forEach(expectUntouched);
  });

  it('shrinkIdle removes no connection whose capacity is 0, and those that have some when they are idle', async () => {
    const capacity$ = new BehaviorSubject(0);
    const { pool, clock } = await openRig(
      (script, name) => Object.defineProperty(make(script, name), 'capacity$', { value: capacity$ }),
      4,
    );
    const { scheduler } = clock;
    pool.connected$
      .pipe(shrinkIdle((surplus) => pool.reducePoolConnections(surplus), { scheduler, idleTimeout: 100 }))
      .subscribe();
    await clock.advance(10_000);
    expect(pool.connections).toHaveLength(4);
    capacity$.next(8);
    await clock.advance(200);
    expect(pool.connections).toHaveLength(1);
    void pool.dispose();
    await clock.advance(5_000);
  });

  it('shrinkIdle with reducePoolConnections() shrinks a pool to the size in use, and to 1 when unused', async () => {
    const { pool, clock, made } = await openRig(make, 6);
    const options = { scheduler: clock.scheduler, idleTimeout: 100 };
    const removed: number[] = [];
    pool.connected$
      .pipe(shrinkIdle((surplus) => pool.reducePoolConnections(surplus), options))
      .subscribe((surplus) => removed.push(surplus as number));
    for (let i = 0; i < 12; i++) {
      const [one, other] = [pool.getLeastLoadedConnection(), pool.getLeastLoadedConnection()];
      one.send();
      other.send();
      await clock.advance(20);
      one.reply();
      other.reply();
    }
    expect([removed, pool.poolSize, pool.connections.length]).toEqual([[3], 3, 3]);
    await clock.advance(1_000);
    expect([removed, pool.poolSize, pool.connectedConnections.length]).toEqual([[3, 2], 1, 1]);
    expect(clock.timers).toBe(0);
    expect(made.filter(({ state }) => state === 'closed')).toHaveLength(5);
    made.filter(({ state }) => state === 'closed').forEach(expectUntouched);
  });
});

describe('shrinkIdle', () => {
  it('shrinkIdle does not count a connection whose pending$ is NaN as idle', async () => {
    const [a, b] = [new SubjectConnection(), new SubjectConnection()];
    const rig = new Rig([a, b]);
    a.pending$.next(Number.NaN);
    await rig.clock.advance(100);
    expect(rig.removed).toEqual(['100: 1']);
  });

  it('shrinkIdle counts a request once that is sent in a next() of pending$', async () => {
    const [a, b] = [new OwnConnection({ name: 'a' }), new OwnConnection({ name: 'b' })];
    let tampering = true;
    // Notified before the operator, it sends a request at each reply.
    a.pending$.pipe(skip(1)).subscribe((pending) => {
      if (pending > 0 || !tampering) return;
      tampering = false;
      a.send();
    });
    const rig = new Rig([a, b], { minIdle: 1 });
    a.send();
    a.reply();
    tampering = false;
    await rig.clock.advance(300);
    expect(rig.removed).toEqual([]);
    a.reply();
    await rig.clock.advance(100);
    expect(rig.removed).toHaveLength(1);
  });

  it('shrinkIdle subscribes to its source on subscribe and unsubscribes from it on unsubscribe', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
      const [a, b, c] = [new OwnConnection(), new OwnConnection(), new OwnConnection()];
      const source = hot('                                    --a----b----------e-|', {
        a: [a, b, c],
        b: [a, b],
        e: [],
      });
      const shrinking = source.pipe(shrinkIdle(() => {}, { idleTimeout: 10 }));
      expectObservable(shrinking).toBe('                      ------------n-------|', { n: 1 });
      expectObservable(shrinking, '                           ^---------!').toBe('-');
      expectSubscriptions(source.subscriptions).toBe(['       ^-------------------!', '^---------!']);
    });
  });

  it('property: shrinkIdle removes what a model computes from the idle counts of each window', () => {
    type Step = ['pass' | 'join' | 'leave' | 'send' | 'reply', number];
    const step: fc.Arbitrary<Step> = fc.tuple(
      fc.constantFrom('pass', 'join', 'leave', 'send', 'send', 'reply', 'reply'),
      fc.nat(30),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(2), (steps, minIdle) => {
        const { scheduler } = new VirtualClock();
        const list$ = new Subject<readonly OwnConnection[]>();
        const all: OwnConnection[] = [];
        const removed: string[] = [];
        const remove = (surplus: number): void => {
          removed.push(`${scheduler.frame}: ${surplus}`);
        };
        const subscription = list$.pipe(shrinkIdle(remove, { scheduler, idleTimeout: 50, minIdle })).subscribe();

        const expected: string[] = [];
        let window: { readonly end: number; readonly counts: number[] } | undefined;
        const note = (): void => {
          const idle = all.filter(({ pending }) => pending === 0).length;
          window?.counts.push(idle);
          if (idle > minIdle) window ??= { end: scheduler.frame + 50, counts: [idle] };
        };
        const pass = (time: number): void => {
          const end = scheduler.frame + time;
          while (window && window.end <= end) {
            const least = Math.min(...window.counts) - minIdle;
            if (least > 0) expected.push(`${window.end}: ${least}`);
            scheduler.maxFrames = window.end;
            scheduler.flush();
            scheduler.frame = window.end;
            window = undefined;
            note();
          }
          scheduler.maxFrames = end;
          scheduler.flush();
          scheduler.frame = end;
        };
        for (const [what, number] of steps) {
          const one = all[number % Math.max(1, all.length)];
          if (what === 'pass') pass(number);
          if (what === 'join') all.push(...Array.from({ length: number % 4 }, () => new OwnConnection()));
          if (what === 'leave' && one) all.splice(all.indexOf(one), 1);
          if (what === 'join' || what === 'leave') list$.next([...all]);
          if (what === 'send') one?.send();
          if (what === 'reply') one?.reply();
          note();
        }
        pass(200);
        expect(removed).toEqual(expected);
        subscription.unsubscribe();
        expect(scheduler.actions).toHaveLength(0);
      }),
      { numRuns: 1_000 },
    );
  });
});
