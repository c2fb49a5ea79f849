import { domainToASCII } from 'node:url';
import { checkSize } from '../checks.js';
import { type ArgumentError, outOfRange, wrongType } from '../errors.js';
import { nearest } from '../nearest.js';
import type { ZcachedOptions } from './options.js';
import { resolveOptions } from './options.js';

/** The options that a URL can set. */
export interface ZcachedUrlOptions extends ZcachedOptions {
  /** How many connections a client makes; a single connection ignores it. @default 4 */
  readonly poolSize?: number | undefined;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const NUMBERS = [
  'connectTimeout',
  'requestTimeout',
  'closeTimeout',
  'maxRequestBytes',
  'maxQueue',
  'pipelining',
  'poolSize',
] as const;

const CHOICES = { maps: ['map', 'object'], strings: ['text', 'bytes'] } as const;

const KNOWN: readonly string[] = [...NUMBERS, ...Object.keys(CHOICES), 'servername'];

const DIGITS = /^\d{1,15}$/;
/** Characters at which a host would end. */
const DELIMITERS = /[\s/\\?#@:]/;

/**
 * The options in a URL: `zcached://host:port`, `zcacheds://host:port` for TLS, or `zcached:///path/of/a.sock` for a
 * Unix socket. No URL can switch off the verification of TLS. An IPv6 address stands in brackets, the port defaults to
 * 7556, and host and path are percent-decoded. Parameters are the options of a connection that are a number or a word,
 * `poolSize`, and with TLS `servername`.
 *
 * @throws TypeError, RangeError with a `code` for invalid parts. They name the part, and never quote the URL, which may
 * contain secrets.
 * @example
 * ```ts
 * parseZcachedUrl('zcached://[::1]?requestTimeout=500'); // { host: '::1', requestTimeout: 500 }
 * ```
 */
export function parseZcachedUrl(url: string | URL): ZcachedUrlOptions {
  const parts = partsOf(url);
  const isSecure = parts.protocol === 'zcacheds:';
  if (!isSecure && parts.protocol !== 'zcached:') throw refused('scheme', 'zcached or zcacheds');
  if (parts.username || parts.password) throw refused('user information', 'left out: there is no login');
  if (parts.href.includes('#')) throw refused('fragment', 'left out');
  const options: Writable<ZcachedUrlOptions> = addressOf(parts);
  if (isSecure) options.tls = true;
  for (const [index, [name, value]] of [...parts.searchParams].entries()) {
    if (!KNOWN.includes(name)) throw unknownParameter(name, index);
    if (parts.searchParams.getAll(name).length > 1) throw refused(name, 'given once');
    Object.assign(options, parameter(name, value, isSecure));
  }
  // The same bounds apply wherever an option comes from.
  resolveOptions(options);
  if (options.poolSize !== undefined) checkPoolSize(options.poolSize);
  return options;
}

/** The options of a URL, overridden by the given ones. TLS options are merged. */
export function withUrl<O extends ZcachedUrlOptions>(url: string | URL, options: O): O {
  const fromUrl = parseZcachedUrl(url);
  return { ...fromUrl, ...defined(options), tls: tlsOf(fromUrl.tls, options.tls) } as ZcachedUrlOptions as O;
}

function tlsOf(fromUrl: ZcachedOptions['tls'], fromOptions: ZcachedOptions['tls']): ZcachedOptions['tls'] {
  if (typeof fromUrl !== 'object' || fromOptions === false) return fromOptions ?? fromUrl;
  return typeof fromOptions === 'object' ? { ...fromUrl, ...defined(fromOptions) } : fromUrl;
}

const defined = <O extends object>(options: O): Partial<O> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<O>;

/** Whether the target is a URL or a text. */
export const isUrl = (target: unknown): target is string | URL => typeof target === 'string' || target instanceof URL;

export function checkPoolSize(value: unknown): void {
  checkSize('poolSize', value);
  if (value === 0) throw outOfRange('poolSize', 'at least 1', value);
}

/** Parses a URL. The platform's error is dropped, because it quotes the whole URL. */
function partsOf(url: string | URL): URL {
  if (!isUrl(url)) throw wrongType('url', 'a string or a URL', typeof url);
  try {
    return new URL(url);
  } catch {
    throw refused('form', 'zcached://host:port');
  }
}

function addressOf({ hostname, port, pathname }: URL): ZcachedUrlOptions {
  const path = decoded('path', pathname);
  if (hostname === '') {
    if (!path.startsWith('/') || path === '/' || path.includes('\0')) {
      throw refused('host', 'given, or replaced by the absolute path of a Unix socket');
    }
    return { path };
  }
  if (path !== '' && path !== '/') throw refused('path', 'left out where there is a host');
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : nameOf(decoded('host', hostname));
  if (host === '') throw refused('host', 'a name or an address');
  return port === '' ? { host } : { host, port: Number(port) };
}

/** A host's name for the look-up; empty if it is invalid. */
const nameOf = (text: string): string => (DELIMITERS.test(text) ? '' : domainToASCII(text));

function parameter(name: string, value: string, isSecure: boolean): ZcachedUrlOptions {
  if (name === 'servername') {
    if (!isSecure) throw refused(name, 'left out without TLS');
    if (nameOf(value) === '') throw refused(name, 'a host name');
    return { tls: { servername: value } };
  }
  if (name in CHOICES) {
    const choices: readonly string[] = CHOICES[name as keyof typeof CHOICES];
    if (!choices.includes(value)) throw refused(name, choices.join(' or '));
  } else if (!DIGITS.test(value)) {
    throw refused(name, 'a whole number');
  }
  return { [name]: name in CHOICES ? value : Number(value) };
}

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused(part, 'percent-encoded UTF-8');
  }
}

/** Shows only a name that is near to a known one: that is a typing error, while any other may be a secret. */
function unknownParameter(name: string, index: number): ArgumentError {
  const near = nearest(name, KNOWN);
  if (near === undefined) return refused(`parameter ${index + 1}`, `one of ${KNOWN.join(', ')}`);
  return refused(`parameter ${name}`, `one that there is; did you mean ${near}?`);
}

const refused = (part: string, expected: string): ArgumentError =>
  Object.assign(new RangeError(`The ${part} of the URL must be ${expected}`), { code: 'ERR_OUT_OF_RANGE' });
