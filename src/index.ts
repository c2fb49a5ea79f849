// The pool and its options

export type { UseOutcome } from './borrowing/observed-acquirer.js';
export type {
  BorrowOptions,
  CloseOptions,
  DialOptions,
  DrainOptions,
  EjectOptions,
  InvalidateOptions,
  ReadyOptions,
  RenewOptions,
  SignalOptions,
  UseOptions,
} from './pool/call-options.js';
export type { ConnectionFactory, ConnectionRequest } from './pool/connection-factory.js';
export { ConnectionPool } from './pool/connection-pool.js';
export type { DialOutcome, Measurement, PoolObserver, WaitOutcome } from './pool/observer.js';
export type { ConnectionPoolOptions, Heal, ReconfigurableOptions, Reconfiguration } from './pool/options.js';
export type { Policy, PolicyPool } from './pool/policy.js';

// Connections

export {
  type AdaptedConnection,
  type AdaptedFactory,
  type Adapter,
  type AdapterBase,
  adapt,
  type ClientReports,
  type CreatingAdapter,
  type DialContext,
  type OpeningAdapter,
} from './connection/adapt.js';
export { BaseConnection } from './connection/base-connection.js';
export type { Connection, ConnectionState, ErrorClass, Outcome } from './connection/connection.js';
export type { ConnectionHook } from './connection/hook.js';
export { inState } from './connection/in-state.js';

// Borrowing

export type { UseContext } from './borrowing/checkout.js';
export type { Classify } from './borrowing/classify.js';
export type { Lease } from './borrowing/lease.js';
export type { Work } from './borrowing/use.js';
export type { StreamingWork } from './borrowing/with-connection.js';

// Selection: strategies and their pickers

export { type LeastLoadedOptions, leastLoaded } from './selection/least-loaded.js';
export { type PeakEwmaOptions, peakEwma } from './selection/peak-ewma.js';
export type { Picker, Strategy } from './selection/picker.js';
export { type PowerOfTwoChoicesOptions, powerOfTwoChoices } from './selection/power-of-two-choices.js';
export { type PreferredOptions, preferred } from './selection/preferred.js';
export { roundRobin } from './selection/round-robin.js';
export { type StickyOptions, sticky } from './selection/sticky.js';

// Healing: operators over broken connections

export { type CleanupBrokenOptions, cleanupBroken } from './healing/cleanup-broken.js';
export {
  type AbandonReason,
  type ReconnectBrokenOptions,
  type ReconnectEvent,
  reconnectBroken,
} from './healing/reconnect-broken.js';
export { isTerminalCause } from './healing/terminal-cause.js';

// Healing: backoffs

export type { Backoff } from './healing/backoff.js';
export { type ConstantBackoffOptions, constantBackoff } from './healing/constant-backoff.js';
export { type DecorrelatedJitterOptions, decorrelatedJitter } from './healing/decorrelated-jitter.js';
export { type ExponentialBackoffOptions, exponentialBackoff } from './healing/exponential-backoff.js';

// Healing: ejection, validation, the circuit breaker

export {
  type BreakerState,
  type CircuitBreakerOptions,
  circuitBreaker,
  type DialReport,
} from './healing/circuit-breaker.js';
export { dialWhile } from './healing/dial-while.js';
export type { Ejection, EjectOutliersOptions } from './healing/eject-outliers.js';
export { ejectOutliers } from './healing/eject-outliers.js';
export { type InvalidateSilentOptions, invalidateSilent, type Silence } from './healing/invalidate-silent.js';
export type { ValidateIdleOptions, Validation } from './healing/validate-idle.js';
export { validateIdle } from './healing/validate-idle.js';
export type { Validate, ValidationContext } from './healing/validation.js';

// Combined policies

export { type ResilientOptions, resilient } from './pool/resilient.js';

// Failures of policies

export { CommandFailure } from './streams/run-command.js';

// Sizing

export { type AdditionEvent, AdditionFailure, type AdditionOptions } from './sizing/addition.js';
export { type GrowOnDemandOptions, growOnDemand } from './sizing/grow-on-demand.js';
export { type RecycleOptions, recycle } from './sizing/recycle.js';
export { refill } from './sizing/refill.js';
export { type ShrinkIdleOptions, shrinkIdle } from './sizing/shrink-idle.js';

// Health: figures and events

export { describe, type EventDescription, type PoolEvent } from './health/events.js';
export type { Health, HealthStatus } from './health/health.js';
export { type HealthEveryOptions, healthEvery } from './health/health-every.js';
export type { EndpointHealth } from './membership/endpoints.js';
export type { Snapshot } from './membership/lists.js';
export type { LeaveReason } from './membership/membership.js';

// Errors

export {
  type ArgumentError,
  CircuitOpenError,
  ClientLostError,
  CloseTimeoutError,
  ConnectionClosedError,
  ConnectionFactoryError,
  ConnectionInvalidatedError,
  ConnectionStreamError,
  ConnectTimeoutError,
  NoEndpointsError,
  PoolClosedError,
  PoolDisposedError,
  PoolEmptyError,
  PoolError,
  type PoolErrorCode,
  type PoolErrorOptions,
  PoolExhaustedError,
  type PoolFigures,
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
