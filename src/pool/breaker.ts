import { defer, type OperatorFunction, Subject, Subscription } from 'rxjs';
import type { BreakerState, DialReport } from '../healing/circuit-breaker.js';

/** Who hears of the breaker. */
export interface BreakerListener {
  changed(state: BreakerState): void;
  failed(cause: unknown): void;
}

/** Asks the operator given as `breaker` whether dials and callers are let through. */
export class Breaker {
  state: BreakerState = 'closed';
  readonly #listener: BreakerListener;
  #reports = new Subject<DialReport>();
  #subscription = Subscription.EMPTY;

  constructor(listener: BreakerListener) {
    this.#listener = listener;
  }

  /** Begins afresh with another operator, or with none. */
  use(operator: false | OperatorFunction<DialReport, BreakerState>): void {
    const before = this.#subscription;
    const subscription = new Subscription();
    const reports = new Subject<DialReport>();
    this.#subscription = subscription;
    this.#reports = reports;
    this.#set('closed');
    try {
      before.unsubscribe();
    } catch (cause) {
      this.#listener.failed(cause);
    }
    // When it ended it may have called the pool, and so have been followed by another one.
    if (this.#subscription !== subscription || !operator) return;
    const states = defer(() => reports.pipe(operator)).subscribe({
      next: (state) => this.#set(state),
      error: (cause: unknown) => {
        this.#set('closed');
        this.#listener.failed(cause);
      },
      // Nobody would let anything through any more.
      complete: () => this.#set('closed'),
    });
    subscription.add(states);
  }

  report(report: DialReport): void {
    this.#reports.next(report);
  }

  #set(state: BreakerState): void {
    if (state === this.state) return;
    this.state = state;
    this.#listener.changed(state);
  }
}
