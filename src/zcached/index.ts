export {
  ConnectionLostError,
  NotConnectedError,
  RequestAbortedError,
  RequestError,
  RequestQueueFullError,
  RequestTimeoutError,
  type Sent,
} from '../request/errors.js';
export { ZcachedClient, type ZcachedPool, type ZcachedSender } from './client.js';
export { type ZcachedCall, ZcachedConnection } from './connection.js';
export { ZcachedDouble } from './double.js';
export {
  ZcachedArgumentError,
  ZcachedConnectError,
  ZcachedDisconnectedError,
  type ZcachedErrorKind,
  ZcachedProtocolError,
  type ZcachedRefusal,
  ZcachedReplyError,
  ZcachedRequestTooLargeError,
  ZcachedServerError,
  ZcachedUnsupportedError,
} from './errors.js';
export type { ZcachedLimits } from './limits.js';
export type { ZcachedOptions } from './options.js';
export { ZcachedOrderedSet } from './ordered-set.js';
export type { ZcachedPem, ZcachedTlsOptions } from './tls.js';
export type { ZcachedArgument, ZcachedValue } from './value.js';
