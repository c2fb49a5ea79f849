import type { OperatorFunction } from 'rxjs';
import { checkAtLeast } from '../checks.js';
import type { Health } from '../health/health.js';
import type { AdditionEvent, AdditionOptions, Deficit } from './addition.js';
import { growBy } from './size-controller.js';

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
function requiredFor({ waiting, pending, connected }: Health, targetLoad: number | undefined): number {
  if (targetLoad === undefined) return waiting;
  if (waiting + pending === 0) return 0;
  const forLoad = Math.floor((waiting + pending) / targetLoad) + 1 - connected;
  return Math.max(forLoad, waiting > 0 ? 1 : 0);
}

/** Requests one connection at first, and the rest once a connection has connected. */
function probingDeficit(targetLoad: number | undefined): Deficit {
  let hasConnected = false;
  return (health, before) => {
    const { status, total, fresh, connecting, connected, broken } = health;
    const required = status === 'closed' ? 0 : requiredFor(health, targetLoad);
    if (broken > before.broken || required <= 0) hasConnected = false;
    else if (connected > before.connected) hasConnected = true;
    // No member can connect: the server is down, and further members could not connect either.
    if (total > 0 && connected === 0) return 0;
    const dialling = fresh + connecting;
    if (hasConnected) return required - dialling;
    return required > 0 && dialling === 0 ? 1 : 0;
  };
}

/**
 * Grows a pool while callers wait, or while the load exceeds `targetLoad`. Calls `add` with 1 at first. Once that
 * connection has connected, it calls `add` with the number that the load requires, less those being dialled; so a
 * burst does not open a socket for each of its requests. After a dial failed or a connection broke, it waits for the
 * backoff and adds one at a time again, none while any is being dialled. It adds none while there are members of
 * which none is connected: `reconnectBroken` redials these, or `cleanupBroken` removes them.
 *
 * Each call of `add` runs in a task of `scheduler`. `add` may return a promise. When it throws, rejects or adds no
 * member because the pool has reached `maxSize`, the next call waits for the backoff.
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
  const grow = growBy(add, options, () => probingDeficit(options.targetLoad), ['targetLoad']);
  if (options.targetLoad !== undefined) checkAtLeast('options.targetLoad', options.targetLoad, 1);
  return grow;
}
