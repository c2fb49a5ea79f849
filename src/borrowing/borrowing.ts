import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { ConnectionClosedError } from '../errors.js';

/** What work is told besides its connection. */
export interface UseContext {
  /** Aborts when the caller gives up, the deadline passes, or the connection is taken away. */
  readonly signal: AbortSignal;
}

const retired = (): ConnectionClosedError => new ConnectionClosedError('The connection was taken away before');

/** One claim on a connection. It ends once, however often it is told to; a signal is made when asked for. */
export class Borrowing<C extends Connection> implements UseContext {
  readonly #cell: Cell<C>;
  readonly #tenure: number;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  #unwatch: (() => void) | undefined;
  #ended = false;

  constructor(cell: Cell<C>) {
    this.#cell = cell;
    this.#tenure = cell.tenure;
    cell.borrow();
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
      else if (this.#cell.tenure !== this.#tenure) this.#controller.abort(retired());
      else if (!this.#ended) this.#unwatch = this.#cell.watch({ onRetired: (reason) => this.#retired(reason) });
    }
    return this.#controller.signal;
  }

  /** Tells the work to stop; what it holds is given back when it does. */
  abort(reason: unknown): void {
    if (this.#ended || this.#aborted) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }

  /** Work that never stops must not be told of the connection's later lives. */
  #retired(reason: unknown): void {
    this.#unwatch?.();
    this.abort(reason);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unwatch?.();
    // A connection that was retired meanwhile has written off all that was borrowed of it.
    if (this.#cell.tenure === this.#tenure) this.#cell.giveBack();
  }
}
