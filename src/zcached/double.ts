import { wrongType } from '../errors.js';

/**
 * A number that is to be stored as a double, even where it is whole: `1` alone goes as the integer 1. Takes
 * every number, -0, the infinities and NaN included; throws a `TypeError` for anything else. In a reply a double
 * is a plain number, as an integer is.
 *
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
