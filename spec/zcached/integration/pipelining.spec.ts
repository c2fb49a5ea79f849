import { startFaultProxy, startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';
import { track } from '../../support/cleanup.js';
import { until } from '../../support/until.js';
import { ends } from '../ends.js';

/** A server, a connection to it, and what reached it: how many bytes at a time, and which keys. */
async function open(pipelining: number, options: ZcachedServerOptions, requestTimeout = 5000) {
  const keys: string[] = [];
  const segments: number[] = [];
  const server = track(
    await startZcachedServer({ ...options, onRequest: ([, key = '']) => void (key !== '' && keys.push(key)) }),
  );
  const cut = (bytes: number): number => {
    segments.push(bytes);
    return bytes;
  };
  const proxy = track(await startFaultProxy({ port: server.port, toServer: { cut } }));
  const client = track(new ZcachedConnection({ port: proxy.port, pipelining, requestTimeout }));
  await client.connect();
  return { server, client, keys, segments };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index}`);

const lost = (sent: 'never' | 'maybe') => ({ code: 'ERR_CONNECTION_LOST', sent });

describe('pipelining to a server without flaws', () => {
  const bears = { flaws: false } as const;

  it.each([2, 7, 100])(
    'pipelining: %d to a server without flaws: each of 3,000 requests at once gets its own reply',
    async (pipelining) => {
      const { client } = await open(pipelining, bears);
      const keys = names(1000);
      expect(await Promise.all(keys.map((key, index) => client.send('SET', key, index)))).toEqual(keys.map(() => 'OK'));
      const asked = keys.flatMap((key, index) => [
        client.send('GET', key),
        client.send('GET', `no ${key}`).catch(({ kind }) => kind),
        client.send('MGET', key, keys[index ^ 1]!),
      ]);
      expect(client.pending).toBe(3000);
      expect(await Promise.all(asked)).toEqual(
        keys.flatMap((key, index) => [
          index,
          'NOT_FOUND',
          new Map([
            [key, index],
            [keys[index ^ 1]!, index ^ 1],
          ]),
        ]),
      );
      expect([client.pending, client.state]).toEqual([0, 'connected']);
    },
  );

  it('pipelining: 10: requests of one turn arrive in one segment, those of the next in another', async () => {
    const { client, segments } = await open(10, bears);
    segments.length = 0;
    for (const count of [10, 10, 1]) await Promise.all(names(count).map((key) => client.send('SET', key, 'grün')));
    const frame = segments.at(-1)!;
    expect(segments).toEqual([10 * frame, 10 * frame, frame]);
  });

  it('pipelining: 3: an abort in flight leaves the other replies in order, and one in the queue is never sent', async () => {
    const { server, client, keys } = await open(3, bears);
    await client.send('MSET', 'a', 'A', 'b', 'B', 'c', 'C', 'd', 'D', 'e', 'E');
    server.pause();
    const { requests } = server;
    const controllers = ['a', 'b', 'c', 'd', 'e'].map((key) => ({ key, controller: new AbortController() }));
    const asked = controllers.map(({ key, controller: { signal } }) =>
      client.request({ command: 'GET', args: [key], signal }),
    );
    await until(() => server.requests === requests + 3);
    controllers[1]!.controller.abort();
    controllers[3]!.controller.abort();
    server.resume();
    const aborted = (sent: string) => ({ code: 'ERR_REQUEST_ABORTED', sent });
    expect(await ends(asked)).toEqual(['A', aborted('maybe'), 'C', aborted('never'), 'E']);
    expect(await client.send('GET', 'd')).toBe('D');
    expect(keys).toEqual(['a', 'a', 'b', 'c', 'e', 'd']);
    expect([client.pending, client.state]).toEqual([0, 'connected']);
  });

  it('pipelining: 3: close() lets all requests get their replies, and closes the socket', async () => {
    const { server, client } = await open(3, { ...bears, latency: 2 });
    await Promise.all(names(10).map((key, index) => client.send('SET', key, index)));
    const asked = names(10).map((key) => client.send('GET', key));
    const closed = client.close();
    expect(await Promise.all(asked)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await closed;
    await until(() => server.connections === 0);
  });
});

describe('pipelining to servers with flaws', () => {
  it('pipelining: 100 to a 2024 server: each request arrives in a segment of its own, and gets its reply', async () => {
    const { client, keys, segments } = await open(100, { generation: '2024' });
    segments.length = 0;
    const asked = names(100);
    expect(await ends(asked.map((key, index) => client.send('SET', key, index)))).toEqual(asked.map(() => 'OK'));
    expect(await ends(asked.map((key) => client.send('GET', key)))).toEqual(asked.map((_, index) => index));
    expect([keys, segments.length]).toEqual([[...asked, ...asked], 200]);
  });

  it('pipelining: 5 to a server that crashes above 4 per segment: 4 are answered, and 7 lose the connection', async () => {
    const { server, client } = await open(5, { flaws: { crashesAbove: 4 } });
    expect(await ends(names(4).map((key) => client.send('SET', key, 1)))).toEqual(['OK', 'OK', 'OK', 'OK']);
    const asked = names(7).map((key) => client.send('GET', key));
    expect(await ends(asked)).toEqual([...Array(5).fill(lost('maybe')), ...Array(2).fill(lost('never'))]);
    expect([server.crashed, client.state, client.pending]).toEqual([true, 'broken', 0]);
  });
});
