import type { ConnectionState, Outcome } from '../../src/connection/connection.js';
import { ConnectionClosedError, ConnectTimeoutError } from '../../src/errors.js';
import { type Clock, systemClock } from '../../src/request/clock.js';
import { NotConnectedError, RequestAbortedError, RequestQueueFullError } from '../../src/request/errors.js';
import { startZcachedServer, type ZcachedServer } from '../../src/testing/node/index.js';
import type { ZcachedOptions } from '../../src/zcached/index.js';
import {
  ZcachedArgumentError,
  ZcachedConnectError,
  ZcachedConnection,
  ZcachedDisconnectedError,
  ZcachedServerError,
} from '../../src/zcached/index.js';
import { track } from './cleanup.js';
import { PONG, type RawServer, startRawServer, startScript, until } from './raw-server.js';

const connection = (port: number, options: ZcachedOptions = {}) => track(new ZcachedConnection({ port, ...options }));
const serve = async (server: Promise<RawServer | ZcachedServer>) => track(await server);

/** The states a connection goes through from here on. */
function states(of: ZcachedConnection): ConnectionState[] {
  const seen: ConnectionState[] = [];
  of.state$.subscribe((state) => seen.push(state));
  return seen;
}

describe('connecting', () => {
  it.each(['2024', '2025'] as const)('to a %s server tells its generation', async (generation) => {
    const { port } = await serve(startZcachedServer({ generation }));
    const client = connection(port);
    const seen = states(client);
    expect(client.generation).toBeUndefined();
    await client.connect();
    expect([client.generation, client.pending]).toEqual([generation, 0]);
    await client.close();
    expect(seen).toEqual(['idle', 'connecting', 'connected', 'closed']);
    expect(client.generation).toBeUndefined();
  });

  it('sees the generation also when the end of the first frame comes later', async () => {
    const server = await serve(startRawServer((socket, requests) => requests(() => socket.write('+PONG\r\n'))));
    const client = connection(server.port);
    await client.connect();
    expect(client.generation).toBe('2024');
    (server as RawServer).sockets[0]!.write('\x03');
    await until(() => client.generation === '2025');
    expect(client.state).toBe('connected');
  });

  it('rejects when it is refused, with the reason as the cause', async () => {
    const { port, close } = await startRawServer(() => {});
    await close();
    const client = connection(port);
    const cause = await client.connect().catch((error) => error);
    expect(cause).toBeInstanceOf(ZcachedConnectError);
    expect(cause).toMatchObject({ code: 'ERR_ZCACHED_CONNECT', cause: { cause: { code: 'ECONNREFUSED' } } });
    expect([client.state, client.cause]).toEqual(['broken', cause]);
  });

  it('rejects when nobody answers the PING in time', async () => {
    const server = await serve(startRawServer(() => {}));
    const client = connection(server.port, { connectTimeout: 50 });
    await expect(client.connect()).rejects.toBeInstanceOf(ConnectTimeoutError);
    expect(client.state).toBe('broken');
  });

  it('rejects when the PING is answered in drops that never end', async () => {
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
    expect(performance.now() - started).toBeLessThan(300);
  });

  it('never becomes connected to a server that accepts and hangs up', async () => {
    const server = await serve(startZcachedServer({ maxClients: 0 }));
    const client = connection(server.port);
    const seen = states(client);
    await expect(client.connect()).rejects.toMatchObject({ cause: { code: 'ERR_ZCACHED_DISCONNECTED' } });
    expect(seen).toEqual(['idle', 'connecting', 'broken']);
  });

  it.each([
    ['something else than zcached', 'HTTP/1.1 400 Bad Request\r\n\r\n', { code: 'ERR_ZCACHED_PROTOCOL', offset: 0 }],
    ['another answer than PONG', '+HELLO\r\n\x03', { code: 'ERR_ZCACHED_REPLY' }],
    ['a refusal', '-NOAUTH not whitelisted\r\n\x03', { code: 'ERR_ZCACHED_SERVER', kind: 'NOT_ALLOWED' }],
    ['more than was asked for', '+PONG\r\n\x03+PONG\r\n\x03', { code: 'ERR_ZCACHED_PROTOCOL', offset: 8 }],
  ])('rejects %s', async (_, answer, cause) => {
    const server = await serve(startRawServer((socket, requests) => requests(() => socket.write(answer, 'latin1'))));
    await expect(connection(server.port).connect()).rejects.toMatchObject({ cause });
  });

  it('is given up by close, and leaves no socket behind', async () => {
    const server = await serve(startRawServer((socket) => void socket.resume()));
    const client = connection(server.port);
    const dial = client.connect().catch((error) => error);
    await until(() => (server as RawServer).sockets.length === 1);
    await client.close();
    expect(await dial).toBeInstanceOf(ConnectionClosedError);
    await until(() => (server as RawServer).sockets[0]!.readableEnded);
    expect(client.state).toBe('closed');
  });

  it('works again after a loss and after closing', async () => {
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

describe('options', () => {
  it.each([
    [{ host: 1 }, 'ERR_INVALID_ARG_TYPE', 'host'],
    [{ host: '' }, 'ERR_OUT_OF_RANGE', 'host'],
    [{ port: 65_536 }, 'ERR_OUT_OF_RANGE', 'port'],
    [{ port: '7556' }, 'ERR_INVALID_ARG_TYPE', 'port'],
    [{ connectTimeout: 0 }, 'ERR_OUT_OF_RANGE', 'connectTimeout'],
    [{ requestTimeout: Number.NaN }, 'ERR_OUT_OF_RANGE', 'requestTimeout'],
    [{ closeTimeout: 2 ** 31 }, 'ERR_OUT_OF_RANGE', 'closeTimeout'],
    [{ maxRequestBytes: 1.5 }, 'ERR_OUT_OF_RANGE', 'maxRequestBytes'],
    [{ maxQueue: -1 }, 'ERR_OUT_OF_RANGE', 'maxQueue'],
    [{ limits: { maxDepth: -1 } }, 'ERR_OUT_OF_RANGE', 'limits.maxDepth'],
    [{ limits: 7 }, 'ERR_INVALID_ARG_TYPE', 'limits'],
  ])('%p are refused by name', (options, code, name) => {
    const make = (): unknown => new ZcachedConnection(options as unknown as ZcachedOptions);
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(`${name} must be`) }));
  });
});

describe('sending', () => {
  it('answers each of many at once with its own reply, and counts them meanwhile', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    const replies = Array.from({ length: 500 }, (_, index) => client.send('ECHO', `n${index}`));
    expect(client.pending).toBe(500);
    expect(await Promise.all(replies)).toEqual(replies.map((_, index) => `n${index}`));
    expect(client.pending).toBe(0);
  });

  it('has one request on the wire at a time: a 2024 server would drop a second one', async () => {
    const server = await serve(startZcachedServer({ generation: '2024', latency: 1 }));
    const client = connection(server.port);
    await client.connect();
    const stored = Array.from({ length: 20 }, (_, index) => client.send('SET', `k${index}`, index));
    await Promise.all(stored);
    expect(await client.send('DBSIZE')).toBe(20);
  });

  it('is refused while it is not connected', async () => {
    const client = connection(1);
    await expect(client.send('PING')).rejects.toMatchObject({ constructor: NotConnectedError, sent: 'never' });
    await expect(client.connect()).rejects.toThrow();
    await expect(client.send('PING')).rejects.toMatchObject({ cause: client.cause });
    expect(client.pending).toBe(0);
  });

  it('refuses what is no request, without counting it', async () => {
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

  it('refuses at once what the queue has no room for', async () => {
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

  it('in the middle of a pending$ that hears of it keeps every count', async () => {
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

it('outcomes$ tells how each request ended and how long it took, but for those that were aborted', async () => {
  const server = await serve(startZcachedServer());
  const client = connection(server.port);
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
  expect(outcomes[2]!.durationMs).toBeGreaterThanOrEqual(30);
  for (const { durationMs } of outcomes) expect(durationMs).toBeLessThan(200);
});

describe('deadlines on a real socket', () => {
  it('are kept within 50 ms, also for what is still queued', async () => {
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
      expect(at - started).toBeGreaterThanOrEqual(timeout - 1);
      expect(at - started).toBeLessThan(timeout + 50);
    }
    expect([client.pending, (server as ZcachedServer).requests]).toEqual([0, 2]);
  });

  it('a late reply is never delivered to the next request', async () => {
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

  it('a peer that stays silent is given up after a second timeout', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port, { requestTimeout: 60 });
    await client.connect();
    (server as ZcachedServer).pause();
    await expect(client.send('PING')).rejects.toMatchObject({ code: 'ERR_REQUEST_TIMEOUT' });
    const queued = client.request({ command: 'PING', timeout: 5000 }).catch((error) => error);
    expect(client.state).toBe('connected');
    await until(() => client.state === 'broken');
    expect(client.cause).toMatchObject({ code: 'ERR_REQUEST_TIMEOUT', timeout: 120 });
    expect(await queued).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: 'never' });
  });

  it('are not missed because the event loop stood still', async () => {
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

  it('are total, however steadily a reply drips in', async () => {
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

  it('an abort settles at once, and what was queued is never sent', async () => {
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

describe('a peer that goes', () => {
  const settle = (all: Promise<unknown>[]) =>
    Promise.all(all.map((one) => one.catch(({ code, sent }: { code: string; sent: string }) => ({ code, sent }))));

  it('in the middle of a reply: in flight is maybe, queued is never, nothing is sent again', async () => {
    const server = await serve(
      startScript((socket) => socket.write('$10\r\nabc', () => setImmediate(() => socket.resetAndDestroy()))),
    );
    const client = connection(server.port);
    await client.connect();
    expect(await settle([client.send('GET', 'a'), client.send('GET', 'b')])).toEqual([
      { code: 'ERR_CONNECTION_LOST', sent: 'maybe' },
      { code: 'ERR_CONNECTION_LOST', sent: 'never' },
    ]);
    expect([client.state, client.pending]).toEqual(['broken', 0]);
    expect(client.cause).toBeInstanceOf(ZcachedDisconnectedError);
    expect((server as RawServer).sockets).toHaveLength(1);
  });

  it('with a FIN right behind a reply: the reply is delivered first', async () => {
    const server = await serve(startScript((socket) => socket.end('$2\r\nhi\r\n\x03')));
    const client = connection(server.port);
    await client.connect();
    const [first, second] = await settle([client.send('GET', 'a'), client.send('GET', 'b')]);
    expect(first).toBe('hi');
    expect(second).toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    expect(client.cause).toMatchObject({ code: 'ERR_ZCACHED_DISCONNECTED' });
  });

  it('while idle: broken at once', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    (server as ZcachedServer).cutConnections();
    await until(() => client.state !== 'connected');
    expect(client.state).toBe('broken');
  });
});

describe('a peer that talks out of turn', () => {
  it('while idle is given up', async () => {
    const server = await serve(startScript(() => {}));
    const client = connection(server.port);
    await client.connect();
    (server as RawServer).sockets[0]!.write('+OK\r\n');
    await until(() => client.state === 'broken');
    expect(client.cause).toMatchObject({ code: 'ERR_ZCACHED_PROTOCOL', offset: PONG.length });
  });

  it('a second reply reaches nobody, and the one asked for is delivered', async () => {
    const server = await serve(startScript((socket) => socket.write('+mine\r\n\x03+nobody\r\n\x03')));
    const client = connection(server.port);
    await client.connect();
    const [first, second] = await Promise.allSettled([client.send('GET', 'a'), client.send('GET', 'b')]);
    expect(first).toEqual({ status: 'fulfilled', value: 'mine' });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CONNECTION_LOST', sent: 'never' } });
    expect(client.cause).toMatchObject({ code: 'ERR_ZCACHED_PROTOCOL' });
  });

  it('what is no reply fails the request with where it went wrong', async () => {
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

  it('a server that takes a request for malformed has lost its place, and is given up', async () => {
    const server = await serve(startZcachedServer({ generation: '2024' }));
    const client = connection(server.port);
    await client.connect();
    const large = client.send('SET', 'k', 'x'.repeat(2 ** 20));
    const next = client.send('PING').catch((error) => error);
    await expect(large).rejects.toMatchObject({ constructor: ZcachedServerError, kind: 'BAD_REQUEST' });
    expect(await next).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: 'never' });
    expect(client.state).toBe('broken');
  });

  it('and its second error for that request reaches no other', async () => {
    const server = await serve(
      startScript((socket, _, count) => socket.write(count === 0 ? '-ERR bad request\r\n' : '-ERR not found\r\n')),
    );
    const client = connection(server.port);
    await client.connect();
    await expect(client.send('GET', 'k')).rejects.toMatchObject({ kind: 'BAD_REQUEST' });
    await expect(client.send('GET', 'k')).rejects.toMatchObject({ sent: 'never' });
    expect(client.cause).toMatchObject({ kind: 'BAD_REQUEST' });
  });

  it('bytes over the limits of a reply are the end of the connection', async () => {
    const server = await serve(startScript((socket) => socket.write('$101\r\n')));
    const client = connection(server.port, { limits: { maxBulkBytes: 100 } });
    await client.connect();
    await expect(client.send('GET', 'a')).rejects.toMatchObject({ code: 'ERR_ZCACHED_PROTOCOL' });
  });
});

describe('closing', () => {
  it('fails what is in flight and what waits, and lets go of the socket', async () => {
    const server = await serve(startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    (server as ZcachedServer).pause();
    const failed = [1, 2].map(() => client.send('PING').catch((error) => error));
    const closed = client.close();
    expect([client.state, client.pending]).toEqual(['closed', 0]);
    const cause = expect.any(ConnectionClosedError);
    expect(await Promise.all(failed)).toMatchObject([
      { sent: 'maybe', cause },
      { sent: 'never', cause },
    ]);
    await closed;
    await until(() => (server as ZcachedServer).connections === 0);
  });

  it('does not wait for a server that never closes its side', async () => {
    const server = await serve(startScript(() => {}));
    const client = connection(server.port, { closeTimeout: 60_000 });
    await client.connect();
    await client.close();
    await until(() => (server as RawServer).sockets[0]!.readableEnded);
  });

  it('does not wait for a server that neither reads nor closes its side', async () => {
    const server = await serve(startRawServer((socket) => socket.once('data', () => socket.pause().write(PONG))));
    const client = connection(server.port, { closeTimeout: 50, maxRequestBytes: 2 ** 26 });
    await client.connect();
    const stuck = client.send('SET', 'k', 'x'.repeat(2 ** 25)).catch((error) => error);
    await client.request({ command: 'PING', timeout: 30 }).catch(() => {});
    const started = performance.now();
    await client.close();
    expect(performance.now() - started).toBeLessThan(400);
    expect(await stuck).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: 'maybe' });
  });

  it('leaves no socket and no timer behind, however it came about', async () => {
    const server = await serve(startZcachedServer());
    let timers = 0;
    const counted = (start: (work: () => void) => () => void, work: () => void): (() => void) => {
      timers++;
      let over = false;
      const end = (): void => {
        if (!over) timers--;
        over = true;
      };
      const cancel = start(() => {
        end();
        work();
      });
      return () => {
        end();
        cancel();
      };
    };
    const clock: Clock = {
      now: systemClock.now,
      after: (delay, work) => counted((run) => systemClock.after(delay, run), work),
      afterIo: (work) => counted(systemClock.afterIo, work),
    };
    for (let round = 0; round < 30; round++) {
      const client = connection(server.port, { clock });
      const dial = client.connect().catch(() => {});
      if (round % 5 > 0) await dial;
      const replies = Promise.allSettled([1, 5000].map((timeout) => client.request({ command: 'PING', timeout })));
      if (round % 3 === 1) (server as ZcachedServer).cutConnections();
      if (round % 3 === 2) await replies;
      await Promise.all([client.close(), dial, replies]);
    }
    expect(timers).toBe(0);
    await until(() => (server as ZcachedServer).connections === 0);
  });
});
