import { outOfRange, wrongType } from '../errors.js';
import type { Clock } from '../request/clock.js';
import { MAX_DELAY, systemClock } from '../request/clock.js';
import type { ZcachedLimits } from './limits.js';
import { DEFAULT_LIMITS } from './limits.js';

/** How to reach a zcached server, and what to put up with. Times are in milliseconds. */
export interface ZcachedOptions {
  /** @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** @default 7556 */
  readonly port?: number | undefined;
  /** A Unix socket, instead of a host and a port. */
  readonly path?: string | undefined;
  readonly tls?: boolean | { readonly servername?: string | undefined } | undefined;
  readonly pipelining?: number | undefined;
  readonly maps?: 'map' | 'object' | undefined;
  readonly strings?: 'text' | 'bytes' | undefined;
  /** From dialling to an answered PING. @default 5000 */
  readonly connectTimeout?: number | undefined;
  /** From `send` to the reply, time in the queue included. @default 5000 */
  readonly requestTimeout?: number | undefined;
  /** For closing in an orderly way; after that the socket is torn down. @default 1000 */
  readonly closeTimeout?: number | undefined;
  /** Bytes of one request; the server resets the connection on 10 MiB. @default 8388608 */
  readonly maxRequestBytes?: number | undefined;
  /** Requests that may wait for those before them; one more is refused at once. @default 10000 */
  readonly maxQueue?: number | undefined;
  /** What a reply may be at most. */
  readonly limits?: { readonly [L in keyof ZcachedLimits]?: number | undefined } | undefined;
  /** Where time comes from; for tests. @default the system's monotonic clock */
  readonly clock?: Clock | undefined;
}

/** Options with nothing left open. */
export type ZcachedSettings = {
  readonly [O in Exclude<
    keyof ZcachedOptions,
    'limits' | 'path' | 'tls' | 'pipelining' | 'maps' | 'strings'
  >]-?: NonNullable<ZcachedOptions[O]>;
} & { readonly limits: ZcachedLimits };

export function resolveOptions(options: ZcachedOptions = {}): ZcachedSettings {
  if (typeof options !== 'object' || options === null) throw wrongType('options', 'an object', options);
  return Object.freeze({
    host: nonEmpty('host', options.host ?? '127.0.0.1'),
    port: integer('port', options.port ?? 7556, 1, 65_535),
    connectTimeout: duration('connectTimeout', options.connectTimeout ?? 5000),
    requestTimeout: duration('requestTimeout', options.requestTimeout ?? 5000),
    closeTimeout: duration('closeTimeout', options.closeTimeout ?? 1000),
    maxRequestBytes: integer('maxRequestBytes', options.maxRequestBytes ?? 8 * 2 ** 20, 1),
    maxQueue: integer('maxQueue', options.maxQueue ?? 10_000, 0),
    limits: resolveLimits(options.limits ?? {}),
    clock: options.clock ?? systemClock,
  });
}

/** A time that a timer can be set to. */
export function duration(name: string, value: unknown): number {
  if (typeof value !== 'number') throw wrongType(name, 'a number of milliseconds', value);
  if (value > 0 && value <= MAX_DELAY) return value;
  throw outOfRange(name, `above 0 and at most ${MAX_DELAY} milliseconds`, value);
}

function resolveLimits(limits: NonNullable<ZcachedOptions['limits']>): ZcachedLimits {
  if (typeof limits !== 'object' || limits === null) throw wrongType('limits', 'an object', limits);
  const limit = (name: keyof ZcachedLimits): number =>
    integer(`limits.${name}`, limits[name] ?? DEFAULT_LIMITS[name], 0);
  return Object.freeze({
    maxDepth: limit('maxDepth'),
    maxElements: limit('maxElements'),
    maxBulkBytes: limit('maxBulkBytes'),
    maxReplyBytes: limit('maxReplyBytes'),
  });
}

function nonEmpty(name: string, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(name, 'a string', value);
  if (value.length > 0) return value;
  throw outOfRange(name, 'a non-empty string', value);
}

function integer(name: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw wrongType(name, 'an integer', value);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw outOfRange(name, `an integer from ${least} to ${most}`, value);
}
