import type { Cell, CellOwner } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
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

const ENDED = -1;

/** One claim on a connection. It ends once, however often it is told to; a signal is made when asked for. */
export class Borrowing<C extends Connection> implements UseContext {
  readonly cell: Cell<C>;
  readonly #returns: Returns<C>;
  /** The cell's when it was borrowed; none any more when the borrowing has ended. */
  #tenure: number;
  readonly #owner: CellOwner | undefined;
  #heedsRecall = false;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  #unwatch: (() => void) | undefined;

  constructor(cell: Cell<C>, returns: Returns<C>) {
    this.cell = cell;
    this.#returns = returns;
    this.#tenure = cell.tenure;
    this.#owner = cell.owner;
    cell.borrow();
  }

  get ended(): boolean {
    return this.#tenure === ENDED;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
      else if (!this.ended) this.watch();
    }
    return this.#controller.signal;
  }

  /** From now on it is told when the pool wants the connection back, and not only when it is taken. */
  heedRecall(): void {
    this.#heedsRecall = true;
  }

  /** Tells the work to stop; what it holds is given back when it does. */
  abort(reason: unknown): void {
    if (this.ended || this.#aborted) return;
    this.#aborted = { reason };
    // Work that never stops must not be told of the connection's later lives.
    this.#unwatch?.();
    this.#controller?.abort(reason);
  }

  end(): void {
    const { cell } = this;
    const tenure = this.#tenure;
    if (tenure === ENDED) return;
    this.#tenure = ENDED;
    this.#unwatch?.();
    // A connection that was retired meanwhile has written off all that was borrowed of it.
    if (cell.tenure === tenure) this.#returns.accept(cell);
  }

  private watch(): void {
    const { cell } = this;
    const isRecalled = this.#heedsRecall && cell.owner !== this.#owner;
    if (cell.tenure !== this.#tenure || isRecalled || cell.state !== 'connected') {
      this.abort(cell.connection.cause ?? closed());
      return;
    }
    const stop = (reason: unknown): void => this.abort(reason ?? closed());
    this.#unwatch = cell.watch({
      onState: (_state, cause) => stop(cause),
      onRetired: stop,
      ...(this.#heedsRecall && { onRecalled: stop }),
    });
  }
}
