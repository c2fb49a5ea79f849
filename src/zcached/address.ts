import { isIPv6 } from 'node:net';
import { checkText, checkWithin } from '../checks.js';

/** The address of a server: a host and port, or a Unix socket. */
export type ZcachedAddress =
  | { readonly host: string; readonly port: number; readonly path?: undefined }
  | { readonly path: string; readonly host?: undefined; readonly port?: undefined };

interface AddressOptions {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
}

export function resolveAddress({ host, port, path }: AddressOptions): ZcachedAddress {
  if (path === undefined) {
    const address = { host: host ?? '127.0.0.1', port: port ?? 7556 };
    checkText('host', address.host);
    checkWithin('port', address.port, 1, 65_535);
    return Object.freeze(address);
  }
  checkText('path', path);
  if (host !== undefined || port !== undefined) {
    const given = host === undefined ? 'port' : 'host';
    throw Object.assign(new TypeError(`path stands instead of host and port: ${given} must not be given as well`), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  return Object.freeze({ path });
}

/** An address as text. */
export function nameOf({ host, port, path }: ZcachedAddress): string {
  if (path !== undefined) return path;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
