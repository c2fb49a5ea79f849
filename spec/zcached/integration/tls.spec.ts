import type { TLSSocket } from 'node:tls';
import { ConnectionPool, isTerminalCause } from 'rxpool';
import { startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import { ZcachedClient, ZcachedConnection, type ZcachedTlsOptions } from 'rxpool/zcached';
import { type Certificates, makeCertificates } from '../../support/certificates.js';
import { track } from '../../support/cleanup.js';
import { until } from '../../support/until.js';
import { PONG, startRawServer } from '../raw-server.js';

let made: Certificates;
let others: Certificates;

beforeAll(async () => {
  [made, others] = await Promise.all([makeCertificates(), makeCertificates()]);
});

/** A server, and every command that it could make out. */
async function serve(options: ZcachedServerOptions) {
  const heard: string[] = [];
  const server = track(await startZcachedServer({ ...options, onRequest: ([command = '']) => heard.push(command) }));
  return { server, heard };
}

const WAYS: [string, (port: number, tls: ZcachedTlsOptions) => ZcachedConnection][] = [
  ['options', (port, tls) => new ZcachedConnection({ host: 'localhost', port, tls })],
  ['a URL', (port, tls) => new ZcachedConnection(`zcacheds://localhost:${port}`, { tls })],
];

interface Refusal {
  readonly server: ZcachedServerOptions;
  readonly tls: ZcachedTlsOptions;
}

const REFUSALS: [string, string, () => Refusal][] = [
  ['uses an unknown authority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', () => ({ server: { tls: made.server }, tls: {} })],
  [
    'uses another authority of the same name',
    'CERT_SIGNATURE_FAILURE',
    () => ({ server: { tls: made.server }, tls: { ca: others.ca.cert } }),
  ],
  [
    'has an expired certificate',
    'CERT_HAS_EXPIRED',
    () => ({ server: { tls: made.expired }, tls: { ca: made.ca.cert } }),
  ],
  [
    'has a certificate for another name',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    () => ({ server: { tls: made.wrongName }, tls: { ca: made.ca.cert } }),
  ],
  [
    'requires a certificate',
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    () => ({ server: { tls: { ...made.server, ca: made.ca.cert, requestCert: true } }, tls: { ca: made.ca.cert } }),
  ],
];

describe.each(WAYS)('with TLS by %s', (way, make) => {
  it(`TLS by ${way}: a request and a reply of 1 MiB pass between client and server`, async () => {
    const { server } = await serve({ tls: made.server });
    const client = track(make(server.port, { ca: made.ca.cert }));
    await client.connect();
    const large = 'ž'.repeat(2 ** 19);
    await client.send('SET', 'k', large);
    expect(await client.send('GET', 'k')).toBe(large);
    await client.close();
    await until(() => server.connections === 0);
  });

  it(`TLS by ${way}: a server that requires a certificate answers a client that has one`, async () => {
    const { ca, server: identity, client: own } = made;
    const { server } = await serve({ tls: { ...identity, ca: ca.cert, requestCert: true } });
    const client = track(make(server.port, { ca: ca.cert, ...own }));
    await client.connect();
    expect(await client.send('PING')).toBe('PONG');
  });

  it.each(REFUSALS)(
    `TLS by ${way}: connect() rejects, as terminal unless a renewal mends it, and sends nothing when the server %s`,
    async (_, code, of) => {
      const { server: options, tls } = of();
      const { server, heard } = await serve(options);
      const client = track(make(server.port, tls));
      const cause: unknown = await client.connect().catch((error: unknown) => error);
      expect(cause).toMatchObject({ code: 'ERR_ZCACHED_CONNECT', host: 'localhost', cause: { code } });
      expect([isTerminalCause(cause), client.state, heard]).toEqual([code !== 'CERT_HAS_EXPIRED', 'broken', []]);
      await until(() => server.connections === 0);
    },
  );

  it(`TLS by ${way}: connect() rejects, unsent, when the server does not trust the certificate of the client`, async () => {
    const { ca, server: identity } = made;
    const { server, heard } = await serve({ tls: { ...identity, ca: ca.cert, requestCert: true } });
    const client = track(make(server.port, { ca: ca.cert, ...others.client }));
    await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_ZCACHED_CONNECT' });
    expect([client.state, heard]).toEqual(['broken', []]);
  });

  it(`TLS by ${way}: connect() to a server with TLS 1.2 rejects with a terminal cause, unless minVersion allows it`, async () => {
    const server = track(
      await startRawServer((socket, requests) => requests(() => socket.write(PONG)), {
        tls: { ...made.server, maxVersion: 'TLSv1.2' },
      }),
    );
    const cause: unknown = await track(make(server.port, { ca: made.ca.cert }))
      .connect()
      .catch((error: unknown) => error);
    expect(cause).toMatchObject({ cause: { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' } });
    expect([isTerminalCause(cause), server.sockets]).toEqual([true, []]);
    await track(make(server.port, { ca: made.ca.cert, minVersion: 'TLSv1.2' })).connect();
    expect((server.sockets[0] as TLSSocket).getProtocol()).toBe('TLSv1.2');
  });

  it.each(['2024', '2025'] as const)(
    `TLS by ${way}: connect() to a plaintext %s server rejects, and the server receives no command`,
    async (generation) => {
      const { server, heard } = await serve({ generation });
      const client = track(make(server.port, { ca: made.ca.cert }));
      const cause: unknown = await client.connect().catch((error: unknown) => error);
      expect(cause).toMatchObject({ code: 'ERR_ZCACHED_CONNECT', cause: { code: 'ERR_SSL_WRONG_VERSION_NUMBER' } });
      expect([isTerminalCause(cause), client.state, heard]).toEqual([false, 'broken', []]);
      await expect(client.send('PING')).rejects.toMatchObject({ code: 'ERR_NOT_CONNECTED', sent: 'never' });
      await until(() => server.connections === 0);
    },
  );
});

describe('servername in a zcacheds URL', () => {
  it('servername in a zcacheds URL: accepts a certificate for that name instead of the host', async () => {
    const { server } = await serve({ tls: made.wrongName });
    const url = `zcacheds://127.0.0.1:${server.port}?servername=elsewhere.example`;
    const client = track(new ZcachedConnection(url, { tls: { ca: made.ca.cert } }));
    await client.connect();
    expect(client.state).toBe('connected');
  });
});

describe('ZcachedClient.connect() by a zcacheds URL', () => {
  const url = (port: number) => `zcacheds://localhost:${port}?poolSize=2`;

  it('ZcachedClient.connect(zcacheds URL): opens every connection by TLS', async () => {
    const { server } = await serve({ tls: made.server });
    const client = track(await ZcachedClient.connect(url(server.port), { tls: { ca: made.ca.cert } }));
    expect([server.connections, client.pool.connectedConnections.length]).toEqual([2, 2]);
    await client.set('k', 'v');
    expect(await client.get('k')).toBe('v');
  });

  it.each(REFUSALS)(
    'ZcachedClient.connect(zcacheds URL): rejects and sends nothing when the server %s',
    async (_, code, of) => {
      const { server: options, tls } = of();
      const { server, heard } = await serve(options);
      await expect(ZcachedClient.connect(url(server.port), { tls })).rejects.toMatchObject({ cause: { code } });
      expect(heard).toEqual([]);
      await until(() => server.connections === 0);
    },
  );
});

it('pool without the certificate that its server requires: abandons every connection as terminal, and is down', async () => {
  const { server } = await serve({ tls: { ...made.server, ca: made.ca.cert, requestCert: true } });
  const tls = { ca: made.ca.cert };
  const pool = track(new ConnectionPool(2, () => new ZcachedConnection({ host: 'localhost', port: server.port, tls })));
  const reasons: unknown[] = [];
  pool.events$.subscribe((event) => {
    if (event.type === 'reconnect-abandoned') reasons.push(event.reason);
  });
  await pool.setup();
  await until(() => reasons.length === 2);
  expect([reasons, pool.health.status]).toEqual([['terminal', 'terminal'], 'down']);
});
