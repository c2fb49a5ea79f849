import type { SchedulerLike } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import type { Checkout } from './checkout.js';

/** A lease that has been held for too long. */
export interface Leak<C> {
  readonly connection: C;
  readonly duration: number;
  /** The stack of the call that acquired it. */
  readonly acquiredAt: string;
}

/** Reports leases that are held for long. Costs nothing without a threshold. */
export class LeakDetector<C extends Connection> {
  readonly #options: { readonly leakThreshold: number; readonly scheduler: SchedulerLike };
  readonly #suspect: (leak: Leak<C>) => void;

  constructor(
    options: { readonly leakThreshold: number; readonly scheduler: SchedulerLike },
    suspect: (leak: Leak<C>) => void,
  ) {
    this.#options = options;
    this.#suspect = suspect;
  }

  /** The stack of the caller, if leases are watched. */
  trace(): string | undefined {
    return this.#isWatching ? (new Error('A lease was acquired here').stack ?? '') : undefined;
  }

  /** Reports a lease unless the returned function is called or the pool closes the connection in time. */
  watch({ member }: Checkout<C>, acquiredAt: string | undefined): (() => void) | undefined {
    if (acquiredAt === undefined || !this.#isWatching) return undefined;
    const { connection, record } = member;
    const { leakThreshold: duration, scheduler } = this.#options;
    const stopListening = record.listen({ onRetired: () => stop() });
    const timer = scheduler.schedule(() => {
      stopListening();
      this.#suspect({ connection, duration, acquiredAt });
    }, duration);
    const stop = (): void => {
      stopListening();
      timer.unsubscribe();
    };
    return stop;
  }

  /** A threshold longer than the longest timer counts as none. */
  get #isWatching(): boolean {
    return this.#options.leakThreshold <= MAX_TIMER_DELAY;
  }
}
