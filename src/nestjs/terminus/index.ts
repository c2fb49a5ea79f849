export { PoolHealthIndicator, type PoolHealthOptions } from './pool-health-indicator.js';
