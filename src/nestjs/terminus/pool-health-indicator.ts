import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { Connection, ConnectionPool } from 'rxpool';
import { checkChoice, checkOptions, checkSize } from '../../checks.js';

/** What is asked of a pool. */
export interface PoolHealthOptions {
  /** With fewer connections in service the pool is `down`. @default 1 */
  readonly minConnected?: number | undefined;
  /**
   * The outcome where fewer than `poolSize` are connected; with `minConnected: 0` also where the pool is `down`. Where
   * terminus knows no `degraded`, as before version 12, that is `up`, with the pool's status as `state`.
   * @default 'degraded'
   */
  readonly degraded?: 'up' | 'degraded' | 'down' | undefined;
}

type Outcome = 'up' | 'degraded' | 'down';

/** What terminus makes of each outcome, in the versions that know it. */
type Session = { readonly [O in Outcome]?: (data: Record<string, unknown>) => unknown };

/**
 * Tells terminus, 11 or later, how a pool is, from its figures: nothing is sent. A provider of the module that has the
 * health controller.
 *
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
   * Says `up`, `degraded` or `down`, with the pool's status as `state`, and its figures.
   *
   * @param key - what the result is called.
   * @throws TypeError, RangeError for options out of range.
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
    // `status` is the key of terminus itself.
    const data = { state: status, connected, poolSize, broken, pending, waiting };
    const session: Session = this.#service.check(key);
    // Before version 12 a result that is neither up nor down is lost.
    const result = (session[outcome] ?? session.up)?.call(session, data);
    return result as HealthIndicatorResult<K>;
  }
}

// An older version must not keep the core from being installed, so the range of the peer includes it.
if (!HealthIndicatorService) throw new TypeError('rxpool/nestjs/terminus needs @nestjs/terminus 11 or later');

Injectable()(PoolHealthIndicator);
Inject(HealthIndicatorService)(PoolHealthIndicator, undefined, 0);
