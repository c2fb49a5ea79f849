import type { SchedulerLike, Subscription } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
import { type Cell, type CellWatcher, UNKNOWN_LOAD } from '../connection/cell.js';
import { acquireCell, releaseCell } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';

/** How long a connection lasts: in milliseconds, in uses, or either. */
export interface Allowance {
  readonly lifetime: number | undefined;
  readonly uses: number | undefined;
}

/** Lasts until a connection has lived for its time or been used so often, whichever comes first; `due` hears of it once. */
export class Lifespan implements CellWatcher {
  #cell: Cell | undefined;
  #unwatch: (() => void) | undefined;
  #timer: Subscription | undefined;
  #usesLeft: number;

  constructor(
    connection: Connection,
    { lifetime, uses }: Allowance,
    scheduler: SchedulerLike,
    readonly due: () => void,
  ) {
    this.#usesLeft = uses ?? Number.POSITIVE_INFINITY;
    if (lifetime !== undefined) {
      this.#timer = scheduler.schedule(() => this.#fallDue(), Math.min(lifetime, LONGEST_WAIT));
    }
    if (uses !== undefined) {
      this.#cell = acquireCell(connection);
      this.#unwatch = this.#cell.watch(this);
    }
  }

  /** Each rise of the load by one is a use. */
  onLoad(from: number, to: number): void {
    if (to < from || to === UNKNOWN_LOAD) return;
    this.#usesLeft -= to - from;
    if (this.#usesLeft <= 0) this.#fallDue();
  }

  end(): void {
    this.#timer?.unsubscribe();
    this.#unwatch?.();
    if (this.#cell) releaseCell(this.#cell.connection);
    this.#cell = undefined;
  }

  #fallDue(): void {
    this.end();
    this.due();
  }
}
