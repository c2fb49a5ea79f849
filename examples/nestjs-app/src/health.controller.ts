import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { PoolHealthIndicator } from 'rxpool/nestjs/terminus';
import { UsersPool } from './users.pool.js';

@Controller('health')
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(PoolHealthIndicator) private readonly pools: PoolHealthIndicator,
    @Inject(UsersPool) private readonly users: UsersPool,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.pools.check('users', this.users)]);
  }
}
