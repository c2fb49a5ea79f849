export type { ZcachedGeneration } from './dialect.js';
export type { FaultPipe, FaultPipeOptions } from './fault-pipe.js';
export { type FaultLink, type FaultProxy, type FaultProxyOptions, startFaultProxy } from './fault-proxy.js';
export type { ZcachedFlaws } from './flaws.js';
export type { ZcachedServerOptions } from './options.js';
export { startZcachedServer, type ZcachedServer } from './server.js';
