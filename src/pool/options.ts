import { asyncScheduler, type Observable, type SchedulerLike } from 'rxjs';
import { checkBag, checkDuration, checkFunction, checkLimit, checkScheduler } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { reconnectBroken } from '../healing/reconnect-broken.js';
import type { ReconnectEvent } from '../healing/reconnect-event.js';
import type { Strategy } from '../selection/picker.js';

/** An operator that brings broken connections back and tells what it does. */
export type Heal<C> = (broken$: Observable<readonly C[]>) => Observable<ReconnectEvent<C>>;

/** What can be chosen about a pool. Durations are in milliseconds. */
export interface ConnectionPoolOptions<C extends Connection, K = void> {
  /** How a connection is chosen. @default leastLoaded() */
  readonly select?: Strategy<C, K> | undefined;
  /**
   * What brings broken connections back, subscribed to while the pool is open. `false` leaves redialling to
   * `reconnect()` and `setup()`. @default reconnectBroken()
   */
  readonly heal?: false | Heal<C> | undefined;
  /** How long a dial may take. @default 5000 */
  readonly connectTimeout?: number | undefined;
  /** How long `close()` of a connection is waited for. @default 2000 */
  readonly closeTimeout?: number | undefined;
  /** How long a connection on its way out may finish what it carries. @default 1000 */
  readonly drainTimeout?: number | undefined;
  /** How many dials may be under way at once in the whole pool. @default 16 */
  readonly maxDials?: number | undefined;
  /** The load at which a connection is not given out any more. @default Infinity */
  readonly maxPending?: number | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

export interface ResolvedOptions<C extends Connection, K> {
  readonly select: Strategy<C, K> | undefined;
  readonly heal: Heal<C> | undefined;
  readonly connectTimeout: number;
  readonly closeTimeout: number;
  readonly drainTimeout: number;
  readonly maxDials: number;
  readonly maxPending: number;
  readonly scheduler: SchedulerLike;
}

export function resolveOptions<C extends Connection, K>(
  options: ConnectionPoolOptions<C, K> = {},
): ResolvedOptions<C, K> {
  checkBag('options', options);
  const scheduler = options.scheduler ?? asyncScheduler;
  checkScheduler('options.scheduler', scheduler);
  const heal = options.heal ?? reconnectBroken({ scheduler });
  const resolved = {
    select: options.select,
    heal: heal || undefined,
    connectTimeout: options.connectTimeout ?? 5_000,
    closeTimeout: options.closeTimeout ?? 2_000,
    drainTimeout: options.drainTimeout ?? 1_000,
    maxDials: options.maxDials ?? 16,
    maxPending: options.maxPending ?? Number.POSITIVE_INFINITY,
    scheduler,
  };
  if (heal !== false) checkFunction('options.heal', heal);
  if (options.select !== undefined) checkFunction('options.select', options.select);
  for (const name of ['connectTimeout', 'closeTimeout', 'drainTimeout'] as const) {
    checkDuration(`options.${name}`, resolved[name]);
  }
  for (const name of ['maxDials', 'maxPending'] as const) checkLimit(`options.${name}`, resolved[name]);
  return Object.freeze(resolved);
}
