import * as fc from 'fast-check';
import { Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type BreakerState, type CircuitBreakerOptions, circuitBreaker, type DialReport } from 'rxpool';
import { VirtualClock } from '../support/virtual-clock.js';

const FAILED: DialReport = { ok: false, connected: 0 };
const UP: DialReport = { ok: true, connected: 1 };

const REPORTS: Record<string, DialReport> = { x: FAILED, o: UP, y: { ok: false, connected: 2 } };
const STATES: Record<string, BreakerState> = { c: 'closed', o: 'open', h: 'half-open' };

class Rig {
  readonly clock = new VirtualClock();
  readonly reports$ = new Subject<DialReport>();
  /** Each state and the time of its emission. */
  readonly states: string[] = [];
  readonly failures: unknown[] = [];
  completed = false;
  readonly subscription;

  constructor(options: CircuitBreakerOptions = {}) {
    const { scheduler } = this.clock;
    this.subscription = this.reports$.pipe(circuitBreaker({ scheduler, ...options })).subscribe({
      next: (state) => this.states.push(`${this.clock.now}: ${state}`),
      error: (error: unknown) => this.failures.push(error),
      complete: () => {
        this.completed = true;
      },
    });
  }

  fail(times = 1): void {
    for (let i = 0; i < times; i++) this.reports$.next(FAILED);
  }
}

