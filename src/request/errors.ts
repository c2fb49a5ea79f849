import { PoolError } from '../errors.js';

/**
 * Whether a request may have had an effect: `never`, because it was not written; or `maybe`, because it was written and
 * got no reply.
 */
export type Sent = 'never' | 'maybe';

/**
 * A failed request. `request` is its name. `sent` says whether it may have had an effect. You may repeat a request that
 * was `never` sent; repeat a `maybe` sent one only if it is idempotent.
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
    /** Whether the request may have had an effect. */
    readonly sent: Sent,
    explanation: string,
    cause?: unknown,
  ) {
    super(`${request}: ${explanation}`, { cause });
  }
}

/** No reply came by the deadline; the time in the queue counts. */
export class RequestTimeoutError extends RequestError {
  override readonly name: string = 'RequestTimeoutError';
  readonly code = 'ERR_REQUEST_TIMEOUT';

  constructor(
    request: string,
    sent: Sent,
    /** The timeout that passed, in milliseconds. */
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

/** The request was rejected at once, because the queue was full. */
export class RequestQueueFullError extends RequestError {
  override readonly name: string = 'RequestQueueFullError';
  readonly code = 'ERR_REQUEST_QUEUE_FULL';

  constructor(
    request: string,
    /** The length of the queue. */
    readonly limit: number,
  ) {
    super(request, 'never', `${limit} requests are waiting already`);
  }
}

/** The connection was lost or closed before the reply. `cause` is the reason. */
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
