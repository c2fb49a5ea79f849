import type { SchedulerLike, Subscription } from 'rxjs';
import { onAbort } from '../abort.js';
import type { Connection } from '../connection/connection.js';
import { deadline } from '../streams/deadline.js';
import type { Acquirer } from './acquirer.js';
import type { Checkout } from './checkout.js';

/** What a caller asks for, and how long it waits. */
export interface AcquireTerms<K> {
  readonly key: K;
  /** Milliseconds in the queue. */
  readonly waitTimeout: number;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds for everything, the queue included. */
  readonly timeout: number | undefined;
  readonly scheduler: SchedulerLike;
  /** What the caller is rejected with after `timeout`, before its work has begun or after that. */
  timeoutError(hasBegun: boolean): Error;
}

/** What becomes of a request: one of the two is called; `onRejected` may follow `onAcquired` at the deadline. */
export interface AcquireCallbacks<C extends Connection, K> {
  onAcquired(checkout: Checkout<C>, request: AcquireRequest<C, K>): void;
  onRejected(error: unknown): void;
}

/**
 * One acquisition under a caller's signal and deadline. When either ends it, the caller is rejected at once, and the
 * signal of the work that has begun by then is aborted.
 */
export class AcquireRequest<C extends Connection, K> {
  #cancel: (() => void) | undefined;
  #checkout: Checkout<C> | undefined;
  #timer: Subscription | undefined;
  #stopListening: (() => void) | undefined;
  #isSettled = false;

  constructor(acquirer: Acquirer<C, K>, terms: AcquireTerms<K>, callbacks: AcquireCallbacks<C, K>) {
    const { signal, timeout, scheduler } = terms;
    const giveUp = (reason: unknown): void => {
      this.settle();
      this.#checkout?.abort(reason);
      callbacks.onRejected(reason);
    };
    if (signal) this.#stopListening = onAbort(signal, () => giveUp(signal.reason));
    if (timeout !== undefined) {
      this.#timer = deadline(scheduler, timeout, () => giveUp(terms.timeoutError(this.#checkout !== undefined)));
    }
    // The scheduler may have called back at once.
    if (!this.#isSettled) {
      this.#cancel = acquirer.acquire(terms.key, terms.waitTimeout, {
        onAcquired: (checkout) => {
          // A user's strategy may have aborted the signal when it was asked.
          if (this.#isSettled) {
            checkout.release();
            return;
          }
          this.#checkout = checkout;
          callbacks.onAcquired(checkout, this);
        },
        onRejected: (error) => {
          if (this.#isSettled) return;
          this.settle();
          callbacks.onRejected(error);
        },
      });
    }
    if (this.#isSettled) this.settle();
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Stops the deadline and the listening to the signal, and leaves the queue. Idempotent. */
  settle(): void {
    this.#isSettled = true;
    this.#cancel?.();
    this.#timer?.unsubscribe();
    this.#stopListening?.();
  }
}
