import type { SchedulerLike } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { onGone } from '../connection/gone.js';
import { ResetError } from '../errors.js';
import { within } from '../streams/within.js';
import type { Returns } from './borrowing.js';

/** Makes a connection fit for its next borrower. Its signal aborts when it takes too long. */
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
    if (reset && cell.limit === 1 && isInService(cell)) void this.#reset(cell, reset);
    else cell.giveBack();
  }

  async #reset(cell: Cell<C>, reset: Reset<C>): Promise<void> {
    const { tenure } = cell;
    const { resetTimeout: timeout, scheduler } = this.#settings;
    const late = (): Error => new ResetError(`A reset did not settle within ${timeout} ms`);
    let isGone = false;
    const onPointless = (pointless: (reason: unknown) => void): (() => void) =>
      onGone(cell, (reason) => {
        isGone = true;
        pointless(reason);
      });
    try {
      await within({ timeout, scheduler, late, onPointless }, (signal) => reset(cell.connection, { signal }));
    } catch (cause) {
      // One that has gone may be up again by now, and fit.
      if (!isGone)
        this.#condemn(cell, cause instanceof ResetError ? cause : new ResetError('A reset failed', { cause }));
    }
    if (cell.tenure === tenure) cell.giveBack();
  }
}

/** One on its way out, or broken, will be dialled anew before anybody has it again. */
const isInService = ({ standing, owner }: Cell): boolean =>
  owner !== undefined && (standing === 'connected' || standing === 'ejected');
