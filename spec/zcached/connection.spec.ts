import type { Outcome } from 'rxpool';
import { startZcachedServer, type ZcachedServer } from 'rxpool/testing/node';
import type { ZcachedOptions } from 'rxpool/zcached';
import {
  NotConnectedError,
  RequestAbortedError,
  RequestQueueFullError,
  type RequestTimeoutError,
  ZcachedArgumentError,
  ZcachedConnection,
  ZcachedDisconnectedError,
  ZcachedServerError,
} from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { earliest } from '../support/earliest.js';
import { until } from '../support/until.js';
import { ends } from './ends.js';
import { PONG, type RawServer, startScript } from './raw-server.js';

const connection = (port: number, options: ZcachedOptions = {}) => track(new ZcachedConnection({ port, ...options }));
const serve = async (server: Promise<RawServer | ZcachedServer>) => track(await server);

describe('ZcachedConnection.send()', () => {
  it('send(): each of 500 calls at once gets its own reply, and pending counts them', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    const replies = Array.from({ length: 500 }, (_, index) => client.send('ECHO', `n${index}`));
    expect(client.pending).toBe(500);
    expect(await Promise.all(replies)).toEqual(replies.map((_, index) => `n${index}`));
    expect(client.pending).toBe(0);
  });

  it('send() to a 2024 server, which drops a second request in a segment: 20 calls at once all arrive', async () => {
    const server = await serve(startZcachedServer({ generation: '2024', latency: 1 }));
    const client = connection(server.port);
    await client.connect();
    const stored = Array.from({ length: 20 }, (_, index) => client.send('SET', `k${index}`, index));
    await Promise.all(stored);
    expect(await client.send('DBSIZE')).toBe(20);
  });

  it('send() while not connected: rejects with NotConnectedError, sent: never, and the cause of the failed dial', async () => {
    const client = connection(1);
    await expect(client.send('PING')).rejects.toMatchObject({ constructor: NotConnectedError, sent: 'never' });
    await expect(client.connect()).rejects.toThrow();
    await expect(client.send('PING')).rejects.toMatchObject({ cause: client.cause });
    expect(client.pending).toBe(0);
  });

  it('send() and request(): reject an invalid call, and neither count nor send it', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port, { maxRequestBytes: 1000 });
    await client.connect();
    await expect(client.send('SET', 'k', '')).rejects.toBeInstanceOf(ZcachedArgumentError);
    await expect(client.send('SET', 'k', 'x'.repeat(1000))).rejects.toMatchObject({ sent: 'never', limit: 1000 });
    for (const call of [
      null,
      { command: 'GET', args: 'k' },
      { command: 'GET', signal: 1 },
      { command: 'GET', timeout: 0 },
    ]) {
      await expect(client.request(call as never)).rejects.toMatchObject({
        code: /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/,
      });
    }
    expect([client.pending, (server as ZcachedServer).requests]).toEqual([0, 1]);
  });

  it('send(): rejects with RequestQueueFullError when maxQueue requests are queued', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port, { maxQueue: 2 });
    await client.connect();
    (server as ZcachedServer).pause();
    const taken = [client.send('PING'), client.send('PING'), client.send('PING')];
    await expect(client.send('PING')).rejects.toMatchObject({
      constructor: RequestQueueFullError,
      sent: 'never',
      limit: 2,
    });
    (server as ZcachedServer).resume();
    expect(await Promise.all(taken)).toEqual(['PONG', 'PONG', 'PONG']);
  });

  it('send() called by a subscriber of pending$: every call gets its reply, and pending$ ends at 0', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    const counts: number[] = [];
    const replies: Promise<unknown>[] = [];
    let wanted = 5;
    const subscription = client.pending$.subscribe((count) => {
      counts.push(count);
      if (wanted-- > 0) replies.push(client.send('PING'));
    });
    await until(() => replies.length === 5);
    await Promise.all(replies);
    subscription.unsubscribe();
    expect([client.pending, counts.at(-1)]).toEqual([0, 0]);
  });
});

it('outcomes$: emits ok and durationMs of each request, and nothing for an aborted one', async () => {
  const server = await serve(startZcachedServer());
  const client = connection(server.port, { closeTimeout: 50 });
  await client.connect();
  const outcomes: Outcome[] = [];
  client.outcomes$.subscribe((outcome) => outcomes.push(outcome));
  await client.send('PING');
  await client.send('NOSUCH').catch(() => {});
  (server as ZcachedServer).pause();
  const abort = new AbortController();
  const failed = [30, 5000].map((timeout) => client.request({ command: 'PING', timeout }).catch(() => {}));
  failed.push(client.request({ command: 'PING', signal: abort.signal }).catch(() => {}));
  abort.abort();
  await failed[0];
  await client.close();
  await Promise.all(failed);
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, false, false]);
  expect(outcomes[2]!.durationMs).toBeGreaterThanOrEqual(earliest(30));
  for (const { durationMs } of outcomes) expect(durationMs).toBeLessThan(4_000);
});

