import { type Connection, textOf } from '../connection/connection.js';
import { type Disposal, makeDisposable } from '../disposal.js';
import { INSPECT } from '../inspect.js';
import type { Checkout } from './checkout.js';

/** Types for `using`. */
// biome-ignore lint/correctness/noUnusedVariables: merged with the class, whose parameter this is.
export interface Lease<C extends Connection> extends Disposal {}

/**
 * A borrowed connection, until it is released. For work of several calls, such as a transaction. In a pool with
 * `maxPending: 1` no other caller uses it meanwhile.
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

  /** The borrowed connection. */
  get connection(): C {
    return this.#checkout.member.connection;
  }

  /**
   * Aborts when the connection is lost, or when the pool asks for it back because the pool is closed or the connection
   * removed. Release it then within `drainTimeout`. State on a lost connection, such as a transaction, is gone, even if
   * the same object connects again.
   */
  get signal(): AbortSignal {
    return this.#checkout.signalFor({ onRecall: true });
  }

  /** Releases the connection. Idempotent. */
  release(): void {
    if (this.#checkout.hasEnded) return;
    this.#released?.();
    this.#checkout.release();
  }

  /**
   * Releases the connection and marks it as broken: it is closed, and `heal` redials it. Does nothing after
   * `release()`. If the connection was lost already, it is only released.
   *
   * @param cause - the reason, for the pool's events.
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
