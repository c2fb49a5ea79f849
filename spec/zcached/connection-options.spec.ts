import { startZcachedServer } from 'rxpool/testing/node';
import type { ZcachedOptions } from 'rxpool/zcached';
import { ZcachedConnection } from 'rxpool/zcached';
import { type Certificates, makeCertificates } from '../support/certificates.js';
import { track } from '../support/cleanup.js';

const make = (...args: unknown[]) => Reflect.construct(ZcachedConnection, args) as ZcachedConnection;

describe('new ZcachedConnection(options)', () => {
  it.each([
    [{ host: 1 }, 'ERR_INVALID_ARG_TYPE', 'host'],
    [{ host: '' }, 'ERR_OUT_OF_RANGE', 'host'],
    [{ port: 65_536 }, 'ERR_OUT_OF_RANGE', 'port'],
    [{ port: '7556' }, 'ERR_INVALID_ARG_TYPE', 'port'],
    [{ path: '' }, 'ERR_OUT_OF_RANGE', 'path'],
    [{ path: 7 }, 'ERR_INVALID_ARG_TYPE', 'path'],
    [{ tls: 'yes' }, 'ERR_INVALID_ARG_TYPE', 'tls'],
    [{ tls: null, connectTimeout: 0 }, 'ERR_OUT_OF_RANGE', 'connectTimeout'],
    [{ tls: { ca: [] } }, 'ERR_INVALID_ARG_TYPE', 'tls.ca'],
    [{ tls: { key: 7 } }, 'ERR_INVALID_ARG_TYPE', 'tls.key'],
    [{ tls: { cert: 'no certificate' } }, 'ERR_INVALID_ARG_TYPE', 'tls'],
    [{ tls: { passphrase: 1234 } }, 'ERR_INVALID_ARG_TYPE', 'tls.passphrase'],
    [{ tls: { servername: '' } }, 'ERR_OUT_OF_RANGE', 'tls.servername'],
    [{ tls: { servername: '127.0.0.1' } }, 'ERR_OUT_OF_RANGE', 'tls.servername'],
    [{ tls: { rejectUnauthorized: 0 } }, 'ERR_INVALID_ARG_TYPE', 'tls.rejectUnauthorized'],
    [{ tls: { minVersion: 'TLSv1.1' } }, 'ERR_OUT_OF_RANGE', 'tls.minVersion'],
    [{ connectTimeout: 0 }, 'ERR_OUT_OF_RANGE', 'connectTimeout'],
    [{ requestTimeout: Number.NaN }, 'ERR_OUT_OF_RANGE', 'requestTimeout'],
    [{ closeTimeout: 2 ** 31 }, 'ERR_OUT_OF_RANGE', 'closeTimeout'],
    [{ maxRequestBytes: 1.5 }, 'ERR_OUT_OF_RANGE', 'maxRequestBytes'],
    [{ maxQueue: -1 }, 'ERR_OUT_OF_RANGE', 'maxQueue'],
    [{ pipelining: 0 }, 'ERR_OUT_OF_RANGE', 'pipelining'],
    [{ pipelining: Number.POSITIVE_INFINITY }, 'ERR_OUT_OF_RANGE', 'pipelining'],
    [{ maps: 'objects' }, 'ERR_OUT_OF_RANGE', 'maps'],
    [{ strings: true }, 'ERR_INVALID_ARG_TYPE', 'strings'],
    [{ limits: { maxDepth: -1 } }, 'ERR_OUT_OF_RANGE', 'limits.maxDepth'],
    [{ limits: 7 }, 'ERR_INVALID_ARG_TYPE', 'limits'],
    [7, 'ERR_INVALID_ARG_TYPE', 'options'],
  ])('new ZcachedConnection(%p): throws %s, and names %s', (options, code, name) => {
    expect(() => make(options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(`${name} must be`) }),
    );
  });

  it('new ZcachedConnection({ tls: { passphrase: 1234 } }): throws without stating the passphrase', () => {
    expect(() => make({ tls: { passphrase: 1234 } })).toThrow(/^tls\.passphrase must be a string, got "number"$/);
  });

  it.each([
    [{ path: '/tmp/a.sock', host: 'localhost' }, 'host'],
    [{ path: '/tmp/a.sock', port: 7556 }, 'port'],
  ])('new ZcachedConnection(%p): throws, because path excludes %s', (options, name) => {
    expect(() => make(options)).toThrow(
      expect.objectContaining({
        constructor: TypeError,
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringMatching(`path stands instead of host and port: ${name}`),
      }),
    );
  });

  it('connection.host, port and path: those of the options, 127.0.0.1:7556 by default', () => {
    const where = ({ host, port, path }: ZcachedConnection) => ({ host, port, path });
    expect(where(new ZcachedConnection())).toEqual({ host: '127.0.0.1', port: 7556 });
    expect(where(new ZcachedConnection({ host: 'cache' }))).toEqual({ host: 'cache', port: 7556 });
    expect(where(new ZcachedConnection({ path: '/run/zcached.sock' }))).toEqual({ path: '/run/zcached.sock' });
  });

  it('new ZcachedConnection(url, options): options override the URL, undefined ones do not', () => {
    const where = ({ host, port }: ZcachedConnection) => `${host}:${port}`;
    expect(where(new ZcachedConnection('zcached://cache.example:1234'))).toBe('cache.example:1234');
    expect(where(new ZcachedConnection(new URL('zcached://cache.example')))).toBe('cache.example:7556');
    const options: ZcachedOptions = { port: 2, host: undefined };
    expect(where(new ZcachedConnection('zcached://cache.example:1', options))).toBe('cache.example:2');
    expect(() => make('zcached://cache.example', { port: 0 })).toThrow(/port must be/);
  });
});

