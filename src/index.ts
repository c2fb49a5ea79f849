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

export type { LeastLoadedOptions } from './selection/least-loaded.js';
export { leastLoaded } from './selection/least-loaded.js';
export type { PeakEwmaOptions } from './selection/peak-ewma.js';
export { peakEwma } from './selection/peak-ewma.js';
export type { Picker, Strategy } from './selection/picker.js';
export type { PowerOfTwoChoicesOptions } from './selection/power-of-two-choices.js';
export { powerOfTwoChoices } from './selection/power-of-two-choices.js';
export { roundRobin } from './selection/round-robin.js';
export type { StickyOptions } from './selection/sticky.js';
export { sticky } from './selection/sticky.js';

// Healing

export type { Backoff } from './healing/backoff.js';
export type { BreakerState, CircuitBreakerOptions, DialReport } from './healing/circuit-breaker.js';
export { circuitBreaker } from './healing/circuit-breaker.js';
export type { CleanupBrokenOptions } from './healing/cleanup-broken.js';
export { cleanupBroken } from './healing/cleanup-broken.js';
export type { ConstantBackoffOptions } from './healing/constant-backoff.js';
export { constantBackoff } from './healing/constant-backoff.js';
export type { DecorrelatedJitterOptions } from './healing/decorrelated-jitter.js';
export { decorrelatedJitter } from './healing/decorrelated-jitter.js';
export { ejectOutliers } from './healing/eject-outliers.js';
export type { ExponentialBackoffOptions } from './healing/exponential-backoff.js';
export { exponentialBackoff } from './healing/exponential-backoff.js';
export type { ValidateIdleOptions, Validation } from './healing/idle-watch.js';
export type { Ejection, EjectOutliersOptions } from './healing/outlier-detector.js';
export { reconnectBroken } from './healing/reconnect-broken.js';
export type { ReconnectEvent } from './healing/reconnect-event.js';
export type { ReconnectBrokenOptions } from './healing/reconnect-options.js';
export { isTerminalCause } from './healing/terminal-cause.js';
export { validateIdle } from './healing/validate-idle.js';
export type { Validate, ValidationContext } from './healing/validation.js';
export type { AbandonReason } from './healing/verdict.js';

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
  ValidationError,
  WaitQueueFullError,
  WaitTimeoutError,
  WarmupError,
} from './errors.js';
