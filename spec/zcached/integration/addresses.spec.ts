import { startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import { ZcachedClient, ZcachedConnection, type ZcachedOptions } from 'rxpool/zcached';
import { type Certificates, makeCertificates } from '../../support/certificates.js';
import { track } from '../../support/cleanup.js';
import { earliest } from '../../support/earliest.js';
import { socketPath } from '../../support/socket-path.js';
import { until } from '../../support/until.js';

let made: Certificates;

beforeAll(async () => {
  made = await makeCertificates();
});

interface Place {
  readonly server: ZcachedServerOptions;
  /** Both ways to say where it is, given the port. */
  readonly options: (port: number) => ZcachedOptions;
  readonly url: (port: number) => string;
}

const PLACES: [string, () => Promise<Place>][] = [
  [
    'a port',
    async () => ({
      server: {},
      options: (port) => ({ port }),
      url: (port) => `zcached://127.0.0.1:${port}?poolSize=2`,
    }),
  ],
  [
    'a Unix socket',
    async () => {
      const path = await socketPath('ein Schlüssel#1.sock');
      const url = `zcached://${path.split('/').map(encodeURIComponent).join('/')}?poolSize=2`;
      return { server: { path }, options: () => ({ path }), url: () => url };
    },
  ],
  [
    'a port with TLS',
    async () => ({
      server: { tls: made.server },
      options: (port) => ({ port, tls: { ca: made.ca.cert } }),
      url: (port) => `zcacheds://127.0.0.1:${port}?poolSize=2`,
    }),
  ],
  [
    'a Unix socket with TLS',
    async () => {
      const path = await socketPath();
      return {
        server: { path, tls: made.server },
        options: () => ({ path, tls: { ca: made.ca.cert } }),
        url: () => `zcacheds://${path}?poolSize=2`,
      };
    },
  ],
];

describe.each(['2024', '2025'] as const)('a %s server', (generation) => {
  describe.each(PLACES)('at %s', (kind, place) => {
    it(`${generation} server at ${kind}: connects by options; close() does not wait for the server to close`, async () => {
      const { server: where, options } = await place();
      const server = track(await startZcachedServer({ ...where, generation, flaws: { neverCloses: true } }));
      const client = track(new ZcachedConnection({ ...options(server.port), closeTimeout: 60_000 }));
      await client.connect();
      expect([client.generation, server.connections]).toEqual([generation, 1]);
      await client.send('SET', 'k', { v: 1 });
      const last = client.send('GET', 'k');
      const closed = client.close();
      expect(await last).toEqual(new Map([['v', 1]]));
      await closed;
      expect([client.state, client.pending]).toEqual(['closed', 0]);
      await until(() => server.connections === 0);
    });

    it(`${generation} server at ${kind}: close() resolves after closeTimeout when the server does not answer`, async () => {
      const { server: where, options } = await place();
      const server = track(await startZcachedServer({ ...where, generation, flaws: { neverCloses: true } }));
      const client = track(new ZcachedConnection({ ...options(server.port), closeTimeout: 50 }));
      await client.connect();
      server.pause();
      const asked = client.send('GET', 'k').catch(({ code }) => code);
      const started = performance.now();
      await client.close();
      const took = performance.now() - started;
      expect(took).toBeGreaterThanOrEqual(earliest(50));
      expect(took).toBeLessThan(4_000);
      expect(await asked).toBe('ERR_CONNECTION_LOST');
      await until(() => server.connections === 0);
    });

    it(`${generation} server at ${kind}: a client connects by a URL, and close() closes every socket`, async () => {
      const { server: where, url } = await place();
      const server = track(await startZcachedServer({ ...where, generation }));
      const tls = where.tls && { ca: made.ca.cert };
      const client = track(await ZcachedClient.connect(url(server.port), { tls }));
      expect(server.connections).toBe(2);
      await client.set('k', { a: 1 });
      expect(await client.get('k')).toEqual(new Map([['a', 1]]));
      await client.close();
      await until(() => server.connections === 0);
    });
  });
});

it('connect() to a Unix socket without a listener: rejects with its path and the cause ENOENT', async () => {
  const path = await socketPath();
  const server = track(await startZcachedServer({ path }));
  await server.close();
  for (const target of [new ZcachedConnection({ path }), new ZcachedConnection(`zcached://${path}`)]) {
    const cause = await track(target)
      .connect()
      .catch((error: unknown) => error);
    expect(cause).toMatchObject({ code: 'ERR_ZCACHED_CONNECT', path, port: undefined, cause: { code: 'ENOENT' } });
  }
});
