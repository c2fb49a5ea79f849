import type { Connection, ErrorClass } from '../connection/connection.js';
import type { Checkout, WorkFailure } from './checkout.js';
import { classifyError } from './classify.js';

/** What an error of work says of its connection; undefined for what the connection, or else the pool, says of it. */
export type Classify<C> = (error: unknown, connection: C) => ErrorClass | undefined;

/** What is done about how work went. */
export interface WorkOutcomesOwner<C extends Connection> {
  now(): number;
  /** The work has shown that its connection is of no use any more. */
  invalidate(checkout: Checkout<C>, cause: unknown): void;
  /** The user's `classify` threw. */
  classifyFailed(cause: unknown): void;
}

/** Tells the listeners of a connection how the work on it went. */
export class WorkOutcomes<C extends Connection> {
  readonly #options: { readonly classify: false | Classify<C> };
  readonly #owner: WorkOutcomesOwner<C>;

  constructor(options: { readonly classify: false | Classify<C> }, owner: WorkOutcomesOwner<C>) {
    this.#options = options;
    this.#owner = owner;
  }

  workEnded(checkout: Checkout<C>, failure: WorkFailure | undefined): void {
    const { record } = checkout.member;
    // Work of a session that was lost says nothing of the next.
    if (checkout.isLost || (failure === undefined && record.listeners === undefined)) return;
    const { acquiredAt } = checkout;
    const says = failure === undefined ? 'answer' : this.#classify(failure.error, record.connection);
    record.workEnded(says === 'answer', acquiredAt === undefined ? undefined : this.#owner.now() - acquiredAt);
    if (says === 'fatal') this.#owner.invalidate(checkout, failure?.error);
  }

  #classify(error: unknown, connection: C): ErrorClass {
    const { classify } = this.#options;
    try {
      const says = classify ? classify(error, connection) : undefined;
      return says ?? connection.classify?.(error) ?? classifyError(error);
    } catch (cause) {
      this.#owner.classifyFailed(cause);
      return classifyError(error);
    }
  }
}
