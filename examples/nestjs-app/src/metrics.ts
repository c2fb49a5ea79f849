import { Controller, Get, Header, Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { context, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { ConsoleMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, ConsoleSpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Registry } from 'prom-client';
import { instrumentPool } from 'rxpool/opentelemetry';
import { collectPoolMetrics } from 'rxpool/prometheus';
import { SETTINGS, type Settings } from './settings.js';
import { UsersPool } from './users.pool.js';

/** Both kinds of figures; an application of yours needs one. */
@Injectable()
export class Telemetry implements OnApplicationShutdown {
  /** A registry of its own: two applications in one process, as in tests, would share the global one. */
  readonly registry = new Registry();
  readonly #shutdown: (() => Promise<void>)[] = [];

  constructor(@Inject(UsersPool) pool: UsersPool, @Inject(SETTINGS) { isTraced }: Settings) {
    collectPoolMetrics(pool, { registry: this.registry });
    if (!isTraced) return;
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const reader = new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() });
    const meters = new MeterProvider({ readers: [reader] });
    const traces = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] });
    const tracer: Tracer = traces.getTracer('nestjs-app');
    instrumentPool(pool, { meter: meters.getMeter('nestjs-app'), tracer });
    this.#shutdown.push(
      () => meters.shutdown(),
      () => traces.shutdown(),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#shutdown.map((end) => end()));
  }
}

@Controller('metrics')
export class MetricsController {
  constructor(@Inject(Telemetry) private readonly telemetry: Telemetry) {}

  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  read(): Promise<string> {
    return this.telemetry.registry.metrics();
  }
}
