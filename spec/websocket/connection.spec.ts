import { inspect } from 'node:util';
import { ConnectionPool, isTerminalCause, PoolError } from 'rxpool';
import { type FaultProxy, startFaultProxy } from 'rxpool/testing/node';
import {
  ConnectionLostError,
  NotConnectedError,
  RequestAbortedError,
  RequestQueueFullError,
  RequestTimeoutError,
  WebSocketClosedError,
  WebSocketConnectError,
  WebSocketConnection,
  WebSocketEncodingError,
  type WebSocketOptions,
  WebSocketProtocolError,
  WebSocketRequestTooLargeError,
} from 'rxpool/websocket';
import { WebSocket } from 'ws';
import { track } from '../support/cleanup.js';
import { thrownBy } from '../support/pools.js';
import { until } from '../support/until.js';
import { type Answer, type Ask, EchoServer } from './echo-server.js';

let server: EchoServer;

beforeEach(async () => {
  server = track(await EchoServer.start());
});

type Options = WebSocketOptions<Ask, Answer>;

const make = (options: Options = {}, url = server.url): WebSocketConnection<Ask, Answer> =>
  track(new WebSocketConnection<Ask, Answer>(url, { WebSocket, ...options }));

const open = async (options: Options = {}, url = server.url): Promise<WebSocketConnection<Ask, Answer>> => {
  const connection = make(options, url);
  await connection.connect();
  return connection;
};

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => Promise.reject(new Error(`resolved with ${inspect(value)}`)),
    (error: unknown) => error,
  );

