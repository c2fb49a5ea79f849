import { generate } from 'selfsigned';

/** A certificate and its key, as PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

const DAY = 86_400_000;
const AUTHORITY = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
] as const;

interface Wanted {
  readonly name: string;
  /** The issuer; self-signed if left out. */
  readonly ca?: Identity;
  readonly address?: string;
  readonly isAuthority?: boolean;
  readonly hasExpired?: boolean;
}

async function issue({ name, ca, address, isAuthority = false, hasExpired = false }: Wanted): Promise<Identity> {
  const names = [{ type: 2 as const, value: name }, ...(address ? [{ type: 7 as const, ip: address }] : [])];
  const until = Date.now() + (hasExpired ? -DAY : DAY);
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(until - 7 * DAY),
    notAfterDate: new Date(until),
    extensions: isAuthority
      ? [...AUTHORITY]
      : [
          { name: 'basicConstraints', cA: false },
          { name: 'subjectAltName', altNames: names },
        ],
    ...(ca && { ca }),
  });
  return { cert, key };
}

/** An authority, certificates that it has issued, and a self-signed one. Made in each run: no key is stored. */
export async function makeCertificates() {
  const ca = await issue({ name: 'Test authority', isAuthority: true });
  const [server, expired, wrongName, selfSigned, client] = await Promise.all([
    issue({ name: 'localhost', address: '127.0.0.1', ca }),
    issue({ name: 'localhost', address: '127.0.0.1', ca, hasExpired: true }),
    issue({ name: 'elsewhere.example', ca }),
    issue({ name: 'localhost', address: '127.0.0.1' }),
    issue({ name: 'client', ca }),
  ]);
  return { ca, server, expired, wrongName, selfSigned, client };
}

export type Certificates = Awaited<ReturnType<typeof makeCertificates>>;
