import type { ZcachedOptions } from './options.js';

export function parseZcachedUrl(url: string | URL): ZcachedOptions {
  const { hostname, port, pathname, protocol } = new URL(url);
  const tls = protocol === 'zcacheds:';
  if (hostname === '') return { path: pathname, tls };
  return { host: hostname, port: port === '' ? undefined : Number(port), tls };
}

/** What a URL says, but for what is said otherwise beside it. */
export function withUrl(url: string | URL, options: ZcachedOptions): ZcachedOptions {
  const named = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...parseZcachedUrl(url), ...Object.fromEntries(named) };
}

/** Whether it is a URL, or means to be one. */
export const isUrl = (target: unknown): target is string | URL => typeof target === 'string' || target instanceof URL;
