import type { SchedulerLike, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection, ConnectionState } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { type ConnectionRecord, type RecordListener, UNKNOWN_LOAD } from '../connection/record.js';

/** The limits of one connection. */
export interface LifetimeLimits {
  /** Milliseconds in the source. */
  readonly lifetime: number | undefined;
  /** How often the load rises by one. */
  readonly uses: number | undefined;
}

/** What hears of a lifetime. */
export interface LifetimeOwner<C extends Connection> {
  /** The connection has reached the first of its limits. Called once. */
  expired(lifetime: Lifetime<C>): void;
  /** The presence of the connection in the source is over. Called once. */
  ended(lifetime: Lifetime<C>): void;
}

/** One presence of a connection in the source. Goes on while a pool keeps the connection out of service and connected. */
export class Lifetime<C extends Connection> implements RecordListener {
  readonly connection: C;
  readonly #owner: LifetimeOwner<C>;
  readonly #record: ConnectionRecord<C>;
  readonly #unwatch: () => void;
  readonly #timer: Subscription | undefined;
  #usesLeft: number;
  #isPresent = true;
  #hasExpired = false;
  #hasEnded = false;

  constructor(connection: C, { lifetime, uses }: LifetimeLimits, scheduler: SchedulerLike, owner: LifetimeOwner<C>) {
    this.connection = connection;
    this.#owner = owner;
    this.#usesLeft = uses ?? Number.POSITIVE_INFINITY;
    this.#record = retainRecord(connection);
    this.#unwatch = this.#record.listen(this);
    if (lifetime !== undefined) {
      this.#timer = scheduler.schedule(() => this.#expire(), Math.min(lifetime, MAX_TIMER_DELAY));
    }
  }

  /** The source holds the connection again. */
  enter(): void {
    this.#isPresent = true;
  }

  /** The source does not hold the connection any more. One that is ejected comes back to the same presence. */
  leave(): void {
    this.#isPresent = false;
    const { state, stay } = this.#record;
    if (state !== 'connected' || !stay?.isMember) this.end();
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timer?.unsubscribe();
    this.#unwatch();
    releaseRecord(this.connection);
    this.#owner.ended(this);
  }

  /** Each rise of the load by one is a use. */
  onLoad(from: number, to: number): void {
    if (to < from || to === UNKNOWN_LOAD) return;
    this.#usesLeft -= to - from;
    if (this.#usesLeft <= 0) this.#expire();
  }

  onState(state: ConnectionState): void {
    if (!this.#isPresent && state !== 'connected') this.end();
  }

  #expire(): void {
    if (this.#hasExpired) return;
    this.#hasExpired = true;
    this.#timer?.unsubscribe();
    this.#owner.expired(this);
  }
}
