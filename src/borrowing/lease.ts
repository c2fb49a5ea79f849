import { type Connection, textOf } from '../connection/connection.js';
import { type Disposal, makeDisposable } from '../disposal.js';
import { INSPECT } from '../inspect.js';
import type { Checkout } from './checkout.js';

/** Types for `using`. */
// biome-ignore lint/correctness/noUnusedVariables: merged with the class, whose parameter this is.
export interface Lease<C extends Connection> extends Disposal {}

/**
 * A connection on loan until it is released: for work that is more than one call, such as a transaction. In a pool
 * with `maxPending: 1` nothing else uses it meanwhile.
 *
 * @example
 * ```ts
 * using lease = await replicas.lease({ signal });
 * await lease.connection.query('BEGIN');
 * await lease.connection.query('UPDATE …', { signal: lease.signal });
 * await lease.connection.query('COMMIT');
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: makeDisposable() below keeps what the interface promises.
export class Lease<C extends Connection> {
  readonly #checkout: Checkout<C>;
  readonly #invalidate: (checkout: Checkout<C>, cause: unknown) => void;
  readonly #released: (() => void) | undefined;

  /** @internal */
  constructor(
    checkout: Checkout<C>,
    invalidate: (checkout: Checkout<C>, cause: unknown) => void,
    released: (() => void) | undefined,
  ) {
    this.#checkout = checkout;
    this.#invalidate = invalidate;
    this.#released = released;
  }

  /** The connection on loan. */
  get connection(): C {
    return this.#checkout.member.connection;
  }

  /**
   * Aborts when the pool wants the connection back (it is being closed, or the connection removed: release it
   * within `drainTimeout`), and when the connection is lost. What was set up on it, a transaction for one, is gone
   * then, though the same object may be connected again.
   */
  get signal(): AbortSignal {
    return this.#checkout.signalFor({ onRecall: true });
  }

  /** Gives the connection back. Idempotent. */
  release(): void {
    if (this.#checkout.hasEnded) return;
    this.#released?.();
    this.#checkout.release();
  }

  /**
   * Gives the connection back as one not to be used any more: it is broken in the pool's eyes and closed, and
   * what heals the pool dials it anew. Does nothing after `release()`, and only releases where the connection
   * has been lost already.
   *
   * @param cause - why, for the pool's events.
   */
  invalidate(cause?: unknown): void {
    if (this.#checkout.hasEnded) return;
    // A connection that was lost may be up again, and be lent to another caller.
    if (!this.#checkout.isLost) this.#invalidate(this.#checkout, cause);
    this.release();
  }
}

makeDisposable(Lease.prototype, 'dispose', 'release');

Object.defineProperty(Lease.prototype, INSPECT, {
  value(this: Lease<Connection>): string {
    const names = [textOf(this.connection, 'name'), textOf(this.connection, 'endpoint')].filter(Boolean);
    return `Lease of ${names.join(' ') || 'a connection'}`;
  },
});
