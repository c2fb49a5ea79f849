import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import { track } from '../../support/cleanup.js';
import { earliest } from '../../support/earliest.js';
import { until } from '../../support/until.js';
import { frame, Wire, wire } from './bytes.js';

const PING = frame('PING');
const PONG = '+PONG\r\n\x03';

async function start(options: ZcachedServerOptions = {}) {
  const server = track(await startZcachedServer(options));
  return { server, dial: async () => track(await wire(server.port)) };
}

it('cutConnections(n) resets the n oldest clients, and connections counts them', async () => {
  const { server, dial } = await start();
  const [first, second] = [await dial(), await dial()];
  await Promise.all([first, second].map((client) => client.ask(PING, PONG)));
  expect(server.connections).toBe(2);
  expect(server.cutConnections(1)).toBe(1);
  await until(() => first.closed);
  expect(first.error).toMatchObject({ code: 'ECONNRESET' });
  expect(await second.ask(PING, PONG)).toBe(PONG);
  expect(server.connections).toBe(1);
});

it('cutConnections() passes over clients that have closed their side', async () => {
  const { server, dial } = await start({ flaws: { neverCloses: true } });
  const [first, second] = [await dial(), await dial()];
  await Promise.all([first, second].map((client) => client.ask(PING, PONG)));
  first.socket.end();
  await until(() => server.connections === 1);
  expect(server.cutConnections(1)).toBe(1);
  await until(() => second.closed);
  expect(server.cutConnections()).toBe(0);
  expect(first.closed).toBe(false);
});

it('pause() stops replies, also to new clients, and resume() sends them', async () => {
  const { server, dial } = await start();
  const first = await dial();
  server.pause();
  first.send(PING);
  await until(() => server.requests === 1);
  const second = await dial();
  first.send(frame('DBSIZE'));
  second.send(PING);
  await until(() => server.requests === 3);
  expect(first.seen + second.seen).toBe('');
  server.resume();
  await until(() => first.seen === `${PONG}:0\r\n\x03` && second.seen === PONG);
});

it('latency delays each reply by at least that long', async () => {
  const { dial } = await start({ latency: 30 });
  const client = await dial();
  const started = performance.now();
  await client.ask(PING, PONG);
  expect(performance.now() - started).toBeGreaterThanOrEqual(earliest(30));
});

it('latency by request delays each reply by its own time and keeps the order', async () => {
  const latencies = [20, 0, 5];
  const { dial } = await start({ latency: () => latencies.shift() ?? 0 });
  const client = await dial();
  const replies = ['a', 'b', 'c'].map((word) => `$1\r\n${word}\r\n\x03`).join('');
  client.send(['a', 'b', 'c'].map((word) => frame('ECHO', word)).join(''));
  await until(() => client.seen.length >= replies.length);
  expect([client.seen, latencies]).toEqual([replies, []]);
});

it('the server accepts deep nesting, and answers nesting over its limit with an error', async () => {
  const { dial } = await start();
  const client = await dial();
  const nested = (levels: number) => frame('SET', 'k', `${'*1\r\n'.repeat(levels)}:1\r\n`);
  expect(await client.ask(nested(900), '\x03')).toBe('+OK\r\n\x03');
  expect(await client.ask(nested(100_000), '\x03')).toBe('-ERR unprocessable\r\n\x03');
  expect(await client.ask(PING, PONG)).toBe(PONG);
});

it('onRequest is called for every request', async () => {
  const heard: (readonly string[])[] = [];
  const { dial } = await start({ onRequest: (request) => heard.push(request) });
  const client = await dial();
  await client.ask(frame('SET', 'k', ':1\r\n') + frame('nope') + frame('SET', 'k', ''), 'unprocessable');
  expect(heard).toEqual([['SET', 'k', ''], ['nope']]);
});

it('the server closes a client over its limit of connections', async () => {
  const { dial } = await start({ maxClients: 1 });
  const client = await dial();
  const another = await dial();
  await until(() => another.ended || another.closed);
  expect(await client.ask(PING, PONG)).toBe(PONG);
});

it('close() of a server with clients resolves, also when called twice', async () => {
  const { server, dial } = await start();
  const client = await dial();
  await Promise.all([server.close(), server.close()]);
  await until(() => client.closed);
  expect(server.connections).toBe(0);
});

it('a second server on the same port starts with an empty store', async () => {
  const { server, dial } = await start();
  await (await dial()).ask(frame('SET', 'k', 'v'), '+OK');
  for (let restart = 0; restart < 20; restart++) {
    await server.close();
    const successor = await startZcachedServer({ port: server.port });
    const client = track(await wire(server.port));
    expect(await client.ask(frame('DBSIZE'), '\x03')).toBe(':0\r\n\x03');
    await successor.close();
    await until(() => client.closed);
  }
});

it('startZcachedServer() rejects when the port is taken', async () => {
  const { server } = await start();
  await expect(startZcachedServer({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

it('`await using` closes a server at the end of the block', async () => {
  let client: Wire;
  {
    await using server = await startZcachedServer();
    client = track(await wire(server.port));
    expect(await client.ask(PING, PONG)).toBe(PONG);
  }
  await until(() => client.closed);
  expect(client.error).toMatchObject({ code: 'ECONNRESET' });
});

it('a server on a Unix socket can be cut off and closed', async () => {
  const path = join(tmpdir(), `zcached-${process.pid}.sock`);
  rmSync(path, { force: true });
  const server = track(await startZcachedServer({ path }));
  expect(server.port).toBe(0);
  for (const end of [() => server.cutConnections(), () => server.close()]) {
    const client = track(new Wire(connect(path)));
    expect(await client.ask(PING, PONG)).toBe(PONG);
    await end();
    await until(() => client.closed);
  }
});
