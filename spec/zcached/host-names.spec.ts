import dns from 'node:dns';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { ConnectionPool, constantBackoff, reconnectBroken } from 'rxpool';
import { type Clock, ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { until } from '../support/until.js';
import { PONG, startRawServer } from './raw-server.js';

afterEach(() => jest.restoreAllMocks());

type Found = (
  error: Error | null,
  addresses?: readonly { readonly address: string; readonly family: number }[],
) => void;

/** Has each look-up call `answer`; returns how many there were. */
function lookUpBy(answer: (found: Found) => void): () => number {
  const spy = jest
    .spyOn(dns, 'lookup')
    .mockImplementation(((_name: string, _options: object, found: Found) => answer(found)) as never);
  return () => spy.mock.calls.length;
}

const addresses = (...found: string[]) => found.map((address) => ({ address, family: 4 }));

const answersPing = (socket: Socket): void => {
  socket.on('error', () => {}).on('data', () => socket.write(PONG));
};

/** A second server on the port of the first, at another address of this machine. */
async function listenAt(address: string, port: number, serve: (socket: Socket) => void): Promise<void> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    serve(socket);
  });
  server.listen(port, address);
  await once(server, 'listening');
  track({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
}

/** In the thread: stands still for so long after a message, with room for one connection that is not accepted yet. */
const SLOW_TO_ACCEPT = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write('+PONG\\r\\n\\x03')));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => parentPort.postMessage(server.address().port));
  parentPort.on('message', (milliseconds) => {
    parentPort.postMessage('blocked');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  });
`;

describe('ZcachedConnection({ host }) by a name with several addresses', () => {
  it('connect(): takes the second address at once when the first refuses', async () => {
    const { port } = track(await startRawServer(answersPing));
    lookUpBy((found) => found(null, addresses('127.0.0.2', '127.0.0.1')));
    // No timer of this clock fires: the refusal alone has the second address tried.
    const clock: Clock = { now: () => 0, after: () => () => {}, afterIo: () => () => {} };
    const connection = track(new ZcachedConnection({ host: 'cache.example', port, clock }));
    await connection.connect();
    expect(connection.endpoint).toBe(`cache.example:${port}`);
  });

  it('connect(): takes the second address when the first has not answered after 250 ms, and lets go of the first', async () => {
    const silent = track(await startRawServer((socket) => socket.resume()));
    const { port } = silent;
    await listenAt('127.0.0.2', port, answersPing);
    lookUpBy((found) => found(null, addresses('127.0.0.1', '127.0.0.2')));
    const connection = track(new ZcachedConnection({ host: 'cache.example', port }));
    await connection.connect();
    expect(await connection.send('PING')).toBe('PONG');
    await until(() => silent.sockets[0]!.readableEnded || silent.sockets[0]!.destroyed);
  });

  it('connect(): rejects with the failure of the address that was reached when no other can be', async () => {
    const { port } = track(await startRawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    for (const order of [addresses('127.0.0.1', '127.0.0.2'), addresses('127.0.0.2', '127.0.0.1')]) {
      jest.restoreAllMocks();
      lookUpBy((found) => found(null, order));
      const connection = track(new ZcachedConnection({ host: 'cache.example', port }));
      await expect(connection.connect()).rejects.toMatchObject({
        code: 'ERR_ZCACHED_CONNECT',
        cause: { code: 'ERR_ZCACHED_PROTOCOL' },
      });
    }
  });

  it('connect(), then close() while two addresses are tried lets go of both', async () => {
    const silent = track(await startRawServer((socket) => socket.resume()));
    const { port } = silent;
    const others: Socket[] = [];
    await listenAt('127.0.0.2', port, (socket) => others.push(socket.resume()));
    lookUpBy((found) => found(null, addresses('127.0.0.1', '127.0.0.2')));
    const connection = new ZcachedConnection({ host: 'cache.example', port });
    const dial = connection.connect().catch((error: Error) => error);
    await until(() => silent.sockets.length + others.length === 2);
    await connection.close();
    expect(await dial).toBeInstanceOf(Error);
    await until(() => [...silent.sockets, ...others].every((socket) => socket.readableEnded || socket.destroyed));
  });

  it('connect(): gives a server that accepts after 1 s the time of connectTimeout', async () => {
    const worker = new Worker(SLOW_TO_ACCEPT, { eval: true });
    track({ close: () => worker.terminate() });
    const [port] = (await once(worker, 'message')) as [number];
    worker.postMessage(900);
    await once(worker, 'message');
    // They fill the queue of connections to be accepted: the kernel drops what comes after them, and tries again after 1 s.
    const before = Array.from({ length: 4 }, () => connectTcp(port, '127.0.0.1').on('error', () => {}));
    track({ close: async () => before.map((socket) => socket.destroy()) });
    lookUpBy((found) => found(null, addresses('127.0.0.1', '127.0.0.2')));
    const connection = track(new ZcachedConnection({ host: 'cache.example', port }));
    const began = performance.now();
    await connection.connect();
    expect(performance.now() - began).toBeGreaterThan(500);
  });
});

describe('ZcachedConnection({ host }) while look-ups hang', () => {
  it('pool of 8 by a name whose look-up hangs: one look-up is outstanding, and its answer has all of them connect', async () => {
    const { port } = track(await startRawServer(answersPing));
    const waiting: Found[] = [];
    const count = lookUpBy((found) => waiting.push(found));
    const make = (): ZcachedConnection => new ZcachedConnection({ host: 'cache.example', port, connectTimeout: 30 });
    const pool = track(new ConnectionPool(8, make, { heal: reconnectBroken({ backoff: constantBackoff(5) }) }));
    let failures = 0;
    pool.events$.subscribe(({ type }) => {
      if (type === 'connect-failed') failures++;
    });
    void pool.setup();
    await until(() => failures > 40);
    expect(count()).toBe(1);
    for (const found of waiting) found(null, addresses('127.0.0.1'));
    lookUpBy((found) => found(null, addresses('127.0.0.1')));
    await until(() => pool.health.connected === 8);
  });
});
