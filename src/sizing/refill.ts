import type { OperatorFunction } from 'rxjs';
import type { Health } from '../health/health.js';
import type { AdditionEvent, AdditionOptions } from './addition.js';
import { type Demand, growBy } from './size-controller.js';

const DEMAND: Demand = {
  missing: ({ status, poolSize, total }) => {
    // A pool without members that is `starting` waits for its endpoints, and is filled then.
    const isNoTime = status === 'closed' || (status === 'starting' && total === 0);
    return isNoTime ? 0 : poolSize - total;
  },
  probes: false,
};

/**
 * Keeps a pool at its size: while the pool is not closed and has fewer members than `poolSize`, it calls `add` with the
 * number of missing members, in a task of `scheduler`. `add` may return a promise, to resolve when the new members have
 * been dialled. After `add` threw or rejected, or no connection came up from its call to its end, the next call waits
 * for the backoff. A connection that comes up ends the wait; how other members break and are dialled has no effect.
 *
 * What it has added and `health$` has not shown yet is not missing: `health$` may come late.
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
  return growBy(add, options, () => DEMAND);
}
