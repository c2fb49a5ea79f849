import type { SchedulerLike } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import type { Borrowing } from './borrowing.js';

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
    return this.#isWatching ? (new Error('Here a lease was taken').stack ?? '') : undefined;
  }

  /** Suspects a lease unless the function returned is called before, or the pool has closed the connection. */
  watch({ cell }: Borrowing<C>, takenAt: string | undefined): (() => void) | undefined {
    if (takenAt === undefined || !this.#isWatching) return undefined;
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

  /** Whoever waits for longer than timers can waits for ever. */
  get #isWatching(): boolean {
    return this.#settings.leakThreshold <= LONGEST_WAIT;
  }
}
