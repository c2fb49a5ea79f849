import type { OperatorFunction } from 'rxjs';
import { checkAtLeast } from '../checks.js';
import type { Health } from '../health/health.js';
import { adding } from './adder.js';
import type { AdditionEvent, AdditionOptions, Demand } from './addition.js';

/** When a pool grows. */
export interface GrowOnDemandOptions extends AdditionOptions {
  /**
   * The load that a connection is meant to carry, in requests: the pool grows when all of them together have
   * reached that, before anybody has to wait. Nobody waits while anything is connected unless `maxPending` or
   * `capacity$` sets a limit: without one, give this. @default none: it grows for those who wait, by a connection for each
   */
  readonly targetLoad?: number | undefined;
}

/** How many more connections the load asks for than are in service. */
function wanted({ waiting, pending, connected }: Health, targetLoad: number | undefined): number {
  if (targetLoad === undefined) return waiting;
  if (waiting + pending === 0) return 0;
  const forLoad = Math.floor((waiting + pending) / targetLoad) + 1 - connected;
  return Math.max(forLoad, waiting > 0 ? 1 : 0);
}

/** Asks for one at first, and for the rest once a connection has come up. */
function probingDemand(targetLoad: number | undefined): Demand {
  let proven = false;
  return (health, before) => {
    const { status, total, fresh, connecting, connected, broken } = health;
    const demand = status === 'closed' ? 0 : wanted(health, targetLoad);
    if (broken > before.broken || demand <= 0) proven = false;
    else if (connected > before.connected) proven = true;
    // An outage: more of what does not come up would help nobody.
    if (total > 0 && connected === 0) return 0;
    const onTheirWay = fresh + connecting;
    if (proven) return demand - onTheirWay;
    return demand > 0 && onTheirWay === 0 ? 1 : 0;
  };
}

/**
 * Grows a pool while callers wait, or while the load is beyond `targetLoad`, by calling `add`: with 1 at first, and
 * once a connection has come up, with as many as are wanted less those on their way. So a burst does not open a
 * socket for each of its requests. When a dial fails or a connection breaks it waits for the backoff, and adds
 * one at a time again, none while any is being dialled. While there are members and none of them is connected it
 * adds none: those are for healing to bring back, or for `cleanupBroken` to give up.
 *
 * Each addition is made in a turn of `scheduler` of its own. `add` may return a promise. Where it throws, rejects or
 * adds nobody because the pool is as large as it may be, the next addition waits for the backoff.
 *
 * Emits what was added, and each failure of `add`. Cold; unsubscribing stops it. Completes and errors with its
 * source, and errors when `backoff` throws or returns no number of milliseconds.
 *
 * ```text
 * waiting:            0--9-----8-----0---
 * add:                   1     8
 * being dialled:      0--1-----0-8---0---
 * growOnDemand(add):  ---a-------a-------   (a: 1 was added, then 8)
 * ```
 *
 * @param add - makes so many connections join.
 * @example
 * ```ts
 * pool.health$.pipe(growOnDemand((count) => pool.extendPoolBySize(count), { targetLoad: 20 })).subscribe();
 * ```
 */
export function growOnDemand(
  add: (count: number) => unknown,
  options: GrowOnDemandOptions = {},
): OperatorFunction<Health, AdditionEvent> {
  const grow = adding(add, options, () => probingDemand(options.targetLoad), ['targetLoad']);
  if (options.targetLoad !== undefined) checkAtLeast('options.targetLoad', options.targetLoad, 1);
  return grow;
}
