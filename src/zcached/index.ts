export type { Clock } from '../clock.js';
export {
  ConnectionLostError,
  NotConnectedError,
  RequestAbortedError,
  RequestError,
  RequestQueueFullError,
  RequestTimeoutError,
  type Sent,
} from '../request/errors.js';
export type { ZcachedCallOptions, ZcachedPool, ZcachedSender } from './caller.js';
export {
  type ConnectedZcachedClient,
  ZcachedClient,
  type ZcachedClientOptions,
  type ZcachedConnectOptions,
} from './client.js';
export { type ZcachedCall, ZcachedConnection } from './connection.js';
export { ZcachedDouble } from './double.js';
export type { Decoded, Encodable, ValueEncoding, ZcachedEncoding } from './encoding.js';
export {
  ZcachedArgumentError,
  ZcachedConnectError,
  ZcachedDisconnectedError,
  ZcachedEncodingError,
  type ZcachedEncodingName,
  type ZcachedErrorKind,
  ZcachedProtocolError,
  type ZcachedRefusal,
  ZcachedReplyError,
  ZcachedRequestTooLargeError,
  ZcachedServerError,
  ZcachedUnsupportedError,
} from './errors.js';
export type { Generation as ZcachedGeneration } from './generation.js';
export type { ZcachedCopyOptions } from './key-commands.js';
export type { ZcachedLimits } from './limits.js';
export type { ZcachedOptions } from './options.js';
export { optionsFor2025 } from './options-for-2025.js';
export { ZcachedOrderedSet } from './ordered-set.js';
export type { ZcachedPem, ZcachedTlsOptions } from './tls.js';
export { parseZcachedUrl, type ZcachedUrlOptions } from './url.js';
export type { ZcachedArgument, ZcachedValue } from './value.js';
export type { ZcachedEntriesOptions, ZcachedValueOptions } from './value-commands.js';
