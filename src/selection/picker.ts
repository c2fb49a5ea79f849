import type { OperatorFunction } from 'rxjs';

/**
 * Chooses among the connections of the latest array of its source. It stays current. Once the subscription to its
 * strategy has ended, it has no connections.
 * @example
 * ```ts
 * pool.connected$.pipe(leastLoaded()).subscribe((picker) => picker.pick()?.send('PING'));
 * ```
 */
export interface Picker<C, K = void> {
  /**
   * The connection to use now. Moves the cursor, so that equal connections take turns. `accepts` may refuse a
   * connection.
   */
  pick(key: K, accepts?: (connection: C) => boolean): C | undefined;
  /** The connection that `pick` would choose with the same arguments; changes no state. */
  peek(key: K, accepts?: (connection: C) => boolean): C | undefined;
  /** How many connections the picker chooses from. */
  readonly size: number;
}

/**
 * A selection strategy: an operator that emits a picker, synchronously, for each array of connections. `K` is the type
 * of the key that a choice may depend on.
 */
export type Strategy<C, K = void> = OperatorFunction<readonly C[], Picker<C, K>>;
