import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { checkAtLeast, checkFunction, checkLimit, checkOptions, checkRatio } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { resolveRandom, resolveScheduler } from '../defaults.js';
import { wrongType } from '../errors.js';
import { forEachMember } from '../streams/for-each-member.js';
import { runAndEmit } from '../streams/run-command.js';
import { type Allowance, Lifespan } from './lifespan.js';

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

/** A connection whose time has come, and the stay in the source that it was about. */
interface Due<C> {
  readonly connection: C;
  readonly stay: Subscription;
}

/** Hands over who falls due, in a turn of its own, with all others who are due by then. */
class Recycling<C extends Connection> {
  #due: Due<C>[] = [];
  #turn: Subscription | undefined;

  constructor(
    readonly replace: (due: readonly C[]) => void,
    readonly allowance: () => Allowance,
    readonly scheduler: SchedulerLike,
  ) {}

  follow(connection: C, stay: Subscription): void {
    const fallDue = (): void => this.#fallDue({ connection, stay });
    const lifespan = new Lifespan(connection, this.allowance(), this.scheduler, fallDue);
    stay.add(() => lifespan.end());
  }

  clear(): void {
    this.#turn?.unsubscribe();
  }

  #fallDue(due: Due<C>): void {
    this.#due.push(due);
    // Not from within a request, which may be what has used it up.
    if (this.#due.length === 1) this.#turn = this.scheduler.schedule(() => this.#handOver());
  }

  #handOver(): void {
    const due = this.#due.filter(({ stay }) => !stay.closed);
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
 * source:                              --[a]-------[a,b]-------[b]---
 * recycle(replace, { maxLifetime: 12,
 *                    jitter: 0 }):     --------------[a]-------[b]---
 * ```
 *
 * @param replace - takes connections out, lets them finish, and sees to their successors.
 * @throws TypeError, RangeError for arguments that cannot be, and where neither limit is given.
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
  const allowance = (): Allowance => {
    const share = 1 - jitter * random();
    return {
      lifetime: maxLifetime === undefined ? undefined : maxLifetime * share,
      uses: maxUses === undefined ? undefined : Math.ceil(maxUses * share),
    };
  };
  return (source) =>
    new Observable((subscriber) => {
      const replaceAndTell = (due: readonly C[]): void => runAndEmit(replace, due, subscriber);
      const recycling = new Recycling<C>(replaceAndTell, allowance, scheduler);
      subscriber.add(() => recycling.clear());
      forEachMember(source, subscriber, (connection, stay) => recycling.follow(connection, stay));
    });
}
