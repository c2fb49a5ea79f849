import { onAbort } from '../abort.js';
import type { Connection } from '../connection/connection.js';
import type { Deadlines, Expirable } from '../deadlines.js';
import { ListNode } from '../linked-list.js';
import { withoutCaller } from './caller-stack.js';
import type { Checkout } from './checkout.js';

/** The limits of a call, which can end it before its work ends. */
export interface CallTerms {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds for the whole call, waiting included. */
  readonly timeout: number | undefined;
  /** The error after `timeout`; without a connection if the work had not begun. */
  timeoutError?(connection: Connection | undefined): Error;
}

/**
 * The signal and the deadline of one call. When one of them ends the call, the caller is rejected at once: it leaves
 * the queue, or the signal of its work aborts.
 */
export class CallLimits<C extends Connection> implements Expirable {
  readonly due: ListNode<Expirable> = new ListNode<Expirable>(this);
  deadline = 0;
  /** Why the call was ended. */
  end: { readonly reason: unknown } | undefined = undefined;
  #checkout: Checkout<C> | undefined;
  #stopListening: (() => void) | undefined;
  #leaveQueue: ((reason: unknown) => void) | undefined;
  readonly #terms: CallTerms;
  readonly #deadlines: Deadlines;
  readonly #onEnd: (reason: unknown) => void;

  /** @param onEnd - called when the signal or the deadline ends the call, unless it has settled. */
  constructor(terms: CallTerms, deadlines: Deadlines, onEnd: (reason: unknown) => void = () => {}) {
    this.#terms = terms;
    this.#deadlines = deadlines;
    this.#onEnd = onEnd;
    const { signal } = terms;
    if (signal) this.#stopListening = onAbort(signal, () => this.#giveUp(signal.reason));
    if (terms.timeout !== undefined) deadlines.add(this, terms.timeout);
  }

  /** The caller waits in the queue; `leaveQueue` removes it. */
  waits(leaveQueue: (reason: unknown) => void): void {
    this.#leaveQueue = leaveQueue;
  }

  /** The work begins. If the call has ended, the connection is released, and the reason is thrown. */
  begins(checkout: Checkout<C>): void {
    this.#leaveQueue = undefined;
    if (this.end) {
      checkout.release();
      throw this.end.reason;
    }
    this.#checkout = checkout;
  }

  /** Ends the call: its caller no longer wants the result. */
  cancel(): void {
    this.#giveUp(undefined);
  }

  /** A deadline that passes counts as an outcome of the connection. */
  expired(): void {
    const error = this.#terms.timeoutError?.(this.#checkout?.member.connection);
    this.#checkout?.report({ error });
    this.#endWith(error && withoutCaller(error));
  }

  /** Stops the deadline and stops listening to the signal. Idempotent. */
  settle(): void {
    this.#stopListening?.();
    this.#deadlines.remove(this);
  }

  #giveUp(reason: unknown): void {
    this.#checkout?.dismiss();
    this.#endWith(reason);
  }

  #endWith(reason: unknown): void {
    if (this.end) return;
    this.settle();
    this.end = { reason };
    this.#leaveQueue?.(reason);
    this.#checkout?.abort(reason);
    this.#onEnd(reason);
  }
}
