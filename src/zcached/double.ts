import { wrongType } from '../errors.js';

/**
 * A number to be stored as a double, even if it is whole; a plain `1` is sent as the integer 1. Accepts every number,
 * including -0, the infinities and NaN; throws a `TypeError` for anything else. In replies, integers and doubles are
 * both plain numbers.
 * @example
 * ```ts
 * await connection.send('SET', 'ratio', new ZcachedDouble(1));
 * ```
 */
export class ZcachedDouble {
  constructor(
    /** The number. */
    readonly value: number,
  ) {
    if (typeof value !== 'number') throw wrongType('value', 'a number', value);
  }
}
