import { asyncScheduler, Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { checkAtLeast, checkBag, checkFunction, checkLimit, checkScheduler } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { outOfRange, wrongType } from '../errors.js';
import { carryOut } from './command.js';
import { follow, type Guests } from './follow.js';
import { type Allowance, Stay } from './stay.js';

/** When a connection has done its part; at least one of the two limits has to be given. */
export interface RecycleOptions {
  /** Milliseconds after which a connection is due. @default no limit */
  readonly maxLifetime?: number | undefined;
  /** How often a connection is used before it is due; a use is a rise of its load by one. @default no limit */
  readonly maxUses?: number | undefined;
  /**
   * The share, from 0 to 1, by which chance may lower the limits of each connection, so that those which came
   * together do not go together. @default 0.1
   */
  readonly jitter?: number | undefined;
  /** A number in [0, 1) that spreads the limits. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Those in the source; who falls due is handed over, in a turn of its own, with all others who are due by then. */
class Recycling<C extends Connection> implements Guests<C> {
  readonly #stays = new Map<C, Stay<C>>();
  #due: Stay<C>[] = [];
  #turn: Subscription | undefined;

  constructor(
    readonly replace: (due: readonly C[]) => void,
    readonly allowance: () => Allowance,
    readonly scheduler: SchedulerLike,
  ) {}

  enter(connections: readonly C[]): void {
    for (const connection of connections) {
      this.#stays.set(connection, new Stay(connection, this.allowance(), this.scheduler, this.#fallDue));
    }
  }

  leave(connections: readonly C[]): void {
    for (const connection of connections) {
      this.#stays.get(connection)?.end();
      this.#stays.delete(connection);
    }
  }

  clear(): void {
    for (const stay of this.#stays.values()) stay.end();
    this.#stays.clear();
    this.#turn?.unsubscribe();
  }

  readonly #fallDue = (stay: Stay<C>): void => {
    this.#due.push(stay);
    // Not from within a request, which may be what has used it up.
    if (this.#due.length === 1) this.#turn = this.scheduler.schedule(() => this.#handOver());
  };

  #handOver(): void {
    const due = this.#due.filter((stay) => this.#stays.get(stay.connection) === stay);
    this.#due = [];
    if (due.length > 0) this.replace(due.map(({ connection }) => connection));
  }
}

/**
 * Has connections replaced that have grown old or have been used up, by calling `replace` with them, once for each
 * stay in the source. A stay begins when a connection comes in, so one that is dialled anew begins anew. Its limits
 * are those given, lowered by up to `jitter`. `replace` is called in a turn of `scheduler` of its own, with all who
 * are due by then, whatever they carry.
 *
 * Emits the same array once `replace` has returned, and its promise, if it returned one, has resolved. Cold;
 * unsubscribing stops the clocks. Completes and errors with its source, and errors when `replace` throws or rejects,
 * or `random` throws.
 *
 * ```text
 * source:                              --[a]-------[a,b]---------[b]-------
 * recycle(replace, { maxLifetime: 12,
 *                    jitter: 0 }):     --------------[a]-------------[b]---
 * ```
 *
 * @param replace - takes connections out, lets them finish, and sees to their successors.
 * @throws TypeError, RangeError for arguments that cannot be, and where neither limit is given.
 * @example
 * ```ts
 * const takeOut = recycle((due) => pool.removeConnections(due), { maxLifetime: 30 * 60_000 });
 * pool.connected$.pipe(takeOut).subscribe();
 * pool.health$.pipe(refill((count) => pool.extendPoolBySize(count))).subscribe();
 * ```
 */
export function recycle<C extends Connection>(
  replace: (due: readonly C[]) => unknown,
  options: RecycleOptions,
): (source: Observable<readonly C[]>) => Observable<readonly C[]> {
  checkFunction('replace', replace);
  checkBag('options', options);
  // biome-ignore lint/nursery/noJsRestrictedProperties: the default of an argument.
  const { maxLifetime, maxUses, jitter = 0.1, random = Math.random, scheduler = asyncScheduler } = options;
  if (maxLifetime === undefined && maxUses === undefined) {
    throw wrongType('options', 'an object with maxLifetime or maxUses', options);
  }
  if (maxLifetime !== undefined) checkAtLeast('options.maxLifetime', maxLifetime, 1);
  if (maxUses !== undefined) checkLimit('options.maxUses', maxUses);
  checkAtLeast('options.jitter', jitter, 0);
  if (jitter > 1) throw outOfRange('options.jitter', 'at most 1', jitter);
  checkFunction('options.random', random);
  checkScheduler('options.scheduler', scheduler);
  const allowance = (): Allowance => {
    const share = 1 - jitter * random();
    return {
      lifetime: maxLifetime === undefined ? undefined : maxLifetime * share,
      uses: maxUses === undefined ? undefined : Math.ceil(maxUses * share),
    };
  };
  return (source) =>
    new Observable((subscriber) => {
      const replaceAndTell = (due: readonly C[]): void => carryOut(replace, due, subscriber);
      return follow(source, new Recycling<C>(replaceAndTell, allowance, scheduler)).subscribe(subscriber);
    });
}
