import { asyncScheduler, Observable, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import {
  atLeast,
  checkEach,
  checkFunction,
  checkLimit,
  checkRatio,
  checkScheduler,
  MAX_TIMER_DELAY,
} from '../checks.js';
import type { Connection, ConnectionState } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { type ConnectionRecord, type RecordListener, UNKNOWN_LOAD } from '../connection/record.js';
import { platformRandom } from '../defaults.js';
import { wrongType } from '../errors.js';
import type { Backoff } from '../healing/backoff.js';
import { exponentialBackoff } from '../healing/exponential-backoff.js';
import { ListCommand } from '../healing/list-command.js';
import { forEachMember } from '../streams/for-each-member.js';
import type { CommandFailure } from '../streams/run-command.js';

/** Options of {@link recycle}. At least one of `maxLifetime` and `maxUses` is required. */
export interface RecycleOptions {
  /** Milliseconds after which a connection is replaced, from when it entered the source. @default no limit */
  readonly maxLifetime?: number | undefined;
  /** Uses after which a connection is replaced; each rise of its load by one is a use. @default no limit */
  readonly maxUses?: number | undefined;
  /**
   * Ratio, from 0 to 1, by which each connection's limits are lowered at most. The amount is random, so that
   * connections that entered together are replaced at different times. @default 0.1
   */
  readonly spread?: number | undefined;
  /** Returns a number in [0, 1) that spreads the limits. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** The wait before `replace` is called again after it failed. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /** The clock of `maxLifetime`, and the scheduler that runs each replacement. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The limits of one connection. */
interface LifetimeLimits {
  /** Milliseconds in the source. */
  readonly lifetime: number | undefined;
  /** How often the load rises by one. */
  readonly uses: number | undefined;
}

/**
 * One presence of a connection in the source. It goes on while the pool keeps a connected connection out of service.
 */
class Lifetime<C extends Connection> implements RecordListener {
  readonly connection: C;
  readonly #recycler: Recycler<C>;
  readonly #record: ConnectionRecord<C>;
  readonly #unwatch: () => void;
  readonly #timer: Subscription | undefined;
  #usesLeft: number;
  #isPresent = true;
  #hasExpired = false;
  #hasEnded = false;

  constructor(connection: C, { lifetime, uses }: LifetimeLimits, scheduler: SchedulerLike, recycler: Recycler<C>) {
    this.connection = connection;
    this.#recycler = recycler;
    this.#usesLeft = uses ?? Number.POSITIVE_INFINITY;
    this.#record = retainRecord(connection);
    this.#unwatch = this.#record.listen(this);
    if (lifetime !== undefined) {
      this.#timer = scheduler.schedule(() => this.#expire(), Math.min(lifetime, MAX_TIMER_DELAY));
    }
  }

  /** The connection has entered the source again. */
  enter(): void {
    this.#isPresent = true;
  }

  /** The connection has left the source. If it was ejected, its presence goes on when it comes back. */
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
    this.#recycler.ended(this);
  }

  /** Counts each rise of the load by one as a use. */
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
    this.#recycler.expired(this);
  }
}

/**
 * Collects connections that have reached a limit, and calls `replace` with all of them in one task of the scheduler.
 */
class Recycler<C extends Connection> {
  readonly #lifetimes = new Map<C, Lifetime<C>>();
  readonly #due = new Set<Lifetime<C>>();
  readonly #command: ListCommand<C>;
  readonly #limitsOf: () => LifetimeLimits;
  readonly #scheduler: SchedulerLike;
  #timer: Subscription | undefined;

  constructor(
    replace: (due: readonly C[]) => unknown,
    subscriber: Subscriber<readonly C[] | CommandFailure>,
    limitsOf: () => LifetimeLimits,
    options: { readonly backoff: Backoff; readonly scheduler: SchedulerLike },
  ) {
    this.#command = new ListCommand(replace, subscriber, options, () => this.#flush());
    this.#limitsOf = limitsOf;
    this.#scheduler = options.scheduler;
  }

