export { ConnectionPoolModule } from './connection-pool.module.js';
export type {
  ConnectionPoolModuleAsyncOptions,
  ConnectionPoolModuleExtras,
  ConnectionPoolModuleOptions,
  ConnectionPoolOptionsFactory,
} from './options.js';
export { OrderlyShutdown } from './orderly-shutdown.js';
export { type PoolStreamOptions, PoolStreams } from './pool-streams.js';
export { PoolStartError } from './start-error.js';
export { type FakePoolOverrides, provideFakePool } from './testing.js';
export { getPoolToken, InjectPool } from './tokens.js';
