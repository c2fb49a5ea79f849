import { Observable, type OperatorFunction, type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import { checkAtLeast, checkFunction, checkLimit, checkObject } from '../checks.js';
import { resolveScheduler } from '../defaults.js';
import { type Backoff, nextWait } from './backoff.js';
import { exponentialBackoff } from './exponential-backoff.js';

/** How one dial ended, and how many connections were in service after it. */
export interface DialReport {
  readonly ok: boolean;
  readonly connected: number;
}

/** `closed` lets dials through, `open` none, `half-open` a single one that decides. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** When a circuit opens, and for how long. */
export interface CircuitBreakerOptions {
  /** How many dials in a row fail, while nothing is connected, before it opens. @default 5 */
  readonly consecutiveFailures?: number | undefined;
  /**
   * Milliseconds from opening to half-open: always the same, or by how many times in a row it has opened (1, 2, …)
   * and the wait before this one, at first 0. @default 1000, doubling to 30000, of which half is left to chance
   */
  readonly openFor?: number | Backoff | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

type Circuit =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open' | 'half-open'; readonly openings: number; readonly wait: number };

const CLOSED: Circuit = { state: 'closed', failures: 0 };

class Breaker {
  #circuit = CLOSED;
  #timer = Subscription.EMPTY;

  constructor(
    readonly subscriber: Subscriber<BreakerState>,
    readonly failures: number,
    readonly openFor: Backoff,
    readonly scheduler: SchedulerLike,
  ) {}

  take({ ok, connected }: DialReport): void {
    const circuit = this.#circuit;
    if (ok || connected > 0) this.#become(CLOSED);
    else if (circuit.state === 'half-open') this.#open(circuit.openings + 1, circuit.wait);
    // While it is open, those fail that were begun before.
    else if (circuit.state === 'closed') this.#count(circuit.failures + 1);
  }

  clear(): void {
    this.#timer.unsubscribe();
  }

  #count(failures: number): void {
    if (failures < this.failures) this.#become({ state: 'closed', failures });
    else this.#open(1, 0);
  }

  #open(openings: number, previous: number): void {
    const wait = this.#waitFor(openings, previous);
    if (wait !== undefined) this.#become({ state: 'open', openings, wait });
  }

  /** What `openFor` says, where it says something; a mistake in it ends the breaker. */
  #waitFor(openings: number, previous: number): number | undefined {
    try {
      return nextWait(this.openFor, openings, previous, 'openFor');
    } catch (error) {
      this.subscriber.error(error);
      return undefined;
    }
  }

  #become(circuit: Circuit): void {
    const { state } = this.#circuit;
    this.#circuit = circuit;
    this.#timer.unsubscribe();
    if (circuit.state === 'open') {
      this.#timer = this.scheduler.schedule(() => this.#become({ ...circuit, state: 'half-open' }), circuit.wait);
    }
    if (circuit.state !== state) this.subscriber.next(circuit.state);
  }
}

/** Half of the wait is certain: full jitter would open some circuits for no time at all. */
function growing(): Backoff {
  const certain: Backoff = exponentialBackoff({ initial: 500, max: 15_000, random: () => 1 });
  const drawn: Backoff = exponentialBackoff({ initial: 500, max: 15_000 });
  return (attempt, previous) => certain(attempt, previous) + drawn(attempt, previous);
}

function resolveOpenFor(openFor: CircuitBreakerOptions['openFor']): Backoff {
  if (openFor === undefined) return growing();
  if (typeof openFor === 'number') {
    checkAtLeast('options.openFor', openFor, 0);
    return () => openFor;
  }
  checkFunction('options.openFor', openFor);
  return openFor;
}

/**
 * A circuit breaker over the dials of a whole pool: opens after so many failed dials in
 * a row while nothing is connected, goes half-open after a while for one dial to try, and closes at the first success
 * or when anything is connected. A pool holds its dials back and refuses callers while it is not closed.
 *
 * Cold. Emits `closed` at once and then each change of state. Completes and errors with its source, and errors
 * when `openFor` throws or returns no number of milliseconds; unsubscribing stops its clock.
 *
 * ```text
 * reports (x failed, o connected):                           -x-x--------x--------o-
 * circuitBreaker({ consecutiveFailures: 2, openFor: 5 ms }): c--o----h---o----h---c-
 * ```
 *
 * @example
 * ```ts
 * const breaker = circuitBreaker({ consecutiveFailures: 3, openFor: 10_000 });
 * const pool = new ConnectionPool(8, factory, { breaker });
 * pool.events$.subscribe((event) => event.type === 'breaker-changed' && console.log('circuit', event.state));
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): OperatorFunction<DialReport, BreakerState> {
  checkObject('options', options);
  const { consecutiveFailures = 5 } = options;
  checkLimit('options.consecutiveFailures', consecutiveFailures);
  const scheduler = resolveScheduler(options.scheduler);
  const openFor = resolveOpenFor(options.openFor);
  return (source) =>
    new Observable((subscriber) => {
      const breaker = new Breaker(subscriber, consecutiveFailures, openFor, scheduler);
      subscriber.add(() => breaker.clear());
      subscriber.next('closed');
      return source.subscribe({
        next: (report) => breaker.take(report),
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
