import * as fc from 'fast-check';
import { BehaviorSubject, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type Connection, type Ejection, type EjectOutliersOptions, ejectOutliers } from 'rxpool';
import { cellOf } from '../../src/connection/cells.js';
import { KINDS, type Make, OwnConnection, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

type Telling = TestConnection & { readonly outcomes$: Subject<unknown> };

/** A connection that tells outcomes, whatever the test has them be. */
const telling = (make: Make, name: string): Telling =>
  Object.assign(make('accept', name), { outcomes$: new Subject<unknown>() }) as unknown as Telling;

const fail = (connection: Telling, times = 5): void => {
  for (let i = 0; i < times; i++) connection.outcomes$.next({ ok: false, durationMs: 1 });
};

const succeed = (connection: Telling): void => connection.outcomes$.next({ ok: true, durationMs: 1 });

/** A service that takes out who is ejected, for as long as it is told to, and then puts it back. */
class Rig {
  readonly clock = new VirtualClock();
  readonly all: Telling[];
  readonly inService$: BehaviorSubject<readonly Telling[]>;
  readonly emitted: string[] = [];
  readonly failures: unknown[] = [];
  completed = false;
  /** What ejecting does beside being told of. */
  onEject = (connection: Telling, duration: number): void => {
    this.remove(connection);
    this.clock.scheduler.schedule(() => this.add(connection), duration);
  };
  readonly subscription;

  constructor(make: Make, count: number, options: EjectOutliersOptions = {}) {
    this.all = Array.from({ length: count }, (_, index) => telling(make, String.fromCharCode(97 + index)));
    this.inService$ = new BehaviorSubject<readonly Telling[]>(this.all);
    const { scheduler } = this.clock;
    this.subscription = this.inService$
      .pipe(
        ejectOutliers<Telling>((connection, duration) => this.onEject(connection, duration), { scheduler, ...options }),
      )
      .subscribe({
        next: ({ connection, duration, ejections }: Ejection<Telling>) =>
          this.emitted.push(`${this.clock.now}: ${connection.name} ${duration} ms (${ejections})`),
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

  remove(connection: Telling): void {
    this.inService$.next(this.inService$.value.filter((one) => one !== connection));
  }

  add(connection: Telling): void {
    if (!this.inService$.value.includes(connection)) this.inService$.next([...this.inService$.value, connection]);
  }
}

describe.each(KINDS)('ejectOutliers, over $kind', ({ make }) => {
  it('ejects at five failures in a row, for half a minute, and tells of it after that', () => {
    const rig = new Rig(make, 3);
    const [a] = rig.all as [Telling];
    fail(a, 4);
    succeed(a);
    fail(a, 4);
    expect(rig.inService).toBe('abc');
    rig.onEject = (connection, duration) => rig.emitted.push(`${connection.name} for ${duration}`);
    fail(a, 1);
    expect(rig.emitted).toEqual(['a for 30000', '0: a 30000 ms (1)']);
  });

  it('ejects for longer each time, and not above the maximum', async () => {
    const rig = new Rig(make, 3, { consecutiveFailures: 2, baseDuration: 100, maxDuration: 250 });
    const [a] = rig.all as [Telling];
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

  it('makes one ejection good for each base duration that passes without another', async () => {
    const rig = new Rig(make, 3, { consecutiveFailures: 1, baseDuration: 100, maxDuration: 1_000 });
    const [a] = rig.all as [Telling];
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

  it('counts anew when a connection comes back', async () => {
    const rig = new Rig(make, 3, { baseDuration: 100 });
    const [a] = rig.all as [Telling];
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
    ['of one, none', undefined, 1, ''],
    ['of two, one', undefined, 2, 'a'],
    ['of three, one', undefined, 3, 'a'],
    ['of six, half', undefined, 6, 'abc'],
    ['of ten, three tenths', 0.3, 10, 'abc'],
    ['of three, a tenth, which is nobody', 0.1, 3, ''],
    ['of four, all but the last', 1, 4, 'abc'],
    ['none', 0, 4, ''],
  ])('ejects no more than the share: %s', (_share, maxEjected, count, ejected) => {
    const rig = new Rig(make, count, { maxEjected, panicThreshold: 1 });
    for (const connection of rig.all) fail(connection);
    expect(rig.emitted.map((line) => line[3]).join('')).toBe(ejected);
  });

  it('ejects one that goes on failing once there is room again', async () => {
    const rig = new Rig(make, 2, { baseDuration: 100, panicThreshold: 1 });
    const [a, b] = rig.all as [Telling, Telling];
    fail(a);
    fail(b, 7);
    expect(rig.inService).toBe('b');
    await rig.clock.advance(100);
    fail(b, 1);
    expect(rig.emitted).toEqual(['0: a 100 ms (1)', '100: b 100 ms (1)']);
  });

  it('ejects nobody while many fail at once, and one that still does after that', () => {
    const rig = new Rig(make, 4, { maxEjected: 1 });
    const [a, b, c] = rig.all as [Telling, Telling, Telling];
    for (const connection of [a, b, c]) fail(connection, 4);
    fail(a, 3);
    expect(rig.inService).toBe('abcd');
    succeed(b);
    fail(a, 1);
    expect(rig.inService).toBe('bcd');
  });

  it('counts the ejected among those that look bad', () => {
    const rig = new Rig(make, 4, { maxEjected: 1, panicThreshold: 0.5 });
    const [a, b, c] = rig.all as [Telling, Telling, Telling];
    for (const connection of [a, b, c]) fail(connection, 5);
    expect(rig.inService).toBe('cd');
  });

  it('forgets the failures of one that has left', () => {
    const rig = new Rig(make, 3);
    const [a, b, c] = rig.all as [Telling, Telling, Telling];
    fail(b, 4);
    fail(c, 4);
    rig.remove(c);
    fail(a);
    expect(rig.inService).toBe('ab');
    succeed(b);
    fail(a, 1);
    expect(rig.inService).toBe('b');
  });

  it('hears nothing of what an ejected one still carried', async () => {
    const rig = new Rig(make, 3, { baseDuration: 100 });
    const [a] = rig.all as [Telling];
    rig.onEject = () => {};
    fail(a, 20);
    expect(rig.emitted).toEqual(['0: a 100 ms (1)']);
    await rig.clock.advance(100);
    fail(a, 4);
    expect(rig.emitted).toHaveLength(1);
    fail(a, 1);
    expect(rig.emitted).toHaveLength(2);
  });

  it('takes one for back that is back before its time', () => {
    const rig = new Rig(make, 2, { baseDuration: 100 });
    const [a, b] = rig.all as [Telling, Telling];
    rig.onEject = (connection) => rig.remove(connection);
    fail(a);
    expect(rig.clock.timers).toBe(1);
    rig.add(a);
    expect(rig.clock.timers).toBe(0);
    fail(b);
    expect(rig.inService).toBe('a');
  });

  it('counts one as ejected until its time is over, though it never comes back', async () => {
    const rig = new Rig(make, 5, { baseDuration: 100, panicThreshold: 1 });
    const [a, b, c] = rig.all as [Telling, Telling, Telling];
    rig.onEject = (connection) => rig.remove(connection);
    for (const connection of [a, b, c]) fail(connection);
    expect(rig.inService).toBe('cde');
    await rig.clock.advance(100);
    fail(c, 1);
    expect(rig.inService).toBe('de');
    await rig.clock.advance(100);
    expect(rig.clock.timers).toBe(0);
  });

  it('listens to those in the source and to nobody else, and uses nothing but their outcomes', () => {
    const rig = new Rig(make, 3);
    expect(rig.heard).toBe('abc');
    rig.remove(rig.all[1]!);
    expect(rig.heard).toBe('ac');
    for (const connection of rig.all) expect(cellOf(connection).watchers).toBeUndefined();
    rig.subscription.unsubscribe();
    expect(rig.heard).toBe('');
  });

  it('stops its clocks when it is unsubscribed from', () => {
    const rig = new Rig(make, 4);
    rig.onEject = (connection) => rig.remove(connection);
    fail(rig.all[0]!);
    fail(rig.all[1]!);
    expect(rig.clock.timers).toBe(2);
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    expect(rig.inService$.observed).toBe(false);
  });

  it.each(['complete', 'error'] as const)('ends with the %s of its source, and stops its clocks', (ending) => {
    const rig = new Rig(make, 3);
    rig.onEject = (connection) => rig.remove(connection);
    fail(rig.all[0]!);
    rig.inService$[ending]('gone');
    expect([rig.completed, rig.failures]).toEqual(ending === 'error' ? [false, ['gone']] : [true, []]);
    expect([rig.clock.timers, rig.heard]).toEqual([0, '']);
  });

  it('takes an error of the command for its own', () => {
    const rig = new Rig(make, 3);
    const failure = new Error('not allowed to');
    rig.onEject = () => {
      throw failure;
    };
    fail(rig.all[0]!, 10);
    expect(rig.failures).toEqual([failure]);
    expect([rig.emitted, rig.clock.timers, rig.heard]).toEqual([[], 0, '']);
  });

  it('takes a rejection of the command for its own', async () => {
    const rig = new Rig(make, 3);
    rig.onEject = () => Promise.reject('not allowed to');
    fail(rig.all[0]!, 10);
    expect([rig.emitted, rig.failures, rig.clock.timers]).toEqual([[], [], 1]);
    await settle();
    expect(rig.failures).toEqual(['not allowed to']);
    expect([rig.emitted, rig.clock.timers, rig.heard]).toEqual([[], 0, '']);
  });

  it('stops for somebody who has had enough inside the command', () => {
    const rig = new Rig(make, 3);
    rig.onEject = () => rig.subscription.unsubscribe();
    fail(rig.all[0]!, 10);
    expect([rig.emitted, rig.clock.timers, rig.heard]).toEqual([[], 0, '']);
  });

  it('judges what a pool has in service, by what its connections tell', async () => {
    const { pool, clock, made } = await openRig((_script, name) => telling(make, name!), 3, { drainTimeout: 0 });
    const { scheduler } = clock;
    const ejected: string[] = [];
    pool.connected$
      .pipe(ejectOutliers((connection) => pool.removeConnections([connection]), { scheduler }))
      .subscribe(({ connection }) => ejected.push(connection.name));
    fail(made[1] as Telling);
    expect(ejected).toEqual(['#2']);
    expect(pool.connectedConnections).toEqual([made[0], made[2]]);
    await pool.dispose();
    expect(clock.timers).toBe(0);
    expect(made.some((connection) => (connection as Telling).outcomes$.observed)).toBe(false);
  });
});

describe('ejectOutliers', () => {
  const make: Make = (onDial, name) => new OwnConnection({ onDial, name });

  it.each<[what: string, outcomes$: unknown]>([
    ['tells no outcomes', undefined],
    ['tells garbage', of(null, undefined, 7, 'no', {}, { ok: 'no' }, { ok: 0 }, Object.create(null))],
    ['tells values that throw', of(Object.defineProperty({}, 'ok', { get: () => JSON.parse('{') as boolean }))],
    ['errors', throwError(() => new Error('gone'))],
    ['completes', of()],
    ['has no stream there', { subscribe: 1 }],
    ['cannot be subscribed to', { subscribe: () => JSON.parse('{') as never }],
  ])('leaves a connection alone that %s', (_what, outcomes$) => {
    const rig = new Rig(make, 3, { consecutiveFailures: 1 });
    const [a, b] = rig.all as [Telling, Telling];
    const odd = Object.assign(new OwnConnection({ name: 'odd' }), { outcomes$ }) as unknown as Telling;
    rig.add(odd);
    expect([rig.failures, rig.emitted]).toEqual([[], []]);
    rig.remove(odd);
    a.outcomes$.error(new Error('gone'));
    fail(b, 1);
    expect(rig.inService).toBe('ac');
  });

  it('leaves a connection alone whose outcomes cannot be asked for', () => {
    const rig = new Rig(make, 2);
    const odd = Object.defineProperty(new OwnConnection(), 'outcomes$', { get: () => JSON.parse('{') as never });
    rig.add(odd as unknown as Telling);
    expect(rig.failures).toEqual([]);
  });

  it('hears one out that tells at once, and ejects it for that', () => {
    const rig = new Rig(make, 3, { consecutiveFailures: 3 });
    const failure = { ok: false, durationMs: 1 };
    const outcomes$ = of(failure, failure, failure, failure, failure, failure);
    rig.add(Object.assign(new OwnConnection({ name: 'z' }), { outcomes$ }) as unknown as Telling);
    expect(rig.emitted).toEqual(['0: z 30000 ms (1)']);
    expect(rig.inService).toBe('abc');
  });

  it('hears one no further that leaves while it tells', () => {
    const rig = new Rig(make, 3, { consecutiveFailures: 1, maxEjected: 1 });
    const z = Object.assign(new OwnConnection({ name: 'z' }), {
      outcomes$: new Observable((subscriber) => {
        subscriber.next({ ok: true, durationMs: 1 });
        rig.remove(z as unknown as Telling);
        subscriber.next({ ok: false, durationMs: 1 });
      }),
    });
    rig.add(z as unknown as Telling);
    expect(rig.inService).toBe('abc');
    expect(rig.emitted).toEqual([]);
  });

  it('waits no longer than timers can for durations without an end', () => {
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

  it('holds it against nobody that the clock was set back', async () => {
    const { scheduler } = new VirtualClock();
    let offset = 0;
    const jumping = {
      now: () => scheduler.now() + offset,
      schedule: scheduler.schedule.bind(scheduler),
    };
    const rig = new Rig(make, 3, { consecutiveFailures: 1, baseDuration: 100, scheduler: jumping });
    const [a] = rig.all as [Telling];
    rig.onEject = () => {};
    fail(a, 1);
    scheduler.flush();
    offset = -1_000_000;
    fail(a, 1);
    scheduler.flush();
    fail(a, 1);
    expect(rig.emitted.map((line) => line.slice(3))).toEqual(['a 100 ms (1)', 'a 200 ms (2)', 'a 300 ms (3)']);
  });

  it('subscribes to its source when it is subscribed to, and leaves it when it is left', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ hot, cold, expectObservable, expectSubscriptions }) => {
        const outcomes = { o: { ok: true, durationMs: 1 }, x: { ok: false, durationMs: 1 } };
        const a = Object.assign(new OwnConnection({ name: 'a' }), { outcomes$: cold('-x-x-o-x-x', outcomes) });
        const b = new OwnConnection({ name: 'b' });
        const lists: Record<string, readonly Connection[]> = { l: [a, b], e: [] };
        const source = hot('                 --l-----------e--|', lists);
        const ejection$ = source.pipe(ejectOutliers(() => {}, { consecutiveFailures: 2, baseDuration: 3 }));
        const values = { E: { connection: a, duration: 3, ejections: 1 } };
        expectObservable(ejection$).toBe('   -----E-----E-----|', values);
        expectObservable(ejection$, '        ^---!').toBe('-');
        expectSubscriptions(source.subscriptions).toBe(['^----------------!', '^---!']);
        expectSubscriptions(a.outcomes$.subscriptions).toBe(['--^-----------!', '--^-!']);
      },
    );
  });

  it('ejects whom a naive model ejects, whatever happens when', () => {
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
          const streaks = new Map<Telling, number>();
          const ejected = new Set<Telling>();
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
          const judge = (connection: Telling, ok: boolean): void => {
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
