import type { Socket } from 'node:net';
import { startFaultProxy, startZcachedServer } from 'rxpool/testing/node';
import { ZcachedClient, ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { earliest } from '../support/earliest.js';
import { startRawServer } from './raw-server.js';

/** Answers as a server of 2024, and keeps what it was sent. */
async function startOlder() {
  const seen: string[] = [];
  const answer = (socket: Socket): void => {
    socket.setEncoding('latin1').on('data', (data) => {
      seen.push(String(data));
      socket.write(String(data).includes('PING') ? '+PONG\r\n' : '+OK\r\n');
    });
  };
  return { server: track(await startRawServer(answer)), seen };
}

const PING = '*1\r\n$4\r\nPING\r\n';
/** What a SET of a key of one letter and a value of four figures takes besides the value, 0x03 included. */
const AROUND = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4059\r\n\r\n\x03'.length;

/** Bytes that one segment carries on any path. */
const SEGMENT = 1208;

describe('a server of 2024', () => {
  it('a 2024 server is sent 0x03 behind a request only until its generation is known', async () => {
    const { server, seen } = await startOlder();
    const client = track(new ZcachedConnection({ port: server.port }));
    await client.connect();
    await client.send('SET', 'k', 'é');
    await client.send('SET', 'k', Uint8Array.of(0xff));
    expect(seen).toEqual([
      `${PING}\x03`,
      `${PING}\x03`,
      '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\xc3\xa9\r\n',
      '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n\xff\r\n',
    ]);
    expect(client.generation).toBe('2024');
  });

  it('a request to a 2024 server is at most one segment by default, a larger one is refused', async () => {
    const server = track(await startZcachedServer({ generation: '2024' }));
    const proxy = track(await startFaultProxy({ port: server.port, toServer: { cut: SEGMENT, delay: 1 } }));
    const client = track(new ZcachedConnection({ port: proxy.port }));
    await client.connect();
    const { requests } = server;
    const most = 'x'.repeat(SEGMENT - AROUND);
    expect(await client.send('SET', 'k', most)).toBe('OK');
    expect(await client.send('GET', 'k')).toBe(most);
    await expect(client.send('SET', 'k', `${most}x`)).rejects.toMatchObject({
      code: 'ERR_ZCACHED_REQUEST_TOO_LARGE',
      sent: 'never',
      limit: SEGMENT,
    });
    expect(server.requests).toBe(requests + 2);
  });

  it('a request that fills the buffer of a 2024 server on loopback is taken where maxRequestBytes allows it', async () => {
    const server = track(await startZcachedServer({ generation: '2024' }));
    const client = track(new ZcachedConnection({ port: server.port, maxRequestBytes: 4096 }));
    await client.connect();
    const most = 'x'.repeat(4096 - AROUND);
    expect(await client.send('SET', 'k', most)).toBe('OK');
    expect(await client.send('GET', 'k')).toBe(most);
  });

  it('a request larger than a segment fails on a 2024 server with BAD_REQUEST, and its connection is given up', async () => {
    const server = track(await startZcachedServer({ generation: '2024' }));
    const proxy = track(await startFaultProxy({ port: server.port, toServer: { cut: SEGMENT, delay: 20 } }));
    const client = track(new ZcachedConnection({ port: proxy.port, maxRequestBytes: 4096 }));
    await client.connect();
    const asked = client.send('SET', 'k', 'x'.repeat(2 * SEGMENT));
    await expect(asked).rejects.toMatchObject({ code: 'ERR_ZCACHED_SERVER', kind: 'BAD_REQUEST', sent: 'maybe' });
    expect(client.state).toBe('broken');
  });

  it('iterating entries of a 2024 server splits the requests so that each fits one segment', async () => {
    const server = track(await startZcachedServer({ generation: '2024' }));
    const connection = track(new ZcachedConnection({ port: server.port }));
    await connection.connect();
    const client = new ZcachedClient({ use: (work) => work(connection) });
    const keys = Array.from({ length: 120 }, (_, index) => `user:${String(index).padStart(36, '0')}`);
    for (const key of keys) await client.set(key, key.length);
    const seen: string[] = [];
    for await (const [key] of client.entries()) seen.push(key);
    expect(seen.sort()).toEqual(keys);
  });

  it('a larger maxRequestBytes allows larger requests to a 2024 server, which takes them where they arrive whole', async () => {
    const server = track(await startZcachedServer({ generation: '2024', flaws: { splitsRequests: false } }));
    const client = track(new ZcachedConnection({ port: server.port, maxRequestBytes: 2 ** 20 }));
    await client.connect();
    const value = 'x'.repeat(100_000);
    expect(await client.send('SET', 'k', value)).toBe('OK');
    expect(await client.send('GET', 'k')).toBe(value);
  });
});

it('requests to a 2025 server are limited to 8 MiB by default', async () => {
  const server = track(await startZcachedServer());
  const client = track(new ZcachedConnection({ port: server.port }));
  await client.connect();
  await expect(client.send('SET', 'k', 'x'.repeat(8 * 2 ** 20))).rejects.toMatchObject({ limit: 8 * 2 ** 20 });
});

describe('a missing key on a 2024 server, whose error replies take 44 ms', () => {
  async function open() {
    const asked: (readonly string[])[] = [];
    const server = track(await startZcachedServer({ generation: '2024', onRequest: (request) => asked.push(request) }));
    const connection = track(new ZcachedConnection({ port: server.port }));
    await connection.connect();
    asked.length = 0;
    return { asked, client: new ZcachedClient({ use: (work) => work(connection) }) };
  }

  it('command(GET) of a missing key takes 44 ms, and the reply behind it waits as long', async () => {
    const { client } = await open();
    const started = performance.now();
    const missed = client.command('GET', 'nothing').catch(({ kind }) => kind);
    await client.ping();
    expect(performance.now() - started).toBeGreaterThanOrEqual(earliest(44));
    expect(await missed).toBe('NOT_FOUND');
  });

  it('get(), exists() and delete() of missing keys ask with MGET, which is answered at once', async () => {
    const { asked, client } = await open();
    const started = performance.now();
    for (let index = 0; index < 50; index++) {
      expect(await client.get(`get ${index}`)).toBeUndefined();
      expect(await client.get(`text ${index}`, { encoding: 'json', timeout: 5_000 })).toBeUndefined();
      expect(await client.exists(`exists ${index}`)).toBe(false);
      expect(await client.delete(`delete ${index}`)).toBe(false);
    }
    // One error reply for each would take 200 times 44 ms.
    expect(performance.now() - started).toBeLessThan(4_400);
    expect(new Set(asked.map(([command]) => command))).toEqual(new Set(['MGET']));
  });

  it('get() and exists() of a key that is there ask with MGET, delete() with MGET and DELETE', async () => {
    const { asked, client } = await open();
    await client.set('map', { a: { b: 1 } });
    await client.set('text', ['\n'], { encoding: 'json' });
    expect(await client.get('map')).toEqual(new Map([['a', new Map([['b', 1]])]]));
    expect(await client.get('text', { encoding: 'json', timeout: 5_000 })).toEqual(['\n']);
    expect(await client.exists('map')).toBe(true);
    expect(await client.delete('map', { timeout: 5_000 })).toBe(true);
    expect(await client.delete('text')).toBe(true);
    expect(await client.keys()).toEqual([]);
    const commands = asked.map(([command]) => command);
    expect(commands).toEqual(['SET', 'SET', 'MGET', 'MGET', 'MGET', 'MGET', 'DELETE', 'MGET', 'DELETE', 'KEYS']);
  });

  it('a null that is stored natively reads as missing, and command(GET) tells it from a miss', async () => {
    const { client } = await open();
    await client.set('null', null);
    expect([await client.get('null'), await client.exists('null'), await client.delete('null')]).toEqual([
      undefined,
      false,
      false,
    ]);
    expect(await client.command('GET', 'null')).toBeNull();
    await client.set('null', null, { encoding: 'json' });
    expect([await client.get('null', { encoding: 'json' }), await client.delete('null')]).toEqual([null, true]);
  });
});
