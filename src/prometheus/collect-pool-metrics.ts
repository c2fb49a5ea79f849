import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Connection } from 'rxpool';
import { checkFunction, checkObject, checkOptions } from '../checks.js';
import {
  BUCKETS,
  durationsTo,
  ERROR_TYPE,
  endsWith,
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

/** Options of {@link collectPoolMetrics}. */
export interface CollectPoolMetricsOptions {
  /** The registry of your application: `new Registry()`, or the global `register` of `prom-client`. */
  readonly registry: Registry;
}

/**
 * Collects the figures of a pool for Prometheus: the metrics of `rxpool/opentelemetry`, under the names that an
 * OpenTelemetry exporter gives them. `db_client_connection_count` (by `db_client_connection_state`, `idle` and `used`),
 * `_idle_min`, `_idle_max`, `_limit` (and `_max`, its former name), `_pending_requests`, `_timeouts_total`,
 * `_create_time_seconds`, `_wait_time_seconds` and `_use_time_seconds`. Each has the name of the pool, or `rxpool`, as
 * `db_client_connection_pool_name`. Times of failures have an `error_type`.
 *
 * `_idle_min` is `minSize`, `_idle_max` is `poolSize`, `_limit` is `maxSize` or else `poolSize`, and
 * `_pending_requests` counts the waiting callers.
 *
 * One registry takes any number of pools. Counts are read when they are scraped.
 *
 * @returns a function that ends the collecting; idempotent. It also ends when the pool is disposed of.
 * @throws TypeError for wrong arguments, `PoolDisposedError`, and the error of `prom-client` if another metric of the
 * registry has one of the names.
 * @example
 * ```ts
 * const registry = new Registry();
 * const stop = collectPoolMetrics(pool, { registry });
 * const text = await registry.metrics();
 * ```
 */
export function collectPoolMetrics<C extends Connection>(
  pool: MeasuredPool<C>,
  options: CollectPoolMetricsOptions,
): () => void {
  checkObject('pool', pool);
  checkOptions('options', options, ['registry']);
  const { registry } = options;
  checkFunction('options.registry.registerMetric', registry?.registerMetric);
  const { pools, sinkFor } = metricsOf(registry);
  const stopMeasuring = pool.observe(durationsTo<C>(sinkFor(nameOf(pool))));
  pools.add(pool);
  const stop = (): void => {
    stopMeasuring();
    pools.delete(pool);
    disposal.unsubscribe();
  };
  const disposal = endsWith(pool, stop);
  return stop;
}

/** The metrics of one registry, for all pools that are collected there. */
interface PoolMetrics {
  readonly pools: Set<MeasuredPool<Connection>>;
  sinkFor(poolName: string): MeasurementSink;
}

const known = new WeakMap<Registry, PoolMetrics>();

/** The metrics of a registry, which takes each name once. A registry that was cleared gets new ones. */
function metricsOf(registry: Registry): PoolMetrics {
  const found = known.get(registry);
  if (found && registry.getSingleMetric(prometheusName(METRICS.count.name))) return found;
  const metrics = register(registry);
  known.set(registry, metrics);
  return metrics;
}

const prometheusName = (name: string): string => name.replaceAll('.', '_');

const POOL = prometheusName(POOL_NAME);
const IN_STATE = prometheusName(STATE);
const ERROR = prometheusName(ERROR_TYPE);

type Labels = Record<string, string>;

function register(registry: Registry): PoolMetrics {
  const pools = new Set<MeasuredPool<Connection>>();
  const base = ({ name, description }: Metric, suffix: string, labelNames: string[]) => ({
    name: `${prometheusName(name)}${suffix}`,
    help: description,
    labelNames: [POOL, ...labelNames],
    registers: [registry],
  });
  /** A pool that has ended is removed at the next scrape. */
  const gauge = (
    metric: Metric,
    labelNames: string[],
    read: (pool: MeasuredPool<Connection>, labels: Labels, set: (labels: Labels, value: number) => void) => void,
  ): void =>
    void new Gauge({
      ...base(metric, '', labelNames),
      collect() {
        this.reset();
        for (const pool of pools) read(pool, { [POOL]: nameOf(pool) }, (labels, value) => this.set(labels, value));
      },
    });
  gauge(METRICS.count, [IN_STATE], (pool, labels, set) => {
    const { idle, used } = gaugesOf(pool).states;
    set({ ...labels, [IN_STATE]: 'idle' }, idle);
    set({ ...labels, [IN_STATE]: 'used' }, used);
  });
  for (const name of GAUGES) gauge(METRICS[name], [], (pool, labels, set) => set(labels, gaugesOf(pool)[name]));
  const histogram = (metric: Metric): Histogram =>
    new Histogram({ ...base(metric, '_seconds', [ERROR]), buckets: BUCKETS });
  const histograms = {
    createTime: histogram(METRICS.createTime),
    waitTime: histogram(METRICS.waitTime),
    useTime: histogram(METRICS.useTime),
  };
  const timeouts = new Counter(base(METRICS.timeouts, '_total', []));
  return {
    pools,
    sinkFor: (name) => {
      const labels = { [POOL]: name };
      timeouts.inc(labels, 0);
      return {
        duration: (duration, seconds, errorType) =>
          histograms[duration].observe(errorType ? { ...labels, [ERROR]: errorType } : labels, seconds),
        timeout: () => timeouts.inc(labels),
      };
    },
  };
}
