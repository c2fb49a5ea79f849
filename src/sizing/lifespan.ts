import type { SchedulerLike, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { type ConnectionRecord, type RecordListener, UNKNOWN_LOAD } from '../connection/record.js';

/** How long a connection lasts: in milliseconds, in uses, or either. */
export interface Allowance {
  readonly lifetime: number | undefined;
  readonly uses: number | undefined;
}

/** Lasts until a connection has lived for its time or been used so often, whichever comes first; `due` hears of it once. */
export class Lifespan implements RecordListener {
  #record: ConnectionRecord | undefined;
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
      this.#timer = scheduler.schedule(() => this.#fallDue(), Math.min(lifetime, MAX_TIMER_DELAY));
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
    if (this.#usesLeft <= 0) this.#fallDue();
  }

  end(): void {
    this.#timer?.unsubscribe();
    this.#unwatch?.();
    if (this.#record) releaseRecord(this.#record.connection);
    this.#record = undefined;
  }

  #fallDue(): void {
    this.end();
    this.due();
  }
}
