import type { Observable } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import type { PoolEvent } from '../health/events.js';
import type { Health } from '../health/health.js';
import type { Snapshot } from '../membership/lists.js';
import type { DrainOptions, EjectOptions, InvalidateOptions, RenewOptions } from './call-options.js';

/** What a policy sees of its pool, and may ask of it. */
export interface PolicyPool<C extends Connection> {
  readonly poolSize: number;
  readonly health: Health;
  readonly connections$: Observable<readonly C[]>;
  readonly connected$: Observable<readonly C[]>;
  readonly broken$: Observable<readonly C[]>;
  readonly snapshot$: Observable<Snapshot<C>>;
  readonly pending$: Observable<number>;
  readonly health$: Observable<Health>;
  readonly events$: Observable<PoolEvent<C>>;
  extendPoolBySize(size: number): Promise<void>;
  reducePoolConnections(amount: number, deletePendingConnections?: boolean): number;
  cleanupBrokenConnections(): number;
  removeConnections(connections: Iterable<C>, options?: DrainOptions): number;
  ejectConnections(connections: Iterable<C>, options: EjectOptions): number;
  invalidateConnections(connections: Iterable<C>, options?: InvalidateOptions): number;
  renew(options?: RenewOptions<C>): Promise<number>;
}

/**
 * Looks after a pool: turns its streams into commands. The pool subscribes to the returned observable while it is open,
 * and reports in `events$` each {@link CommandFailure} that it emits, and its error. It ignores all other values.
 *
 * @example
 * ```ts
 * const growing: Policy<Replica> = (pool) => pool.health$.pipe(growOnDemand((count) => pool.extendPoolBySize(count)));
 * ```
 */
export type Policy<C extends Connection> = (pool: PolicyPool<C>) => Observable<unknown>;
