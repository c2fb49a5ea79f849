import { type ArgumentError, wrongType } from '../errors.js';

/** A URL, as text or as a `URL`. */
export type WebSocketAddress = string | { readonly href: string };

/** Where a WebSocket leads: a URL, or a function that is asked for it before each dial, for one that has a token in it. */
export type WebSocketUrl =
  | WebSocketAddress
  | ((context: { readonly signal: AbortSignal }) => WebSocketAddress | PromiseLike<WebSocketAddress>);

// Of a page.
declare const location: { readonly href: string } | undefined;

const SCHEMES: Readonly<Record<string, string>> = { 'ws:': 'ws:', 'wss:': 'wss:', 'http:': 'ws:', 'https:': 'wss:' };

/**
 * A URL as a WebSocket takes it: absolute, in a page relative to that, of the scheme ws or wss, and without a fragment.
 * What is wrong with it is told without the URL, which may hold a password.
 */
export function parseUrl(given: unknown): URL {
  const text = typeof given === 'string' ? given : (given as { readonly href?: unknown } | null | undefined)?.href;
  if (typeof text !== 'string') throw wrongType('url', 'a string, a URL or a function', given);
  const url = parsed(text);
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) throw refused('of the scheme ws, wss, http or https');
  url.protocol = scheme;
  url.hash = '';
  return url;
}

/** A URL without what may be secret in it: user, password and query. */
export function endpointOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

function parsed(text: string): URL {
  try {
    return new URL(text, typeof location === 'undefined' ? undefined : location.href);
  } catch {
    throw refused(typeof location === 'undefined' ? 'an absolute URL' : 'a URL');
  }
}

const refused = (expected: string): ArgumentError =>
  Object.assign(new RangeError(`url must be ${expected}`), { code: 'ERR_OUT_OF_RANGE' });
