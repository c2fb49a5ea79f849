import { type OperatorFunction, Subject, type Subscription } from 'rxjs';
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
  #subscription: Subscription | undefined;

  constructor(listener: BreakerListener) {
    this.#listener = listener;
  }

  /** Begins afresh with another operator, or with none. */
  use(operator: false | OperatorFunction<DialReport, BreakerState>): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    this.#reports = new Subject();
    this.#set('closed');
    if (!operator) return;
    this.#subscription = this.#reports.pipe(operator).subscribe({
      next: (state) => this.#set(state),
      error: (cause: unknown) => {
        this.#set('closed');
        this.#listener.failed(cause);
      },
    });
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
