import { startFaultProxy, startZcachedServer } from 'rxpool/testing/node';
import { optionsFor2025, ZcachedClient, ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { until } from '../support/until.js';

/** Nine connections to a 2025 server, of which the first, the fifth and the last are served by one worker. */
async function open(options: Parameters<typeof optionsFor2025>[0] = {}) {
  const server = track(await startZcachedServer());
  const proxy = track(await startFaultProxy({ port: server.port }));
  const client = track(await ZcachedClient.connect(optionsFor2025({ port: proxy.port, poolSize: 9, ...options })));
  const lost = new Set<ZcachedConnection>();
  const { pool } = client;
  pool.events$.subscribe((event) => {
    if (event.type === 'lost') lost.add(event.connection);
  });
  return { server, proxy, pool, lost, newest: pool.connections.at(-1)! };
}

const codeOf = ({ code, sent }: { code: string; sent?: string }): object => ({ code, sent });

describe('optionsFor2025(), when a connection of a 2025 server goes and another one falls silent', () => {
  it('an idle silent connection is found by a PING and dialled anew, until each connection answers', async () => {
    const { proxy, pool, lost, newest } = await open();
    proxy.links[0]!.reset();
    await until(() => lost.has(newest));
    await until(() => pool.health.connected === 9);
    await Promise.all(pool.connections.map((connection) => connection.ping()));
  }, 30_000);

  it('a busy silent connection fails one request at requestTimeout, those behind it can be repeated, and it is replaced', async () => {
    const { proxy, pool, lost, newest } = await open({ requestTimeout: 100 });
    proxy.links[0]!.reset();
    await until(() => pool.health.connected === 9);
    const asked = ['a', 'b', 'c'].map((word) => newest.send('ECHO', word).catch(codeOf));
    expect(await Promise.all(asked)).toEqual([
      { code: 'ERR_REQUEST_TIMEOUT', sent: 'maybe' },
      { code: 'ERR_CONNECTION_LOST', sent: 'never' },
      { code: 'ERR_CONNECTION_LOST', sent: 'never' },
    ]);
    expect(lost).toContain(newest);
  });

  it('a request with a timeout of its own that passes does not end a connection that answers others', async () => {
    const { server, pool, lost } = await open({ poolSize: 1, requestTimeout: 60_000 });
    const [connection] = pool.connections;
    server.pause();
    await expect(connection!.request({ command: 'PING', timeout: 20 })).rejects.toThrow('no reply within 20 ms');
    server.resume();
    expect(await connection!.ping()).toBe('PONG');
    expect(lost.size).toBe(0);
  });

  it('members that leave by reducePoolConnections() silence no other', async () => {
    const { server, pool, lost } = await open();
    pool.reducePoolConnections(4);
    await until(() => server.connections === 5);
    await Promise.all(pool.connections.map((connection) => connection.ping()));
    expect(lost.size).toBe(0);
  });
});

it('optionsFor2025() keeps what it is given, and adds its policies to those given', () => {
  const policy = () => new ZcachedClient({ use: () => Promise.reject(new Error()) }).get$('k');
  const pool = { maxWaiting: 7, policies: [policy] };
  const given = { port: 1234, poolSize: 3, connectTimeout: 50, encoding: 'json', pool } as const;
  const options = optionsFor2025(given);
  expect(options).toMatchObject({ ...given, requestTimeout: 1000, closeTimeout: 250, pool: { maxWaiting: 7 } });
  expect(options.pool.policies?.[0]).toBe(policy);
  expect(options.pool.policies).toHaveLength(3);
  expect(() => optionsFor2025({ conectTimeout: 1 } as never)).toThrow('did you mean connectTimeout');
  expect(() => optionsFor2025({ pool: 1 } as never)).toThrow(TypeError);
});

it('connection.ping() resolves with PONG, rejects when its signal aborts and while not connected', async () => {
  const server = track(await startZcachedServer());
  const connection = track(new ZcachedConnection({ port: server.port }));
  await expect(connection.ping()).rejects.toMatchObject({ code: 'ERR_NOT_CONNECTED' });
  await connection.connect();
  expect(await connection.ping()).toBe('PONG');
  await expect(connection.ping({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
});
