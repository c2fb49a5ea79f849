import { checkEach, checkFunction } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { platformRandom } from '../defaults.js';
import { strategyFrom } from './balancer.js';
import { RankedNode } from './node.js';
import type { Strategy } from './picker.js';
import { type CostNode, TwoChoices } from './two-choices.js';

/** Options of {@link powerOfTwoChoices}. */
export interface PowerOfTwoChoicesOptions {
  /** Returns a number in [0, 1) that draws the candidates. @default Math.random */
  readonly random?: (() => number) | undefined;
}

class LoadCostNode<C extends Connection> extends RankedNode<C> implements CostNode<C> {
  get cost(): number {
    return this.load;
  }
}

/**
 * Draws two connections at random and picks the one with the smaller load, in constant time. Loads become nearly as
 * even as with `leastLoaded`, and many clients of the same servers do not all choose the same one.
 *
 * The accepted connection with the least load is picked instead if both are refused, or if the smaller load is more than
 * twice the least of all (plus one), as on a stopped server.
 *
 * Emits one picker that stays current, at once and again for each array. Completes and errors with its source, and
 * errors when `random` throws; after that, and after unsubscription, `pick` returns `undefined`. Random numbers are
 * drawn ahead, so `peek` returns the next `pick` while connections and loads stay the same.
 *
 * ```text
 * source:              --[a]------[a,b,c]------[b]--|
 * powerOfTwoChoices(): --P--------P------------P----|
 * P.pick():              a        b, a, c      b
 * ```
 *
 * @throws RangeError, TypeError for invalid options.
 * @example
 * ```ts
 * const pool = new ConnectionPool(1_000, factory, { select: powerOfTwoChoices() });
 * ```
 */
export function powerOfTwoChoices<C extends Connection, K = void>(
  options: PowerOfTwoChoicesOptions = {},
): Strategy<C, K> {
  checkEach('options', options, { random: checkFunction });
  const { random = platformRandom } = options;
  return strategyFrom(
    () => new TwoChoices<C, K, LoadCostNode<C>>(random, (connection, index) => new LoadCostNode(connection, index)),
  );
}