describe('WebSocketConnection.request()', () => {
  it('gets its own reply, whatever the order of the replies', async () => {
    const waiting: (() => void)[] = [];
    server.onMessage = (socket, text) => {
      const { id, ask } = JSON.parse(text);
      waiting.unshift(() => socket.send(JSON.stringify({ id, answer: ask })));
      if (waiting.length === 3) for (const answer of waiting.splice(0)) answer();
    };
    const connection = await open();
    const asked = ['a', 'b', 'c'].map((ask) => connection.request({ ask }));
    expect((await Promise.all(asked)).map(({ answer }) => answer)).toEqual(['a', 'b', 'c']);
    expect(connection.pending).toBe(0);
  });

  it('with encode, decode, correlate and reply speaks another protocol, in bytes', async () => {
    server.onMessage = (socket, text) => socket.send(Buffer.from(text.toUpperCase()));
    const connection = track(
      new WebSocketConnection(server.url, {
        WebSocket,
        encode: (request: number, id) => new TextEncoder().encode(`${id}:half of ${request}`),
        decode: (data) => new TextDecoder().decode(data as ArrayBuffer).split(':') as [string, string],
        correlate: ([id]) => Number(id),
        reply: ([, text]) => text.length,
      }),
    );
    await connection.connect();
    expect(await connection.request(8)).toBe('HALF OF 8'.length);
  });

  it('rejects with what reply throws, which is an answer and leaves the connection as it is', async () => {
    server.onMessage = (socket, text) => socket.send(JSON.stringify({ id: JSON.parse(text).id, error: 'no' }));
    const connection = await open({
      reply: (message) => {
        throw new RangeError(message.error);
      },
    });
    const outcomes: boolean[] = [];
    connection.outcomes$.subscribe(({ ok }) => outcomes.push(ok));
    expect(await failure(connection.request({ ask: 'a' }))).toEqual(new RangeError('no'));
    expect([connection.state, connection.pending, outcomes]).toEqual(['connected', 0, [true]]);
  });

  it.each<[string, Options, Ask, new (...args: never[]) => Error]>([
    ['larger than maxRequestBytes', { maxRequestBytes: 20 }, { ask: 'é'.repeat(10) }, WebSocketRequestTooLargeError],
    ['that encode() cannot encode', {}, { ask: 1n } as never, WebSocketEncodingError],
    ['that is no object, without encode', {}, 'text' as never, WebSocketEncodingError],
    ['of which encode() makes a number', { encode: () => 5 as never }, { ask: 'a' }, WebSocketEncodingError],
  ])('rejects a request %s with sent: never, and sends nothing', async (_, options, request, type) => {
    const connection = await open(options);
    const error = await failure(connection.request(request));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ sent: 'never', request: 'request' });
    expect([server.received, connection.pending, connection.state]).toEqual([[], 0, 'connected']);
  });

  it('counts the bytes of UTF-8: text of 1 to 4 bytes, and a lone surrogate, of exactly maxRequestBytes is sent', async () => {
    const connection = await open({ encode: ({ ask }) => ask, maxRequestBytes: 13, inOrder: true });
    expect(await failure(connection.request({ ask: `aé€😀\ud800a` }))).toMatchObject({ bytes: 14, limit: 13 });
    server.onMessage = (socket) => socket.send('{}');
    await connection.request({ ask: 'aé€😀\ud800' });
    expect(Buffer.from(server.received[0] as string)).toHaveLength(13);
  });

  it('rejects with NotConnectedError before connect() and after close()', async () => {
    const connection = make();
    expect(await failure(connection.request({ ask: 'a' }))).toBeInstanceOf(NotConnectedError);
    await connection.connect();
    await connection.close();
    expect(await failure(connection.request({ ask: 'a' }))).toMatchObject({ code: 'ERR_NOT_CONNECTED', sent: 'never' });
  });

  it('rejects at once when maxQueue requests wait for maxInFlight others', async () => {
    server.onMessage = () => {};
    const connection = await open({ maxInFlight: 2, maxQueue: 1 });
    const asked = [1, 2, 3].map(() => failure(connection.request({ ask: 'a' })));
    expect(await failure(connection.request({ ask: 'a' }))).toBeInstanceOf(RequestQueueFullError);
    await until(() => server.received.length === 2);
    await connection.close();
    expect((await Promise.all(asked)).map((error) => (error as ConnectionLostError).sent)).toEqual([
      'maybe',
      'maybe',
      'never',
    ]);
  });

  it('waits while more than maxBufferedBytes have not left', async () => {
    const socket = { buffered: 0 };
    class Slow extends WebSocket {
      constructor(url: string) {
        super(url);
        Object.defineProperty(this, 'bufferedAmount', { get: () => socket.buffered });
      }
    }
    const connection = await open({ WebSocket: Slow, maxBufferedBytes: 10 });
    socket.buffered = 11;
    await connection.request({ ask: 'a' });
    const second = connection.request({ ask: 'b' });
    await connection.request({ ask: 'not sent' }, { timeout: 30 }).catch(() => {});
    expect(server.received).toHaveLength(1);
    socket.buffered = 10;
    expect(await second).toMatchObject({ answer: 'b' });
    expect(server.received).toHaveLength(2);
  });

  it('refuses unknown options, and those of another type', async () => {
    const connection = await open();
    expect(await failure(connection.request({ ask: 'a' }, { timout: 5 } as never))).toMatchObject({
      message: 'options.timout is no option; did you mean timeout?',
    });
    expect(await failure(connection.request({ ask: 'a' }, { signal: {} as never }))).toBeInstanceOf(TypeError);
  });
});

