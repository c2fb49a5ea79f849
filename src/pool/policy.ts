import type { Observable } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import type { PoolEvent } from '../health/events.js';
import type { Health } from '../health/health.js';
import type { Snapshot } from '../membership/lists.js';
import type { DrainOptions, EjectOptions, InvalidateOptions, RenewOptions } from './call-options.js';

/** What a policy may read of its pool, and the commands that it may call. */
export interface PolicyPool<C extends Connection> {
  /** How many connections the pool aims for. */
  readonly poolSize: number;
  /** The figures of the pool now. */
  readonly health: Health;
  /** The members, in order of joining. */
  readonly connections$: Observable<readonly C[]>;
  /** The members that are connected and in service. */
  readonly connected$: Observable<readonly C[]>;
  /** The members that failed or were lost. Members that are being dialled are not included. */
  readonly broken$: Observable<readonly C[]>;
  /** The three lists at one moment. */
  readonly snapshot$: Observable<Snapshot<C>>;
  /** The sum of the members' loads, in requests. */
  readonly pending$: Observable<number>;
  /** The figures of the pool, as a stream. */
  readonly health$: Observable<Health>;
  /** Each event as it happens. Replays nothing. */
  readonly events$: Observable<PoolEvent<C>>;
  /** Makes and dials up to `size` new connections. Resolves when every dial has settled. */
  extendPoolBySize(size: number): Promise<void>;
  /** Lowers `poolSize` and removes the surplus; busy members only if asked. Returns how many left. */
  reducePoolConnections(amount: number, deletePendingConnections?: boolean): number;
  /** Removes and closes the broken members. Returns how many left. */
  cleanupBrokenConnections(): number;
  /** Removes connections, lets them finish their work and closes them. Returns how many left. */
  removeConnections(connections: Iterable<C>, options?: DrainOptions): number;
  /** Takes connections out of service for `duration` milliseconds. Returns how many were ejected. */
  ejectConnections(connections: Iterable<C>, options: EjectOptions): number;
  /** Marks connections as broken and closes them. Returns how many were invalidated. */
  invalidateConnections(connections: Iterable<C>, options?: InvalidateOptions): number;
  /** Replaces connections by new ones from the factory without failing work. Resolves with how many were replaced. */
  renew(options?: RenewOptions<C>): Promise<number>;
}

/**
 * Manages a pool: turns its streams into commands. The pool subscribes to the returned observable while it is open. It
 * reports each emitted {@link CommandFailure} and an error in `events$`, and ignores all other values.
 * @example
 * ```ts
 * const growing: Policy<Replica> = (pool) => pool.health$.pipe(growOnDemand((count) => pool.extendPoolBySize(count)));
 * ```
 */
export type Policy<C extends Connection> = (pool: PolicyPool<C>) => Observable<unknown>;
