import { ConnectionClosedError } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import type { ZcachedOptions } from 'rxpool/zcached';
import { ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { earliest } from '../support/earliest.js';
import { countingClock } from '../support/invariants.js';
import { turns, until } from '../support/until.js';
import { ends } from './ends.js';
import { PONG, startRawServer, startScript } from './raw-server.js';

const connection = (port: number, options: ZcachedOptions = {}) => track(new ZcachedConnection({ port, ...options }));

describe('ZcachedConnection.close()', () => {
  it('close(): requests in flight and queued get their replies, new ones reject, and the socket is closed', async () => {
    const server = track(await startZcachedServer({ latency: 5 }));
    const clock = countingClock();
    const client = connection(server.port, { closeTimeout: 60_000, clock });
    await client.connect();
    const asked = ['a', 'b', 'c'].map((text) => client.send('ECHO', text));
    const closed = client.close();
    expect([client.state, client.pending]).toEqual(['closed', 3]);
    await expect(client.send('PING')).rejects.toMatchObject({ code: 'ERR_NOT_CONNECTED', sent: 'never' });
    expect(await Promise.all(asked)).toEqual(['a', 'b', 'c']);
    await closed;
    expect([client.pending, clock.timers]).toEqual([0, 0]);
    await until(() => server.connections === 0);
  });

  it('close() after closeTimeout: rejects requests in flight with sent: maybe, queued ones with sent: never', async () => {
    const server = track(await startZcachedServer());
    const clock = countingClock();
    const client = connection(server.port, { closeTimeout: 50, clock });
    await client.connect();
    server.pause();
    const failed = [1, 2].map(() => client.send('PING').catch((error) => error));
    const started = performance.now();
    await client.close();
    expect(performance.now() - started).toBeGreaterThanOrEqual(earliest(50));
    expect(performance.now() - started).toBeLessThan(4_000);
    const cause = expect.any(ConnectionClosedError);
    expect(await Promise.all(failed)).toMatchObject([
      { code: 'ERR_CONNECTION_LOST', sent: 'maybe', cause },
      { code: 'ERR_CONNECTION_LOST', sent: 'never', cause },
    ]);
    expect([client.pending, clock.timers]).toEqual([0, 0]);
    await until(() => server.connections === 0);
  });

  it('close() with closeTimeout: 0: waits for no reply, and rejects the request in flight with sent: maybe', async () => {
    const server = track(await startZcachedServer());
    const client = connection(server.port, { closeTimeout: 0 });
    await client.connect();
    server.pause();
    const asked = ends([client.send('PING')]);
    await client.close();
    expect(await asked).toEqual([{ code: 'ERR_CONNECTION_LOST', sent: 'maybe' }]);
  });

  it('close(): does not wait for the reply to an aborted request', async () => {
    const server = track(await startZcachedServer());
    const client = connection(server.port, { closeTimeout: 60_000 });
    await client.connect();
    server.pause();
    const controller = new AbortController();
    const aborted = client.request({ command: 'PING', signal: controller.signal }).catch(({ code }) => code);
    controller.abort();
    await client.close();
    expect(await aborted).toBe('ERR_REQUEST_ABORTED');
  });

  it('a connection with an overdue reply becomes broken and half-closes, so that a late reply causes no reset', async () => {
    const errors: unknown[] = [];
    const server = track(
      await startScript((socket) => {
        socket.on('error', (error) => errors.push(error)).on('end', () => socket.write('$4\r\nlate\r\n\x03'));
      }),
    );
    const clock = countingClock();
    const client = connection(server.port, { closeTimeout: 100, requestTimeout: 20, clock });
    await client.connect();
    expect(await ends([client.send('GET', 'k')])).toEqual([{ code: 'ERR_REQUEST_TIMEOUT', sent: 'maybe' }]);
    await until(() => client.state === 'broken');
    const [socket] = server.sockets;
    await until(() => socket?.readableEnded === true && clock.timers === 0);
    expect([errors, client.pending]).toEqual([[], 0]);
  });

  it('close(): resolves when the last pending request has timed out', async () => {
    const server = track(await startZcachedServer());
    const client = connection(server.port, { closeTimeout: 60_000 });
    await client.connect();
    server.pause();
    const asked = ends([client.request({ command: 'PING', timeout: 30 })]);
    await client.close();
    expect(await asked).toEqual([{ code: 'ERR_REQUEST_TIMEOUT', sent: 'maybe' }]);
  });

  it('close(): resolves at once when the server cuts the connection meanwhile', async () => {
    const server = track(await startZcachedServer());
    const client = connection(server.port, { closeTimeout: 60_000 });
    await client.connect();
    server.pause();
    const asked = ends([client.send('PING'), client.send('PING')]);
    const closed = client.close();
    await until(() => server.requests === 2);
    server.cutConnections();
    await closed;
    expect(await asked).toEqual([
      { code: 'ERR_CONNECTION_LOST', sent: 'maybe' },
      { code: 'ERR_CONNECTION_LOST', sent: 'never' },
    ]);
    expect(client.state).toBe('closed');
  });

  it('close(): resolves at once when the server sends an invalid reply meanwhile', async () => {
    const server = track(await startScript((socket) => socket.write('?\r\n')));
    const client = connection(server.port, { closeTimeout: 60_000 });
    await client.connect();
    const asked = ends([client.send('GET', 'a'), client.send('GET', 'b')]);
    await client.close();
    expect(await asked).toEqual([
      { code: 'ERR_ZCACHED_PROTOCOL', sent: 'maybe' },
      { code: 'ERR_CONNECTION_LOST', sent: 'never' },
    ]);
  });

  it('close() called by a subscriber of outcomes$: requests behind the first still get their replies', async () => {
    const server = track(await startZcachedServer());
    const client = connection(server.port);
    await client.connect();
    let closed: Promise<void> | undefined;
    const subscription = client.outcomes$.subscribe(() => {
      closed ??= client.close();
    });
    expect(await Promise.all(['a', 'b', 'c'].map((text) => client.send('ECHO', text)))).toEqual(['a', 'b', 'c']);
    await closed;
    subscription.unsubscribe();
    expect([client.state, client.pending]).toEqual(['closed', 0]);
  });

  it('close() called again while closing and when closed: resolves, and the request in flight gets its reply', async () => {
    const server = track(await startZcachedServer({ latency: 5 }));
    const client = connection(server.port);
    await client.connect();
    const asked = client.send('ECHO', 'a');
    const first = client.close();
    const second = client.close();
    expect(await asked).toBe('a');
    await Promise.all([first, second]);
    await client.close();
    expect(client.state).toBe('closed');
  });

  it('connect() during close(): connects anew, and the request of the old socket gets its reply', async () => {
    const server = track(await startZcachedServer());
    const client = connection(server.port, { closeTimeout: 60_000 });
    await client.connect();
    server.pause();
    const old = client.send('ECHO', 'old');
    const closed = client.close();
    await until(() => server.requests === 2);
    server.resume();
    const dialled = client.connect();
    expect(await old).toBe('old');
    await Promise.all([closed, dialled]);
    expect(await client.send('ECHO', 'new')).toBe('new');
    expect([client.state, client.pending]).toEqual(['connected', 0]);
  });

  it('close(): does not wait for a server that never closes its side', async () => {
    const server = track(await startScript(() => {}));
    const client = connection(server.port, { closeTimeout: 60_000 });
    await client.connect();
    await client.close();
    await until(() => server.sockets[0]!.readableEnded);
  });

  it('close(): resolves in time when the server neither reads nor closes its side', async () => {
    const server = track(await startRawServer((socket) => socket.once('data', () => socket.pause().write(PONG))));
    const client = connection(server.port, { closeTimeout: 50, maxRequestBytes: 2 ** 26 });
    await client.connect();
    const stuck = client.send('SET', 'k', 'x'.repeat(2 ** 25)).catch((error) => error);
    const queued = client.request({ command: 'PING', timeout: 30 }).catch((error) => error);
    await queued;
    const started = performance.now();
    await client.close();
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(await stuck).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: 'maybe' });
  });

  it('close() during dials, requests and losses, 30 times: leaves no socket and no timer', async () => {
    const server = track(await startZcachedServer());
    const clock = countingClock();
    for (let round = 0; round < 30; round++) {
      const client = connection(server.port, { clock, pipelining: 1 + (round % 2) });
      const dial = client.connect().catch(() => {});
      if (round % 5 > 0) await dial;
      const replies = Promise.allSettled([1, 5000].map((timeout) => client.request({ command: 'PING', timeout })));
      if (round % 3 === 1) server.cutConnections();
      if (round % 3 === 2) await replies;
      if (round % 4 === 3) await turns(1);
      await Promise.all([client.close(), dial, replies]);
      expect(client.pending).toBe(0);
    }
    expect(clock.timers).toBe(0);
    await until(() => server.connections === 0);
  });
});
