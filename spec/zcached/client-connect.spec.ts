import { ConnectionPool, roundRobin } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedClient, ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { closedPort } from '../support/net-connection.js';
import { until } from '../support/until.js';
import { isGone, startRawServer } from './raw-server.js';

const url = (port: number, query = '') => `zcached://127.0.0.1:${port}?${query}`;

/** What is behind an error, however often it was wrapped. */
const causesOf = (error: unknown): unknown[] => (error instanceof Error ? [error.cause, ...causesOf(error.cause)] : []);

describe('ZcachedClient.connect() that succeeds', () => {
  it('ZcachedClient.connect(url): opens poolSize connections, and close() closes them and disposes of the pool', async () => {
    const server = track(await startZcachedServer());
    const client = track(await ZcachedClient.connect(url(server.port, 'poolSize=2')));
    expect([server.connections, client.pool.connectedConnections.length]).toEqual([2, 2]);
    await client.set('k', 1);
    expect(await client.get('k')).toBe(1);
    await client.close();
    await until(() => server.connections === 0);
    await expect(client.get('k')).rejects.toMatchObject({ code: 'ERR_POOL_DISPOSED' });
    await client.close();
  });

  it('ZcachedClient.connect(options): opens four connections by default, and applies the encoding', async () => {
    const server = track(await startZcachedServer({ generation: '2024' }));
    const client = track(await ZcachedClient.connect({ port: server.port, encoding: 'json' }));
    expect(server.connections).toBe(4);
    await client.set('k', { a: [''] });
    expect(await client.get('k')).toEqual({ a: [''] });
  });

  it('ZcachedClient.connect(url, options): options override the URL, whose other parameters apply', async () => {
    const server = track(await startZcachedServer());
    const target = new URL(url(1, 'poolSize=3&requestTimeout=1'));
    const options = { port: server.port, requestTimeout: 1000, pool: { select: roundRobin<ZcachedConnection>() } };
    const client = track(await ZcachedClient.connect(target, { ...options, encoding: 'bytes' }));
    expect(client.pool.connections.map(({ port }) => port)).toEqual([server.port, server.port, server.port]);
    await client.set('k', Uint8Array.of(1));
    expect(await client.get('k')).toEqual(Uint8Array.of(1));
  });

  it('ZcachedClient.connect(url, { pool: { endpoints } }): spreads its connections over those servers', async () => {
    const servers = [track(await startZcachedServer()), track(await startZcachedServer())];
    const endpoints = servers.map(({ port }) => `127.0.0.1:${port}`);
    const client = track(await ZcachedClient.connect(url(1, 'requestTimeout=4000'), { pool: { endpoints } }));
    expect(servers.map(({ connections }) => connections)).toEqual([2, 2]);
    expect(client.pool.health.endpoints).toMatchObject(endpoints.map((endpoint) => ({ endpoint, connected: 2 })));
    await client.pool.renew({ connections: client.pool.connections.slice(0, 1) });
    expect(client.pool.connections.map(({ endpoint }) => endpoint).sort()).toEqual([...endpoints, ...endpoints].sort());
  });

  it('ZcachedClient.connect(undefined, options): connects by the options alone', async () => {
    const server = track(await startZcachedServer());
    const client = track(await ZcachedClient.connect(undefined, { port: server.port, poolSize: 1 }));
    expect(await client.ping()).toBe('PONG');
  });

  it('ZcachedClient.connect(): resolves when one connection of three is connected', async () => {
    const server = track(await startZcachedServer({ maxClients: 1 }));
    const client = track(await ZcachedClient.connect(url(server.port, 'poolSize=3')));
    expect(client.pool.connectedConnections).toHaveLength(1);
    expect(await client.ping()).toBe('PONG');
  });

  it('client[Symbol.asyncDispose](): closes every connection', async () => {
    const server = track(await startZcachedServer());
    const client = track(await ZcachedClient.connect(url(server.port)));
    const symbol = (Symbol as { asyncDispose?: symbol }).asyncDispose;
    if (!symbol) throw new Error('This Node has no Symbol.asyncDispose');
    await (client as unknown as Record<symbol, () => Promise<void>>)[symbol]?.();
    await until(() => server.connections === 0);
  });
});

