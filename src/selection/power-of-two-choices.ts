import { checkObject } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { resolveRandom } from '../defaults.js';
import { choosingBy } from './chooser.js';
import type { Strategy } from './picker.js';
import { Seat } from './seat.js';
import { type Costly, TwoChoices } from './two-choices.js';

/** Where the draws come from. */
export interface PowerOfTwoChoicesOptions {
  /** A number in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
}

class LoadedSeat<C extends Connection> extends Seat<C> implements Costly<C> {
  position = -1;

  get cost(): number {
    return this.load;
  }
}

/**
 * The less loaded of two connections drawn at random: nearly as even as asking all, in constant time, and many
 * clients of the same servers do not all run to the same one. Where neither of the
 * two is accepted, the least loaded that is.
 *
 * Emits its picker, which stays current, at once and for each array. Completes and errors with its source, and
 * errors with what `random` throws; after that, and after unsubscription, `pick` answers `undefined`. The draw is
 * made ahead: `peek` tells who will be picked while members and loads stay the same.
 *
 * ```text
 * source:              --[a]------[a,b,c]------[b]--|
 * powerOfTwoChoices(): --P--------P------------P----|
 * P.pick():              a        b, a, c      b
 * ```
 *
 * @throws RangeError, TypeError for options that cannot be.
 * @example
 * ```ts
 * const pool = new ConnectionPool(1_000, factory, { select: powerOfTwoChoices() });
 * ```
 */
export function powerOfTwoChoices<C extends Connection, K = void>(
  options: PowerOfTwoChoicesOptions = {},
): Strategy<C, K> {
  checkObject('options', options);
  const random = resolveRandom(options.random);
  return choosingBy(() => new TwoChoices<C, K, LoadedSeat<C>>(random, (connection) => new LoadedSeat(connection)));
}
