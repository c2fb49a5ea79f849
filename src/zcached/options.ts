import { checkChoice, checkDuration, checkOptions, checkText, checkTimeout, checkWithin } from '../checks.js';
import type { Clock } from '../clock.js';
import { systemClock } from '../clock.js';
import type { ZcachedAddress } from './address.js';
import { resolveAddress } from './address.js';
import type { ZcachedLimits } from './limits.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { TlsSettings, ZcachedTlsOptions } from './tls.js';
import { resolveTls } from './tls.js';
import type { ReplyForm } from './value.js';
import { DEFAULT_FORM } from './value.js';

/** The address of a zcached server, deadlines and limits. Times are in milliseconds. */
export interface ZcachedOptions {
  /** The name in logs, events, errors and metrics. @default 'zcached' and a number of its own */
  readonly name?: string | undefined;
  /** The host. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** The port. @default 7556 */
  readonly port?: number | undefined;
  /** The path of a Unix socket, instead of `host` and `port`. */
  readonly path?: string | undefined;
  /**
   * Connects by TLS; `true` uses Node's defaults. A server whose certificate is not trusted is refused; the connection
   * never falls back to plain text. Servers of the 2024 generation have no TLS. @default false
   */
  readonly tls?: boolean | ZcachedTlsOptions | undefined;
  /** Time from dialling to an answered PING, including look-up and TLS handshake. @default 5000 */
  readonly connectTimeout?: number | undefined;
  /** Time from `send` to the reply, including time in the queue. @default 5000 */
  readonly requestTimeout?: number | undefined;
  /**
   * Time that outstanding requests have when the connection is closed. Then they fail, and the socket is destroyed.
   * @default 1000
   */
  readonly closeTimeout?: number | undefined;
  /**
   * Bytes of one request; a larger one is refused before it is sent. A 2025 server resets the connection at 10 MiB.
   *
   * A 2024 server takes the result of one read for a request: at most one TCP segment, and at most its `cbuffer`. A
   * segment carries 1,208 bytes on any path, 1,448 on Ethernet without tunnels, and 65,483 on loopback. A larger
   * request may arrive in parts. It then fails, with kind `BAD_REQUEST` and `sent: 'maybe'`, and its connection is
   * replaced. The server may store a mixture of this request and an earlier one of the connection, or run the earlier
   * one again. It never runs a part of the arguments as a command.
   * @default 1208 for a 2024 server, 8388608 for later ones
   */
  readonly maxRequestBytes?: number | undefined;
  /** Requests that may wait in the queue; further ones are refused at once. @default 10000 */
  readonly maxQueue?: number | undefined;
  /**
   * Requests that may be on the wire at once; those of one turn of the event loop are written together. With 1, each
   * request waits for the reply to the one before; every server supports that. Use more only for a server that you know
   * to support it. Servers of 2025 crash on more than 4096 bytes of requests in one write. Servers of 2024 forget all
   * requests of a segment except the first, so they always get 1. Replies have no ids: if a server answers one request
   * twice, the next request in flight gets the second answer. @default 1
   */
  readonly pipelining?: number | undefined;
  /** The form of maps: `Map`, or an object without a prototype. @default 'map' */
  readonly maps?: ReplyForm['maps'] | undefined;
  /** The form of strings: text, or bytes in a `Uint8Array`. @default 'text' */
  readonly strings?: ReplyForm['strings'] | undefined;
  /** The limits of a reply. */
  readonly limits?: { readonly [L in keyof ZcachedLimits]?: number | undefined } | undefined;
  /** The clock of timeouts; for tests. @default the system's monotonic clock */
  readonly clock?: Clock | undefined;
}

/** All options, with the defaults of those not given. */
export interface ZcachedSettings {
  readonly name: string;
  readonly address: ZcachedAddress;
  readonly tls: TlsSettings | undefined;
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  readonly closeTimeout: number;
  /** Undefined for the default of the server's generation. */
  readonly maxRequestBytes: number | undefined;
  readonly maxQueue: number;
  readonly pipelining: number;
  readonly form: ReplyForm;
  readonly limits: ZcachedLimits;
  readonly clock: Clock;
}

/** `poolSize` may come from a URL; it is for a pool of connections. */
export const CONNECTION_OPTIONS = [
  'name',
  'host',
  'port',
  'path',
  'tls',
  'connectTimeout',
  'requestTimeout',
  'closeTimeout',
  'maxRequestBytes',
  'maxQueue',
  'pipelining',
  'maps',
  'strings',
  'limits',
  'clock',
  'poolSize',
];

let connections = 0;

export function resolveOptions(options: ZcachedOptions = {}): ZcachedSettings {
  checkOptions('options', options, CONNECTION_OPTIONS);
  const address = resolveAddress(options);
  const settings = {
    name: options.name ?? `zcached-${++connections}`,
    address,
    tls: resolveTls(options.tls ?? false, address.host),
    connectTimeout: options.connectTimeout ?? 5000,
    requestTimeout: options.requestTimeout ?? 5000,
    closeTimeout: options.closeTimeout ?? 1000,
    maxRequestBytes: options.maxRequestBytes,
    maxQueue: options.maxQueue ?? 10_000,
    pipelining: options.pipelining ?? 1,
    form: resolveForm(options, DEFAULT_FORM),
    limits: resolveLimits(options.limits ?? {}),
    clock: options.clock ?? systemClock,
  };
  checkText('name', settings.name);
  checkTimeout('connectTimeout', settings.connectTimeout);
  checkTimeout('requestTimeout', settings.requestTimeout);
  checkDuration('closeTimeout', settings.closeTimeout);
  if (settings.maxRequestBytes !== undefined) checkWithin('maxRequestBytes', settings.maxRequestBytes, 1);
  checkWithin('maxQueue', settings.maxQueue, 0);
  checkWithin('pipelining', settings.pipelining, 1);
  return Object.freeze(settings);
}

type FormOptions = Pick<ZcachedOptions, 'maps' | 'strings'>;

/** The form that the options ask for; `usual` for the rest. */
export function resolveForm(options: FormOptions, usual: ReplyForm): ReplyForm {
  const form = { maps: options.maps ?? usual.maps, strings: options.strings ?? usual.strings };
  if (form.maps === usual.maps && form.strings === usual.strings) return usual;
  checkChoice('maps', form.maps, ['map', 'object']);
  checkChoice('strings', form.strings, ['text', 'bytes']);
  return Object.freeze(form);
}

function resolveLimits(limits: NonNullable<ZcachedOptions['limits']>): ZcachedLimits {
  checkOptions('limits', limits, Object.keys(DEFAULT_LIMITS));
  const { maxDepth, maxElements, maxBulkBytes, maxReplyBytes } = DEFAULT_LIMITS;
  const resolved: ZcachedLimits = {
    maxDepth: limits.maxDepth ?? maxDepth,
    maxElements: limits.maxElements ?? maxElements,
    maxBulkBytes: limits.maxBulkBytes ?? maxBulkBytes,
    maxReplyBytes: limits.maxReplyBytes ?? maxReplyBytes,
  };
  for (const [name, value] of Object.entries(resolved)) checkWithin(`limits.${name}`, value, 0);
  return Object.freeze(resolved);
}
