import {
  asyncScheduler,
  Observable,
  type OperatorFunction,
  type SchedulerLike,
  type Subscriber,
  Subscription,
} from 'rxjs';
import { atLeast, type Check, checkEach, checkFunction, checkLimit, checkScheduler } from '../checks.js';
import { type Backoff, nextWait } from './backoff.js';
import { exponentialBackoff } from './exponential-backoff.js';

/** How one dial ended, and how many connections were in service after it. */
export interface DialReport {
  /** Whether the dial succeeded. */
  readonly ok: boolean;
  /** How many connections were in service once the dial had ended. */
  readonly connected: number;
}

/**
 * `closed` permits every dial, `open` permits none, `half-open` permits one, whose outcome closes or opens the circuit.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Options of {@link circuitBreaker}. */
export interface CircuitBreakerOptions {
  /** The circuit opens after this many failed dials in a row while no connection is in service. @default 5 */
  readonly consecutiveFailures?: number | undefined;
  /**
   * Milliseconds for which the circuit stays open before it is half-open. A function is given how many times in a row
   * it has opened (1, 2, …) and the previous wait (0 at first).
   * @default 1000, doubling up to 30000; half of each wait is random
   */
  readonly openFor?: number | Backoff | undefined;
  /** The clock that schedules the half-open state. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

type Circuit =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open' | 'half-open'; readonly openings: number; readonly wait: number };

const CLOSED: Circuit = { state: 'closed', failures: 0 };

/** The state machine of one circuit: counts failures while closed, and times the open state. */
class CircuitBreakerState {
  #circuit = CLOSED;
  #timer = Subscription.EMPTY;

  constructor(
    readonly subscriber: Subscriber<BreakerState>,
    readonly failures: number,
    readonly openFor: Backoff,
    readonly scheduler: SchedulerLike,
  ) {}

  record({ ok, connected }: DialReport): void {
    const circuit = this.#circuit;
    if (ok || connected > 0) this.#transition(CLOSED);
    else if (circuit.state === 'half-open') this.#open(circuit.openings + 1, circuit.wait);
    // While the circuit is open, a failure comes from a dial that started before it opened, and is not counted.
    else if (circuit.state === 'closed') this.#count(circuit.failures + 1);
  }

  clear(): void {
    this.#timer.unsubscribe();
  }

  #count(failures: number): void {
    if (failures < this.failures) this.#transition({ state: 'closed', failures });
    else this.#open(1, 0);
  }

  #open(openings: number, previous: number): void {
    const wait = this.#waitFor(openings, previous);
    if (wait !== undefined) this.#transition({ state: 'open', openings, wait });
  }

  /** The wait that `openFor` returns. Undefined if it throws or returns no duration; the stream then errors. */
  #waitFor(openings: number, previous: number): number | undefined {
    try {
      return nextWait(this.openFor, openings, previous, 'openFor');
    } catch (error) {
      this.subscriber.error(error);
      return undefined;
    }
  }

  #transition(circuit: Circuit): void {
    const { state } = this.#circuit;
    this.#circuit = circuit;
    this.#timer.unsubscribe();
    if (circuit.state === 'open') {
      this.#timer = this.scheduler.schedule(() => this.#transition({ ...circuit, state: 'half-open' }), circuit.wait);
    }
    if (circuit.state !== state) this.subscriber.next(circuit.state);
  }
}

/** Half of each wait is fixed, because full jitter would keep some circuits open for almost no time. */
function defaultOpenFor(): Backoff {
  const fixed: Backoff = exponentialBackoff({ initial: 500, max: 15_000, random: () => 1 });
  const random: Backoff = exponentialBackoff({ initial: 500, max: 15_000 });
  return (attempt, previous) => fixed(attempt, previous) + random(attempt, previous);
}

const checkOpenFor: Check = (argument, value) =>
  (typeof value === 'number' ? atLeast(0) : checkFunction)(argument, value);

/**
 * A circuit breaker for the dials of a whole pool.
 *
 * - It opens after `consecutiveFailures` failed dials while no connection is in service.
 * - After `openFor` it becomes half-open, and permits one dial.
 * - It closes when a dial succeeds or a connection is in service.
 *
 * While it is open or half-open, the pool limits its dials and refuses callers. While it is half-open, callers may wait
 * if the pool has no members. Dials that began before it opened take no slot and cannot open it again.
 *
 * Cold. Emits `closed` at once and then each change of state. Completes and errors with its source, and errors when
 * `openFor` throws or returns no number of milliseconds. Unsubscribing cancels its timer.
 *
 * ```text
 * reports (x failed, o connected):                           -x-x--------x--------o-
 * circuitBreaker({ consecutiveFailures: 2, openFor: 5 ms }): c--o----h---o----h---c-
 * ```
 *
 * @throws TypeError, RangeError for invalid options.
 * @example
 * ```ts
 * const breaker = circuitBreaker({ consecutiveFailures: 3, openFor: 10_000 });
 * const pool = new ConnectionPool(8, factory, { breaker });
 * pool.events$.subscribe((event) => event.type === 'breaker-changed' && console.log('circuit', event.state));
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): OperatorFunction<DialReport, BreakerState> {
  checkEach('options', options, {
    consecutiveFailures: checkLimit,
    openFor: checkOpenFor,
    scheduler: checkScheduler,
  });
  const { consecutiveFailures = 5, openFor = defaultOpenFor(), scheduler = asyncScheduler } = options;
  const wait: Backoff = typeof openFor === 'number' ? () => openFor : openFor;
  return (source) =>
    new Observable((subscriber) => {
      const breaker = new CircuitBreakerState(subscriber, consecutiveFailures, wait, scheduler);
      subscriber.add(() => breaker.clear());
      subscriber.next('closed');
      return source.subscribe({
        next: (report) => breaker.record(report),
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
