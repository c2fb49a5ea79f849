import dns from 'node:dns';
import type { ConnectionState } from 'rxpool';
import { ConnectionClosedError, ConnectTimeoutError } from 'rxpool';
import { startZcachedServer, type ZcachedServer } from 'rxpool/testing/node';
import type { ZcachedOptions } from 'rxpool/zcached';
import { ZcachedConnectError, ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { countingClock } from '../support/invariants.js';
import { closedPort } from '../support/net-connection.js';
import { socketPath } from '../support/socket-path.js';
import { until } from '../support/until.js';
import { type RawServer, startRawServer, startScript } from './raw-server.js';

const connection = (port: number, options: ZcachedOptions = {}) => track(new ZcachedConnection({ port, ...options }));
const serve = async (server: Promise<RawServer | ZcachedServer>) => track(await server);

/** The states a connection goes through from here on. */
function states(of: ZcachedConnection): ConnectionState[] {
  const seen: ConnectionState[] = [];
  of.state$.subscribe((state) => seen.push(state));
  return seen;
}

describe('ZcachedConnection.connect()', () => {
  it.each(['2024', '2025'] as const)(
    'connect() to a %s server: sets generation, and close() clears it',
    async (generation) => {
      const { port } = await serve(startZcachedServer({ generation }));
      const client = connection(port);
      const seen = states(client);
      expect(client.generation).toBeUndefined();
      await client.connect();
      expect([client.generation, client.pending]).toEqual([generation, 0]);
      await client.close();
      expect(seen).toEqual(['idle', 'connecting', 'connected', 'closed']);
      expect(client.generation).toBeUndefined();
    },
  );

  it('connect(): generation is set when state$ emits connected, also when the end of a frame arrives late', async () => {
    let end = '';
    const server = await serve(
      startRawServer((socket, requests) =>
        requests(() => {
          socket.write(`${end}+PONG\r\n`);
          end = '\x03';
        }),
      ),
    );
    const client = connection(server.port);
    const seen: unknown[] = [];
    const subscription = client.state$.subscribe((state) => seen.push(`${state} ${client.generation}`));
    await client.connect();
    subscription.unsubscribe();
    expect(seen).toEqual(['idle undefined', 'connecting undefined', 'connected 2025']);
  });

  it('connect(): sends two requests to a 2024 server, and one to a 2025 server', async () => {
    const [older, newer] = await Promise.all([
      serve(startZcachedServer({ generation: '2024' })),
      serve(startZcachedServer()),
    ]);
    await Promise.all([connection(older.port).connect(), connection(newer.port).connect()]);
    expect([older, newer].map((server) => (server as ZcachedServer).requests)).toEqual([2, 1]);
  });

  it('connect() over a Unix socket: carries requests, and rejects with the path when the server is gone', async () => {
    const path = await socketPath();
    const server = await serve(startScript((socket) => socket.write('+OK\r\n\x03'), { path }));
    const client = track(new ZcachedConnection({ path }));
    await client.connect();
    expect(await client.send('SET', 'k', 1)).toBe('OK');
    await client.close();
    await until(() => (server as RawServer).sockets[0]!.readableEnded);
    await server.close();
    const cause = await client.connect().catch((error) => error);
    expect(cause).toMatchObject({ path, host: undefined, port: undefined, cause: { code: 'ENOENT' } });
    expect(cause.message).toBe(`No connection to zcached at ${path}`);
  });

  describe('connect() to a host name', () => {
    afterEach(() => jest.restoreAllMocks());

    /** Answers every look-up, or leaves it without an answer. */
    const lookUp = (answer: (found: (error: Error | null, addresses?: object[]) => void) => void) =>
      jest
        .spyOn(dns, 'lookup')
        .mockImplementation(((_name: string, _options: object, found: () => void) => answer(found)) as never);

    it('connect() to an unknown host rejects with the lookup error, and may succeed the next time', async () => {
      const server = await serve(startZcachedServer());
      const error = Object.assign(new Error('getaddrinfo ENOTFOUND cache.example'), { code: 'ENOTFOUND' });
      lookUp((found) => setImmediate(found, error));
      const client = connection(server.port, { host: 'cache.example' });
      await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_ZCACHED_CONNECT', cause: error });
      expect(client.state).toBe('broken');
      lookUp((found) => setImmediate(found, null, [{ address: '127.0.0.1', family: 4 }]));
      await client.connect();
      expect(client.state).toBe('connected');
    });

    it('connect() with a lookup that hangs rejects in time, and a late answer opens no socket', async () => {
      const server = await serve(startZcachedServer());
      let found!: (error: null, addresses: object[]) => void;
      lookUp((callback) => {
        found = callback;
      });
      const clock = countingClock();
      const client = connection(server.port, { host: 'cache.example', connectTimeout: 50, clock });
      await expect(client.connect()).rejects.toBeInstanceOf(ConnectTimeoutError);
      found(null, [{ address: '127.0.0.1', family: 4 }]);
      // A connection made now would be there before this one.
      const other = connection(server.port);
      await other.connect();
      expect([client.state, (server as ZcachedServer).connections, clock.timers]).toEqual(['broken', 1, 0]);
    });
  });

  it('connect() to a closed port: rejects with ERR_ZCACHED_CONNECT and the cause ECONNREFUSED', async () => {
    const client = connection(await closedPort());
    const cause = await client.connect().catch((error) => error);
    expect(cause).toBeInstanceOf(ZcachedConnectError);
    expect(cause).toMatchObject({ code: 'ERR_ZCACHED_CONNECT', cause: { code: 'ECONNREFUSED' } });
    expect([client.state, client.cause]).toEqual(['broken', cause]);
  });

  it('connect() rejects when the PING is not answered in time', async () => {
    const server = await serve(startRawServer(() => {}));
    const client = connection(server.port, { connectTimeout: 50 });
    await expect(client.connect()).rejects.toBeInstanceOf(ConnectTimeoutError);
    expect(client.state).toBe('broken');
  });

  it('connect(): rejects with ConnectTimeoutError when the reply to the PING arrives slowly without end', async () => {
    const server = await serve(
      startRawServer((socket) => {
        socket.write('$1000\r\n');
        const drip = setInterval(() => socket.write('x'), 5);
        socket.on('close', () => clearInterval(drip));
      }),
    );
    const started = performance.now();
    await expect(connection(server.port, { connectTimeout: 100 }).connect()).rejects.toBeInstanceOf(
      ConnectTimeoutError,
    );
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it('connect() to a server that accepts and hangs up: rejects, and is never connected', async () => {
    const server = await serve(startZcachedServer({ maxClients: 0 }));
    const client = connection(server.port);
    const seen = states(client);
    await expect(client.connect()).rejects.toMatchObject({ cause: { code: 'ERR_ZCACHED_DISCONNECTED' } });
    expect(seen).toEqual(['idle', 'connecting', 'broken']);
  });

  it.each([
    ['an HTTP response', 'HTTP/1.1 400 Bad Request\r\n\r\n', { code: 'ERR_ZCACHED_PROTOCOL', offset: 0 }],
    ['another string than PONG', '+HELLO\r\n\x03', { code: 'ERR_ZCACHED_REPLY' }],
    ['an error', '-NOAUTH not whitelisted\r\n\x03', { code: 'ERR_ZCACHED_SERVER', kind: 'NOT_ALLOWED' }],
    ['two replies', '+PONG\r\n\x03+PONG\r\n\x03', { code: 'ERR_ZCACHED_PROTOCOL', offset: 8 }],
  ])('connect(): rejects when the PING is answered with %s', async (_, answer, cause) => {
    const server = await serve(startRawServer((socket, requests) => requests(() => socket.write(answer, 'latin1'))));
    await expect(connection(server.port).connect()).rejects.toMatchObject({ cause });
  });

  it('close() during connect(): rejects the dial, and leaves no socket and no timer', async () => {
    const server = await serve(startRawServer((socket) => void socket.resume()));
    const clock = countingClock();
    const client = connection(server.port, { closeTimeout: 60_000, clock });
    const dial = client.connect().catch((error) => error);
    await until(() => (server as RawServer).sockets.length === 1);
    await client.close();
    expect(await dial).toBeInstanceOf(ConnectionClosedError);
    await until(() => (server as RawServer).sockets[0]!.readableEnded);
    expect([client.state, clock.timers]).toEqual(['closed', 0]);
  });

  it('connect(): works again after a loss and after close()', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    (server as ZcachedServer).cutConnections();
    await until(() => client.state === 'broken');
    await client.connect();
    await client.close();
    await client.connect();
    expect(await client.send('PING')).toBe('PONG');
  });
});
