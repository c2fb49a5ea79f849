import type { ErrorClass } from '../connection/connection.js';
import { ConnectionClosedError, UseTimeoutError } from '../errors.js';

/**
 * Says what an error of work means for its connection. Undefined leaves that to the connection's own `classify`, and
 * then to the default.
 */
export type Classify<C> = (error: unknown, connection: C) => ErrorClass | undefined;

/** Error codes of transports and clients that mean that no answer will come. */
const NO_ANSWER: ReadonlySet<unknown> = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOTCONN',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_CLIENT_LOST',
  'ERR_CONNECTION_LOST',
  'ERR_REQUEST_TIMEOUT',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_WRITE_AFTER_END',
]);

/** How many causes are followed. The bound also ends a cycle of causes. */
const DEEPEST = 8;

/**
 * Classifies an error of work if neither the pool nor the connection does. Deadlines and transport errors are failures;
 * everything else is an answer. Reads the `code` and `name` of the error and of each `cause` below it. Never throws.
 */
export function classifyError(error: unknown): ErrorClass {
  let link = error;
  try {
    for (let depth = 0; depth < DEEPEST && typeof link === 'object' && link !== null; depth++) {
      if (link instanceof UseTimeoutError || link instanceof ConnectionClosedError) return 'failure';
      const { code, name, cause } = link as { readonly [member in 'code' | 'name' | 'cause']?: unknown };
      if (NO_ANSWER.has(code) || name === 'TimeoutError') return 'failure';
      link = cause;
    }
  } catch {
    // The members of this error cannot be read.
  }
  return 'answer';
}
