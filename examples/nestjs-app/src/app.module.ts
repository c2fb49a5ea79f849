import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { exponentialBackoff, reconnectBroken, resilient } from 'rxpool';
import { ConnectionPoolModule, OrderlyShutdown } from 'rxpool/nestjs';
import { PoolHealthIndicator } from 'rxpool/nestjs/terminus';
import { ZcachedConnection } from 'rxpool/zcached';
import { Backend, backendModule } from './backend.js';
import { DemoController, HandlerCount } from './demo.controller.js';
import { Demo } from './demo.js';
import { HealthController } from './health.controller.js';
import { MetricsController, Telemetry } from './metrics.js';
import { PoolReports } from './pool-reports.js';
import { SETTINGS, type Settings } from './settings.js';
import { SocketServer } from './socket-server.js';
import { StreamsController } from './streams.controller.js';
import { UsersController } from './users.controller.js';
import { UsersPool } from './users.pool.js';
import { UsersService } from './users.service.js';

@Module({})
class AppModule {}

const DEMO: Provider[] = [
  Demo,
  SocketServer,
  { provide: PoolReports, useFactory: (pool: UsersPool) => new PoolReports(pool), inject: [UsersPool] },
  { provide: APP_INTERCEPTOR, useClass: HandlerCount },
];

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
      options: {
        // Short waits, so that a demo need not wait for long: a server of yours may not like to be dialled so often.
        heal: reconnectBroken<ZcachedConnection>({ backoff: exponentialBackoff(settings.isDemo ? { max: 500 } : {}) }),
        policies: resilient(settings.isDemo ? { ejectOutliers: { baseDuration: 1_000 } } : {}),
        // A request is answered with 503 at once while the server is down, and not after `waitTimeout`.
        failFast: true,
        drainTimeout: 5_000,
        waitTimeout: 2_000,
      },
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
      ...(settings.isDemo ? DEMO : []),
    ],
  };
}
