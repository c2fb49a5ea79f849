import { defer, type OperatorFunction, Subject, Subscription } from 'rxjs';
import type { BreakerState, DialReport } from '../healing/circuit-breaker.js';

type BreakerOperator = false | OperatorFunction<DialReport, BreakerState>;

/** What hears of the breaker. */
export interface BreakerListener {
  /** The operator that dials should be reported to at this moment. */
  wanted(): BreakerOperator;
  changed(state: BreakerState): void;
  failed(cause: unknown): void;
  /** How many connections are in service. */
  connected(): number;
}

/** The subscription to the operator given as `breaker`: dials are reported to it, and it says whether to go on. */
export class BreakerSubscription {
  state: BreakerState = 'closed';
  /** How often the circuit has left `closed`, or has opened again. */
  openings = 0;
  readonly #listener: BreakerListener;
  #reports = new Subject<DialReport>();
  #subscription = Subscription.EMPTY;
  #operator: BreakerOperator = false;

  constructor(listener: BreakerListener) {
    this.#listener = listener;
  }

  /** Goes by the operator that is wanted, from the beginning if it is another one. */
  sync(): void {
    const operator = this.#listener.wanted();
    if (operator === this.#operator) return;
    const former = this.#subscription;
    const subscription = new Subscription();
    const reports = new Subject<DialReport>();
    this.#operator = operator;
    this.#subscription = subscription;
    this.#reports = reports;
    this.#set('closed');
    try {
      former.unsubscribe();
    } catch (cause) {
      this.#listener.failed(cause);
    }
    // The teardown may have called the pool, which wants another breaker by now.
    if (this.#listener.wanted() !== operator) {
      this.sync();
      return;
    }
    if (!operator || this.#subscription !== subscription) return;
    const states = defer(() => reports.pipe(operator)).subscribe({
      next: (state) => this.#set(state),
      error: (cause: unknown) => {
        this.#set('closed');
        this.#listener.failed(cause);
      },
      // A breaker that has ended must not hold dials back for good.
      complete: () => this.#set('closed'),
    });
    subscription.add(states);
  }

  report(ok: boolean): void {
    this.#reports.next({ ok, connected: this.#listener.connected() });
  }

  #set(state: BreakerState): void {
    if (state === this.state) return;
    if (state === 'open' || this.state === 'closed') this.openings++;
    this.state = state;
    this.#listener.changed(state);
  }
}
