import * as fc from 'fast-check';
import { BehaviorSubject, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { CommandFailure, type Connection, type EjectOutliersOptions, ejectOutliers } from 'rxpool';
import { KINDS, type Make, OwnConnection, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

type WithOutcomes = TestConnection & { readonly outcomes$: Subject<unknown> };

/** A connection with an `outcomes$` that the test writes to. */
const withOutcomes = (make: Make, name: string): WithOutcomes =>
  Object.assign(make('accept', name), { outcomes$: new Subject<unknown>() }) as unknown as WithOutcomes;

const fail = (connection: WithOutcomes, times = 5): void => {
  for (let i = 0; i < times; i++) connection.outcomes$.next({ ok: false, durationMs: 1 });
};

const succeed = (connection: WithOutcomes): void => connection.outcomes$.next({ ok: true, durationMs: 1 });

/** Removes an ejected connection from the list and re-adds it after the duration. */
class Rig {
  readonly clock = new VirtualClock();
  readonly all: WithOutcomes[];
  readonly inService$: BehaviorSubject<readonly WithOutcomes[]>;
  readonly emitted: string[] = [];
  /** The causes of `eject()` having failed. */
  readonly refused: unknown[] = [];
  readonly failures: unknown[] = [];
  completed = false;
  /** Called by `eject`. By default removes the connection, and re-adds it after the duration. */
  onEject = (connection: WithOutcomes, duration: number): void => {
    this.remove(connection);
    this.clock.scheduler.schedule(() => this.add(connection), duration);
  };
  readonly subscription;

  constructor(make: Make, count: number, options: EjectOutliersOptions = {}) {
    this.all = Array.from({ length: count }, (_, index) => withOutcomes(make, String.fromCharCode(97 + index)));
    this.inService$ = new BehaviorSubject<readonly WithOutcomes[]>(this.all);
    const { scheduler } = this.clock;
    this.subscription = this.inService$
      .pipe(
        ejectOutliers<WithOutcomes>((connection, duration) => this.onEject(connection, duration), {
          scheduler,
          ...options,
        }),
      )
      .subscribe({
        next: (value) => {
          if (value instanceof CommandFailure) this.refused.push(value.cause);
          else
            this.emitted.push(`${this.clock.now}: ${value.connection.name} ${value.duration} ms (${value.ejections})`);
        },
        error: (error: unknown) => this.failures.push(error),
        complete: () => {
          this.completed = true;
        },
      });
  }

  get inService(): string {
    return this.inService$.value.map(({ name }) => name).join('');
  }

  get heard(): string {
    return this.all.map(({ name, outcomes$ }) => (outcomes$.observed ? name : '')).join('');
  }

  remove(connection: WithOutcomes): void {
    this.inService$.next(this.inService$.value.filter((one) => one !== connection));
  }

  add(connection: WithOutcomes): void {
    if (!this.inService$.value.includes(connection)) this.inService$.next([...this.inService$.value, connection]);
  }
}

describe.each(KINDS)('ejectOutliers, over $kind', ({ make }) => {
  it('ejectOutliers(): ejects a connection after 5 failures in a row for 30 s, then emits the ejection', () => {
    const rig = new Rig(make, 3);
    const [a] = rig.all as [WithOutcomes];
    fail(a, 4);
    succeed(a);
    fail(a, 4);
    expect(rig.inService).toBe('abc');
    rig.onEject = (connection, duration) => rig.emitted.push(`${connection.name} for ${duration}`);
    fail(a, 1);
    expect(rig.emitted).toEqual(['a for 30000', '0: a 30000 ms (1)']);
  });

  it('ejectOutliers({ maxDuration }): ejections in quick succession last longer each time, up to maxDuration', async () => {
    const rig = new Rig(make, 3, { consecutiveFailures: 2, baseDuration: 100, maxDuration: 250 });
    const [a] = rig.all as [WithOutcomes];
    for (let i = 0; i < 4; i++) {
      fail(a, 2);
      await rig.clock.advance(250);
    }
    expect(rig.emitted).toEqual(['0: a 100 ms (1)', '250: a 100 ms (1)', '500: a 100 ms (1)', '750: a 100 ms (1)']);
    rig.emitted.length = 0;
    for (let i = 0; i < 4; i++) {
      fail(a, 2);
      await rig.clock.advance(Number(/ (\d+) ms/.exec(rig.emitted.at(-1)!)?.[1]));
    }
    expect(rig.emitted).toEqual([
      '1000: a 100 ms (1)',
      '1100: a 200 ms (2)',
      '1300: a 250 ms (3)',
      '1550: a 250 ms (3)',
    ]);
  });

  it('ejectOutliers({ baseDuration }): the duration drops one step per baseDuration without an ejection', async () => {
    const rig = new Rig(make, 3, { consecutiveFailures: 1, baseDuration: 100, maxDuration: 1_000 });
    const [a] = rig.all as [WithOutcomes];
    for (const duration of [100, 200, 300]) {
      fail(a, 1);
      await rig.clock.advance(duration);
    }
    await rig.clock.advance(199);
    fail(a, 1);
    expect(rig.emitted.at(-1)).toBe('799: a 300 ms (3)');
    await rig.clock.advance(300 + 200);
    fail(a, 1);
    expect(rig.emitted.at(-1)).toBe('1299: a 200 ms (2)');
    await rig.clock.advance(200 + 10_000);
    fail(a, 1);
    expect(rig.emitted.at(-1)).toBe('11499: a 100 ms (1)');
  });

  it('ejectOutliers(): a returning connection starts with zero failures', async () => {
    const rig = new Rig(make, 3, { baseDuration: 100 });
    const [a] = rig.all as [WithOutcomes];
    fail(a);
    await rig.clock.advance(100);
    fail(a, 4);
    rig.remove(a);
    rig.add(a);
    fail(a, 4);
    expect(rig.emitted).toHaveLength(1);
    fail(a, 1);
    expect(rig.emitted).toHaveLength(2);
  });

  it.each<[share: string, maxEjected: number | undefined, count: number, ejected: string]>([
    ['by default none of 1', undefined, 1, ''],
    ['by default 1 of 2', undefined, 2, 'a'],
    ['by default 1 of 3', undefined, 3, 'a'],
    ['by default 3 of 6', undefined, 6, 'abc'],
    ['with 0.3, 3 of 10', 0.3, 10, 'abc'],
    ['with 0.1, none of 3', 0.1, 3, ''],
    ['with 1, 3 of 4', 1, 4, 'abc'],
    ['with 0, none of 4', 0, 4, ''],
  ])('ejectOutliers({ maxEjected }): when all fail, ejects %s', (_share, maxEjected, count, ejected) => {
    const rig = new Rig(make, count, { maxEjected, panicThreshold: 1 });
    for (const connection of rig.all) fail(connection);
    expect(rig.emitted.map((line) => line[3]).join('')).toBe(ejected);
  });

  it('ejectOutliers({ maxEjected }): a failing connection over the limit is ejected when another has returned', async () => {
    const rig = new Rig(make, 2, { baseDuration: 100, panicThreshold: 1 });
    const [a, b] = rig.all as [WithOutcomes, WithOutcomes];
    fail(a);
    fail(b, 7);
    expect(rig.inService).toBe('b');
    await rig.clock.advance(100);
    fail(b, 1);
    expect(rig.emitted).toEqual(['0: a 100 ms (1)', '100: b 100 ms (1)']);
  });

  it('ejectOutliers(): ejects none while over half are failing, and one that still fails after that', () => {
    const rig = new Rig(make, 4, { maxEjected: 1 });
    const [a, b, c] = rig.all as [WithOutcomes, WithOutcomes, WithOutcomes];
    for (const connection of [a, b, c]) fail(connection, 4);
    fail(a, 3);
    expect(rig.inService).toBe('abcd');
    succeed(b);
    fail(a, 1);
    expect(rig.inService).toBe('bcd');
  });

  it('ejectOutliers({ panicThreshold }): ejected connections count as failing', () => {
    const rig = new Rig(make, 4, { maxEjected: 1, panicThreshold: 0.5 });
    const [a, b, c] = rig.all as [WithOutcomes, WithOutcomes, WithOutcomes];
    for (const connection of [a, b, c]) fail(connection, 5);
    expect(rig.inService).toBe('cd');
  });

  it('ejectOutliers(): failures of a connection that left the list do not count towards panicThreshold', () => {
    const rig = new Rig(make, 3);
    const [a, b, c] = rig.all as [WithOutcomes, WithOutcomes, WithOutcomes];
    fail(b, 4);
    fail(c, 4);
    rig.remove(c);
    fail(a);
    expect(rig.inService).toBe('ab');
    succeed(b);
    fail(a, 1);
    expect(rig.inService).toBe('b');
  });

  it('ejectOutliers(): a list that emits again while a connection leaves it subscribes to no connection it does not hold', () => {
    const list$ = new BehaviorSubject<readonly TestConnection[]>([]);
    const outcomes$ = new Subject<unknown>();
    const leaving = Object.assign(make(), { outcomes$: new Observable<never>(() => () => list$.next([])) });
    const entering = Object.assign(make(), { outcomes$ });
    list$.next([leaving]);
    const subscription = list$.pipe(ejectOutliers(() => {})).subscribe();
    list$.next([entering]);
    expect([list$.value, outcomes$.observed]).toEqual([[], false]);
    subscription.unsubscribe();
  });

  it('ejectOutliers(): outcomes of requests in flight at ejection are ignored', async () => {
    const rig = new Rig(make, 3, { baseDuration: 100 });
    const [a] = rig.all as [WithOutcomes];
    rig.onEject = () => {};
    fail(a, 20);
    expect(rig.emitted).toEqual(['0: a 100 ms (1)']);
    await rig.clock.advance(100);
    fail(a, 4);
    expect(rig.emitted).toHaveLength(1);
    fail(a, 1);
    expect(rig.emitted).toHaveLength(2);
  });

  it('ejectOutliers(): re-adding an ejected connection early cancels its timer and makes room for another ejection', () => {
    const rig = new Rig(make, 2, { baseDuration: 100 });
    const [a, b] = rig.all as [WithOutcomes, WithOutcomes];
    rig.onEject = (connection) => rig.remove(connection);
    fail(a);
    expect(rig.clock.timers).toBe(1);
    rig.add(a);
    expect(rig.clock.timers).toBe(0);
    fail(b);
    expect(rig.inService).toBe('a');
  });

  it('ejectOutliers(): a connection that never returns counts as ejected until its duration is over', async () => {
    const rig = new Rig(make, 5, { baseDuration: 100, panicThreshold: 1 });
    const [a, b, c] = rig.all as [WithOutcomes, WithOutcomes, WithOutcomes];
    rig.onEject = (connection) => rig.remove(connection);
    for (const connection of [a, b, c]) fail(connection);
    expect(rig.inService).toBe('cde');
    await rig.clock.advance(100);
    fail(c, 1);
    expect(rig.inService).toBe('de');
    await rig.clock.advance(100);
    expect(rig.clock.timers).toBe(0);
  });

  it('ejectOutliers(): subscribes to outcomes$ of the listed connections, and to nothing else of them', () => {
    const rig = new Rig(make, 3);
    expect(rig.heard).toBe('abc');
    rig.remove(rig.all[1]!);
    expect(rig.heard).toBe('ac');
    for (const connection of rig.all) expect(connection.observed).toBe(false);
    rig.subscription.unsubscribe();
    expect(rig.heard).toBe('');
  });

  it('ejectOutliers(): unsubscribing cancels all timers and unsubscribes from the source', () => {
    const rig = new Rig(make, 4);
    rig.onEject = (connection) => rig.remove(connection);
    fail(rig.all[0]!);
    fail(rig.all[1]!);
    expect(rig.clock.timers).toBe(2);
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    expect(rig.inService$.observed).toBe(false);
  });

  it.each(['complete', 'error'] as const)(
    'ejectOutliers(): %s of the source is passed on, cancels all timers and unsubscribes from outcomes$',
    (ending) => {
      const rig = new Rig(make, 3);
      rig.onEject = (connection) => rig.remove(connection);
      fail(rig.all[0]!);
      rig.inService$[ending]('gone');
      expect([rig.completed, rig.failures]).toEqual(ending === 'error' ? [false, ['gone']] : [true, []]);
      expect([rig.clock.timers, rig.heard]).toEqual([0, '']);
    },
  );

  it('ejectOutliers(): when eject() throws, emits the cause and ejects after as many failures more, for as long', () => {
    const rig = new Rig(make, 3);
    const { onEject } = rig;
    const failure = new Error('not allowed to');
    rig.onEject = () => {
      throw failure;
    };
    fail(rig.all[0]!, 5);
    expect([rig.refused, rig.emitted, rig.failures, rig.clock.timers]).toEqual([[failure], [], [], 0]);
    rig.onEject = onEject;
    fail(rig.all[0]!, 4);
    expect(rig.emitted).toEqual([]);
    fail(rig.all[0]!, 1);
    expect(rig.emitted).toEqual(['0: a 30000 ms (1)']);
  });

  it('ejectOutliers(): when the promise of eject() rejects, emits the cause and ends the ejection', async () => {
    const rig = new Rig(make, 3);
    rig.onEject = () => Promise.reject('not allowed to');
    fail(rig.all[0]!, 10);
    expect([rig.emitted, rig.refused, rig.clock.timers]).toEqual([[], [], 1]);
    await settle();
    expect([rig.emitted, rig.refused, rig.failures, rig.clock.timers]).toEqual([[], ['not allowed to'], [], 0]);
    fail(rig.all[0]!, 5);
    await settle();
    expect(rig.refused).toHaveLength(2);
  });

  it('ejectOutliers(): unsubscribing inside eject() emits nothing and leaves no timer or subscription', () => {
    const rig = new Rig(make, 3);
    rig.onEject = () => rig.subscription.unsubscribe();
    fail(rig.all[0]!, 10);
    expect([rig.emitted, rig.clock.timers, rig.heard]).toEqual([[], 0, '']);
  });

  it('ejectOutliers() of pool.connected$: a failing member is removed; dispose() leaves no timer or subscription', async () => {
    const { pool, clock, made } = await openRig((_script, name) => withOutcomes(make, name!), 3, { drainTimeout: 0 });
    const { scheduler } = clock;
    const ejected: string[] = [];
    pool.connected$
      .pipe(ejectOutliers((connection) => pool.removeConnections([connection]), { scheduler }))
      .subscribe((value) => 'connection' in value && ejected.push(value.connection.name));
    fail(made[1] as WithOutcomes);
    expect(ejected).toEqual(['#2']);
    expect(pool.connectedConnections).toEqual([made[0], made[2]]);
    await pool.dispose();
    expect(clock.timers).toBe(0);
    expect(made.some((connection) => (connection as WithOutcomes).outcomes$.observed)).toBe(false);
  });
});

describe('ejectOutliers', () => {
  const make: Make = (onDial, name) => new OwnConnection({ onDial, name });

  it.each<[what: string, outcomes$: unknown]>([
    ['is undefined', undefined],
    ['emits garbage', of(null, undefined, 7, 'no', {}, { ok: 'no' }, { ok: 0 }, Object.create(null))],
    [
      'emits values whose getter throws',
      of(Object.defineProperty({}, 'ok', { get: () => JSON.parse('{') as boolean })),
    ],
    ['errors', throwError(() => new Error('gone'))],
    ['completes', of()],
    ['is not an observable', { subscribe: 1 }],
    ['throws in subscribe()', { subscribe: () => JSON.parse('{') as never }],
  ])('ejectOutliers(): ignores a connection whose outcomes$ %s', (_what, outcomes$) => {
    const rig = new Rig(make, 3, { consecutiveFailures: 1 });
    const [a, b] = rig.all as [WithOutcomes, WithOutcomes];
    const odd = Object.assign(new OwnConnection({ name: 'odd' }), { outcomes$ }) as unknown as WithOutcomes;
    rig.add(odd);
    expect([rig.failures, rig.emitted]).toEqual([[], []]);
    rig.remove(odd);
    a.outcomes$.error(new Error('gone'));
    fail(b, 1);
    expect(rig.inService).toBe('ac');
  });

  it('ejectOutliers(): ignores a connection whose outcomes$ getter throws', () => {
    const rig = new Rig(make, 2);
    const odd = Object.defineProperty(new OwnConnection(), 'outcomes$', { get: () => JSON.parse('{') as never });
    rig.add(odd as unknown as WithOutcomes);
    expect(rig.failures).toEqual([]);
  });

  it('ejectOutliers(): a connection whose outcomes$ emits failures on subscribe is ejected once', () => {
    const rig = new Rig(make, 3, { consecutiveFailures: 3 });
    const failure = { ok: false, durationMs: 1 };
    const outcomes$ = of(failure, failure, failure, failure, failure, failure);
    rig.add(Object.assign(new OwnConnection({ name: 'z' }), { outcomes$ }) as unknown as WithOutcomes);
    expect(rig.emitted).toEqual(['0: z 30000 ms (1)']);
    expect(rig.inService).toBe('abc');
  });

  it('ejectOutliers(): outcomes emitted on subscribe after the connection has left the list are ignored', () => {
    const rig = new Rig(make, 3, { consecutiveFailures: 1, maxEjected: 1 });
    const z = Object.assign(new OwnConnection({ name: 'z' }), {
      outcomes$: new Observable((subscriber) => {
        subscriber.next({ ok: true, durationMs: 1 });
        rig.remove(z as unknown as WithOutcomes);
        subscriber.next({ ok: false, durationMs: 1 });
      }),
    });
    rig.add(z as unknown as WithOutcomes);
    expect(rig.inService).toBe('abc');
    expect(rig.emitted).toEqual([]);
  });

  it('ejectOutliers({ baseDuration: Infinity }): the duration is the longest timer delay, 2^31 - 1 ms', () => {
    const durations: number[] = [];
    const delays: (number | undefined)[] = [];
    const scheduler = {
      now: () => 0,
      schedule: (_work: unknown, delay?: number) => {
        delays.push(delay);
        return NEVER.subscribe();
      },
    };
    const endless = Number.POSITIVE_INFINITY;
    const rig = new Rig(make, 3, { baseDuration: endless, maxDuration: endless, scheduler });
    rig.onEject = (_connection, duration) => durations.push(duration);
    fail(rig.all[0]!);
    expect([durations, delays]).toEqual([[2 ** 31 - 1], [2 ** 31 - 1]]);
  });

  it('ejectOutliers(): setting the clock back does not change the durations of further ejections', async () => {
    const { scheduler } = new VirtualClock();
    let offset = 0;
    const jumping = {
      now: () => scheduler.now() + offset,
      schedule: scheduler.schedule.bind(scheduler),
    };
    const rig = new Rig(make, 3, { consecutiveFailures: 1, baseDuration: 100, scheduler: jumping });
    const [a] = rig.all as [WithOutcomes];
    rig.onEject = () => {};
    fail(a, 1);
    scheduler.flush();
    offset = -1_000_000;
    fail(a, 1);
    scheduler.flush();
    fail(a, 1);
    expect(rig.emitted.map((line) => line.slice(3))).toEqual(['a 100 ms (1)', 'a 200 ms (2)', 'a 300 ms (3)']);
  });

  it('ejectOutliers(): subscribes to source and outcomes$ on subscribe, and unsubscribes with its subscriber', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ hot, cold, expectObservable, expectSubscriptions }) => {
        const outcomes = { o: { ok: true, durationMs: 1 }, x: { ok: false, durationMs: 1 } };
        const a = Object.assign(new OwnConnection({ name: 'a' }), { outcomes$: cold('-x-x-o-x-x', outcomes) });
        const b = new OwnConnection({ name: 'b' });
        const lists: Record<string, readonly Connection[]> = { l: [a, b], e: [] };
        const source = hot('                 --l-----------e--|', lists);
        const ejection$ = source.pipe(ejectOutliers(() => {}, { consecutiveFailures: 2, baseDuration: 3 }));
        const values = { E: { connection: a, duration: 3, ejections: 1, reason: 'failures' as const } };
        expectObservable(ejection$).toBe('   -----E-----E-----|', values);
        expectObservable(ejection$, '        ^---!').toBe('-');
        expectSubscriptions(source.subscriptions).toBe(['^----------------!', '^---!']);
        expectSubscriptions(a.outcomes$.subscriptions).toBe(['--^-----------!', '--^-!']);
      },
    );
  });

  it('ejectOutliers() property: ejects what a naive model ejects for random outcomes, pauses and lists', () => {
    const count = 6;
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ who: fc.nat(count - 1), ok: fc.constant(true) }) },
      { weight: 6, arbitrary: fc.record({ who: fc.nat(count - 1), ok: fc.constant(false) }) },
      { weight: 1, arbitrary: fc.record({ toggle: fc.nat(count - 1) }) },
      { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 80 }) }) },
    );
    const share = fc.constantFrom(0, 0.1, 0.3, 0.5, 0.5, 0.7, 0.7, 1);
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 100, maxLength: 150 }),
        share,
        share,
        (steps, maxEjected, panicThreshold) => {
          const options = { consecutiveFailures: 2, baseDuration: 50, maxDuration: 120, maxEjected, panicThreshold };
          const rig = new Rig(make, count, options);
          const { scheduler } = rig.clock;
          const streaks = new Map<WithOutcomes, number>();
          const ejected = new Set<WithOutcomes>();
          const expected: string[] = [];
          rig.inService$.subscribe((list) => {
            for (const one of rig.all) if (!list.includes(one)) streaks.delete(one);
          });
          rig.onEject = (connection, duration) => {
            ejected.add(connection);
            rig.remove(connection);
            scheduler.schedule(() => {
              ejected.delete(connection);
              rig.add(connection);
            }, duration);
          };
          const judge = (connection: WithOutcomes, ok: boolean): void => {
            const streak = ok ? 0 : (streaks.get(connection) ?? 0) + 1;
            streaks.set(connection, streak);
            const total = rig.inService$.value.length + ejected.size;
            const failing = [...streaks.values()].filter((one) => one > 0).length;
            const inPanic = (failing + ejected.size) / total > panicThreshold;
            const tooMany = ejected.size + 1 > maxEjected * total || rig.inService$.value.length === 1;
            if (streak >= 2 && !inPanic && !tooMany) expected.push(`${scheduler.frame}: ${connection.name}`);
          };
          for (const one of steps) {
            if ('pass' in one) {
              scheduler.maxFrames = scheduler.frame + one.pass;
              scheduler.flush();
              scheduler.frame = scheduler.maxFrames;
            } else if ('toggle' in one) {
              const connection = rig.all[one.toggle]!;
              if (rig.inService$.value.includes(connection)) rig.remove(connection);
              else if (!ejected.has(connection)) rig.add(connection);
            } else {
              const connection = rig.all[one.who]!;
              if (rig.inService$.value.includes(connection)) judge(connection, one.ok);
              connection.outcomes$.next({ ok: one.ok, durationMs: 1 });
            }
          }
          expect(rig.failures).toEqual([]);
          expect(rig.emitted.map((line) => line.slice(0, line.lastIndexOf(':') + 3))).toEqual(expected);
          rig.subscription.unsubscribe();
          expect(scheduler.actions).toHaveLength(ejected.size);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('ejectOutliers() of connections with endpoints', () => {
  /** Connections in a list of their own, and the names of those that are ejected. */
  const eject = (endpoints: readonly (string | undefined)[], options: EjectOutliersOptions) => {
    const all = endpoints.map((endpoint, place) =>
      Object.assign(withOutcomes(KINDS[1]!.make, `${endpoint ?? '-'}${place}`), endpoint !== undefined && { endpoint }),
    );
    const list$ = new BehaviorSubject<readonly WithOutcomes[]>(all);
    const ejected: string[] = [];
    const { scheduler } = new VirtualClock();
    const subscription = list$
      .pipe(
        ejectOutliers<WithOutcomes>(
          (connection) => {
            ejected.push(connection.name);
            list$.next(list$.value.filter((one) => one !== connection));
          },
          { scheduler, panicThreshold: 1, ...options },
        ),
      )
      .subscribe();
    for (const connection of all) fail(connection);
    subscription.unsubscribe();
    return ejected.join(' ');
  };

  it('leaves no more than maxEjected of the endpoints without a connection in service', () => {
    // Half of the connections might go; the third would be the second endpoint of three.
    expect(eject(['a', 'b', 'c', 'c', 'c', 'c'], { maxEjected: 0.5 })).toBe('a0 c2 c3');
    expect(eject(['a', 'b', 'c', 'c', 'c', 'c'], { maxEjected: 0.7 })).toBe('a0 b1 c2 c3');
  });

  it('never ejects the last connection to the last endpoint, whatever maxEjected', () => {
    expect(eject(['a', 'a', 'b', 'b'], { maxEjected: 1 })).toBe('a0 a1 b2');
  });

  it('takes connections that name no endpoint for those of one server', () => {
    expect(eject([undefined, undefined, undefined, undefined], { maxEjected: 0.5 })).toBe('-0 -1');
    expect(eject([undefined, 'a', 'a'], { maxEjected: 0.5 })).toBe('-0');
  });
});
