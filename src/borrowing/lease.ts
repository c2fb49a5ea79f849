import type { Connection } from '../connection/connection.js';
import { type Disposal, makeDisposable } from '../disposal.js';
import type { Borrowing } from './borrowing.js';

/** Takes a connection out of use. */
type Invalidate<C> = (connection: C, cause: unknown) => void;

/** Types for `using`. */
// biome-ignore lint/correctness/noUnusedVariables: merged with the class, whose parameter this is.
export interface Lease<C extends Connection> extends Disposal {}

/**
 * A connection on loan until it is released: for work that is more than one call, such as a transaction. In a pool
 * with `maxPending: 1` nobody else uses it meanwhile.
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
  readonly #borrowing: Borrowing<C>;
  readonly #invalidate: Invalidate<C>;
  readonly #ended: (() => void) | undefined;

  /** @internal */
  constructor(borrowing: Borrowing<C>, invalidate: Invalidate<C>, ended: (() => void) | undefined) {
    this.#borrowing = borrowing;
    this.#invalidate = invalidate;
    this.#ended = ended;
  }

  /** The connection on loan. */
  get connection(): C {
    return this.#borrowing.cell.connection;
  }

  /**
   * Aborts when the pool wants the connection back (it is being closed, or the connection removed: release it
   * within `drainTimeout`), and when the connection is lost. What was set up on it, a transaction for one, is gone
   * then, though the same object may be connected again.
   */
  get signal(): AbortSignal {
    return this.#borrowing.tellingOf(true);
  }

  /** Gives the connection back. Idempotent. */
  release(): void {
    if (this.#borrowing.ended) return;
    this.#ended?.();
    this.#borrowing.end();
  }

  /**
   * Gives the connection back as one not to be used any more: it is broken in the pool's eyes and closed, and
   * whatever mends the pool dials it anew. Does nothing after `release()`, and no more than that where the connection
   * has been lost already.
   *
   * @param cause - why, for the pool's events.
   */
  invalidate(cause?: unknown): void {
    if (this.#borrowing.ended) return;
    // One that was lost may be up again, and be somebody else's.
    if (!this.#borrowing.lost) this.#invalidate(this.connection, cause);
    this.release();
  }
}

makeDisposable(Lease.prototype, 'dispose', 'release');
