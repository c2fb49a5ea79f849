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

/** How to reach a zcached server, and what to put up with. Times are in milliseconds. */
export interface ZcachedOptions {
  /** What logs, events and errors call the connection. @default 'zcached' and a number of its own */
  readonly name?: string | undefined;
  /** @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** @default 7556 */
  readonly port?: number | undefined;
  /** A Unix socket, instead of `host` and `port`. */
  readonly path?: string | undefined;
  /**
   * Connects by TLS, `true` with what Node has it with. A server that cannot show that it is who it should be is
   * refused, and never talked to in the clear. Servers of the 2024 generation have no TLS. @default false
   */
  readonly tls?: boolean | ZcachedTlsOptions | undefined;
  /** From dialling to an answered PING, look-up and TLS handshake included. @default 5000 */
  readonly connectTimeout?: number | undefined;
  /** From `send` to the reply, time in the queue included. @default 5000 */
  readonly requestTimeout?: number | undefined;
  /** For what is outstanding when the connection is closed; then it fails, and the socket is torn down. @default 1000 */
  readonly closeTimeout?: number | undefined;
  /**
   * Bytes of one request; a larger one is refused before it is sent. A server of 2025 resets the connection on 10 MiB.
   *
   * A server of 2024 takes what one read gives it for a request: at best one segment of TCP, and no more than its
   * `cbuffer`. A segment carries 1,208 bytes on any path, 1,448 on Ethernet without tunnels, 65,483 on loopback. A larger
   * request may arrive in parts. It then fails, with kind `BAD_REQUEST` and `sent: 'maybe'`, its connection is replaced,
   * and a mixture of what was sent before on the connection may be stored, or that be run again. No part of its arguments
   * is run as a command.
   * @default 1208 for a server of 2024, 8388608 for those after it
   */
  readonly maxRequestBytes?: number | undefined;
  /** Requests that may wait for those before them; one more is refused at once. @default 10000 */
  readonly maxQueue?: number | undefined;
  /**
   * Requests that may be on the wire at once. Those of one turn of the event loop go in one write. 1 is lock step: each
   * waits for the reply to the one before, which every server bears. More is only for a server that is known to bear
   * it: those of 2025 crash under more than 4096 bytes of them in one write. One of 2024 forgets all but the first of a
   * segment, so that later replies would reach the wrong requests; it is asked in lock step whatever this says. Replies
   * have no names: should a server answer one request twice, the next in flight gets the second answer.
   * @default 1
   */
  readonly pipelining?: number | undefined;
  /** How maps come back: as `Map`, or as objects without a prototype. @default 'map' */
  readonly maps?: ReplyForm['maps'] | undefined;
  /** How strings come back: as text, or as bytes in a `Uint8Array`. @default 'text' */
  readonly strings?: ReplyForm['strings'] | undefined;
  /** What a reply may be at most. */
  readonly limits?: { readonly [L in keyof ZcachedLimits]?: number | undefined } | undefined;
  /** Where time comes from; for tests. @default the system's monotonic clock */
  readonly clock?: Clock | undefined;
}

/** Options with nothing left open. */
export interface ZcachedSettings {
  readonly name: string;
  readonly address: ZcachedAddress;
  readonly tls: TlsSettings | undefined;
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  readonly closeTimeout: number;
  /** Undefined for what the server takes as it comes. */
  readonly maxRequestBytes: number | undefined;
  readonly maxQueue: number;
  readonly pipelining: number;
  readonly form: ReplyForm;
  readonly limits: ZcachedLimits;
  readonly clock: Clock;
}

/** How many connections have been given a name here. */
/** `poolSize` may come from a URL, and is for a pool of connections. */
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

/** The form asked for, and `usual` in what is left open. */
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
