import type { SchedulerLike, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { type ConnectionRecord, type RecordListener, UNKNOWN_LOAD } from '../connection/record.js';

/** The limits of one connection. */
export interface LifetimeLimits {
  /** Milliseconds in the source. */
  readonly lifetime: number | undefined;
  /** How often the load rises by one. */
  readonly uses: number | undefined;
}

/** Calls `expired` once, when a connection has reached the first of its limits. */
export class LifetimeTimer implements RecordListener {
  #record: ConnectionRecord | undefined;
  #unwatch: (() => void) | undefined;
  #timer: Subscription | undefined;
  #usesLeft: number;

  constructor(
    connection: Connection,
    { lifetime, uses }: LifetimeLimits,
    scheduler: SchedulerLike,
    readonly expired: () => void,
  ) {
    this.#usesLeft = uses ?? Number.POSITIVE_INFINITY;
    if (lifetime !== undefined) {
      this.#timer = scheduler.schedule(() => this.#expire(), Math.min(lifetime, MAX_TIMER_DELAY));
    }
    if (uses !== undefined) {
      this.#record = retainRecord(connection);
      this.#unwatch = this.#record.listen(this);
    }
  }

  /** Each rise of the load by one is a use. */
  onLoad(from: number, to: number): void {
    if (to < from || to === UNKNOWN_LOAD) return;
    this.#usesLeft -= to - from;
    if (this.#usesLeft <= 0) this.#expire();
  }

  cancel(): void {
    this.#timer?.unsubscribe();
    this.#unwatch?.();
    if (this.#record) releaseRecord(this.#record.connection);
    this.#record = undefined;
  }

  #expire(): void {
    this.cancel();
    this.expired();
  }
}
