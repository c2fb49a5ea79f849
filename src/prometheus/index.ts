export type { MeasuredPool } from '../metrics/pool-metrics.js';
export { type CollectPoolMetricsOptions, collectPoolMetrics } from './collect-pool-metrics.js';
