import type { TLSSocket, TlsOptions } from 'node:tls';
import { ConnectionPool, ConnectTimeoutError, isTerminalCause } from 'rxpool';
import type { ZcachedOptions, ZcachedTlsOptions } from 'rxpool/zcached';
import { ZcachedConnection } from 'rxpool/zcached';
import { type Certificates, makeCertificates } from '../support/certificates.js';
import { track } from '../support/cleanup.js';
import { countingClock } from '../support/invariants.js';
import { socketPath } from '../support/socket-path.js';
import { until } from '../support/until.js';
import { isGone, PONG, type RawServer, startRawServer, startScript } from './raw-server.js';

let made: Certificates;

beforeAll(async () => {
  made = await makeCertificates();
});

/** Answers whatever it is asked with a simple string, and notes all that reaches it in the clear. */
const serve = async (tls: TlsOptions | undefined): Promise<RawServer> =>
  track(await startScript((socket) => socket.write('+OK\r\n\x03'), { tls }));

const connection = (port: number, tls: boolean | ZcachedTlsOptions, options: ZcachedOptions = {}) =>
  track(new ZcachedConnection({ port, tls, ...options }));

const trusting = () => ({ ca: made.ca.cert });

describe('ZcachedConnection({ tls })', () => {
  it.each(['127.0.0.1', 'localhost'])(
    'connect() by TLS to %s, which the certificate names: speaks TLS 1.3 and carries requests',
    async (host) => {
      const server = await serve(made.server);
      const client = connection(server.port, trusting(), { host });
      await client.connect();
      expect([client.state, client.generation]).toEqual(['connected', '2025']);
      expect(await Promise.all([client.send('SET', 'k', 1), client.send('SET', 'l', 2)])).toEqual(['OK', 'OK']);
      const [socket] = server.sockets as TLSSocket[];
      expect(socket!.getProtocol()).toBe('TLSv1.3');
      expect(socket!.servername).toBe(host === 'localhost' ? 'localhost' : false);
      await client.close();
      await until(() => socket!.readableEnded);
    },
  );

  it('connect() with tls.servername: accepts a certificate for that name instead of the host', async () => {
    const server = await serve(made.wrongName);
    const client = connection(server.port, { ...trusting(), servername: 'elsewhere.example' });
    await client.connect();
    expect(client.state).toBe('connected');
  });

  it('connect() with tls.cert and tls.key: presents the certificate to a server that requires one', async () => {
    const { ca, server: identity, client: own } = made;
    const server = await serve({ ...identity, ca: ca.cert, requestCert: true, rejectUnauthorized: true });
    const client = connection(server.port, { ca: ca.cert, ...own });
    await client.connect();
    expect((server.sockets[0] as TLSSocket).getPeerCertificate().subject.CN).toBe('client');
  });

  it('connect() without a certificate that the server requires: rejects, and the connection is broken', async () => {
    const { ca, server: identity } = made;
    const server = await serve({ ...identity, ca: ca.cert, requestCert: true, rejectUnauthorized: true });
    const client = connection(server.port, trusting());
    await expect(client.connect()).rejects.toMatchObject({
      code: 'ERR_ZCACHED_CONNECT',
      cause: { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' },
    });
    expect(client.state).toBe('broken');
  });

  it('connect() by TLS over a Unix socket: becomes connected', async () => {
    const path = await socketPath();
    track(await startScript(() => {}, { tls: made.server, path }));
    const client = track(new ZcachedConnection({ path, tls: trusting() }));
    await client.connect();
    expect([client.state, client.host, client.path]).toEqual(['connected', undefined, path]);
  });
});

const REFUSED: [string, keyof Certificates, boolean, string][] = [
  ['has expired', 'expired', true, 'CERT_HAS_EXPIRED'],
  ['is for another name', 'wrongName', true, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['is self-signed', 'selfSigned', true, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['has an unknown issuer', 'server', false, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
];

describe('TLS servers whose certificate is not trusted', () => {
  it.each(REFUSED)(
    'connect() to a server whose certificate %s: rejects, as terminal unless a renewal mends it, and sends no request',
    async (_, name, isTrusted, code) => {
      const heard: string[] = [];
      const server = track(
        await startRawServer(
          (socket, requests) => {
            requests((frame) => {
              heard.push(frame);
              socket.write(PONG);
            });
          },
          { tls: made[name] },
        ),
      );
      const client = connection(server.port, isTrusted ? trusting() : true, { host: 'localhost' });
      const cause = await client.connect().catch((error) => error);
      expect(cause).toMatchObject({ code: 'ERR_ZCACHED_CONNECT', host: 'localhost', cause: { code } });
      expect([isTerminalCause(cause), client.state, heard]).toEqual([name !== 'expired', 'broken', []]);
    },
  );

  it.each(REFUSED.filter(([, name]) => name !== 'expired'))(
    'pool for a server whose certificate %s: dials once per connection, then abandons it',
    async (_, name, isTrusted, code) => {
      const server = await serve(made[name]);
      const clock = countingClock();
      const options = { port: server.port, host: 'localhost', tls: isTrusted ? trusting() : true, clock };
      const pool = track(new ConnectionPool(3, () => new ZcachedConnection(options)));
      const abandoned: unknown[] = [];
      pool.events$.subscribe((event) => {
        if (event.type === 'reconnect-abandoned') abandoned.push(event);
      });
      await pool.setup();
      await until(() => abandoned.length === 3);
      expect(abandoned).toEqual(
        Array(3).fill(
          expect.objectContaining({
            attempt: 0,
            reason: 'terminal',
            cause: expect.objectContaining({ cause: expect.objectContaining({ code }) }),
          }),
        ),
      );
      expect([server.accepted, pool.health.broken, clock.timers]).toEqual([3, 3, 0]);
    },
  );

  it('connect() with rejectUnauthorized: false: accepts a self-signed certificate', async () => {
    const server = await serve(made.selfSigned);
    const client = connection(server.port, { rejectUnauthorized: false });
    await client.connect();
    expect(client.state).toBe('connected');
  });
});

describe('TLS and plaintext, versions, silence and loss', () => {
  it('connect() by TLS to a plaintext server: rejects after one dial, and sends no PING in plaintext', async () => {
    let heard = '';
    const server = track(
      await startRawServer((socket) => {
        socket.setEncoding('latin1').on('data', (data) => {
          heard += data;
          socket.write(PONG);
        });
      }),
    );
    const client = connection(server.port, trusting());
    await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_ZCACHED_CONNECT' });
    expect([client.state, server.accepted]).toEqual(['broken', 1]);
    expect(heard).not.toContain('PING');
  });

  it('connect() in plaintext to a TLS server: rejects with ERR_ZCACHED_CONNECT', async () => {
    const server = await serve(made.server);
    const client = connection(server.port, false);
    await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_ZCACHED_CONNECT' });
  });

  it('connect() to a server with TLS 1.2 at most: rejects by default, and succeeds with minVersion: TLSv1.2', async () => {
    const server = await serve({ ...made.server, maxVersion: 'TLSv1.2' });
    await expect(connection(server.port, trusting()).connect()).rejects.toMatchObject({ code: 'ERR_ZCACHED_CONNECT' });
    const client = connection(server.port, { ...trusting(), minVersion: 'TLSv1.2' });
    await client.connect();
    expect((server.sockets.at(-1) as TLSSocket).getProtocol()).toBe('TLSv1.2');
  });

  it('connect() by TLS: rejects with ConnectTimeoutError and closes the socket when the handshake stalls', async () => {
    const server = track(await startRawServer((socket) => socket.resume()));
    const clock = countingClock();
    const client = connection(server.port, trusting(), { connectTimeout: 50, clock });
    await expect(client.connect()).rejects.toBeInstanceOf(ConnectTimeoutError);
    await until(() => isGone(server.sockets[0]!));
    expect([client.state, clock.timers]).toEqual(['broken', 0]);
  });

  it('connect() by TLS: rejects with ConnectTimeoutError and closes the socket when the PING has no reply', async () => {
    const server = track(await startRawServer((socket) => void socket.resume(), { tls: made.server }));
    const client = connection(server.port, trusting(), { connectTimeout: 200 });
    const started = performance.now();
    await expect(client.connect()).rejects.toBeInstanceOf(ConnectTimeoutError);
    expect(performance.now() - started).toBeLessThan(4_000);
    await until(() => isGone(server.sockets[0]!));
  });

  it('TLS connection that the server ends: the reply it sent is delivered, the other request is lost', async () => {
    const server = track(await startScript((socket) => socket.end('+OK\r\n\x03'), { tls: made.server }));
    const client = connection(server.port, trusting());
    await client.connect();
    const [first, second] = await Promise.allSettled([client.send('SET', 'a', 1), client.send('SET', 'b', 2)]);
    expect(first).toEqual({ status: 'fulfilled', value: 'OK' });
    expect(second).toMatchObject({ reason: { code: 'ERR_CONNECTION_LOST' } });
    expect(client.state).toBe('broken');
  });
});
