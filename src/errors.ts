/** The stable codes of the errors that extend {@link PoolError}. */
export type PoolErrorCode =
  | 'ERR_POOL_EMPTY'
  | 'ERR_POOL_NOT_CONNECTED'
  | 'ERR_POOL_EXHAUSTED'
  | 'ERR_POOL_SUSPENDED'
  | 'ERR_CIRCUIT_OPEN'
  | 'ERR_WAIT_QUEUE_FULL'
  | 'ERR_WAIT_TIMEOUT'
  | 'ERR_POOL_CLOSED'
  | 'ERR_POOL_DISPOSED'
  | 'ERR_READY_TIMEOUT'
  | 'ERR_USE_TIMEOUT'
  | 'ERR_CONNECTION_INVALIDATED'
  | 'ERR_RESET'
  | 'ERR_WARMUP'
  | 'ERR_RENEWAL'
  | 'ERR_CONNECTION_FACTORY'
  | 'ERR_NO_ENDPOINTS'
  | 'ERR_CONNECT_TIMEOUT'
  | 'ERR_CLOSE_TIMEOUT'
  | 'ERR_CONNECTION_CLOSED'
  | 'ERR_CONNECTION_STREAM'
  | 'ERR_CLIENT_LOST'
  | 'ERR_VALIDATION';

/** The figures of a pool that explain an error. */
export interface PoolFigures {
  /** Members. */
  readonly total: number;
  /** Members that are connected and in service. */
  readonly connected: number;
  /** The sum of the members' loads. */
  readonly pending: number;
  /** Callers in the pool's queue. */
  readonly waiting: number;
}

/** The options of every error of the library. */
export interface PoolErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** The pool's figures at the time of the error. */
  readonly figures?: PoolFigures | undefined;
  /** The pool's name, if it has one. */
  readonly pool?: string | undefined;
  /** The name of the connection concerned, if it has one. */
  readonly connection?: string | undefined;
}

/**
 * The base class of the library's errors, except those of wrong arguments. `code` is stable; `message` is for people.
 * Neither contains arguments of requests or payloads of replies.
 * @example
 * ```ts
 * pool.use((connection) => connection.send('PING')).catch((error) => {
 *   if (error instanceof PoolError && error.code === 'ERR_POOL_NOT_CONNECTED') console.warn(error.figures);
 * });
 * ```
 */
export abstract class PoolError extends Error {
  /** Identifies the error; stable across versions. */
  abstract readonly code: PoolErrorCode | (string & {});
  /** The pool's figures at the time of the error, if a pool was involved. */
  declare readonly figures?: PoolFigures;
  /** The pool's name, if it has one. */
  declare readonly pool?: string;
  /** The name of the connection concerned, if it has one. */
  declare readonly connection?: string;

  constructor(message: string, { cause, figures, pool, connection }: PoolErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    if (figures) this.figures = figures;
    if (pool) this.pool = pool;
    if (connection) this.connection = connection;
  }
}

/** The pool has no members: `setup()` was not called, or all of them were removed. */
export class PoolEmptyError extends PoolError {
  override readonly name: string = 'PoolEmptyError';
  readonly code = 'ERR_POOL_EMPTY';
  /** No work was handed to a connection. */
  readonly sent = 'never';
}

/** The pool has members, but none is connected and in service. */
export class PoolNotConnectedError extends PoolError {
  override readonly name: string = 'PoolNotConnectedError';
  readonly code = 'ERR_POOL_NOT_CONNECTED';
  /** No work was handed to a connection. */
  readonly sent = 'never';
}

/** Every connection in service is at its limit, or the strategy chose none of the free ones. */
export class PoolExhaustedError extends PoolError {
  override readonly name: string = 'PoolExhaustedError';
  readonly code = 'ERR_POOL_EXHAUSTED';
  /** No work was handed to a connection. */
  readonly sent = 'never';
}

/**
 * The pool is suspended, and the caller may not wait: because of `maxWaiting: 0`, or because the call is synchronous.
 */
export class PoolSuspendedError extends PoolError {
  override readonly name: string = 'PoolSuspendedError';
  readonly code = 'ERR_POOL_SUSPENDED';
  /** No work was handed to a connection. */
  readonly sent = 'never';
}

/** The pool's circuit breaker is open or half-open. `cause` is the failure of the last dial. */
export class CircuitOpenError extends PoolError {
  override readonly name: string = 'CircuitOpenError';
  readonly code = 'ERR_CIRCUIT_OPEN';
  /** No work was handed to a connection. */
  readonly sent = 'never';
}

/** The queue is full: `maxWaiting` callers wait already. */
export class WaitQueueFullError extends PoolError {
  override readonly name: string = 'WaitQueueFullError';
  readonly code = 'ERR_WAIT_QUEUE_FULL';
  /** No work was handed to a connection. */
  readonly sent = 'never';
}

/** No connection could take the work within `waitTimeout`. `cause` is the failure of the last dial, if it failed. */
export class WaitTimeoutError extends PoolError {
  override readonly name: string = 'WaitTimeoutError';
  readonly code = 'ERR_WAIT_TIMEOUT';
  /** No work was handed to a connection. */
  readonly sent = 'never';
}

/** The pool was closed; `setup()` opens it again. */
export class PoolClosedError extends PoolError {
  override readonly name: string = 'PoolClosedError';
  readonly code = 'ERR_POOL_CLOSED';
  /** No work was handed to a connection. */
  readonly sent = 'never';
}

