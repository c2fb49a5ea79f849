import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { Connection, ConnectionPool } from 'rxpool';
import { checkChoice, checkOptions, checkSize } from '../../checks.js';

/** The conditions of a health check. */
export interface PoolHealthOptions {
  /** The pool is `down` if fewer connections are in service. @default 1 */
  readonly minConnected?: number | undefined;
  /**
   * The outcome if fewer than `poolSize` are connected; with `minConnected: 0` also if the pool is `down`. Before
   * version 12 terminus has no `degraded`: then the outcome is `up`, and `state` shows the pool's status.
   * @default 'degraded'
   */
  readonly degraded?: 'up' | 'degraded' | 'down' | undefined;
}

type Outcome = 'up' | 'degraded' | 'down';

/** The methods of terminus for each outcome; older versions lack one. */
type Session = { readonly [O in Outcome]?: (data: Record<string, unknown>) => unknown };

/**
 * Reports the health of a pool to terminus, 11 or later. It reads the pool's figures and sends nothing. Add it to the
 * providers of the module with the health controller.
 * @example
 * ```ts
 * class HealthController {
 *   constructor(
 *     @Inject(HealthCheckService) private readonly health: HealthCheckService,
 *     @Inject(PoolHealthIndicator) private readonly pools: PoolHealthIndicator,
 *     @InjectPool('users') private readonly users: ConnectionPool<ZcachedConnection>,
 *   ) {}
 *
 *   @Get('health')
 *   @HealthCheck()
 *   check(): Promise<HealthCheckResult> {
 *     return this.health.check([() => this.pools.check('users', this.users, { minConnected: 2 })]);
 *   }
 * }
 * ```
 */
export class PoolHealthIndicator {
  readonly #service: HealthIndicatorService;

  constructor(service: HealthIndicatorService) {
    this.#service = service;
  }

  /**
   * Reports `up`, `degraded` or `down`, with the pool's status as `state`, and its figures.
   *
   * @param key - the key of the result.
   * @throws TypeError, RangeError for invalid options.
   */
  check<K extends string>(
    key: K,
    pool: Pick<ConnectionPool<Connection>, 'health'>,
    options: PoolHealthOptions = {},
  ): HealthIndicatorResult<K> {
    checkOptions('options', options, ['minConnected', 'degraded']);
    const { minConnected = 1, degraded = 'degraded' } = options;
    checkSize('options.minConnected', minConnected);
    checkChoice('options.degraded', degraded, ['up', 'degraded', 'down']);
    const { status, connected, poolSize, broken, pending, waiting } = pool.health;
    const isDown = status === 'closed' || connected < minConnected;
    const outcome = isDown ? 'down' : status === 'degraded' || status === 'down' ? degraded : 'up';
    // The key `status` belongs to terminus.
    const data = { state: status, connected, poolSize, broken, pending, waiting };
    const session: Session = this.#service.check(key);
    // Before version 12, terminus drops a result that is neither up nor down.
    const result = (session[outcome] ?? session.up)?.call(session, data);
    return result as HealthIndicatorResult<K>;
  }
}

// The peer range includes older versions, because they must not keep the core from being installed.
if (!HealthIndicatorService) throw new TypeError('rxpool/nestjs/terminus needs @nestjs/terminus 11 or later');

Injectable()(PoolHealthIndicator);
Inject(HealthIndicatorService)(PoolHealthIndicator, undefined, 0);
