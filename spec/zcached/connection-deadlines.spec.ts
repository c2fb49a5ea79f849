import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';
import { VirtualClock } from '../request/virtual-clock.js';
import { track } from '../support/cleanup.js';
import { turns, until } from '../support/until.js';
import { ends } from './ends.js';
import { startRawServer } from './raw-server.js';

describe('timeouts of a ZcachedConnection in virtual time', () => {
  it.each([1, 3])(
    'request timeouts: expire on the millisecond, queued and in flight, with pipelining: %d',
    async (pipelining) => {
      const server = track(await startZcachedServer());
      const clock = new VirtualClock();
      const client = track(new ZcachedConnection({ port: server.port, clock, requestTimeout: 1000, pipelining }));
      await client.connect();
      server.pause();
      const timeouts = [700, 50, undefined, 333, 50, 1];
      const settledAt: number[] = [];
      client.outcomes$.subscribe(() => settledAt.push(clock.now()));
      const asked = ends(timeouts.map((timeout) => client.request({ command: 'PING', timeout })));
      await until(() => server.requests === 1 + pipelining);
      clock.advance(1000);
      // Those that were sent are in flight until their replies have come.
      expect([settledAt, client.pending]).toEqual([[1, 50, 50, 333, 700, 1000], pipelining]);
      const late = (sent: string) => ({ code: 'ERR_REQUEST_TIMEOUT', sent });
      expect(await asked).toEqual(timeouts.map((_, index) => late(index < pipelining ? 'maybe' : 'never')));
    },
  );

  it('requestTimeout: a connection to a silent server becomes broken one timeout after the first timeout', async () => {
    const server = track(await startZcachedServer());
    const clock = new VirtualClock();
    const client = track(new ZcachedConnection({ port: server.port, clock, requestTimeout: 1000 }));
    await client.connect();
    server.pause();
    const asked = ends([client.send('PING')]);
    clock.advance(1999);
    expect([client.state, client.pending]).toEqual(['connected', 1]);
    clock.advance(1);
    expect([client.state, client.cause]).toEqual(['broken', expect.objectContaining({ timeout: 2000 })]);
    expect(await asked).toEqual([{ code: 'ERR_REQUEST_TIMEOUT', sent: 'maybe' }]);
    await until(() => server.connections === 0);
    // For as long as it may take to close, the late reply has somewhere to go.
    expect(clock.pending).toBe(1);
    clock.advance(1000);
    expect(clock.pending).toBe(0);
  });

  it('connectTimeout: connect() rejects with ERR_CONNECT_TIMEOUT on the millisecond when no reply comes', async () => {
    const server = track(await startRawServer((socket) => socket.resume()));
    const clock = new VirtualClock();
    const client = track(new ZcachedConnection({ port: server.port, clock, connectTimeout: 500 }));
    const dial = ends([client.connect()]);
    await until(() => server.sockets.length === 1);
    clock.advance(499);
    await turns(2);
    expect(client.state).toBe('connecting');
    clock.advance(1);
    expect(await dial).toEqual([expect.objectContaining({ code: 'ERR_CONNECT_TIMEOUT' })]);
    expect([client.state, clock.pending]).toEqual(['broken', 0]);
  });

  it('closeTimeout: close() rejects the request without a reply on the millisecond, with sent: maybe', async () => {
    const server = track(await startZcachedServer());
    const clock = new VirtualClock();
    const client = track(new ZcachedConnection({ port: server.port, clock, closeTimeout: 300 }));
    await client.connect();
    server.pause();
    const asked = ends([client.send('PING')]);
    const closed = client.close();
    clock.advance(299);
    expect(client.pending).toBe(1);
    clock.advance(1);
    expect(client.pending).toBe(0);
    await closed;
    expect(await asked).toEqual([{ code: 'ERR_CONNECTION_LOST', sent: 'maybe' }]);
    expect(clock.pending).toBe(0);
  });
});