describe('circuitBreaker', () => {
  const marbles = (run: Parameters<TestScheduler['run']>[0]): void => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);
  };

  it.each<[what: string, reports: string, states: string]>([
    ['is closed on subscribe', '-----------|', 'c----------|'],
    [
      'opens after consecutiveFailures failures in a row, and is half-open after openFor',
      '-x-x-------|',
      'c--o----h--|',
    ],
    ['a success resets the failure count', '-x-o-x-x---|', 'c------o---|'],
    ['a failure reported with connected > 0 resets the failure count', '-x-y-x-y-x-|', 'c----------|'],
    ['half-open closes after a successful dial', '-xx------o--|', 'c-o----h-c--|'],
    ['half-open opens again after a failed dial', '-xx------x------|', 'c-o----h-o----h-|'],
    ['open closes after a successful dial, before openFor is over', '-xx-o-----x---|', 'c-o-c---------|'],
    ['half-open closes after a failure reported with connected > 0', '-xx------y---|', 'c-o----h-c---|'],
    ['failures reported while open change nothing', '-xxxxx---|', 'c-o----h-|'],
    ['errors when the source errors', '-xx-#', 'c-o-#'],
  ])('circuitBreaker(): %s', (_what, reports, states) => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot(reports, REPORTS);
      expectObservable(source.pipe(circuitBreaker({ consecutiveFailures: 2, openFor: 5 }))).toBe(states, STATES);
      expectSubscriptions(source.subscriptions).toBe(`^${'-'.repeat(reports.length - 2)}!`);
    });
  });

  it('circuitBreaker(): unsubscribing while open cancels the timer and unsubscribes from the source', () => {
    const rig = new Rig();
    rig.fail(5);
    expect(rig.clock.timers).toBe(1);
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    expect(rig.reports$.observed).toBe(false);
  });

  it.each(['complete', 'error'] as const)(
    'circuitBreaker(): %s of the source while open is passed on and cancels the timer',
    (ending) => {
      const rig = new Rig();
      rig.fail(5);
      rig.reports$[ending]('gone');
      expect([rig.completed, rig.failures]).toEqual(ending === 'error' ? [false, ['gone']] : [true, []]);
      expect(rig.clock.timers).toBe(0);
    },
  );

  it('circuitBreaker(): a successful dial while open closes it and cancels the timer', () => {
    const rig = new Rig();
    rig.fail(5);
    rig.reports$.next(UP);
    expect(rig.states).toEqual(['0: closed', '0: open', '0: closed']);
    expect(rig.clock.timers).toBe(0);
  });

  it('circuitBreaker(): stays half-open, without a timer, until the next dial report', async () => {
    const rig = new Rig({ openFor: 100 });
    rig.fail(5);
    await rig.clock.advance(1_000_000);
    expect(rig.states).toEqual(['0: closed', '0: open', '100: half-open']);
    expect(rig.clock.timers).toBe(0);
  });

  it('circuitBreaker({ openFor }): gets the number of openings in a row and the previous wait, reset by closing', async () => {
    const asked: [attempt: number, previous: number][] = [];
    const openFor = (attempt: number, previous: number): number => {
      asked.push([attempt, previous]);
      return attempt * 10;
    };
    const rig = new Rig({ consecutiveFailures: 1, openFor });
    for (let i = 0; i < 3; i++) {
      rig.fail();
      await rig.clock.advance(100);
    }
    rig.reports$.next(UP);
    rig.fail();
    expect(asked).toEqual([
      [1, 0],
      [2, 10],
      [3, 20],
      [1, 0],
    ]);
  });

  it('circuitBreaker() by default: opens after 5 failures; openFor doubles from 1 s to 30 s, minus up to half', async () => {
    const ceilings = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    const spread = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const rig = new Rig();
      rig.fail(4);
      expect(rig.states).toEqual(['0: closed']);
      for (const ceiling of ceilings) {
        rig.fail();
        const opened = rig.clock.now;
        while (!rig.states.at(-1)?.endsWith('half-open')) await rig.clock.advance(ceiling / 16);
        const wait = Number(rig.states.at(-1)?.split(':')[0]) - opened;
        expect(wait).toBeGreaterThanOrEqual(ceiling / 2);
        expect(wait).toBeLessThanOrEqual(ceiling);
        spread.add(wait / ceiling);
      }
      rig.subscription.unsubscribe();
    }
    expect(spread.size).toBeGreaterThan(100);
  });

  it.each<[answer: string, openFor: () => number]>([
    ['NaN', () => Number.NaN],
    ['a negative number', () => -1],
    ['an exception', () => JSON.parse('{') as number],
  ])('circuitBreaker({ openFor }): the stream errors when openFor() gives %s', (_answer, openFor) => {
    const rig = new Rig({ consecutiveFailures: 1, openFor });
    rig.fail();
    expect(rig.failures).toEqual([expect.any(Error)]);
    expect(rig.states).toEqual(['0: closed']);
    expect([rig.clock.timers, rig.reports$.observed]).toEqual([0, false]);
  });

  it('circuitBreaker(): handles a dial report emitted by a subscriber inside its next() for half-open', async () => {
    const { scheduler } = new VirtualClock();
    const reports$ = new Subject<DialReport>();
    const states: BreakerState[] = [];
    reports$.pipe(circuitBreaker({ consecutiveFailures: 1, openFor: 10, scheduler })).subscribe((state) => {
      states.push(state);
      if (state === 'half-open') reports$.next(states.length < 6 ? FAILED : UP);
    });
    reports$.next(FAILED);
    scheduler.flush();
    expect(states).toEqual(['closed', 'open', 'half-open', 'open', 'half-open', 'open', 'half-open', 'closed']);
    expect(scheduler.actions).toEqual([]);
  });

  it('circuitBreaker(): each subscription has a circuit of its own', () => {
    marbles(({ cold, expectObservable }) => {
      const state$ = cold('-x-x-o-x-', REPORTS).pipe(circuitBreaker({ consecutiveFailures: 2, openFor: 20 }));
      expectObservable(state$).toBe('c--o-c---', STATES);
      expectObservable(state$, '--^').toBe('--c--o-c-', STATES);
    });
  });

  it('circuitBreaker() property: emits the states of a naive model for random dial reports and pauses', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant(FAILED) },
      fc.record({ ok: fc.boolean(), connected: fc.integer({ min: 0, max: 1 }) }),
      fc.integer({ min: 1, max: 60 }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 40, maxLength: 80 }),
        fc.integer({ min: 1, max: 4 }),
        (steps, failures) => {
          const openFor = (attempt: number, previous: number): number => Math.min(5 * attempt + previous, 40);
          const { scheduler } = new VirtualClock();
          const reports$ = new Subject<DialReport>();
          const told: string[] = [];
          const expected = ['0 closed'];
          reports$
            .pipe(circuitBreaker({ consecutiveFailures: failures, openFor, scheduler }))
            .subscribe((state) => told.push(`${scheduler.frame} ${state}`));

          const model: { state: BreakerState } = { state: 'closed' };
          let [streak, openings, wait, halfOpenAt] = [0, 0, 0, 0];
          const turn = (next: BreakerState, when: number): void => {
            if (next !== model.state) expected.push(`${when} ${next}`);
            model.state = next;
          };
          for (const one of steps) {
            if (typeof one === 'number') {
              scheduler.maxFrames = scheduler.frame + one;
              scheduler.flush();
              scheduler.frame = scheduler.maxFrames;
              if (model.state === 'open' && halfOpenAt <= scheduler.frame) turn('half-open', halfOpenAt);
              continue;
            }
            reports$.next(one);
            if (one.ok || one.connected > 0) {
              [streak, openings, wait] = [0, 0, 0];
              turn('closed', scheduler.frame);
            } else if (model.state !== 'open') {
              streak++;
              if (model.state === 'half-open' || streak >= failures) {
                wait = openFor(++openings, wait);
                halfOpenAt = scheduler.frame + wait;
                turn('open', scheduler.frame);
              }
            }
          }
          expect(told).toEqual(expected);
          expect(scheduler.actions).toHaveLength(model.state === 'open' ? 1 : 0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
