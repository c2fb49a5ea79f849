import { defer, map, Observable, Subject, startWith } from 'rxjs';
import { atLeast, checkEach, checkFunction } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { recordOf } from '../connection/observe-connection.js';
import { DIFFS, diffsOf, type ListDiff } from '../streams/list-diff.js';
import { leastLoaded } from './least-loaded.js';
import type { Picker, Strategy } from './picker.js';

/** Options of {@link preferred}. */
export interface PreferredOptions<C, K = void> {
  /**
   * How many more requests a preferred connection may carry than the best of the others before that one is picked. With
   * Infinity the others are picked only when no preferred connection can take work. @default 16
   */
  readonly spillOver?: number | undefined;
  /** The strategy that picks within each group. @default leastLoaded() */
  readonly strategy?: Strategy<C, K> | undefined;
}

/** One group of the source's connections, as a source of its own. */
class Part<C extends Connection, K> {
  readonly #connections = new Set<C>();
  readonly #diffs = new Subject<ListDiff<C>>();
  /** The latest picker of the group's strategy. */
  picker: Picker<C, K> | undefined;

  /** @param subscriber - errors with the strategy. */
  subscribe(
    strategy: Strategy<C, K>,
    subscriber: { error(error: unknown): void; add(teardown: () => void): void },
  ): void {
    const arrays = defer(() =>
      this.#diffs.pipe(
        startWith(undefined),
        map(() => Object.freeze([...this.#connections])),
      ),
    );
    const source = Object.assign(arrays, { [DIFFS]: this.#diffs.asObservable() });
    const choosing = strategy(source).subscribe({
      next: (picker) => {
        this.picker = picker;
      },
      error: (error: unknown) => subscriber.error(error),
    });
    subscriber.add(() => choosing.unsubscribe());
  }

  has(connection: C): boolean {
    return this.#connections.has(connection);
  }

  next(diff: ListDiff<C>): void {
    for (const connection of diff.removed) this.#connections.delete(connection);
    for (const connection of diff.added) this.#connections.add(connection);
    this.#diffs.next(diff);
  }

  complete(): void {
    this.#diffs.complete();
  }
}

/**
 * Picks from the preferred group; from the other if the preferred connection carries over `spillOver` more, or if there
 * is none.
 */
class PreferringPicker<C extends Connection, K> implements Picker<C, K> {
  constructor(
    readonly near: Part<C, K>,
    readonly far: Part<C, K>,
    readonly spillOver: number,
  ) {}

  get size(): number {
    return (this.near.picker?.size ?? 0) + (this.far.picker?.size ?? 0);
  }

  pick(key: K, accepts?: (connection: C) => boolean): C | undefined {
    return this.#chosen(key, accepts).part?.picker?.pick(key, accepts);
  }

  peek(key: K, accepts?: (connection: C) => boolean): C | undefined {
    return this.#chosen(key, accepts).connection;
  }

  /** The group to pick from, and the connection that it offers. */
  #chosen(key: K, accepts?: (connection: C) => boolean): { part?: Part<C, K>; connection?: C | undefined } {
    const { near, far } = this;
    const nearest = near.picker?.peek(key, accepts);
    if (nearest !== undefined && this.spillOver === Number.POSITIVE_INFINITY)
      return { part: near, connection: nearest };
    const other = far.picker?.peek(key, accepts);
    if (nearest === undefined) return { part: far, connection: other };
    const isAhead = other !== undefined && recordOf(nearest).load > recordOf(other).load + this.spillOver;
    return isAhead ? { part: far, connection: other } : { part: near, connection: nearest };
  }
}

/**
 * Locality: picks among the preferred connections, for example those of your own zone. The others are picked when the
 * preferred ones are out of service, at their limit, or carry over `spillOver` requests more. Within each group,
 * `strategy` picks.
 *
 * `isPreferred` is called when a connection enters the source. Emits one picker that stays current, at once and again
 * for each array. Completes and errors with its source, and errors when `isPreferred` throws or `strategy` errors.
 *
 * ```text
 * source:                     --[near,far]-----------|
 * preferred(isNear,           --P--------------------|
 *       { spillOver: 1 }):
 * P.pick(), each borrowed:      near, near, far, near
 * ```
 *
 * @throws TypeError, RangeError for invalid arguments.
 * @example
 * ```ts
 * const zone = process.env.ZONE;
 * const select = preferred((replica: Replica) => replica.zone === zone, { spillOver: 8, strategy: peakEwma() });
 * const pool = new ConnectionPool(9, nextReplica, { select });
 * ```
 */
export function preferred<C extends Connection, K = void>(
  isPreferred: (connection: C) => boolean,
  options: PreferredOptions<C, K> = {},
): Strategy<C, K> {
  checkFunction('isPreferred', isPreferred);
  checkEach('options', options, { spillOver: atLeast(0), strategy: checkFunction });
  const { spillOver = 16, strategy = leastLoaded<C, K>() } = options;
  return (source) =>
    new Observable((subscriber) => {
      const near = new Part<C, K>();
      const far = new Part<C, K>();
      near.subscribe(strategy, subscriber);
      far.subscribe(strategy, subscriber);
      const picker = new PreferringPicker(near, far, spillOver);
      const split = (connections: readonly C[], isNear: (connection: C) => boolean): [C[], C[]] => {
        const parts: [C[], C[]] = [[], []];
        for (const connection of connections) parts[isNear(connection) ? 0 : 1].push(connection);
        return parts;
      };
      const follow = ({ added, removed }: ListDiff<C>): void => {
        const [nearAdded, farAdded] = split(added, isPreferred);
        const [nearRemoved, farRemoved] = split(removed, (connection) => near.has(connection));
        near.next({ added: nearAdded, removed: nearRemoved });
        far.next({ added: farAdded, removed: farRemoved });
        subscriber.next(picker);
      };
      subscriber.add(
        diffsOf(source).subscribe({
          next: (diff) => {
            try {
              follow(diff);
            } catch (error) {
              subscriber.error(error);
            }
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            near.complete();
            far.complete();
            subscriber.complete();
          },
        }),
      );
    });
}