describe('WebSocketConnection: requests that are given up', () => {
  const silent = (): ((id: number) => void) => {
    server.onMessage = () => {};
    return (id) => server.send({ id, answer: `late ${id}` });
  };

  it('by id, the late reply to an aborted request is dropped, and until then the request is in flight', async () => {
    const answer = silent();
    const connection = await open();
    const controller = new AbortController();
    const request = failure(connection.request({ ask: 'a' }, { signal: controller.signal }));
    await until(() => server.received.length === 1);
    controller.abort('why');
    expect(await request).toBeInstanceOf(RequestAbortedError);
    expect(connection.pending).toBe(1);
    answer(1);
    await until(() => connection.pending === 0);
    expect(connection.state).toBe('connected');
  });

  it('by id, a reply that stays away for a second timeout is forgotten where others come, and dropped when it comes', async () => {
    const answer = silent();
    const messages: unknown[] = [];
    const connection = await open({ requestTimeout: 40 });
    connection.messages$.subscribe((message) => messages.push(message));
    const beat = setInterval(() => server.send({ news: 'beat' }), 5);
    expect(await failure(connection.request({ ask: 'a' }))).toBeInstanceOf(RequestTimeoutError);
    await until(() => connection.pending === 0);
    clearInterval(beat);
    answer(1);
    server.send({ news: 'the end' });
    await until(() => JSON.stringify(messages.at(-1)) === '{"news":"the end"}');
    expect([connection.state, messages.filter((message) => 'answer' in (message as object))]).toEqual([
      'connected',
      [],
    ]);
  });

  it.each<[string, Options]>([
    ['by id, where nothing has come', {}],
    ['in order', { inOrder: true }],
  ])('%s, a reply that stays away for a second timeout breaks the connection', async (_, options) => {
    silent();
    const connection = await open({ requestTimeout: 30, ...options });
    await failure(connection.request({ ask: 'a' }));
    await until(() => connection.state === 'broken');
    expect(connection.cause).toBeInstanceOf(RequestTimeoutError);
    expect(connection.pending).toBe(0);
  });

  it('in order, the reply to an aborted request settles no other', async () => {
    silent();
    const connection = await open({ inOrder: true });
    const controller = new AbortController();
    const first = failure(connection.request({ ask: 'a' }, { signal: controller.signal }));
    const second = connection.request({ ask: 'b' });
    await until(() => server.received.length === 2);
    controller.abort();
    await first;
    server.send({ answer: 'to a' });
    server.send({ answer: 'to b' });
    expect(await second).toEqual({ answer: 'to b' });
  });
});

describe('WebSocketConnection.messages$', () => {
  it('emits what answers no request, in order, and goes on after a redial', async () => {
    server.onConnection = (socket) => socket.send(JSON.stringify({ news: 'welcome' }));
    const connection = make();
    const messages: unknown[] = [];
    connection.messages$.subscribe(({ news }) => messages.push(news));
    await connection.connect();
    server.send({ news: 'one' });
    await until(() => messages.length === 2);
    server.sockets[0]?.terminate();
    await until(() => connection.state === 'broken');
    await connection.connect();
    await until(() => messages.length === 3);
    expect(messages).toEqual(['welcome', 'one', 'welcome']);
  });

  it.each<[string, Options, unknown, string]>([
    ['a reply without a request, in order', { inOrder: true }, { answer: 'x' }, 'UNEXPECTED_REPLY'],
    ['an unknown id', {}, { id: 77 }, 'UNKNOWN_ID'],
    ['text that is no JSON', {}, 'secret {', 'UNDECODABLE'],
    ['more than maxMessageBytes', { maxMessageBytes: 30 }, { news: 'x'.repeat(30) }, 'TOO_LARGE'],
  ])('%s breaks the connection with a WebSocketProtocolError', async (_, options, message, violation) => {
    server.onMessage = () => {};
    const connection = await open(options);
    const lost = options.inOrder ? undefined : failure(connection.request({ ask: 'a' }));
    if (lost) await until(() => server.received.length === 1);
    server.send(message);
    await until(() => connection.state === 'broken');
    expect(connection.cause).toBeInstanceOf(WebSocketProtocolError);
    expect(connection.cause).toMatchObject({ violation, code: 'ERR_WEBSOCKET_PROTOCOL' });
    expect(inspect(connection.cause)).not.toContain('secret');
    if (lost) expect(await lost).toMatchObject({ sent: 'maybe', cause: connection.cause });
    await until(() => server.sockets.length === 0);
  });

  it('a second reply to a request breaks the connection, and with unknownId: message is emitted', async () => {
    server.onMessage = (socket, text) => {
      const { id } = JSON.parse(text);
      socket.send(JSON.stringify({ id, answer: 'first' }));
      socket.send(JSON.stringify({ id, answer: 'second' }));
    };
    const strict = await open();
    expect(await strict.request({ ask: 'a' })).toMatchObject({ answer: 'first' });
    await until(() => strict.state === 'broken');
    expect(strict.cause).toMatchObject({ violation: 'UNKNOWN_ID' });
    const lax = await open({ unknownId: 'message' });
    const messages: unknown[] = [];
    lax.messages$.subscribe(({ answer }) => messages.push(answer));
    expect(await lax.request({ ask: 'a' })).toMatchObject({ answer: 'first' });
    await until(() => messages.length === 1);
    expect([messages, lax.state]).toEqual([['second'], 'connected']);
  });
});

