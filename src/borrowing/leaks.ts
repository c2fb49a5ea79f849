import type { SchedulerLike } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';

/** A lease held for longer than it should be. */
export interface Leak<C> {
  readonly connection: C;
  readonly milliseconds: number;
  /** The stack at which it was asked for. */
  readonly takenAt: string;
}

/** Suspects leases that are held for long. Costs nothing while there is no threshold. */
export class LeakDetector<C extends Connection> {
  readonly #settings: { readonly leakThreshold: number; readonly scheduler: SchedulerLike };
  readonly #suspect: (leak: Leak<C>) => void;

  constructor(
    settings: { readonly leakThreshold: number; readonly scheduler: SchedulerLike },
    suspect: (leak: Leak<C>) => void,
  ) {
    this.#settings = settings;
    this.#suspect = suspect;
  }

  /** Where the caller stands, if anybody will want to know. */
  trace(): string | undefined {
    if (this.#settings.leakThreshold === Number.POSITIVE_INFINITY) return undefined;
    return new Error('Here a lease was taken').stack ?? '';
  }

  /** Suspects a lease unless its connection is closed, or the function returned is called, before. */
  watch(cell: Cell<C>, takenAt: string | undefined): (() => void) | undefined {
    if (takenAt === undefined) return undefined;
    const { connection } = cell;
    const { leakThreshold: milliseconds, scheduler } = this.#settings;
    const unwatch = cell.watch({ onRetired: () => stop() });
    const timer = scheduler.schedule(() => {
      unwatch();
      this.#suspect({ connection, milliseconds, takenAt });
    }, milliseconds);
    const stop = (): void => {
      unwatch();
      timer.unsubscribe();
    };
    return stop;
  }
}
