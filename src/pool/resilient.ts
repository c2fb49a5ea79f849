import type { SchedulerLike } from 'rxjs';
import { checkOptions } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { type EjectOutliersOptions, ejectOutliers } from '../healing/eject-outliers.js';
import { type InvalidateSilentOptions, invalidateSilent } from '../healing/invalidate-silent.js';
import { type ValidateIdleOptions, validateIdle } from '../healing/validate-idle.js';
import type { Validate } from '../healing/validation.js';
import type { Policy, PolicyPool } from './policy.js';

/** Options of {@link resilient}: those of the operators that it is made of, each with its own defaults. */
export interface ResilientOptions<C> {
  /** The question that an idle connection has to answer. @default its own `ping`; without that it is not asked */
  readonly validate?: Validate<C> | undefined;
  /** How idle connections are validated; `false` for not at all. */
  readonly validateIdle?: false | ValidateIdleOptions | undefined;
  /** How silence under load is found; `false` for not at all. */
  readonly invalidateSilent?: false | InvalidateSilentOptions | undefined;
  /** How connections that fail while others do not are ejected; `false` for not at all. */
  readonly ejectOutliers?: false | EjectOutliersOptions | undefined;
  /** The clock of all of them. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Policies that keep a pool from using bad connections. Idle ones are validated, silence under load is found, and a
 * connection that fails while others do not is taken out of service for a time.
 *
 * @throws TypeError, RangeError for options out of range.
 * @example
 * ```ts
 * const pool = new ConnectionPool(6, factory, { policies: resilient() });
 * await pool.use((connection) => connection.send('PING'), { timeout: 500 });
 * ```
 */
export function resilient<C extends Connection>(options: ResilientOptions<C> = {}): Policy<C>[] {
  const names = ['validate', 'validateIdle', 'invalidateSilent', 'ejectOutliers', 'scheduler'];
  checkOptions('options', options, names);
  const { scheduler, validate } = options;
  const policies: Policy<C>[] = [];
  // Each operator is made once here, so that wrong options are refused now and not when the pool is opened.
  if (options.validateIdle !== false) {
    const settings = { scheduler, ...options.validateIdle };
    const operator = (invalidate: Invalidate<C>) => validateIdle(validate, invalidate, settings);
    operator(ignore);
    policies.push((pool) => pool.connected$.pipe(operator(invalidateIn(pool))));
  }
  if (options.invalidateSilent !== false) {
    const settings = { scheduler, ...options.invalidateSilent };
    const operator = (invalidate: Invalidate<C>) => invalidateSilent(invalidate, settings);
    operator(ignore);
    policies.push((pool) => pool.connected$.pipe(operator(invalidateIn(pool))));
  }
  if (options.ejectOutliers !== false) {
    const settings = { scheduler, ...options.ejectOutliers };
    const operator = (eject: Eject<C>) => ejectOutliers(eject, settings);
    operator(ignore);
    policies.push((pool) => pool.connected$.pipe(operator(ejectIn(pool))));
  }
  return policies;
}

type Invalidate<C> = (connection: C, cause: unknown) => unknown;
type Eject<C> = (connection: C, duration: number) => unknown;

const invalidateIn =
  <C extends Connection>(pool: PolicyPool<C>): Invalidate<C> =>
  (connection, cause) =>
    pool.invalidateConnections([connection], { cause });

const ejectIn =
  <C extends Connection>(pool: PolicyPool<C>): Eject<C> =>
  (connection, duration) =>
    pool.ejectConnections([connection], { duration });

const ignore = (): void => {};
