export type { ZcachedGeneration } from './dialect.js';
export { startZcachedServer, type ZcachedServer, type ZcachedServerOptions } from './server.js';
