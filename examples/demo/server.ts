import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseZcachedUrl, type ZcachedTlsOptions, type ZcachedUrlOptions } from 'rxpool/zcached';
import { UsageError } from '../../spec/package/command.js';

/** Where the relay listens. */
export const RELAY_HOST = '127.0.0.1';

export const CA_IS_FOR_TLS = '--ca goes with a URL that begins with zcacheds:';

/** What a URL says of a real server, and whom to trust with TLS. Throws a {@link UsageError}, which does not quote it. */
export function serverOf(url: string, caFile?: string): ZcachedUrlOptions {
  const { tls, ...said } = parsed(url);
  if (!tls) {
    if (caFile !== undefined) throw new UsageError(CA_IS_FOR_TLS);
    return said;
  }
  const named: ZcachedTlsOptions = tls === true ? {} : tls;
  const servername = named.servername ?? nameOf(said);
  return { ...said, tls: { servername, ca: caFile === undefined ? undefined : authority(caFile) } };
}

/** The relay passes TLS on as it is, so what a connection dials is not whom it must hear from: that takes a name. */
function nameOf({ host = 'localhost' }: ZcachedUrlOptions): string | undefined {
  if (isIP(host) === 0) return host;
  if (host === RELAY_HOST) return undefined;
  throw new UsageError('TLS to an address needs the name in its certificate: zcacheds://ADDRESS?servername=NAME');
}

function authority(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8');
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--ca must be a file of certificates in PEM, got ${JSON.stringify(file)}: ${code}`);
  }
}

function parsed(url: string): ZcachedUrlOptions {
  try {
    return parseZcachedUrl(url);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