describe('ZcachedClient.connect() that fails', () => {
  it('ZcachedClient.connect() rejects with the cause when no server listens', async () => {
    const port = await closedPort();
    const error: unknown = await ZcachedClient.connect(url(port)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_ZCACHED_CONNECT', port });
    expect(causesOf(error)).toContainEqual(expect.objectContaining({ code: 'ECONNREFUSED' }));
  });

  it('ZcachedClient.connect() rejects with the cause when no PING is answered, and closes every socket', async () => {
    const server = track(await startRawServer((socket) => socket.resume()));
    await expect(ZcachedClient.connect(url(server.port, 'connectTimeout=300'))).rejects.toMatchObject({
      code: 'ERR_CONNECT_TIMEOUT',
      message: expect.stringContaining('300 ms'),
    });
    await until(() => server.sockets.length === 4 && server.sockets.every(isGone));
  });

  it('ZcachedClient.connect() that fails disposes of its pool, once', async () => {
    const dispose = jest.spyOn(ConnectionPool.prototype, 'dispose');
    const server = track(await startRawServer((socket) => socket.destroy()));
    const failed = ZcachedClient.connect({ port: server.port, poolSize: 2 });
    await expect(failed).rejects.toMatchObject({ code: 'ERR_ZCACHED_CONNECT', port: server.port });
    expect(dispose).toHaveBeenCalledTimes(1);
    dispose.mockRestore();
  });

  it('ZcachedClient.connect({ signal }): an abort rejects with its reason and closes every socket', async () => {
    const server = track(await startRawServer((socket) => socket.resume()));
    const controller = new AbortController();
    const failed = expect(ZcachedClient.connect(url(server.port), { signal: controller.signal })).rejects.toBe(
      'enough',
    );
    await until(() => server.sockets.length === 4);
    controller.abort('enough');
    await failed;
    await until(() => server.sockets.every(isGone));
  });

  it.each<[string, string, object]>([
    ['poolSize', 'poolSize=0', {}],
    ['poolSize', '', { poolSize: 1.5 }],
    ['maxSize', '', { poolSize: 3, pool: { maxSize: 2 } }],
    ['encoding', '', { encoding: 'text' }],
    ['requestTimeout', 'requestTimeout=x', {}],
    ['maxQueue', '', { maxQueue: -1 }],
    ['options.maxDials', '', { pool: { maxDials: 0 } }],
  ])(
    'ZcachedClient.connect(): rejects and opens no socket for a wrong %s (query %j, options %j)',
    async (name, query, options) => {
      const server = track(await startRawServer((socket) => socket.resume()));
      await expect(ZcachedClient.connect(url(server.port, query), options)).rejects.toMatchObject({
        message: expect.stringContaining(name),
        code: 'ERR_OUT_OF_RANGE',
      });
      expect(server.sockets).toEqual([]);
    },
  );

  it('ZcachedClient: TypeError for null options of connect(), a number as its pool options, no pool for new', async () => {
    await expect(ZcachedClient.connect(url(1), null as unknown as object)).rejects.toThrow(TypeError);
    await expect(ZcachedClient.connect({ pool: 4 as unknown as object })).rejects.toThrow(TypeError);
    expect(() => new ZcachedClient(undefined as unknown as ConnectionPool<ZcachedConnection>)).toThrow(TypeError);
  });
});

it('client.close() of a client made with a pool: the pool stays open and usable', async () => {
  const server = track(await startZcachedServer());
  const pool = track(new ConnectionPool(1, () => new ZcachedConnection({ port: server.port })));
  await pool.setup();
  const client = new ZcachedClient(pool);
  expect(client.pool).toBe(pool);
  await client.close();
  expect(await client.ping()).toBe('PONG');
  expect(pool.health.status).toBe('healthy');
});
