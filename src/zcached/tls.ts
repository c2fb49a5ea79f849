import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { checkBoolean, checkChoice, checkOptions, checkText } from '../checks.js';
import { outOfRange, wrongType } from '../errors.js';

/** One or several PEM texts. */
export type ZcachedPem = string | Uint8Array | readonly (string | Uint8Array)[];

/** How the server and the client prove their identities. Options that are not given have Node's defaults. */
export interface ZcachedTlsOptions {
  /** The trusted authorities, instead of those that Node trusts. */
  readonly ca?: ZcachedPem | undefined;
  /** The client's certificate with its intermediates, for a server that asks for one. */
  readonly cert?: ZcachedPem | undefined;
  /** The private key of `cert`. */
  readonly key?: ZcachedPem | undefined;
  /** The passphrase of `key`. */
  readonly passphrase?: string | undefined;
  /** The name that the server's certificate must have. @default `host`, or 'localhost' for a Unix socket */
  readonly servername?: string | undefined;
  /** `false` does not verify the server's certificate; only for tests. @default true */
  readonly rejectUnauthorized?: boolean | undefined;
  /** The lowest TLS version. @default 'TLSv1.3' */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
}

const TLS_OPTIONS = ['ca', 'cert', 'key', 'passphrase', 'servername', 'rejectUnauthorized', 'minVersion'];

/** Prepared for any number of connections. */
export interface TlsSettings {
  readonly secureContext: SecureContext;
  readonly servername: string | undefined;
  readonly rejectUnauthorized: boolean;
}

/** Reads certificates and keys now, so that an error in them shows before the first dial. */
export function resolveTls(tls: boolean | ZcachedTlsOptions, host: string | undefined): TlsSettings | undefined {
  if (typeof tls === 'boolean') return tls ? resolveTls({}, host) : undefined;
  checkOptions('tls', tls, TLS_OPTIONS);
  const { ca, cert, key, passphrase, servername, rejectUnauthorized = true, minVersion = 'TLSv1.3' } = tls;
  // A secret: the error names only its type.
  if (passphrase !== undefined && typeof passphrase !== 'string') {
    throw wrongType('tls.passphrase', 'a string', typeof passphrase);
  }
  if (servername !== undefined) checkServername(servername);
  checkBoolean('tls.rejectUnauthorized', rejectUnauthorized);
  checkChoice('tls.minVersion', minVersion, ['TLSv1.2', 'TLSv1.3']);
  const files = { ca: pem('ca', ca), cert: pem('cert', cert), key: pem('key', key), passphrase };
  try {
    return Object.freeze({
      secureContext: createSecureContext({ ...files, minVersion }),
      servername: servername ?? (host !== undefined && isIP(host) === 0 ? host : undefined),
      rejectUnauthorized,
    });
  } catch (cause) {
    throw wrongType('tls', 'certificates and a key that can be read and belong together', tls, cause);
  }
}

/** TLS cannot ask for an IP address, only for a name. */
function checkServername(servername: unknown): void {
  checkText('tls.servername', servername);
  if (isIP(servername) !== 0) throw outOfRange('tls.servername', 'a host name', servername);
}

const isText = (value: unknown): boolean => typeof value === 'string' || ArrayBuffer.isView(value);

function pem(name: string, value: ZcachedPem | undefined): (string | Buffer)[] | undefined {
  if (value === undefined) return undefined;
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (texts.length === 0 || !texts.every(isText)) throw wrongType(`tls.${name}`, 'PEM, as text or bytes', value);
  return texts as (string | Buffer)[];
}