describe('request timeouts and aborts on a real socket', () => {
  it('request({ timeout }): rejects in time, in flight with sent: maybe and queued with sent: never', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    (server as ZcachedServer).pause();
    const started = performance.now();
    const failed = await Promise.all(
      [80, 20, 120, 50].map(async (timeout): Promise<[string, number, number]> => {
        const { sent } = await client.request({ command: 'PING', timeout }).catch((error) => error);
        return [sent, timeout, performance.now()];
      }),
    );
    expect(failed.map(([sent]) => sent)).toEqual(['maybe', 'never', 'never', 'never']);
    for (const [, timeout, at] of failed) {
      expect(at - started).toBeGreaterThanOrEqual(earliest(timeout));
      expect(at - started).toBeLessThan(timeout + 4_000);
    }
    // The reply of the one in flight is still owed.
    expect([client.pending, (server as ZcachedServer).requests]).toEqual([1, 2]);
  });

  it('request({ timeout }): the late reply is not delivered to the next request', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    (server as ZcachedServer).pause();
    await expect(client.request({ command: 'ECHO', args: ['late'], timeout: 30 })).rejects.toMatchObject({
      sent: 'maybe',
    });
    const next = client.send('ECHO', 'next');
    (server as ZcachedServer).resume();
    expect(await next).toBe('next');
    expect(client.state).toBe('connected');
  });

  it('requestTimeout: a connection to a silent server becomes broken after a second timeout', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port, { requestTimeout: 60 });
    await client.connect();
    (server as ZcachedServer).pause();
    await expect(client.send('PING')).rejects.toMatchObject({ code: 'ERR_REQUEST_TIMEOUT' });
    const queued = client.request({ command: 'PING', timeout: 5000 }).catch((error) => error);
    expect(client.state).toBe('connected');
    await until(() => client.state === 'broken');
    expect(client.cause).toMatchObject({ code: 'ERR_REQUEST_TIMEOUT', sent: 'maybe' });
    expect((client.cause as RequestTimeoutError).timeout).toBeGreaterThanOrEqual(earliest(120));
    expect(await queued).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: 'never' });
  });

  it('requestTimeout: a reply that arrived while the event loop was blocked past the deadline counts', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port, { requestTimeout: 50 });
    await client.connect();
    const reply = client.send('PING');
    // Let the server answer, and keep this process from seeing it until long after the deadline.
    await until(() => (server as ZcachedServer).requests === 2);
    const end = performance.now() + 150;
    while (performance.now() < end);
    expect(await reply).toBe('PONG');
  });

  it('requestTimeout: a request whose reply arrives byte by byte times out, and the connection becomes broken', async () => {
    const server = await serve(
      startScript((socket) => {
        socket.write('$1000\r\n');
        const drip = setInterval(() => socket.write('x'), 5);
        socket.on('close', () => clearInterval(drip));
      }),
    );
    const client = connection(server.port, { requestTimeout: 60 });
    await client.connect();
    await expect(client.send('GET', 'k')).rejects.toMatchObject({ code: 'ERR_REQUEST_TIMEOUT' });
    await until(() => client.state === 'broken');
  });

  it('request({ signal }): an abort rejects in flight with sent: maybe, queued with never, which is not sent', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    (server as ZcachedServer).pause();
    const controller = new AbortController();
    const { signal } = controller;
    const failed = [1, 2].map(() => client.request({ command: 'PING', signal }).catch((error) => error));
    const kept = client.send('ECHO', 'kept');
    controller.abort('reason');
    const [first, second] = await Promise.all(failed);
    expect(first).toMatchObject({ sent: 'maybe', constructor: RequestAbortedError, cause: 'reason' });
    expect(second).toMatchObject({ sent: 'never', constructor: RequestAbortedError, cause: 'reason' });
    (server as ZcachedServer).resume();
    expect(await kept).toBe('kept');
    expect((server as ZcachedServer).requests).toBe(3);
  });
});

