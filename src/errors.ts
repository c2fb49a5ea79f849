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

/** What every error of the library can be made with. */
export interface PoolErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** The pool's figures when it happened. */
  readonly figures?: PoolFigures | undefined;
  /** The name of the pool, where it has one. */
  readonly pool?: string | undefined;
  /** The name of the connection that the error is about, if it has one. */
  readonly connection?: string | undefined;
}

/**
 * The base of every error that is not a wrong argument. `code` is stable; `message` is for people.
 * Neither ever holds a request's arguments or a reply's payload.
 *
 * @example
 * ```ts
 * pool.use((connection) => connection.send('PING')).catch((error) => {
 *   if (error instanceof PoolError && error.code === 'ERR_POOL_NOT_CONNECTED') console.warn(error.figures);
 * });
 * ```
 */
export abstract class PoolError extends Error {
  /** Which error it is; stable across versions. */
  abstract readonly code: PoolErrorCode | (string & {});
  /** The pool's figures when it happened, where a pool was involved. */
  declare readonly figures?: PoolFigures;
  /** The name of the pool, where it has one. */
  declare readonly pool?: string;
  /** The name of the connection that the error is about, if it has one. */
  declare readonly connection?: string;

  constructor(message: string, { cause, figures, pool, connection }: PoolErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    if (figures) this.figures = figures;
    if (pool) this.pool = pool;
    if (connection) this.connection = connection;
  }
}

/** The pool has no connections: `setup()` was not called, or all of them were removed. */
export class PoolEmptyError extends PoolError {
  override readonly name: string = 'PoolEmptyError';
  readonly code = 'ERR_POOL_EMPTY';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool has connections and none of them is connected and in service. */
export class PoolNotConnectedError extends PoolError {
  override readonly name: string = 'PoolNotConnectedError';
  readonly code = 'ERR_POOL_NOT_CONNECTED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** Every connected connection carries as much as it may. */
export class PoolExhaustedError extends PoolError {
  override readonly name: string = 'PoolExhaustedError';
  readonly code = 'ERR_POOL_EXHAUSTED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool was suspended, and waiting was ruled out by `maxWaiting: 0` or a synchronous call. */
export class PoolSuspendedError extends PoolError {
  override readonly name: string = 'PoolSuspendedError';
  readonly code = 'ERR_POOL_SUSPENDED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool's circuit breaker is open, or half-open: nothing can be connected. `cause` is the last dial's failure. */
export class CircuitOpenError extends PoolError {
  override readonly name: string = 'CircuitOpenError';
  readonly code = 'ERR_CIRCUIT_OPEN';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** As many callers wait as may: `maxWaiting`. */
export class WaitQueueFullError extends PoolError {
  override readonly name: string = 'WaitQueueFullError';
  readonly code = 'ERR_WAIT_QUEUE_FULL';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** No connection could take the work within `waitTimeout`; `cause` is the last dial's failure, if it failed. */
export class WaitTimeoutError extends PoolError {
  override readonly name: string = 'WaitTimeoutError';
  readonly code = 'ERR_WAIT_TIMEOUT';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool was closed; `setup()` opens it again. */
export class PoolClosedError extends PoolError {
  override readonly name: string = 'PoolClosedError';
  readonly code = 'ERR_POOL_CLOSED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool was disposed of, for good. */
export class PoolDisposedError extends PoolError {
  override readonly name: string = 'PoolDisposedError';
  readonly code = 'ERR_POOL_DISPOSED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool did not get ready in time; `cause` is the last dial's failure. */
export class ReadyTimeoutError extends PoolError {
  override readonly name: string = 'ReadyTimeoutError';
  readonly code = 'ERR_READY_TIMEOUT';
}

/**
 * Work did not settle by its deadline, and its signal was aborted; or it never began, and `cause` is the last dial's
 * failure, if it failed.
 */
export class UseTimeoutError extends PoolError {
  override readonly name: string = 'UseTimeoutError';
  readonly code = 'ERR_USE_TIMEOUT';
  /** `never` where the work had not begun: its caller was still waiting for a connection. */
  readonly sent: 'never' | 'maybe';

  constructor(message: string, { sent = 'maybe', ...options }: PoolErrorOptions & { sent?: 'never' | 'maybe' } = {}) {
    super(message, options);
    this.sent = sent;
  }
}

/** A connection was invalidated by the holder of its lease or by a policy; `cause` is what that gave. */
export class ConnectionInvalidatedError extends PoolError {
  override readonly name: string = 'ConnectionInvalidatedError';
  readonly code = 'ERR_CONNECTION_INVALIDATED';
}

/** `reset` failed or took too long when an exclusive borrowing had ended; the connection is dialled anew. */
export class ResetError extends PoolError {
  override readonly name: string = 'ResetError';
  readonly code = 'ERR_RESET';
}

/** `warmup` failed or took too long on a connection that had just come up. */
export class WarmupError extends PoolError {
  override readonly name: string = 'WarmupError';
  readonly code = 'ERR_WARMUP';
}

/** A replacement could not be connected; the connections not yet replaced stay in service. */
export class RenewalError extends PoolError {
  override readonly name: string = 'RenewalError';
  readonly code = 'ERR_RENEWAL';
  /** The names of connections that answered no ping afterwards, and were invalidated. */
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

/**
 * The pool has the option `endpoints`, and no list of them has come, or will; `cause` is why the last could not be used.
 */
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

/** One of a connection's streams errored, or completed while the connection was in use. */
export class ConnectionStreamError extends PoolError {
  override readonly name: string = 'ConnectionStreamError';
  readonly code = 'ERR_CONNECTION_STREAM';
}

/** The client of an adapted connection was lost, or there is none because the connection is not connected. */
export class ClientLostError extends PoolError {
  override readonly name: string = 'ClientLostError';
  readonly code = 'ERR_CLIENT_LOST';
}

/** An idle connection did not pass its validation: `cause` is what that said, and is absent when it said nothing in time. */
export class ValidationError extends PoolError {
  override readonly name: string = 'ValidationError';
  readonly code = 'ERR_VALIDATION';
}

/** What a wrong argument is answered with: a native error with a `code`. */
export type ArgumentError = (TypeError | RangeError) & {
  /** Which error it is; stable across versions. */
  readonly code: string;
};

/** A wrong type, as a `TypeError` that names the argument and the value. */
export const wrongType = (argument: string, expected: string, value: unknown, cause?: unknown): ArgumentError =>
  Object.assign(new TypeError(`${argument} must be ${expected}, got ${describeValue(value)}`, { cause }), {
    code: 'ERR_INVALID_ARG_TYPE',
  });

/** An unknown option, as a `TypeError` that names it and the nearest known one. */
export const unknownOption = (argument: string, name: string, nearest: string | undefined): ArgumentError => {
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return Object.assign(new TypeError(`${argument}.${name.slice(0, 40)} is no option${hint}`), {
    code: 'ERR_UNKNOWN_OPTION',
  });
};

/** A value out of range, as a `RangeError` that names the argument and the value. */
export const outOfRange = (argument: string, expected: string, value: unknown): ArgumentError =>
  Object.assign(new RangeError(`${argument} must be ${expected}, got ${describeValue(value)}`), {
    code: 'ERR_OUT_OF_RANGE',
  });

/** Primitives by value, everything else by kind: an argument's contents stay out of messages. */
function describeValue(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (value instanceof Error) return 'an error';
  if (value instanceof AbortSignal) return 'an AbortSignal';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
