import type { OperatorFunction } from 'rxjs';
import type { Health } from '../health/health.js';
import type { AdditionEvent, AdditionOptions } from './addition.js';
import { growBy } from './size-controller.js';

const deficit = ({ status, poolSize, total }: Health): number => (status === 'closed' ? 0 : poolSize - total);

/**
 * Keeps a pool at its size: while the pool is not closed and has fewer members than `poolSize`, it calls `add` with the
 * number of missing members, in a task of `scheduler`. `add` may return a promise. After `add` threw, rejected or added
 * no member, and after a connection broke, the next call waits for the backoff.
 *
 * A pool that has not been set up has missing members as well: it is filled, and so opened.
 *
 * Emits each addition, and each failure of `add`. Cold; unsubscribing stops it. Completes and errors with its
 * source, and errors when `backoff` throws or returns no number of milliseconds.
 *
 * ```text
 * missing:      0--2------0-----
 * add:             2
 * refill(add):  ----------a-----   (a: two were added)
 * ```
 *
 * @param add - adds `count` connections, and may return a promise.
 * @throws TypeError for arguments of another type.
 * @example
 * ```ts
 * pool.health$.pipe(refill((count) => pool.extendPoolBySize(count))).subscribe();
 * ```
 */
export function refill(
  add: (count: number) => unknown,
  options: AdditionOptions = {},
): OperatorFunction<Health, AdditionEvent> {
  return growBy(add, options, () => deficit);
}
