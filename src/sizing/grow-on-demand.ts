import type { OperatorFunction } from 'rxjs';
import { atLeast } from '../checks.js';
import type { Health } from '../health/health.js';
import type { AdditionEvent, AdditionOptions } from './addition.js';
import { type Demand, growBy } from './size-controller.js';

/** Options of {@link growOnDemand}. */
export interface GrowOnDemandOptions extends AdditionOptions {
  /**
   * The intended load of a connection, in requests: the pool grows when the mean load reaches it, before callers have
   * to wait. Set it where neither `maxPending` nor `capacity$` limits a connection, because then no caller waits while
   * any connection is in service. @default none: the pool grows by one connection for each waiting caller
   */
  readonly targetLoad?: number | undefined;
}

/** How many connections the load requires besides those in service. */
function required(health: Health, targetLoad: number | undefined): number {
  const { waiting, pending, connected, idle, used } = health;
  // Idle connections that these callers are not given: one more would not be given to them either.
  const unserved = used === 0 && idle > 0 ? 0 : Math.max(0, waiting - idle);
  if (targetLoad === undefined) return unserved;
  if (unserved + pending === 0) return 0;
  const forLoad = Math.floor((unserved + pending) / targetLoad) + 1 - connected;
  return Math.max(forLoad, unserved > 0 ? 1 : 0);
}

function demand(targetLoad: number | undefined): Demand {
  return {
    missing: (health) => {
      const { status, total, connected, suspended } = health;
      // Where no member can connect, the server is down, and further members could not connect either.
      const isOut = suspended || status === 'closed' || status === 'starting' || (total > 0 && connected === 0);
      return isOut ? 0 : required(health, targetLoad);
    },
    probes: true,
  };
}

/**
 * Grows a pool while callers wait, or while the load exceeds `targetLoad`. Calls `add` with 1 at first. Once that
 * connection has connected, it calls `add` with the number that the load requires, less those being dialled; so a
 * burst does not open a socket for each of its requests. After an addition that brought no connection up it adds one at
 * a time again, each after the backoff. Where nothing that is being dialled comes up for a second, it adds one beside.
 *
 * It adds none while more connections would not help:
 *
 * - the pool is suspended
 * - connections are idle and none is in use: callers are not given those, because their capacity is 0 or the strategy
 *   chooses none
 * - there are members and none is connected: `reconnectBroken` redials them, or `cleanupBroken` removes them
 *
 * Otherwise it counts the waiting callers, less the idle connections.
 *
 * Each call of `add` runs in a task of `scheduler`. `add` may return a promise, to resolve when the new members have been
 * dialled. When it throws or rejects, the next call waits for the backoff; when it adds no member because the pool has
 * reached `maxSize`, for a second at least.
 *
 * Emits each addition, and each failure of `add`. Cold; unsubscribing stops it. Completes and errors with its
 * source, and errors when `backoff` throws or returns no number of milliseconds.
 *
 * ```text
 * waiting:            0--9-----8-----0---
 * add:                   1     8
 * being dialled:      0--1-----0-8---0---
 * growOnDemand(add):  ---a-------a-------   (a: 1 was added, then 8)
 * ```
 *
 * @param add - adds `count` connections, and may return a promise.
 * @throws TypeError, RangeError for arguments out of range.
 * @example
 * ```ts
 * pool.health$.pipe(growOnDemand((count) => pool.extendPoolBySize(count), { targetLoad: 20 })).subscribe();
 * ```
 */
export function growOnDemand(
  add: (count: number) => unknown,
  options: GrowOnDemandOptions = {},
): OperatorFunction<Health, AdditionEvent> {
  return growBy(add, options, () => demand(options.targetLoad), { targetLoad: atLeast(1) });
}