describe('WebSocketConnection.send()', () => {
  it('sends text as it is, and throws for what cannot be sent', async () => {
    server.onMessage = () => {};
    const connection = await open({ maxRequestBytes: 10 });
    connection.send('hello');
    await until(() => server.received.length === 1);
    expect(server.received).toEqual(['hello']);
    expect(thrownBy(() => connection.send('x'.repeat(11)))).toBeInstanceOf(WebSocketRequestTooLargeError);
    expect(thrownBy(() => connection.send(5 as never))).toBeInstanceOf(WebSocketEncodingError);
    await connection.close();
    expect(thrownBy(() => connection.send('hello'))).toBeInstanceOf(NotConnectedError);
  });
});

describe('WebSocketConnection.connect()', () => {
  it('sends hello first, is connected when that is answered, and fails with what its reply throws', async () => {
    let isRight = false;
    const connection = make({
      hello: async () => ({ ask: 'login' }),
      reply: (message) => {
        if (isRight) return message;
        throw Object.assign(new Error('wrong password'), { terminal: true });
      },
    });
    const error = await failure(connection.connect());
    expect(error).toBeInstanceOf(WebSocketConnectError);
    expect([isTerminalCause(error), connection.pending, connection.state]).toEqual([true, 0, 'broken']);
    isRight = true;
    await connection.connect();
    expect(server.received.map((text) => JSON.parse(text).ask)).toEqual(['login', 'login']);
  });

  it('asks the function that makes the URL for each dial, and waits for it only until the dial is closed', async () => {
    const urls: string[] = [];
    server.onConnection = (_, url) => urls.push(url);
    let token = 0;
    const connection = track(
      new WebSocketConnection(async () => `${server.url}/?token=${++token}`, { WebSocket, endpoint: 'the server' }),
    );
    for (let dial = 0; dial < 2; dial++) {
      await connection.connect();
      await connection.close();
    }
    expect([urls, connection.endpoint]).toEqual([['/?token=1', '/?token=2'], 'the server']);
    const hanging = track(new WebSocketConnection(() => new Promise<string>(() => {}), { WebSocket }));
    const dial = failure(hanging.connect());
    await hanging.close();
    expect(await dial).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
  });

  it.each([
    [401, true],
    [404, true],
    [429, false],
    [503, false],
  ])('a handshake that is refused with %i is told by status, and terminal: %s', async (status, terminal) => {
    server.server.options.verifyClient = (_info: unknown, done: (ok: boolean, code: number) => void) =>
      done(false, status);
    const error = await failure(make().connect());
    expect(error).toBeInstanceOf(WebSocketConnectError);
    expect(error).toMatchObject({ status, terminal, endpoint: server.url });
    expect(isTerminalCause(error)).toBe(terminal);
  });

  it('rejects with ConnectTimeoutError where the server accepts and is silent, and leaves nothing open', async () => {
    const proxy: FaultProxy = track(await startFaultProxy({ port: server.port }));
    proxy.hold();
    const error = await failure(make({ connectTimeout: 50 }, `ws://127.0.0.1:${proxy.port}`).connect());
    expect(error).toMatchObject({ code: 'ERR_CONNECT_TIMEOUT' });
    proxy.resume();
    await until(() => proxy.connections() === 0 && server.sockets.length === 0);
  });

  it('is broken where the server accepts and closes at once, with hello as the proof', async () => {
    server.onConnection = (socket) => socket.close(1013, 'full');
    const error = await failure(make({ hello: () => ({ ask: 'a' }) }).connect());
    expect(error).toMatchObject({ code: 'ERR_WEBSOCKET_CONNECT', cause: { closeCode: 1013, reason: 'full' } });
  });

  it('what the class of WebSockets throws is terminal', async () => {
    const error = await failure(make({ protocols: ['twice', 'twice'] }).connect());
    expect(error).toMatchObject({ code: 'ERR_WEBSOCKET_CONNECT', terminal: true });
  });
});

