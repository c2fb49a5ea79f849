import type { OperatorFunction } from 'rxjs';
import type { Health } from '../health/health.js';
import { type AdditionEvent, type AdditionOptions, adding } from './adder.js';

const missing = ({ status, poolSize, total }: Health): number => (status === 'closed' ? 0 : poolSize - total);

/**
 * Keeps a pool at its size: whenever it is not closed and has fewer members than `poolSize`, calls `add` with how
 * many are missing. `add` may return a promise; where it throws, rejects or adds nobody, and where connections
 * break, the next addition waits for the backoff. One addition at a time, each in a turn of `scheduler` of its own.
 *
 * Emits what was added, and each failure of `add`. Cold; unsubscribing stops it. Completes and errors with its
 * source, and errors when `backoff` throws or returns no number of milliseconds.
 *
 * ```text
 * health$ (total/poolSize): 4/4--2/4----4/4------
 * refill(add):              -------(add 2)a------   (a added)
 * ```
 *
 * @param add - makes so many connections join.
 * @example
 * ```ts
 * pool.health$.pipe(refill((count) => pool.extendPoolBySize(count))).subscribe();
 * ```
 */
export function refill(
  add: (count: number) => unknown,
  options: AdditionOptions = {},
): OperatorFunction<Health, AdditionEvent> {
  return adding(add, options, () => missing);
}
