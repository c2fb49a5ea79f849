import { type OperatorFunction, Subject } from 'rxjs';
import type { BreakerState, DialReport } from '../healing/circuit-breaker.js';
import type { PolicyEntry } from './policies.js';

/** Is told of changes of the breaker. */
export interface BreakerListener {
  /** @param from - the state before. */
  changed(state: BreakerState, from: BreakerState): void;
  failed(cause: unknown): void;
  /** How many connections are in service. */
  connected(): number;
}

/** Holds the state that the operator `breaker` emits, and reports dials to it. */
export class Breaker {
  /** `closed` without an operator, and after the operator has ended, so that dials are not held back forever. */
  state: BreakerState = 'closed';
  /** How often the circuit has left `closed`, or opened again. */
  openings = 0;
  readonly #listener: BreakerListener;
  #reports = new Subject<DialReport>();

  constructor(listener: BreakerListener) {
    this.#listener = listener;
  }

  /** The operator as a policy. */
  entry(operator: OperatorFunction<DialReport, BreakerState>): PolicyEntry {
    const close = (): void => this.#set('closed');
    return {
      id: operator,
      subscribe: () => {
        this.#reports = new Subject();
        return this.#reports.pipe(operator);
      },
      next: (state) => this.#set(state as BreakerState),
      failed: (cause) => {
        close();
        this.#listener.failed(cause);
      },
      completed: close,
      unsubscribed: close,
    };
  }

  report(ok: boolean): void {
    this.#reports.next({ ok, connected: this.#listener.connected() });
  }

  #set(state: BreakerState): void {
    if (state === this.state) return;
    if (state === 'open' || this.state === 'closed') this.openings++;
    const from = this.state;
    this.state = state;
    this.#listener.changed(state, from);
  }
}
