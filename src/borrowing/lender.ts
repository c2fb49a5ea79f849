import type { SchedulerLike } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { Borrowing, type Returns } from './borrowing.js';
import { type Borrower, WaitQueue } from './wait-queue.js';

/** Who is to be lent. */
export interface Shelf<C extends Connection, K> {
  pick(key: K): Cell<C> | undefined;
  /** Where it is said whom to call when a connection has room that had none. */
  readonly index: { onRoom: (() => void) | undefined };
}

/** What the pool has to say about lending. */
export interface House {
  /** Why a caller who would have to wait must not; undefined where it may. */
  refusal(): Error | undefined;
  queueFull(): Error;
  waitedTooLong(waitTimeout: number): Error;
}

/** The part of the options that lending goes by. */
export interface LendingSettings {
  readonly maxWaiting: number;
  readonly scheduler: SchedulerLike;
}

const turn = Promise.resolve();
const nothing = (): void => {};

/** Lends connections, to whoever came first. Where there is none to lend, callers wait. */
export class Lender<C extends Connection, K> implements Returns<C> {
  readonly #shelf: Shelf<C, K>;
  readonly #house: House;
  readonly #settings: LendingSettings;
  readonly #returns: Returns<C>;
  readonly #queue: WaitQueue<C, K>;
  #suspended = false;
  #serving = false;

  /** @param changed - called when the number of those who wait has changed. */
  constructor(shelf: Shelf<C, K>, returns: Returns<C>, house: House, settings: LendingSettings, changed: () => void) {
    this.#shelf = shelf;
    this.#returns = returns;
    this.#house = house;
    this.#settings = settings;
    this.#queue = new WaitQueue({
      changed: () => {
        this.#shelf.index.onRoom = this.#queue.size > 0 ? this.#roomMade : undefined;
        changed();
      },
      unserved: () => this.serveSoon(),
      refusal: () => this.#house.refusal(),
    });
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get suspended(): boolean {
    return this.#suspended;
  }

  /** At once or not at all. Nobody passes those who wait. */
  tryBorrow(key: K): Borrowing<C> | undefined {
    if (this.#suspended || this.#queue.size > 0) return undefined;
    const cell = this.#shelf.pick(key);
    return cell && new Borrowing(cell, this);
  }

  /** Answers at once where it can, and in turn otherwise. The function returned gives up. */
  borrow(key: K, waitTimeout: number, borrower: Borrower<C>): () => void {
    let refusal: unknown;
    try {
      const borrowing = this.tryBorrow(key);
      if (borrowing) {
        borrower.granted(borrowing);
        return nothing;
      }
      refusal = this.#refusal();
    } catch (error) {
      refusal = error;
    }
    if (refusal !== undefined) {
      borrower.refused(refusal);
      return nothing;
    }
    const late = (): Error => this.#house.waitedTooLong(waitTimeout);
    return this.#queue.enter(key, { timeout: waitTimeout, scheduler: this.#settings.scheduler, late }, borrower);
  }

  accept(cell: Cell<C>): void {
    this.#returns.accept(cell);
    this.serveSoon();
  }

  /** Has everybody wait until `resume`. */
  suspend(): void {
    this.#suspended = true;
  }

  resume(): void {
    this.#suspended = false;
    this.serveSoon();
  }

  /**
   * Something other than room has changed: a strategy that refused for reasons of its own may not do so any more.
   */
  serveSoon(): void {
    if (this.#queue.size > 0) this.#roomMade();
  }

  /** Refuses those who wait, where they have nothing to wait for any more. */
  review(): void {
    if (this.#queue.size === 0) return;
    if (this.#house.refusal()) this.#queue.refuseAll(() => this.#house.refusal());
    else this.serveSoon();
  }

  #refusal(): Error | undefined {
    return (
      this.#house.refusal() ?? (this.#queue.size >= this.#settings.maxWaiting ? this.#house.queueFull() : undefined)
    );
  }

  /** Once a turn, when whoever made the room has told everybody of it. */
  readonly #roomMade = (): void => {
    if (this.#serving) return;
    this.#serving = true;
    void turn.then(this.#serve);
  };

  readonly #serve = (): void => {
    this.#serving = false;
    this.#queue.serve((key) => {
      const cell = this.#suspended ? undefined : this.#shelf.pick(key);
      return cell && new Borrowing(cell, this);
    });
  };
}
