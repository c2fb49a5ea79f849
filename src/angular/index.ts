export { ServerRenderingError } from './errors.js';
export { provideConnectionPool } from './provide.js';
export type { PoolSettings } from './settings.js';
export {
  connectedConnections,
  type PoolEventsOptions,
  type PoolHealthOptions,
  type PoolSource,
  poolEvents,
  poolHealth,
} from './signals.js';
export { connectionPoolToken, injectConnectionPool } from './tokens.js';
