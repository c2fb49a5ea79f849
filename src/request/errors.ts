import { PoolError } from '../errors.js';

/** Whether a request may have had an effect: it was never written, or nobody can say. */
export type Sent = 'never' | 'maybe';

/**
 * A request that failed. Says which by name and whether it may have taken effect: one that was `never` sent
 * can be repeated, one that was `maybe` sent only if repeating does no harm.
 *
 * @example
 * ```ts
 * await connection.send('SET', 'k', 1).catch((error) => {
 *   if (error instanceof RequestError && error.sent === 'never') return connection.send('SET', 'k', 1);
 *   throw error;
 * });
 * ```
 */
export abstract class RequestError extends PoolError {
  constructor(
    /** The request's name, never its arguments. */
    readonly request: string,
    readonly sent: Sent,
    explanation: string,
    cause?: unknown,
  ) {
    super(`${request}: ${explanation}`, { cause });
  }
}

/** No reply by the deadline, time in the queue included. */
export class RequestTimeoutError extends RequestError {
  override readonly name: string = 'RequestTimeoutError';
  readonly code = 'ERR_REQUEST_TIMEOUT';

  constructor(
    request: string,
    sent: Sent,
    /** Milliseconds that were waited. */
    readonly timeout: number,
  ) {
    super(request, sent, sent === 'never' ? `not sent within ${timeout} ms` : `no reply within ${timeout} ms`);
  }
}

/** The request's signal was aborted; `cause` is the signal's reason. */
export class RequestAbortedError extends RequestError {
  override readonly name: string = 'RequestAbortedError';
  readonly code = 'ERR_REQUEST_ABORTED';

  constructor(request: string, sent: Sent, reason: unknown) {
    super(request, sent, 'aborted', reason);
  }
}

/** Refused at once: as many requests as allowed were waiting already. */
export class RequestQueueFullError extends RequestError {
  override readonly name: string = 'RequestQueueFullError';
  readonly code = 'ERR_REQUEST_QUEUE_FULL';

  constructor(
    request: string,
    /** Requests that may wait. */
    readonly limit: number,
  ) {
    super(request, 'never', `${limit} requests are waiting already`);
  }
}

/** The connection was lost or closed before the reply; `cause` is why. */
export class ConnectionLostError extends RequestError {
  override readonly name: string = 'ConnectionLostError';
  readonly code = 'ERR_CONNECTION_LOST';

  constructor(request: string, sent: Sent, cause: unknown) {
    super(request, sent, 'the connection went before the reply came', cause);
  }
}

/** The connection is not connected. */
export class NotConnectedError extends RequestError {
  override readonly name: string = 'NotConnectedError';
  readonly code = 'ERR_NOT_CONNECTED';

  constructor(request: string, cause: unknown) {
    super(request, 'never', 'not connected', cause);
  }
}
