import type {
  Attributes,
  BatchObservableResult,
  Histogram,
  Meter,
  ObservableUpDownCounter,
  Tracer,
} from '@opentelemetry/api';
import { asyncScheduler } from 'rxjs';
import type { Connection, Measurement, PoolObserver } from 'rxpool';
import { checkFunction, checkObject, checkOptions } from '../checks.js';
import {
  BUCKETS,
  durationsTo,
  ERROR_TYPE,
  endsWith,
  errorTypeOf,
  GAUGES,
  gaugesOf,
  METRICS,
  type MeasuredPool,
  type MeasurementSink,
  type Metric,
  nameOf,
  POOL_NAME,
  STATE,
} from '../metrics/pool-metrics.js';

/** Options of {@link instrumentPool}. */
export interface InstrumentPoolOptions {
  /** The source of the metrics: `metrics.getMeter('my-app')`. */
  readonly meter: Meter;
  /**
   * Makes spans: `rxpool.wait` for each wait that failed or took at least 1 ms, as a child of the caller's span; and
   * `rxpool.dial` for each dial, without a parent. An endpoint `host:port` gives `server.address` and `server.port`.
   * @default none
   */
  readonly tracer?: Tracer | undefined;
}

/** Shorter waits get no span, in milliseconds. */
const SHORTEST_SPAN = 1;

/** `SpanStatusCode.ERROR` as a number, so that only types of the API are imported. */
const ERROR = 2;

/**
 * Measures a pool by OpenTelemetry's conventions for client connection pools, under the names that dashboards know:
 * `db.client.connection.count` (by `db.client.connection.state`, `idle` and `used`), `.idle.min`, `.idle.max`, `.limit`
 * (and `.max`, its former name), `.pending_requests`, `.timeouts`, `.create_time`, `.wait_time` and `.use_time`. Each
 * has the name of the pool, or `rxpool`. Times are in seconds; those of failures have an `error.type`.
 *
 * `idle.min` is `minSize`, `idle.max` is `poolSize`, `limit` is `maxSize` or else `poolSize`, and `pending_requests`
 * counts the waiting callers. Counts are read when they are collected.
 *
 * The spans of your work belong to the caller's trace even without this, also after a wait: work runs in the context of
 * its caller.
 *
 * @returns a function that ends the measuring; idempotent. It also ends when the pool is disposed of.
 * @throws TypeError for wrong arguments, and `PoolDisposedError`.
 * @example
 * ```ts
 * const stop = instrumentPool(pool, { meter: metrics.getMeter('my-app'), tracer: trace.getTracer('my-app') });
 * ```
 */
export function instrumentPool<C extends Connection>(
  pool: MeasuredPool<C>,
  options: InstrumentPoolOptions,
): () => void {
  checkObject('pool', pool);
  checkOptions('options', options, ['meter', 'tracer']);
  const { meter, tracer } = options;
  checkFunction('options.meter.createHistogram', meter?.createHistogram);
  if (tracer !== undefined) checkFunction('options.tracer.startSpan', tracer.startSpan);
  const attributes: Attributes = { [POOL_NAME]: nameOf(pool) };
  const stopMeasuring = pool.observe(durationsTo(durationSink(meter, attributes)));
  const stopTracing = tracer && pool.observe(spansOf<C>(tracer, attributes));
  const stopReading = observeGauges(meter, pool, attributes);
  const stop = (): void => {
    stopMeasuring();
    stopTracing?.();
    stopReading();
    disposal.unsubscribe();
  };
  const disposal = endsWith(pool, stop);
  return stop;
}

/** The counts, read when they are collected. */
function observeGauges<C extends Connection>(meter: Meter, pool: MeasuredPool<C>, attributes: Attributes): () => void {
  const gauge = ({ name, description, unit }: Metric): ObservableUpDownCounter =>
    meter.createObservableUpDownCounter(name, { description, unit });
  const count = gauge(METRICS.count);
  const gauges = GAUGES.map((name) => [name, gauge(METRICS[name])] as const);
  const all = [count, ...gauges.map(([, instrument]) => instrument)];
  const collect = (result: BatchObservableResult): void => {
    const { states, ...values } = gaugesOf(pool);
    result.observe(count, states.idle, { ...attributes, [STATE]: 'idle' });
    result.observe(count, states.used, { ...attributes, [STATE]: 'used' });
    for (const [name, instrument] of gauges) result.observe(instrument, values[name], attributes);
  };
  meter.addBatchObservableCallback(collect, all);
  return () => meter.removeBatchObservableCallback(collect, all);
}

function durationSink(meter: Meter, attributes: Attributes): MeasurementSink {
  const histogram = ({ name, description, unit }: Metric): Histogram =>
    meter.createHistogram(name, { description, unit, advice: { explicitBucketBoundaries: BUCKETS } });
  const histograms = {
    createTime: histogram(METRICS.createTime),
    waitTime: histogram(METRICS.waitTime),
    useTime: histogram(METRICS.useTime),
  };
  const { name, description, unit } = METRICS.timeouts;
  const timeouts = meter.createCounter(name, { description, unit });
  return {
    duration: (duration, seconds, errorType) =>
      histograms[duration].record(seconds, errorType ? { ...attributes, [ERROR_TYPE]: errorType } : attributes),
    timeout: () => timeouts.add(1, attributes),
  };
}

/** Waits and dials as spans. A wait is reported in the context of its caller, whose span is the parent. */
function spansOf<C>(tracer: Tracer, attributes: Attributes): PoolObserver<C> {
  const record = (name: string, measurement: Measurement<C, string>, isFine: boolean, root: boolean): void => {
    const { durationMs, endpoint, outcome, error } = measurement;
    const endTime = asyncScheduler.now();
    const span = tracer.startSpan(name, {
      root,
      startTime: endTime - durationMs,
      attributes: { ...attributes, ...serverOf(endpoint) },
    });
    if (!isFine) {
      span.setAttribute(ERROR_TYPE, errorTypeOf(outcome, error));
      span.setStatus({ code: ERROR, ...(error instanceof Error && { message: error.message }) });
    }
    span.end(endTime);
  };
  return {
    onWait: (wait) => {
      const isFine = wait.outcome === 'acquired';
      if (!isFine || wait.durationMs >= SHORTEST_SPAN) record('rxpool.wait', wait, isFine, false);
    },
    onDial: (dial) => record('rxpool.dial', dial, dial.outcome === 'connected', true),
  };
}

/** Splits an endpoint `host:port`; a label stays whole. */
function serverOf(endpoint: string | undefined): Attributes {
  if (endpoint === undefined) return {};
  const [, host, port] = /^(.+):(\d+)$/.exec(endpoint) ?? [];
  return host && port ? { 'server.address': host, 'server.port': Number(port) } : { 'server.address': endpoint };
}
