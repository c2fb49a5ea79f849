import type { OperatorFunction } from 'rxjs';
import type { Health } from '../health/health.js';
import type { AdditionEvent, AdditionOptions } from './addition.js';
import { type Demand, growBy } from './size-controller.js';

const DEMAND: Demand = {
  missing: ({ status, poolSize, total }) => {
    // A `starting` pool without members waits for its endpoints, and is filled after that.
    const isNoTime = status === 'closed' || (status === 'starting' && total === 0);
    return isNoTime ? 0 : poolSize - total;
  },
  probes: false,
};

/**
 * Keeps a pool at its size. While the pool has fewer members than `poolSize` and is not closed, it calls `add` with the
 * number of missing members, in a task of `scheduler`. `add` may return a promise, which resolves when the new members
 * have been dialled. If `add` fails or connects nothing, the next call waits for the backoff. A connection that comes
 * up ends the wait.
 *
 * Only its own additions cause a backoff; dials and losses of other members do not. Members that it has added and that
 * `health$` does not show yet are not missing.
 *
 * A new pool has missing members too: it is filled, and so opened.
 *
 * Emits each addition, and each failure of `add`. Cold; unsubscribing stops it. Completes and errors with its source,
 * and errors when `backoff` throws or returns no number of milliseconds.
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
  return growBy(add, options, () => DEMAND);
}
