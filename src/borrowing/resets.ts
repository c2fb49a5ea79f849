import type { SchedulerLike } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { ConnectionClosedError, ResetError } from '../errors.js';
import { deadline } from '../streams/deadline.js';
import type { Returns } from './borrowing.js';

/**
 * Makes a connection fit for its next borrower. Its signal aborts when it takes too long, and when the connection is
 * lost or closed.
 */
export type Reset<C> = (connection: C, context: { readonly signal: AbortSignal }) => PromiseLike<unknown> | unknown;

/** The part of the options that giving back goes by. */
export interface ResetSettings<C> {
  readonly reset: false | Reset<C>;
  readonly resetTimeout: number;
  readonly scheduler: SchedulerLike;
}

/** Gives connections back. Those that one borrower has had to itself are reset first, and borrowed until then. */
export class Resets<C extends Connection> implements Returns<C> {
  readonly #settings: ResetSettings<C>;
  readonly #condemn: (cell: Cell<C>, cause: unknown) => void;

  /** @param condemn - what becomes of a connection that cannot be reset. */
  constructor(settings: ResetSettings<C>, condemn: (cell: Cell<C>, cause: unknown) => void) {
    this.#settings = settings;
    this.#condemn = condemn;
  }

  accept(cell: Cell<C>): void {
    const { reset } = this.#settings;
    // After a limit was lowered others may hold it too.
    const isExclusive = cell.limit === 1 && cell.borrowed === 1;
    if (reset && isExclusive && isInService(cell)) void this.#reset(cell, reset);
    else cell.giveBack();
  }

  async #reset(cell: Cell<C>, reset: Reset<C>): Promise<void> {
    const { tenure, connection } = cell;
    const { resetTimeout, scheduler } = this.#settings;
    const controller = new AbortController();
    let lost = false;
    const lose = (reason: unknown): void => {
      lost = true;
      controller.abort(reason ?? new ConnectionClosedError('The connection was taken away before'));
    };
    const unwatch = cell.watch({ onState: (_state, cause) => lose(cause), onRetired: lose });
    const timer = deadline(scheduler, resetTimeout, () => {
      controller.abort(new ResetError(`A reset did not settle within ${resetTimeout} ms`));
    });
    try {
      await orAborted(controller.signal, (signal) => reset(connection, { signal }));
    } catch (cause) {
      // One that is lost is in the hands of whoever heals the pool, and may be up again.
      if (!lost) this.#condemn(cell, cause instanceof ResetError ? cause : new ResetError('A reset failed', { cause }));
    } finally {
      unwatch();
      timer.unsubscribe();
      if (cell.tenure === tenure) cell.giveBack();
    }
  }
}

/** Waits for some work until the signal that it is told of aborts. */
function orAborted<T>(signal: AbortSignal, work: (signal: AbortSignal) => T): Promise<Awaited<T>> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    new Promise<Awaited<T>>((settle) => settle(work(signal) as Awaited<T>)).then(resolve, reject);
  });
}

/** One on its way out, or broken, will be dialled anew before anybody has it again. */
const isInService = ({ standing, owner }: Cell): boolean =>
  owner !== undefined && (standing === 'connected' || standing === 'ejected');
