import { type ArgumentError, wrongType } from '../errors.js';

/** A URL, as text or as a `URL`. */
export type WebSocketAddress = string | { readonly href: string };

/** The address of a WebSocket: a URL, or a function that returns it for each dial, for example with a new token. */
export type WebSocketUrl =
  | WebSocketAddress
  | ((context: { readonly signal: AbortSignal }) => WebSocketAddress | PromiseLike<WebSocketAddress>);

// Exists in a page.
declare const location: { readonly href: string } | undefined;

const SCHEMES: Readonly<Record<string, string>> = { 'ws:': 'ws:', 'wss:': 'wss:', 'http:': 'ws:', 'https:': 'wss:' };

/**
 * A URL that a WebSocket accepts: absolute, or relative in a page; of the scheme ws or wss; without a fragment. Errors
 * do not contain the URL, which may contain a password.
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

/** A URL without its secret parts: user, password and query. */
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