describe('WebSocketConnection: the end of a WebSocket', () => {
  it.each([
    [1000, false],
    [1001, false],
    [1008, true],
    [1011, false],
    [1012, false],
    [1013, false],
    [4401, true],
    [4999, false],
  ])('close code %i breaks the connection with a WebSocketClosedError, terminal: %s', async (closeCode, terminal) => {
    server.onMessage = (socket) => socket.close(closeCode, 'a reason');
    const connection = await open();
    const error = await failure(connection.request({ ask: 'a' }));
    expect(error).toBeInstanceOf(ConnectionLostError);
    expect(connection.cause).toBeInstanceOf(WebSocketClosedError);
    expect(connection.cause).toMatchObject({ closeCode, reason: 'a reason', wasClean: true, terminal });
    expect(isTerminalCause(connection.cause)).toBe(terminal);
    expect((connection.cause as Error).message).not.toContain('a reason');
  });

  it('terminalCodes decides which codes are terminal', async () => {
    server.onMessage = (socket) => socket.close(4999);
    const connection = await open({ terminalCodes: [4999] });
    await failure(connection.request({ ask: 'a' }));
    expect(connection.cause).toMatchObject({ closeCode: 4999, terminal: true });
  });

  it.each<[string, (proxy: FaultProxy) => void]>([
    ['a reset', (proxy) => proxy.links[0]?.reset()],
    ['a cut', (proxy) => proxy.cut()],
  ])('%s has code 1006, and what was in flight fails with sent: maybe', async (_, end) => {
    const proxy = track(await startFaultProxy({ port: server.port }));
    server.onMessage = () => {};
    const connection = await open({}, `ws://127.0.0.1:${proxy.port}`);
    const request = failure(connection.request({ ask: 'a' }));
    await until(() => server.received.length === 1);
    end(proxy);
    expect(await request).toMatchObject({ sent: 'maybe', cause: { closeCode: 1006, wasClean: false } });
  });

  it('bytes that are no WebSocket frame break it, without an uncaught error', async () => {
    const connection = await open();
    const [socket] = server.sockets as unknown as { readonly _socket: { write(data: Buffer): void } }[];
    socket?._socket.write(Buffer.alloc(64, 0xff));
    await until(() => connection.state === 'broken');
    expect(connection.cause).toMatchObject({ closeCode: 1006, cause: expect.anything() });
  });

  it('replies that come byte by byte are decoded alike', async () => {
    const proxy = track(await startFaultProxy({ port: server.port, toClient: { cut: 1 } }));
    const connection = await open({}, `ws://127.0.0.1:${proxy.port}`);
    expect(await connection.request({ ask: 'é'.repeat(200) })).toMatchObject({ answer: 'é'.repeat(200) });
  });
});

describe('WebSocketConnection: keeping alive', () => {
  it('sends a ping after pingInterval without a message, which is not counted', async () => {
    const connection = make({ ping: () => ({ ask: 'ping' }), pingInterval: 10 });
    const counts: number[] = [];
    connection.pending$.subscribe((count) => counts.push(count));
    await connection.connect();
    await until(() => server.received.length >= 3);
    expect([counts, connection.state]).toEqual([[0], 'connected']);
    await connection.close();
    const after = server.received.length;
    await until(() => server.sockets.length === 0);
    expect(server.received).toHaveLength(after);
  });

  it('a ping that is not answered within pingTimeout breaks a half-open connection', async () => {
    const proxy = track(await startFaultProxy({ port: server.port }));
    const options = { ping: () => ({ ask: 'ping' }), pingInterval: 10, pingTimeout: 20 };
    const connection = await open(options, `ws://127.0.0.1:${proxy.port}`);
    await until(() => server.received.length > 0);
    proxy.hold();
    await until(() => connection.state === 'broken');
    expect(connection.cause).toMatchObject({ code: 'ERR_REQUEST_TIMEOUT' });
  });

  it('in order, no ping is sent while a request is in flight', async () => {
    server.onMessage = () => {};
    const connection = await open({ inOrder: true, ping: () => ({ ask: 'ping' }), pingInterval: 5 });
    const request = failure(connection.request({ ask: 'slow' }, { timeout: 80 }));
    await request;
    expect(server.received).toEqual(['{"ask":"slow"}']);
  });

  it('without the option ping it has no ping()', () => {
    expect([make().ping, make({ ping: () => ({ ask: 'ping' }) }).ping]).toEqual([undefined, expect.any(Function)]);
  });
});

