import type { Cell, CellOwner } from '../connection/cell.js';
import { type Connection, causeOf } from '../connection/connection.js';
import { ConnectionClosedError } from '../errors.js';

/** What work is told besides its connection. */
export interface UseContext {
  /** Aborts when the caller gives up, the deadline passes, or the connection is lost or taken away. */
  readonly signal: AbortSignal;
}

/** Where connections are given back. */
export interface Returns<C extends Connection> {
  accept(cell: Cell<C>): void;
}

const closed = (): ConnectionClosedError => new ConnectionClosedError('The connection was taken away before');

/** One claim on a connection. It ends once, however often it is told to; a signal is made when asked for. */
export class Borrowing<C extends Connection> implements UseContext {
  readonly cell: Cell<C>;
  readonly #returns: Returns<C>;
  readonly #tenure: number;
  readonly #owner: CellOwner | undefined;
  #heedsRecall = false;
  #lost = false;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  #unwatch: (() => void) | undefined;
  #ended = false;

  constructor(cell: Cell<C>, returns: Returns<C>) {
    this.cell = cell;
    this.#returns = returns;
    this.#tenure = cell.tenure;
    this.#owner = cell.owner;
    cell.borrow();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the connection has been lost or taken away, whatever has become of it since. */
  get lost(): boolean {
    return this.#lost || !this.#cellIsHeld;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (!this.#aborted && !this.#ended && !this.#unwatch) this.#watch();
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /**
   * From now on it is told when the pool wants the connection back, and not only when it is taken; and hears of a loss
   * though its signal is asked for when the connection is up again.
   */
  heedRecall(): void {
    this.#heedsRecall = true;
    this.#watch();
  }

  /** Tells the work to stop; what it holds is given back when it does. */
  abort(reason: unknown): void {
    if (this.#ended || this.#aborted) return;
    this.#aborted = { reason };
    // Work that never stops must not be told of the connection's later lives.
    this.#unwatch?.();
    this.#controller?.abort(reason);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unwatch?.();
    // A connection that was retired meanwhile has written off all that was borrowed of it.
    if (this.#cellIsHeld) this.#returns.accept(this.cell);
  }

  get #cellIsHeld(): boolean {
    return this.cell.tenure === this.#tenure;
  }

  #watch(): void {
    const { cell } = this;
    const isRecalled = this.#heedsRecall && cell.owner !== this.#owner;
    if (!this.#cellIsHeld || isRecalled || cell.state !== 'connected') {
      this.#lost = cell.state !== 'connected';
      this.abort(causeOf(cell.connection) ?? closed());
      return;
    }
    const lose = (reason: unknown): void => {
      this.#lost = true;
      this.abort(reason ?? closed());
    };
    this.#unwatch = cell.watch({
      onState: (state, cause) => {
        // Whoever has it closed says why in a moment, by retiring it.
        if (state !== 'closed') lose(cause);
      },
      onRetired: lose,
      ...(this.#heedsRecall && { onRecalled: (reason: unknown) => this.abort(reason) }),
    });
  }
}
