import type { ErrorClass } from '../connection/connection.js';
import { ConnectionClosedError, UseTimeoutError } from '../errors.js';

/** What an error of work says of its connection; undefined leaves it to the connection's own, and that to the default. */
export type Classify<C> = (error: unknown, connection: C) => ErrorClass | undefined;

/** Codes of errors by which a transport, or a client that speaks over one, says that no answer will come. */
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

/** How many causes are followed: more than errors are wrapped, and an end for a cycle of causes. */
const DEEPEST = 8;

/**
 * What an error of work says of its connection, if neither the pool nor the connection classifies it. A deadline that
 * has passed and an error of the transport are failures; everything else is an answer. Reads the `code` and `name` of
 * the error, of its `cause`, and so on. Never throws.
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
    // An error whose members cannot be read.
  }
  return 'answer';
}
