// The pool

export type { UseContext } from './borrowing/borrowing.js';
export type { Work } from './borrowing/use.js';
export type { CloseOptions, DrainOptions, ReadyOptions, SignalOptions, UseOptions } from './pool/call-options.js';
export { ConnectionPool } from './pool/connection-pool.js';
export type { ConnectionPoolOptions, Heal } from './pool/options.js';

// Connections

export { BaseConnection } from './connection/base-connection.js';
export type { Connection, ConnectionState, Outcome } from './connection/connection.js';

// Selection

export { leastLoaded } from './selection/least-loaded.js';
export type { Picker, Strategy } from './selection/picker.js';

// Healing

export type { Backoff, ExponentialBackoffOptions } from './healing/backoff.js';
export { exponentialBackoff } from './healing/backoff.js';
export type { CleanupBrokenOptions } from './healing/cleanup-broken.js';
export { cleanupBroken } from './healing/cleanup-broken.js';
export { reconnectBroken } from './healing/reconnect-broken.js';
export type { ReconnectEvent } from './healing/reconnect-event.js';
export type { ReconnectBrokenOptions } from './healing/ward.js';

// Sizing

export type { AdditionEvent, AdditionOptions } from './sizing/addition.js';
export type { GrowOnDemandOptions } from './sizing/grow-on-demand.js';
export { growOnDemand } from './sizing/grow-on-demand.js';
export type { RecycleOptions } from './sizing/recycle.js';
export { recycle } from './sizing/recycle.js';
export { refill } from './sizing/refill.js';
export type { ShrinkIdleOptions } from './sizing/shrink-idle.js';
export { shrinkIdle } from './sizing/shrink-idle.js';

// Health

export type { PoolEvent } from './health/events.js';
export type { Health, HealthStatus } from './health/health.js';
export type { Snapshot } from './registry/membership-streams.js';
export type { LeaveReason } from './registry/registry.js';

// Errors

export type { ArgumentError, PoolErrorOptions, PoolFigures } from './errors.js';
export {
  CloseTimeoutError,
  ConnectionClosedError,
  ConnectionFactoryError,
  ConnectionStreamError,
  ConnectTimeoutError,
  PoolClosedError,
  PoolDisposedError,
  PoolEmptyError,
  PoolError,
  PoolExhaustedError,
  PoolNotConnectedError,
  ReadyTimeoutError,
  UseTimeoutError,
} from './errors.js';