/** The pool was disposed of. */
export class PoolDisposedError extends PoolError {
  override readonly name: string = 'PoolDisposedError';
  readonly code = 'ERR_POOL_DISPOSED';
  /** No work was handed to a connection. */
  readonly sent = 'never';
}

/** Too few members were connected in time. `cause` is the failure of the last dial. */
export class ReadyTimeoutError extends PoolError {
  override readonly name: string = 'ReadyTimeoutError';
  readonly code = 'ERR_READY_TIMEOUT';
}

/**
 * The deadline of a call passed. Either its work did not settle in time and its signal aborted, or it never began; then
 * `cause` is the failure of the last dial, if it failed.
 */
export class UseTimeoutError extends PoolError {
  override readonly name: string = 'UseTimeoutError';
  readonly code = 'ERR_USE_TIMEOUT';
  /** `never` if the work had not begun because its caller was still waiting for a connection. */
  readonly sent: 'never' | 'maybe';

  constructor(message: string, { sent = 'maybe', ...options }: PoolErrorOptions & { sent?: 'never' | 'maybe' } = {}) {
    super(message, options);
    this.sent = sent;
  }
}

/** A connection was invalidated by a lease, a policy or a caller. `cause` is the reason that was given. */
export class ConnectionInvalidatedError extends PoolError {
  override readonly name: string = 'ConnectionInvalidatedError';
  readonly code = 'ERR_CONNECTION_INVALIDATED';
}

/** `reset` failed or took too long after an exclusive use. The connection is redialled. */
export class ResetError extends PoolError {
  override readonly name: string = 'ResetError';
  readonly code = 'ERR_RESET';
}

/** `warmup` failed or took too long after a dial. */
export class WarmupError extends PoolError {
  override readonly name: string = 'WarmupError';
  readonly code = 'ERR_WARMUP';
}

/** A replacement could not be connected. The connections not yet replaced stay in service. */
export class RenewalError extends PoolError {
  override readonly name: string = 'RenewalError';
  readonly code = 'ERR_RENEWAL';
  /** The names of connections that did not answer the ping after the renewal, and were invalidated. */
  readonly silent: readonly string[];

  constructor(message: string, { silent = [], ...options }: PoolErrorOptions & { silent?: readonly string[] } = {}) {
    super(message, options);
    this.silent = silent;
  }
}

/** The connection factory threw, or returned something that cannot join the pool. */
export class ConnectionFactoryError extends PoolError {
  override readonly name: string = 'ConnectionFactoryError';
  readonly code = 'ERR_CONNECTION_FACTORY';
}

/** The pool has the option `endpoints`, but no usable list. `cause` is why the last one could not be used. */
export class NoEndpointsError extends PoolError {
  override readonly name: string = 'NoEndpointsError';
  readonly code = 'ERR_NO_ENDPOINTS';
}

/** A dial did not settle within `connectTimeout`. */
export class ConnectTimeoutError extends PoolError {
  override readonly name: string = 'ConnectTimeoutError';
  readonly code = 'ERR_CONNECT_TIMEOUT';
}

/** A connection did not close within `closeTimeout`. */
export class CloseTimeoutError extends PoolError {
  override readonly name: string = 'CloseTimeoutError';
  readonly code = 'ERR_CLOSE_TIMEOUT';
}

/** The connection was closed by its owner or its pool. */
export class ConnectionClosedError extends PoolError {
  override readonly name: string = 'ConnectionClosedError';
  readonly code = 'ERR_CONNECTION_CLOSED';
}

/** A stream of a connection errored, or completed while the connection was in use. */
export class ConnectionStreamError extends PoolError {
  override readonly name: string = 'ConnectionStreamError';
  readonly code = 'ERR_CONNECTION_STREAM';
}

/** The client of an adapted connection was lost, or does not exist because the connection is not connected. */
export class ClientLostError extends PoolError {
  override readonly name: string = 'ClientLostError';
  readonly code = 'ERR_CLIENT_LOST';
}

/**
 * An idle connection failed its validation. `cause` is the error of the validation, or absent if it did not settle in
 * time.
 */
export class ValidationError extends PoolError {
  override readonly name: string = 'ValidationError';
  readonly code = 'ERR_VALIDATION';
}

/** The error of a wrong argument: a native error with a `code`. */
export type ArgumentError = (TypeError | RangeError) & {
  /** Identifies the error; stable across versions. */
  readonly code: string;
};

/** Makes a `TypeError` that names the argument and the value. */
export const wrongType = (argument: string, expected: string, value: unknown, cause?: unknown): ArgumentError =>
  Object.assign(new TypeError(`${argument} must be ${expected}, got ${describeValue(value)}`, { cause }), {
    code: 'ERR_INVALID_ARG_TYPE',
  });

/** Makes a `TypeError` that names an unknown option, and what may have been meant. */
export const unknownOption = (argument: string, name: string, hint: string): ArgumentError =>
  Object.assign(new TypeError(`${argument}.${name.slice(0, 40)} is no option; ${hint}`), {
    code: 'ERR_UNKNOWN_OPTION',
  });

/** Makes a `RangeError` that names the argument and the value. */
export const outOfRange = (argument: string, expected: string, value: unknown): ArgumentError =>
  Object.assign(new RangeError(`${argument} must be ${expected}, got ${describeValue(value)}`), {
    code: 'ERR_OUT_OF_RANGE',
  });

/**
 * Describes primitives by value and everything else by type, so that messages do not show the contents of arguments.
 */
function describeValue(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (value instanceof Error) return 'an error';
  if (value instanceof AbortSignal) return 'an AbortSignal';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
