import type { SchedulerLike } from 'rxjs';
import { checkOptions } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { type EjectOutliersOptions, ejectOutliers } from '../healing/eject-outliers.js';
import { type InvalidateSilentOptions, invalidateSilent } from '../healing/invalidate-silent.js';
import { type ValidateIdleOptions, validateIdle } from '../healing/validate-idle.js';
import type { Validate } from '../healing/validation.js';
import type { Policy, PolicyPool } from './policy.js';

/** Options of {@link resilient}: those of its three operators, which have their own defaults. */
export interface ResilientOptions<C> {
  /**
   * The request that validates an idle connection. @default its own `ping`; a connection without one is not validated
   */
  readonly validate?: Validate<C> | undefined;
  /** Options of `validateIdle`; `false` leaves it out. */
  readonly validateIdle?: false | ValidateIdleOptions | undefined;
  /** Options of `invalidateSilent`; `false` leaves it out. */
  readonly invalidateSilent?: false | InvalidateSilentOptions | undefined;
  /** Options of `ejectOutliers`; `false` leaves it out. */
  readonly ejectOutliers?: false | EjectOutliersOptions | undefined;
  /** The clock of all three. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Three policies that take bad connections out of use. They validate idle connections, invalidate connections that fall
 * silent under load, and eject a connection that fails while others do not.
 *
 * @throws TypeError, RangeError for invalid options.
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
  // Made once here, so that wrong options throw now and not when the pool opens.
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
