import type { OperatorFunction } from 'rxjs';

/**
 * Chooses among the connections of one moment. It stays current: it answers for the latest array its strategy was
 * given, and for nothing once its subscription has ended.
 *
 * @example
 * ```ts
 * pool.connected$.pipe(leastLoaded()).subscribe((picker) => picker.pick()?.send('PING'));
 * ```
 */
export interface Picker<C, K = void> {
  /** The connection to use now; moves the cursor, so that equals take turns. `accepts` may refuse a candidate. */
  pick(key: K, accepts?: (connection: C) => boolean): C | undefined;
  /** The connection that `pick` would choose with the same arguments; moves nothing. */
  peek(key: K, accepts?: (connection: C) => boolean): C | undefined;
  /** How many connections there are to choose from. */
  readonly size: number;
}

/**
 * A way of choosing: an operator that emits a picker, synchronously, for each array of connections.
 * `K` is the type of the key a choice may depend on.
 */
export type Strategy<C, K = void> = OperatorFunction<readonly C[], Picker<C, K>>;
