import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { checkAtLeast, checkFunction, checkLimit, checkOptions, checkRatio } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { resolveRandom, resolveScheduler } from '../defaults.js';
import { wrongType } from '../errors.js';
import { forEachMember } from '../streams/for-each-member.js';
import { runAndEmit } from '../streams/run-command.js';
import { type LifetimeLimits, LifetimeTimer } from './lifetime.js';

/** Options of {@link recycle}. At least one of `maxLifetime` and `maxUses` is required. */
export interface RecycleOptions {
  /** Milliseconds in the source after which a connection is replaced. @default no limit */
  readonly maxLifetime?: number | undefined;
  /** Uses after which a connection is replaced; a use is a rise of its load by one. @default no limit */
  readonly maxUses?: number | undefined;
  /**
   * Ratio, from 0 to 1, by which the limits of each connection are lowered at most, at random, so that connections
   * that entered together are not replaced together. @default 0.1
   */
  readonly jitter?: number | undefined;
  /** Returns a number in [0, 1) that spreads the limits. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** The clock of `maxLifetime`, and the scheduler that runs each replacement. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A connection that has reached a limit, with its stay in the source: once that ends, it needs no replacement. */
interface Expired<C> {
  readonly connection: C;
  readonly stay: Subscription;
}

/** Collects expired connections, and calls `replace` with all of them in one task of the scheduler. */
class Recycler<C extends Connection> {
  #expired: Expired<C>[] = [];
  #timer: Subscription | undefined;

  constructor(
    readonly replace: (due: readonly C[]) => void,
    readonly limitsOf: () => LifetimeLimits,
    readonly scheduler: SchedulerLike,
  ) {}

  add(connection: C, stay: Subscription): void {
    const expire = (): void => this.#add({ connection, stay });
    const timer = new LifetimeTimer(connection, this.limitsOf(), this.scheduler, expire);
    stay.add(() => timer.cancel());
  }

  clear(): void {
    this.#timer?.unsubscribe();
  }

  #add(entry: Expired<C>): void {
    this.#expired.push(entry);
    // In a task of its own, because a request that is being sent may have been the last use.
    if (this.#expired.length === 1) this.#timer = this.scheduler.schedule(() => this.#flush());
  }

  #flush(): void {
    const due = this.#expired.filter(({ stay }) => !stay.closed);
    this.#expired = [];
    if (due.length > 0) this.replace(due.map(({ connection }) => connection));
  }
}

/**
 * Calls `replace` with the connections that have reached `maxLifetime` or `maxUses`, each lowered by up to `jitter`. The
 * limits count from when a connection enters the source, so a connection that was lost and dialled again starts anew.
 * `replace` runs in a task of `scheduler`, with all connections that have expired by then, busy ones included.
 *
 * Emits the same array once `replace` has returned and its promise, if any, has resolved. Cold. Completes and errors
 * with its source, and errors when `replace` throws or rejects, or `random` throws. Unsubscribing cancels the timers.
 *
 * ```text
 * source:                              --[a]-------[a,b]-------[b]---
 * recycle(replace, { maxLifetime: 12,
 *                    jitter: 0 }):     --------------[a]-------[b]---
 * ```
 *
 * @param replace - removes the connections when their requests have ended, and adds others; may return a promise.
 * @throws TypeError, RangeError for arguments out of range, and where neither limit is given.
 * @example
 * ```ts
 * pool.connected$.pipe(recycle((due) => pool.removeConnections(due), { maxLifetime: 30 * 60_000 })).subscribe();
 * pool.health$.pipe(refill((count) => pool.extendPoolBySize(count))).subscribe();
 * ```
 */
export function recycle<C extends Connection>(
  replace: (due: readonly C[]) => unknown,
  options: RecycleOptions,
): (source: Observable<readonly C[]>) => Observable<readonly C[]> {
  checkFunction('replace', replace);
  checkOptions('options', options, ['maxLifetime', 'maxUses', 'jitter', 'random', 'scheduler']);
  const { maxLifetime, maxUses, jitter = 0.1 } = options;
  if (maxLifetime === undefined && maxUses === undefined) {
    throw wrongType('options', 'an object with maxLifetime or maxUses', options);
  }
  if (maxLifetime !== undefined) checkAtLeast('options.maxLifetime', maxLifetime, 1);
  if (maxUses !== undefined) checkLimit('options.maxUses', maxUses);
  checkRatio('options.jitter', jitter);
  const random = resolveRandom(options.random);
  const scheduler = resolveScheduler(options.scheduler);
  const limitsOf = (): LifetimeLimits => {
    const share = 1 - jitter * random();
    return {
      lifetime: maxLifetime === undefined ? undefined : maxLifetime * share,
      uses: maxUses === undefined ? undefined : Math.ceil(maxUses * share),
    };
  };
  return (source) =>
    new Observable((subscriber) => {
      const replaceAndEmit = (due: readonly C[]): void => runAndEmit(replace, due, subscriber);
      const recycler = new Recycler<C>(replaceAndEmit, limitsOf, scheduler);
      subscriber.add(() => recycler.clear());
      forEachMember(source, subscriber, (connection, stay) => recycler.add(connection, stay));
    });
}