describe('new ZcachedConnection({ tls }) with certificates', () => {
  let made: Certificates;
  beforeAll(async () => {
    made = await makeCertificates();
  });

  it('new ZcachedConnection({ tls }): throws when cert and key do not belong together', () => {
    const tls = { cert: made.client.cert, key: made.server.key };
    expect(() => make({ tls })).toThrow(
      expect.objectContaining({
        message: 'tls must be certificates and a key that can be read and belong together, got an object',
        cause: expect.objectContaining({ code: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' }),
      }),
    );
  });

  it('new ZcachedConnection({ tls }): accepts certificates as text and as bytes, and several for ca', () => {
    const { ca, client } = made;
    const tls = { ca: [ca.cert, Buffer.from(ca.cert)], cert: Buffer.from(client.cert), key: client.key };
    expect(() => make({ tls })).not.toThrow();
  });
});

describe('commands that 2024 servers do not have', () => {
  it.each(['ECHO', 'echo', 'SIZEOF', 'RENAME', 'COPY'])(
    "connection.send('%s') on a 2024 server: rejects with ERR_ZCACHED_UNSUPPORTED, and sends nothing",
    async (command) => {
      const server = track(await startZcachedServer({ generation: '2024' }));
      const connection = track(new ZcachedConnection({ port: server.port }));
      await connection.connect();
      const before = server.requests;
      await expect(connection.send(command, 'a', 'b')).rejects.toMatchObject({
        code: 'ERR_ZCACHED_UNSUPPORTED',
        sent: 'never',
        request: command,
        generation: '2024',
      });
      expect([connection.pending, server.requests, connection.state]).toEqual([0, before, 'connected']);
    },
  );

  it("connection.send('ECHO') on a 2025 server: resolves with the text", async () => {
    const server = track(await startZcachedServer());
    const connection = track(new ZcachedConnection({ port: server.port }));
    await connection.connect();
    expect(await connection.send('ECHO', 'hello')).toBe('hello');
  });
});

describe('form of the reply to one request', () => {
  it.each([
    [{ maps: 'list' }, 'maps'],
    [{ strings: 1 }, 'strings'],
  ])('connection.request() with %p: rejects with an error that names %s', async (form, name) => {
    const connection = new ZcachedConnection();
    await expect(connection.request({ command: 'GET', ...form } as never)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/),
      message: expect.stringContaining(`${name} must be`),
    });
  });
});
