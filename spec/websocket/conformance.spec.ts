import { connectionRules } from 'rxpool/testing';
import { type FaultProxy, startFaultProxy } from 'rxpool/testing/node';
import { WebSocketConnection, type WebSocketConstructor, type WebSocketOptions } from 'rxpool/websocket';
import { WebSocket as WsWebSocket } from 'ws';
import { type Answer, type Ask, EchoServer } from './echo-server.js';

/** The classes of WebSockets on this Node: its own from version 22 on. */
const CLASSES: Readonly<Record<string, WebSocketConstructor>> = {
  ws: WsWebSocket,
  ...(typeof WebSocket === 'undefined' ? {} : { Node: WebSocket }),
};

const PROTOCOLS: Readonly<Record<string, WebSocketOptions<Ask, Answer>>> = {
  'by id': {},
  'in order': { inOrder: (message) => message.news === undefined, encode: (ask) => JSON.stringify(ask) },
};

describe.each(Object.keys(CLASSES))('WebSocketConnection over the WebSocket of %s', (name) => {
  describe.each(Object.keys(PROTOCOLS))('with replies %s', (protocol) => {
    let server: EchoServer;
    let proxy: FaultProxy;

    beforeAll(async () => {
      server = await EchoServer.start();
      proxy = await startFaultProxy({ port: server.port });
    });

    afterAll(async () => {
      await proxy.close();
      await server.close();
    });

    const rules = connectionRules({
      make: () =>
        new WebSocketConnection<Ask, Answer>(`ws://127.0.0.1:${proxy?.port ?? 1}`, {
          ...PROTOCOLS[protocol],
          WebSocket: CLASSES[name],
          ping: () => ({ ask: 'ping' }),
          isDraining: (message) => message.news === 'restart',
          // A dial that fails in the hold of the server must not be what a test waits for.
          closeTimeout: 200,
        }),
      server: {
        connections: () => proxy.connections(),
        cut: () => proxy.cut(),
        hold: () => proxy.hold(),
        resume: () => proxy.resume(),
        refuse: () => proxy.refuse(),
        accept: () => proxy.accept(),
        drain: () => server.send({ news: 'restart' }),
      },
      request: (connection, { signal }) => connection.request({ ask: 'a request' }, { signal }),
    });

    it.each(rules.map(({ rule, check }) => [rule, check] as const))('%s', (_, check) => check());
  });
});
