import type { Cell } from '../connection/cell.js';
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

const gone = (): ConnectionClosedError =>
  new ConnectionClosedError('The connection was lost, or the pool wants it back');

const ENDED = -1;

/** One claim on a connection. It ends once, however often it is told to; a signal is made when asked for. */
export class Borrowing<C extends Connection> implements UseContext {
  readonly cell: Cell<C>;
  readonly #returns: Returns<C>;
  /** The cell's when it was borrowed; none any more when the borrowing has ended. */
  #tenure: number;
  readonly #losses: number;
  #controller: AbortController | undefined;
  #unwatch: (() => void) | undefined;

  constructor(cell: Cell<C>, returns: Returns<C>) {
    this.cell = cell;
    this.#returns = returns;
    this.#tenure = cell.tenure;
    this.#losses = cell.losses;
    cell.borrow();
  }

  get ended(): boolean {
    return this.#tenure === ENDED;
  }

  /** Whether the connection has been lost or taken away, whatever has become of it since. */
  get lost(): boolean {
    const { cell } = this;
    return cell.losses !== this.#losses || cell.tenure !== this.#tenure;
  }

  /** Whether work had better not begin: the connection is lost, or in service no more. */
  get stale(): boolean {
    const { owner, standing } = this.cell;
    return this.lost || owner === undefined || standing !== 'connected';
  }

  get signal(): AbortSignal {
    return this.tellingOf(false);
  }

  /** Its signal; with `recalls` it aborts as well when the pool wants the connection back, before it is taken. */
  tellingOf(recalls: boolean): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (!this.ended) this.watch(recalls);
    }
    return this.#controller.signal;
  }

  /** Tells the work to stop; what it holds is given back when it does. */
  abort(reason: unknown): void {
    if (this.ended) return;
    // Work that never stops must not be told of the connection's later lives.
    this.#unwatch?.();
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
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

  private watch(recalls: boolean): void {
    const { cell } = this;
    if (this.lost || cell.state !== 'connected') this.abort(causeOf(cell.connection) ?? gone());
    else if (recalls && cell.standing === 'draining') this.abort(gone());
    else {
      this.#unwatch = cell.watch({
        onState: (state, cause) => {
          // Whoever has it closed says why in a moment, by retiring it.
          if (state !== 'closed') this.abort(cause ?? gone());
        },
        onRetired: (reason) => this.abort(reason),
        ...(recalls && { onRecalled: (reason: unknown) => this.abort(reason) }),
      });
    }
  }
}