describe('new WebSocketConnection()', () => {
  it.each<[string, unknown, object, RegExp]>([
    ['a number as URL', 5, {}, /^url must be a string, a URL or a function, got 5/],
    ['a URL that is none', 'no url of mine', {}, /^url must be an absolute URL$/],
    ['a URL of another scheme', 'ftp://user:secret@host', {}, /^url must be of the scheme ws, wss, http or https$/],
    ['an unknown option', 'ws://host', { maxMessageByte: 5 }, /did you mean maxMessageBytes\?$/],
    [
      'correlate beside inOrder',
      'ws://host',
      { inOrder: true, correlate: () => 1 },
      /^options\.correlate must be left out/,
    ],
    ['no class of WebSockets', 'ws://host', { WebSocket: 5 }, /^options\.WebSocket must be a function, got 5/],
    ['maxInFlight: 0', 'ws://host', { maxInFlight: 0 }, /^options\.maxInFlight must be an integer from 1/],
    ['a close code out of range', 'ws://host', { terminalCodes: [999] }, /^options\.terminalCodes\[0\] must be/],
    ['protocols of numbers', 'ws://host', { protocols: [5] }, /^options\.protocols\[0\] must be a string, got 5/],
    [
      'another word for unknownId',
      'ws://host',
      { unknownId: 'drop' },
      /^options\.unknownId must be one of break, message/,
    ],
    ['pingInterval: 0', 'ws://host', { pingInterval: 0 }, /^options\.pingInterval must be above 0/],
    ['hello that is no function', 'ws://host', { hello: {} }, /^options\.hello must be a function, got an object/],
    ['an empty name', 'ws://host', { name: '' }, /^options\.name must be a non-empty string/],
  ])('with %s throws an error with a code that names it', (_, url, options, message) => {
    const error = thrownBy(() => new WebSocketConnection(url as never, { WebSocket, ...options } as never)) as Error;
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('secret');
    expect(error).toHaveProperty('code');
  });

  it('http and https stand for ws and wss, and a fragment is left out', async () => {
    const connection = await open({}, `${server.url.replace('ws:', 'http:')}/#part`);
    expect(connection.endpoint).toBe(server.url);
  });

  it('shows neither user, password nor query of its URL, in inspection, endpoint and errors', async () => {
    const connection = make({ name: 'mine' }, 'ws://user:secret@127.0.0.1:1/path?token=secret');
    const error = await failure(connection.connect());
    expect(connection.endpoint).toBe('ws://127.0.0.1:1/path');
    expect(inspect(connection)).toBe('WebSocketConnection mine ws://127.0.0.1:1/path (broken, 0 pending)');
    expect(inspect(error, { depth: 9 }) + JSON.stringify(error) + (error as Error).stack).not.toContain('secret');
    expect(error).toBeInstanceOf(PoolError);
  });
});

describe('A pool of WebSocketConnections', () => {
  it('spreads requests, is whole again after a cut, and is told of draining', async () => {
    const pool = new ConnectionPool(2, () => make({ isDraining: ({ news }) => news === 'restart' }));
    await pool.ready({ min: 2 });
    const asked = [1, 2, 3, 4].map((n) => pool.use((connection) => connection.request({ ask: `${n}` })));
    expect((await Promise.all(asked)).map(({ answer }) => answer)).toEqual(['1', '2', '3', '4']);
    const types: string[] = [];
    pool.events$.subscribe(({ type }) => types.push(type));
    server.sockets[0]?.terminate();
    await until(() => types.includes('lost') && pool.health.connected === 2);
    server.sockets[0]?.send(JSON.stringify({ news: 'restart' }));
    await until(() => types.filter((type) => type === 'connected').length === 2 && pool.health.connected === 2);
    await pool.dispose();
    await until(() => server.sockets.length === 0);
  });
});
