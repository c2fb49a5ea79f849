import type { SchedulerLike } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { shut } from '../connection/shut.js';
import type { EventLog } from '../health/events.js';

/** Closes connections, each within a bound, and remembers which ones the pool itself has closed. */
export class Closer<C extends Connection> {
  /** Members that the pool closed in order to dial them again: what they report until then is no news. */
  readonly #ours = new Set<Cell<C>>();
  readonly #closing = new Map<Cell<C>, Promise<void>>();

  constructor(
    readonly events: EventLog<C>,
    readonly settings: { readonly closeTimeout: number; readonly scheduler: SchedulerLike },
  ) {}

  /**
   * Closes a connection that has left. Resolves within the bound, whatever happens.
   *
   * @param reason - what its borrowers are told; without one they are left alone.
   */
  close(cell: Cell<C>, reason?: unknown): Promise<void> {
    const { closeTimeout, scheduler } = this.settings;
    let settle!: () => void;
    const closing = new Promise<void>((resolve) => {
      settle = resolve;
    });
    // Known before anybody hears of it, and might dial.
    this.#closing.set(cell, closing);
    if (reason !== undefined) cell.retire(reason);
    void shut(cell.connection, closeTimeout, scheduler).then((cause) => {
      if (this.#closing.get(cell) === closing) this.#closing.delete(cell);
      if (cause !== undefined) this.events.emit({ type: 'close-failed', connection: cell.connection, cause });
      settle();
    });
    return closing;
  }

  /** Closes a connection that stays a member. */
  closeMember(cell: Cell<C>, reason?: unknown): Promise<void> {
    this.#ours.add(cell);
    return this.close(cell, reason);
  }

  /** Until it settles, the connection must not be dialled. */
  closing(cell: Cell<C>): Promise<void> | undefined {
    return this.#closing.get(cell);
  }

  /** Whether what the connection reports is the pool's own doing. */
  closed(cell: Cell<C>): boolean {
    return this.#ours.has(cell);
  }

  /** It is being closed already, and is a member all the same. */
  claim(cell: Cell<C>): void {
    this.#ours.add(cell);
  }

  forget(cell: Cell<C>): void {
    this.#ours.delete(cell);
  }
}
