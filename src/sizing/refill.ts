import type { OperatorFunction } from 'rxjs';
import type { Health } from '../health/health.js';
import { adding } from './adder.js';
import type { AdditionEvent, AdditionOptions } from './addition.js';

const missing = ({ status, poolSize, total }: Health): number => (status === 'closed' ? 0 : poolSize - total);

/**
 * Keeps a pool at its size: whenever it is not closed and has fewer members than `poolSize`, calls `add` with how
 * many are missing, in a turn of `scheduler` of its own. `add` may return a promise. Where it throws, rejects or
 * adds nobody, and where connections break, the next addition waits for the backoff.
 *
 * A pool that has not been set up yet has members missing as well: it is opened by being filled.
 *
 * Emits what was added, and each failure of `add`. Cold; unsubscribing stops it. Completes and errors with its
 * source, and errors when `backoff` throws or returns no number of milliseconds.
 *
 * ```text
 * missing:      0--2------0-----
 * add:             2
 * refill(add):  ----------a-----   (a: two were added)
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
