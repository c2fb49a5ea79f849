/** The figures of a pool that explain an error. */
export interface PoolFigures {
  readonly total: number;
  readonly connected: number;
  /** Requests in flight in the whole pool. */
  readonly pending: number;
  /** Callers in the pool's queue. */
  readonly waiting: number;
}

/** What every error of the library can be made with. */
export interface PoolErrorOptions {
  readonly cause?: unknown;
  readonly figures?: PoolFigures | undefined;
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
  abstract readonly code: string;
  /** The pool's figures when it happened, where a pool was involved. */
  readonly figures: PoolFigures | undefined;

  constructor(message: string, { cause, figures }: PoolErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.figures = figures;
  }
}

/** The pool has no connections: `setup()` was not called, or all of them were removed. */
export class PoolEmptyError extends PoolError {
  readonly code = 'ERR_POOL_EMPTY';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool has connections and none of them is connected and in service. */
export class PoolNotConnectedError extends PoolError {
  readonly code = 'ERR_POOL_NOT_CONNECTED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** Every connected connection carries as much as it may. */
export class PoolExhaustedError extends PoolError {
  readonly code = 'ERR_POOL_EXHAUSTED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool was suspended, and waiting was ruled out by `maxWaiting: 0` or a synchronous call. */
export class PoolSuspendedError extends PoolError {
  readonly code = 'ERR_POOL_SUSPENDED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool's circuit breaker is open, or half-open: nothing can be connected. `cause` is the last dial's failure. */
export class CircuitOpenError extends PoolError {
  readonly code = 'ERR_CIRCUIT_OPEN';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** As many callers wait as may: `maxWaiting`. */
export class WaitQueueFullError extends PoolError {
  readonly code = 'ERR_WAIT_QUEUE_FULL';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** No connection could take the work within `waitTimeout`; `cause` is the last dial's failure, if it failed. */
export class WaitTimeoutError extends PoolError {
  readonly code = 'ERR_WAIT_TIMEOUT';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool was closed; `setup()` opens it again. */
export class PoolClosedError extends PoolError {
  readonly code = 'ERR_POOL_CLOSED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool was disposed of, for good. */
export class PoolDisposedError extends PoolError {
  readonly code = 'ERR_POOL_DISPOSED';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}

/** The pool did not get ready in time; `cause` is the last dial's failure. */
export class ReadyTimeoutError extends PoolError {
  readonly code = 'ERR_READY_TIMEOUT';
}

/**
 * Work did not settle by its deadline, and its signal was aborted; or it never began, and `cause` is the last dial's
 * failure, if it failed.
 */
export class UseTimeoutError extends PoolError {
  readonly code = 'ERR_USE_TIMEOUT';
  /** `never` where the work had not begun: its caller was still waiting for a connection. */
  readonly sent: 'never' | 'maybe';

  constructor(message: string, { sent = 'maybe', ...options }: PoolErrorOptions & { sent?: 'never' | 'maybe' } = {}) {
    super(message, options);
    this.sent = sent;
  }
}

/** A connection was taken out of use by whoever held it, or by a policy; `cause` is what they gave. */
export class ConnectionInvalidatedError extends PoolError {
  readonly code = 'ERR_CONNECTION_INVALIDATED';
}

/** `reset` failed or took too long when an exclusive borrowing had ended; the connection is dialled anew. */
export class ResetError extends PoolError {
  readonly code = 'ERR_RESET';
}

/** `warmup` failed or took too long on a connection that had just come up. */
export class WarmupError extends PoolError {
  readonly code = 'ERR_WARMUP';
}

/** A replacement could not be connected; the connections not yet replaced stay in service. */
export class RenewalError extends PoolError {
  readonly code = 'ERR_RENEWAL';
}

/** The connection factory threw, or returned something that cannot join the pool. */
export class ConnectionFactoryError extends PoolError {
  readonly code = 'ERR_CONNECTION_FACTORY';
}

/** A dial did not settle within `connectTimeout`. */
export class ConnectTimeoutError extends PoolError {
  readonly code = 'ERR_CONNECT_TIMEOUT';
}

/** A connection did not close within `closeTimeout`. */
export class CloseTimeoutError extends PoolError {
  readonly code = 'ERR_CLOSE_TIMEOUT';
}

/** The connection was closed by its owner or its pool. */
export class ConnectionClosedError extends PoolError {
  readonly code = 'ERR_CONNECTION_CLOSED';
}

/** One of a connection's streams errored, or completed while the connection was in use. */
export class ConnectionStreamError extends PoolError {
  readonly code = 'ERR_CONNECTION_STREAM';
}

/** An idle connection did not pass its validation: `cause` is what that said, and is absent when it said nothing in time. */
export class ValidationError extends PoolError {
  readonly code = 'ERR_VALIDATION';
}

/** What a wrong argument is answered with: a native error with a `code`. */
export type ArgumentError = (TypeError | RangeError) & { readonly code: string };

/** A wrong type, as a `TypeError` that names the argument and the value. */
export const wrongType = (argument: string, expected: string, value: unknown, cause?: unknown): ArgumentError =>
  Object.assign(new TypeError(`${argument} must be ${expected}, got ${describe(value)}`, { cause }), {
    code: 'ERR_INVALID_ARG_TYPE',
  });

/** A value out of range, as a `RangeError` that names the argument and the value. */
export const outOfRange = (argument: string, expected: string, value: unknown): ArgumentError =>
  Object.assign(new RangeError(`${argument} must be ${expected}, got ${describe(value)}`), {
    code: 'ERR_OUT_OF_RANGE',
  });

/** Primitives by value, everything else by kind: an argument's contents stay out of messages. */
function describe(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