  add(connection: C, presence: Subscription): void {
    let lifetime = this.#lifetimes.get(connection);
    if (!lifetime) {
      lifetime = new Lifetime(connection, this.#limitsOf(), this.#scheduler, this);
      this.#lifetimes.set(connection, lifetime);
    }
    lifetime.enter();
    presence.add(() => lifetime.leave());
  }

  /**
   * A connection has reached a limit. Runs in a task of its own: a request that is being sent may have been the last
   * use.
   */
  expired(lifetime: Lifetime<C>): void {
    this.#due.add(lifetime);
    if (this.#due.size === 1) this.#timer = this.#scheduler.schedule(() => this.#flush());
  }

  ended(lifetime: Lifetime<C>): void {
    this.#lifetimes.delete(lifetime.connection);
    this.#due.delete(lifetime);
  }

  clear(): void {
    this.#timer?.unsubscribe();
    this.#command.cancel();
    for (const lifetime of this.#lifetimes.values()) lifetime.end();
  }

  #flush(): void {
    if (this.#due.size === 0 || this.#command.isBackingOff) return;
    const due = [...this.#due];
    this.#due.clear();
    this.#command.run(
      due.map(({ connection }) => connection),
      (ok) => {
        if (!ok) for (const lifetime of due) if (this.#isCurrent(lifetime)) this.#due.add(lifetime);
      },
    );
  }

  #isCurrent(lifetime: Lifetime<C>): boolean {
    return this.#lifetimes.get(lifetime.connection) === lifetime;
  }
}

/**
 * Calls `replace` with the connections that have reached `maxLifetime` or `maxUses`, each lowered by up to `spread`.
 * Both limits count from when the connection enters the source: a connection that was lost and redialled starts anew,
 * and an ejected one goes on.
 *
 * `replace` runs in a task of `scheduler`, with all connections that have expired by then, busy ones included. If it
 * fails, it is called again after the backoff, with those still in the source and those that have expired meanwhile.
 *
 * Emits the same array once `replace` has returned and its promise, if any, has resolved; or a {@link CommandFailure}
 * if it failed. Cold. Completes and errors with its source, and errors when `random` or `backoff` throws. Unsubscribing
 * cancels the timers.
 *
 * ```text
 * source:                              --[a]-------[a,b]-------[b]---
 * recycle(replace, { maxLifetime: 12,
 *                spread: 0 }):     --------------[a]-------[b]---
 * ```
 *
 * @param replace - removes the connections when their requests have ended, and adds others; may return a promise.
 * @throws TypeError, RangeError for invalid arguments, and if both limits are missing.
 * @example
 * ```ts
 * pool.connected$.pipe(recycle((due) => pool.removeConnections(due), { maxLifetime: 30 * 60_000 })).subscribe();
 * pool.health$.pipe(refill((count) => pool.extendPoolBySize(count))).subscribe();
 * ```
 */
export function recycle<C extends Connection>(
  replace: (due: readonly C[]) => unknown,
  options: RecycleOptions,
): (source: Observable<readonly C[]>) => Observable<readonly C[] | CommandFailure> {
  checkFunction('replace', replace);
  checkEach('options', options, {
    maxLifetime: atLeast(1),
    maxUses: checkLimit,
    spread: checkRatio,
    random: checkFunction,
    backoff: checkFunction,
    scheduler: checkScheduler,
  });
  const { maxLifetime, maxUses, spread = 0.1, random = platformRandom } = options;
  const { backoff = exponentialBackoff(), scheduler = asyncScheduler } = options;
  if (maxLifetime === undefined && maxUses === undefined) {
    throw wrongType('options', 'an object with maxLifetime or maxUses', options);
  }
  const limitsOf = (): LifetimeLimits => {
    const share = 1 - spread * random();
    return {
      lifetime: maxLifetime === undefined ? undefined : maxLifetime * share,
      uses: maxUses === undefined ? undefined : Math.ceil(maxUses * share),
    };
  };
  return (source) =>
    new Observable((subscriber) => {
      const recycler = new Recycler<C>(replace, subscriber, limitsOf, { backoff, scheduler });
      forEachMember(source, subscriber, (connection, presence) => recycler.add(connection, presence));
      // Added last: the presences of connections that are out of service end here.
      subscriber.add(() => recycler.clear());
    });
}
