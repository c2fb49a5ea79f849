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

describe('by TLS', () => {
  it.each(['127.0.0.1', 'localhost'])(
    'connects to %s, whose certificate says so, and carries requests',
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

  it('goes by the name it is given, where that is not the host', async () => {
    const server = await serve(made.wrongName);
    const client = connection(server.port, { ...trusting(), servername: 'elsewhere.example' });
    await client.connect();
    expect(client.state).toBe('connected');
  });

  it('shows a certificate of its own where it is asked for one', async () => {
    const { ca, server: identity, client: own } = made;
    const server = await serve({ ...identity, ca: ca.cert, requestCert: true, rejectUnauthorized: true });
    const client = connection(server.port, { ca: ca.cert, ...own });
    await client.connect();
    expect((server.sockets[0] as TLSSocket).getPeerCertificate().subject.CN).toBe('client');
  });

  it('is not connected where it had to show one and has none: the handshake alone proves nothing', async () => {
    const { ca, server: identity } = made;
    const server = await serve({ ...identity, ca: ca.cert, requestCert: true, rejectUnauthorized: true });
    const client = connection(server.port, trusting());
    await expect(client.connect()).rejects.toMatchObject({
      code: 'ERR_ZCACHED_CONNECT',
      cause: { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' },
    });
    expect(client.state).toBe('broken');
  });

  it('runs over a Unix socket, too', async () => {
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
  ['vouches for itself', 'selfSigned', true, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['is of an unknown authority', 'server', false, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
];

describe('a server whose certificate', () => {
  it.each(REFUSED)('%s is refused by default, and told nothing', async (_, name, isTrusted, code) => {
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
    expect([isTerminalCause(cause), client.state, heard]).toEqual([true, 'broken', []]);
  });

  it.each(REFUSED)(
    '%s is dialled once by each connection of a pool, and then given up',
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

  it('vouches for itself is taken all the same where that is asked for', async () => {
    const server = await serve(made.selfSigned);
    const client = connection(server.port, { rejectUnauthorized: false });
    await client.connect();
    expect(client.state).toBe('connected');
  });
});

describe('a server that', () => {
  it('does not speak TLS is refused, and told nothing in the clear', async () => {
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

  it('speaks TLS is none for a connection in the clear', async () => {
    const server = await serve(made.server);
    const client = connection(server.port, false);
    await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_ZCACHED_CONNECT' });
  });

  it('knows nothing newer than TLS 1.2 is refused, unless that is asked for', async () => {
    const server = await serve({ ...made.server, maxVersion: 'TLSv1.2' });
    await expect(connection(server.port, trusting()).connect()).rejects.toMatchObject({ code: 'ERR_ZCACHED_CONNECT' });
    const client = connection(server.port, { ...trusting(), minVersion: 'TLSv1.2' });
    await client.connect();
    expect((server.sockets.at(-1) as TLSSocket).getProtocol()).toBe('TLSv1.2');
  });

  it('falls silent in the handshake is given up in time, and its socket with it', async () => {
    const server = track(await startRawServer((socket) => socket.resume()));
    const clock = countingClock();
    const client = connection(server.port, trusting(), { connectTimeout: 50, clock });
    await expect(client.connect()).rejects.toBeInstanceOf(ConnectTimeoutError);
    await until(() => isGone(server.sockets[0]!));
    expect([client.state, clock.timers]).toEqual(['broken', 0]);
  });

  it('answers no PING after the handshake is given up in time as well: the deadline is for all of it', async () => {
    const server = track(await startRawServer((socket) => void socket.resume(), { tls: made.server }));
    const client = connection(server.port, trusting(), { connectTimeout: 200 });
    const started = performance.now();
    await expect(client.connect()).rejects.toBeInstanceOf(ConnectTimeoutError);
    expect(performance.now() - started).toBeLessThan(4_000);
    await until(() => isGone(server.sockets[0]!));
  });

  it('goes with a request in flight is lost as one in the clear is', async () => {
    const server = track(await startScript((socket) => socket.end('+OK\r\n\x03'), { tls: made.server }));
    const client = connection(server.port, trusting());
    await client.connect();
    const [first, second] = await Promise.allSettled([client.send('SET', 'a', 1), client.send('SET', 'b', 2)]);
    expect(first).toEqual({ status: 'fulfilled', value: 'OK' });
    expect(second).toMatchObject({ reason: { code: 'ERR_CONNECTION_LOST' } });
    expect(client.state).toBe('broken');
  });
});
