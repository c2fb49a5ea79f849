export type { MeasuredPool } from '../metrics/pool-metrics.js';
export { type InstrumentPoolOptions, instrumentPool } from './instrument-pool.js';
