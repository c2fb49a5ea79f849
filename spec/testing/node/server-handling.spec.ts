import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import { track } from '../../support/cleanup.js';
import { until } from '../../support/until.js';
import { frame, Wire, wire } from './bytes.js';

const PING = frame('PING');
const PONG = '+PONG\r\n\x03';

async function start(options: ZcachedServerOptions = {}) {
  const server = track(await startZcachedServer(options));
  return { server, dial: async () => track(await wire(server.port)) };
}

it('counts its clients and cuts the oldest first', async () => {
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

it('cuts none that its client has left already, though its own side is still open', async () => {
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

it('falls silent, for those who come later too, and finds its voice again', async () => {
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

it('takes its time', async () => {
  const { dial } = await start({ latency: 30 });
  const client = await dial();
  const started = performance.now();
  await client.ask(PING, PONG);
  expect(performance.now() - started).toBeGreaterThanOrEqual(30);
});

it('takes as long as it is told for each, and keeps the order all the same', async () => {
  const latencies = [20, 0, 5];
  const { dial } = await start({ latency: () => latencies.shift() ?? 0 });
  const client = await dial();
  const replies = ['a', 'b', 'c'].map((word) => `$1\r\n${word}\r\n\x03`).join('');
  client.send(['a', 'b', 'c'].map((word) => frame('ECHO', word)).join(''));
  await until(() => client.seen.length >= replies.length);
  expect([client.seen, latencies]).toEqual([replies, []]);
});

it('bears many levels of nesting, and answers too many with an error', async () => {
  const { dial } = await start();
  const client = await dial();
  const nested = (levels: number) => frame('SET', 'k', `${'*1\r\n'.repeat(levels)}:1\r\n`);
  expect(await client.ask(nested(900), '\x03')).toBe('+OK\r\n\x03');
  expect(await client.ask(nested(100_000), '\x03')).toBe('-ERR unprocessable\r\n\x03');
  expect(await client.ask(PING, PONG)).toBe(PONG);
});

it('tells of the requests it takes in', async () => {
  const heard: (readonly string[])[] = [];
  const { dial } = await start({ onRequest: (request) => heard.push(request) });
  const client = await dial();
  await client.ask(frame('SET', 'k', ':1\r\n') + frame('nope') + frame('SET', 'k', ''), 'unprocessable');
  expect(heard).toEqual([['SET', 'k', ''], ['nope']]);
});

it('hangs up on a client too many', async () => {
  const { dial } = await start({ maxClients: 1 });
  const client = await dial();
  const another = await dial();
  await until(() => another.ended || another.closed);
  expect(await client.ask(PING, PONG)).toBe(PONG);
});

it('closes with clients on it, twice if need be', async () => {
  const { server, dial } = await start();
  const client = await dial();
  await Promise.all([server.close(), server.close()]);
  await until(() => client.closed);
  expect(server.connections).toBe(0);
});

it('is followed by another in the same place, which knows nothing of what was stored', async () => {
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

it('tells when it cannot listen', async () => {
  const { server } = await start();
  await expect(startZcachedServer({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

it('is closed at the end of a block that has it by `await using`', async () => {
  let client: Wire;
  {
    await using server = await startZcachedServer();
    client = track(await wire(server.port));
    expect(await client.ask(PING, PONG)).toBe(PONG);
  }
  await until(() => client.closed);
  expect(client.error).toMatchObject({ code: 'ECONNRESET' });
});

it('listens at a path, where it can be cut off and closed as well', async () => {
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
