import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { checkConnection } from 'rxpool/testing';
import { startFaultProxy } from 'rxpool/testing/node';
import { WebSocketServer } from 'ws';
import { get, http2 } from '../../examples/adapters/http2.js';
import { websocket } from '../../examples/adapters/websocket.js';
import { track } from '../support/cleanup.js';
import { until } from '../support/until.js';

describe('The adapters of clients whose servers are in the process', () => {
  it('websocket: checkConnection() finds no broken rule', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    track({
      close: async () => {
        for (const socket of server.clients) socket.terminate();
        server.close();
      },
    });
    server.on('connection', (socket) => {
      socket.on('message', (data) => socket.send(JSON.stringify({ id: JSON.parse(String(data)).id, result: 'pong' })));
    });
    await once(server, 'listening');
    const proxy = track(await startFaultProxy({ port: (server.address() as AddressInfo).port }));
    const make = websocket(`ws://127.0.0.1:${proxy.port}`);
    await checkConnection({
      make: () => make(),
      server: proxy,
      request: ({ client }) => client.call('ping'),
      counts: false,
    });
  }, 60_000);

  it('http2: checkConnection() finds no broken rule, GOAWAY and the limit of streams included', async () => {
    const server = createServer({ settings: { maxConcurrentStreams: 5 } });
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', (session) => {
      sessions.add(session.on('error', () => {}).on('close', () => sessions.delete(session)));
    });
    // A stream that began while the server was held is answered after that: GOAWAY comes in between.
    let waiting = 0;
    let open = (): void => {};
    let gate = Promise.resolve();
    server.on('stream', async (stream) => {
      stream.on('error', () => {});
      waiting++;
      await gate;
      waiting--;
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      stream.end('hello');
    });
    track({
      close: async () => {
        for (const session of sessions) session.destroy();
        server.close();
      },
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const proxy = track(await startFaultProxy({ port: (server.address() as AddressInfo).port }));
    const make = http2(`http://127.0.0.1:${proxy.port}`);
    await checkConnection({
      make: () => make(),
      server: {
        connections: () => proxy.connections(),
        cut: () => proxy.cut(),
        hold: () => {
          gate = new Promise((resolve) => {
            open = resolve;
          });
          proxy.hold();
        },
        resume: () => {
          open();
          proxy.resume();
        },
        refuse: () => proxy.refuse(),
        accept: () => proxy.accept(),
        drain: async () => {
          proxy.resume();
          await until(() => waiting > 0);
          for (const session of sessions) session.goaway(0, 2 ** 31 - 1);
        },
      },
      request: ({ client }) => get(client, '/'),
      counts: false,
      capacity: 5,
    });
  }, 60_000);

  it('http2: get() rejects when the session ends in the middle of the body', async () => {
    const server = createServer();
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('hel', () => stream.session?.destroy());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    track({
      close: async () => {
        session.destroy();
        server.close();
      },
    });

    await expect(get(session, '/')).rejects.toThrow('ended with code 8');
  });
});
