// The pool

export type { UseContext } from './borrowing/borrowing.js';
export type { Lease } from './borrowing/lease.js';
export type { Reset } from './borrowing/resets.js';
export type { Work } from './borrowing/use.js';
export type { StreamingWork } from './borrowing/with-connection.js';
export type {
  BorrowOptions,
  CloseOptions,
  DrainOptions,
  EjectOptions,
  InvalidateOptions,
  ReadyOptions,
  RenewOptions,
  SignalOptions,
  UseOptions,
} from './pool/call-options.js';
export { ConnectionPool } from './pool/connection-pool.js';
export type { ConnectionPoolOptions, Heal, PoolPolicies, Reconfiguration, Warmup } from './pool/options.js';
export type { Policy, PolicyPool } from './pool/policy.js';

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

// Health

export type { PoolEvent } from './health/events.js';
export type { Health, HealthStatus } from './health/health.js';
export type { Snapshot } from './registry/membership-streams.js';
export type { LeaveReason } from './registry/registry.js';

// Errors

export type { ArgumentError, PoolErrorOptions, PoolFigures } from './errors.js';
export {
  CircuitOpenError,
  CloseTimeoutError,
  ConnectionClosedError,
  ConnectionFactoryError,
  ConnectionInvalidatedError,
  ConnectionStreamError,
  ConnectTimeoutError,
  PoolClosedError,
  PoolDisposedError,
  PoolEmptyError,
  PoolError,
  PoolExhaustedError,
  PoolNotConnectedError,
  PoolSuspendedError,
  ReadyTimeoutError,
  RenewalError,
  ResetError,
  UseTimeoutError,
  WaitQueueFullError,
  WaitTimeoutError,
  WarmupError,
} from './errors.js';