describe('connections that the server ends', () => {
  it('connection reset within a reply: in flight rejects with sent: maybe, queued with never, and no redial', async () => {
    const server = await serve(
      startScript((socket) => socket.write('$10\r\nabc', () => setImmediate(() => socket.resetAndDestroy()))),
    );
    const client = connection(server.port);
    await client.connect();
    expect(await ends([client.send('GET', 'a'), client.send('GET', 'b')])).toEqual([
      { code: 'ERR_CONNECTION_LOST', sent: 'maybe' },
      { code: 'ERR_CONNECTION_LOST', sent: 'never' },
    ]);
    expect([client.state, client.pending]).toEqual(['broken', 0]);
    expect(client.cause).toBeInstanceOf(ZcachedDisconnectedError);
    expect((server as RawServer).sockets).toHaveLength(1);
  });

  it('connection ended right behind a reply: the reply is delivered, and the queued request is lost', async () => {
    const server = await serve(startScript((socket) => socket.end('$2\r\nhi\r\n\x03')));
    const client = connection(server.port);
    await client.connect();
    const [first, second] = await ends([client.send('GET', 'a'), client.send('GET', 'b')]);
    expect(first).toBe('hi');
    expect(second).toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    expect(client.cause).toMatchObject({ code: 'ERR_ZCACHED_DISCONNECTED' });
  });

  it('connection cut while idle: the state becomes broken', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    (server as ZcachedServer).cutConnections();
    await until(() => client.state !== 'connected');
    expect(client.state).toBe('broken');
  });
});

describe('unexpected and invalid replies', () => {
  it('a reply while idle: the connection becomes broken with ERR_ZCACHED_PROTOCOL', async () => {
    const server = await serve(startScript(() => {}));
    const client = connection(server.port);
    await client.connect();
    (server as RawServer).sockets[0]!.write('+OK\r\n');
    await until(() => client.state === 'broken');
    expect(client.cause).toMatchObject({ code: 'ERR_ZCACHED_PROTOCOL', offset: PONG.length });
  });

  it('two replies to one request: the first is delivered, the next request does not receive the second', async () => {
    const server = await serve(startScript((socket) => socket.write('+mine\r\n\x03+nobody\r\n\x03')));
    const client = connection(server.port);
    await client.connect();
    const [first, second] = await Promise.allSettled([client.send('GET', 'a'), client.send('GET', 'b')]);
    expect(first).toEqual({ status: 'fulfilled', value: 'mine' });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CONNECTION_LOST', sent: 'never' } });
    expect(client.cause).toMatchObject({ code: 'ERR_ZCACHED_PROTOCOL' });
  });

  it('an invalid reply: rejects the request with its offset, and the connection becomes broken', async () => {
    const server = await serve(startScript((socket) => socket.write('?\r\n')));
    const client = connection(server.port);
    await client.connect();
    const outcomes: boolean[] = [];
    client.outcomes$.subscribe(({ ok }) => outcomes.push(ok));
    await expect(client.send('GET', 'a')).rejects.toMatchObject({
      code: 'ERR_ZCACHED_PROTOCOL',
      offset: 8,
      sent: 'maybe',
    });
    expect([client.state, client.pending, outcomes]).toEqual(['broken', 0, [false]]);
  });

  it('a BAD_REQUEST reply: rejects its request, breaks the connection, and the next request is not sent', async () => {
    const server = await serve(startZcachedServer({ generation: '2024' }));
    const client = connection(server.port, { maxRequestBytes: 2 ** 21 });
    await client.connect();
    const large = client.send('SET', 'k', 'x'.repeat(2 ** 20));
    const next = client.send('PING').catch((error) => error);
    await expect(large).rejects.toMatchObject({ constructor: ZcachedServerError, kind: 'BAD_REQUEST' });
    expect(await next).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: 'never' });
    expect(client.state).toBe('broken');
  });

  it('a second error for a malformed request: no other request receives it', async () => {
    const server = await serve(
      startScript((socket, _, count) => socket.write(count === 0 ? '-ERR bad request\r\n' : '-ERR not found\r\n')),
    );
    const client = connection(server.port);
    await client.connect();
    await expect(client.send('GET', 'k')).rejects.toMatchObject({ kind: 'BAD_REQUEST' });
    await expect(client.send('GET', 'k')).rejects.toMatchObject({ sent: 'never' });
    expect(client.cause).toMatchObject({ kind: 'BAD_REQUEST' });
  });

  it('a reply over limits.maxBulkBytes: rejects the request with ERR_ZCACHED_PROTOCOL', async () => {
    const server = await serve(startScript((socket) => socket.write('$101\r\n')));
    const client = connection(server.port, { limits: { maxBulkBytes: 100 } });
    await client.connect();
    await expect(client.send('GET', 'a')).rejects.toMatchObject({ code: 'ERR_ZCACHED_PROTOCOL' });
  });
});
