import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { resilient } from 'rxpool';
import { ConnectionPoolModule, OrderlyShutdown } from 'rxpool/nestjs';
import { PoolHealthIndicator } from 'rxpool/nestjs/terminus';
import { ZcachedConnection } from 'rxpool/zcached';
import { Backend, backendModule } from './backend.js';
import { DemoController, HandlerCount } from './demo.controller.js';
import { HealthController } from './health.controller.js';
import { MetricsController, Telemetry } from './metrics.js';
import { SETTINGS, type Settings } from './settings.js';
import { StreamsController } from './streams.controller.js';
import { UsersController } from './users.controller.js';
import { UsersPool } from './users.pool.js';
import { UsersService } from './users.service.js';

@Module({})
class AppModule {}

/** The application, as it is to run. */
export function appModule(settings: Settings): DynamicModule {
  // One object is one module, wherever it is imported.
  const backend = backendModule(settings);
  const pool = ConnectionPoolModule.forRootAsync({
    name: 'users',
    token: UsersPool,
    imports: [backend],
    inject: [Backend],
    useFactory: (backend: Backend) => ({
      poolSize: 4,
      startTimeout: settings.startTimeout,
      connectionFactory: () => new ZcachedConnection({ host: backend.host, port: backend.port }),
      options: { policies: resilient(), drainTimeout: 5_000, waitTimeout: 2_000 },
    }),
  });
  return {
    module: AppModule,
    imports: [backend, pool, TerminusModule],
    controllers: [
      UsersController,
      HealthController,
      MetricsController,
      StreamsController,
      ...(settings.isDemo ? [DemoController] : []),
    ],
    providers: [
      { provide: SETTINGS, useValue: settings },
      UsersService,
      PoolHealthIndicator,
      Telemetry,
      // `app.close()` ends while clients keep sending, and cuts no request off.
      OrderlyShutdown,
      ...(settings.isDemo ? [{ provide: APP_INTERCEPTOR, useClass: HandlerCount }] : []),
    ],
  };
}
