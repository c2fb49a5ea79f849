import type { OperatorFunction } from 'rxjs';
import { atLeast } from '../checks.js';
import type { Health } from '../health/health.js';
import type { AdditionEvent, AdditionOptions } from './addition.js';
import { type Demand, growBy } from './size-controller.js';

/** Options of {@link growOnDemand}. */
export interface GrowOnDemandOptions extends AdditionOptions {
  /**
   * The intended load of a connection, in requests. The pool grows when the mean load reaches it, before callers have
   * to wait. Set it if neither `maxPending` nor `capacity$` limits a connection: without a limit no caller ever waits.
   * @default none: the pool grows by one connection for each waiting caller
   */
  readonly targetLoad?: number | undefined;
}

/** How many connections the load needs in addition to those in service. */
function required(health: Health, targetLoad: number | undefined): number {
  const { waiting, pending, connected, idle, used } = health;
  // These callers do not get the idle connections, so they would not get one more either.
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
      // While no member can connect, the server is down, and a new member could not connect either.
      const isOut = suspended || status === 'closed' || status === 'starting' || (total > 0 && connected === 0);
      return isOut ? 0 : required(health, targetLoad);
    },
    probes: true,
  };
}

/**
 * Grows a pool while callers wait, or while the mean load reaches `targetLoad`. It first calls `add` with 1. Once that
 * connection is connected, it calls `add` with the number that the load needs, less those being dialled. So a burst
 * does not open a socket for each of its requests. After an addition that connected nothing, it adds one at a time
 * again, each after the backoff. If none of the dials under way succeeds within a second, it adds one more.
 *
 * It adds nothing while more connections would not help:
 *
 * - the pool is suspended
 * - connections are idle and none is in use: their capacity is 0, or the strategy chooses none of them
 * - the pool has members and none is connected: `reconnectBroken` redials them, or `cleanupBroken` removes them
 *
 * Otherwise it counts the waiting callers, less the idle connections.
 *
 * Each call of `add` runs in a task of `scheduler`. `add` may return a promise, which resolves when the new members
 * have been dialled. After `add` has failed, the next call waits for the backoff. If `add` adds no member because the
 * pool is at `maxSize`, the next call waits at least a second.
 *
 * Emits each addition, and each failure of `add`. Cold; unsubscribing stops it. Completes and errors with its source,
 * and errors when `backoff` throws or returns no number of milliseconds.
 *
 * ```text
 * waiting:            0--9-----8-----0---
 * add:                   1     8
 * being dialled:      0--1-----0-8---0---
 * growOnDemand(add):  ---a-------a-------   (a: 1 was added, then 8)
 * ```
 *
 * @param add - adds `count` connections, and may return a promise.
 * @throws TypeError, RangeError for invalid arguments.
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
