import type { SchedulerLike } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { type Prepare, prepared } from '../connection/preparation.js';
import { ResetError } from '../errors.js';
import type { Returns } from './borrowing.js';

/**
 * Makes a connection fit for its next borrower. Its signal aborts when it takes too long, and when the connection is
 * lost or closed.
 */
export type Reset<C> = Prepare<C>;

/** The part of the options that giving back goes by. */
export interface ResetSettings<C> {
  readonly reset: false | Reset<C>;
  readonly resetTimeout: number;
  readonly scheduler: SchedulerLike;
}

/** What else a reset means for its connection. */
export interface ResetKeeper<C extends Connection> {
  /** Its limit stays what it is from here on, … */
  freeze(cell: Cell<C>): void;
  /** … to here. */
  thaw(cell: Cell<C>): void;
  /** What becomes of one that cannot be reset. */
  condemn(cell: Cell<C>, cause: unknown): void;
}

/** Gives connections back. Those that one borrower has had to itself are reset first, and borrowed until then. */
export class Resets<C extends Connection> implements Returns<C> {
  readonly #settings: ResetSettings<C>;
  readonly #keeper: ResetKeeper<C>;

  constructor(settings: ResetSettings<C>, keeper: ResetKeeper<C>) {
    this.#settings = settings;
    this.#keeper = keeper;
  }

  accept(cell: Cell<C>): void {
    const { reset } = this.#settings;
    // After a limit was lowered others may hold it too.
    const isExclusive = cell.limit === 1 && cell.borrowed === 1;
    if (reset && isExclusive && isInService(cell)) void this.#reset(cell, reset);
    else cell.giveBack();
  }

  async #reset(cell: Cell<C>, reset: Reset<C>): Promise<void> {
    const { tenure, losses } = cell;
    const { resetTimeout: timeout, scheduler } = this.#settings;
    this.#keeper.freeze(cell);
    try {
      await prepared(cell, reset, { name: 'reset', timeout, scheduler, Failure: ResetError });
    } catch (failure) {
      // One that is lost is in the hands of whoever heals the pool, and may be up again.
      if (cell.losses === losses && cell.tenure === tenure) this.#keeper.condemn(cell, failure);
    }
    if (cell.tenure === tenure) cell.giveBack();
    this.#keeper.thaw(cell);
  }
}

/** One on its way out, or broken, will be dialled anew before anybody has it again. */
const isInService = ({ standing, owner }: Cell): boolean =>
  owner !== undefined && (standing === 'connected' || standing === 'ejected');
