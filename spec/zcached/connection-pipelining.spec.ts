import type { Outcome } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import type { ZcachedOptions } from 'rxpool/zcached';
import { ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { turns, until } from '../support/until.js';
import { ends } from './ends.js';
import { PONG, type RawServer, startRawServer, startScript } from './raw-server.js';

const connection = async (port: number, options: ZcachedOptions = {}): Promise<ZcachedConnection> => {
  const client = track(new ZcachedConnection({ port, pipelining: 100, ...options }));
  await client.connect();
  return client;
};

/** Answers every frame with what stands last in it, and notes which frames came in which segment. */
async function echo() {
  const segments: number[] = [];
  let frames = 0;
  const server = track(
    await startRawServer((socket, requests) => {
      socket.on('data', (data) => segments.push(String(data).split('\x03').length - 1));
      requests((frame) => {
        frames++;
        socket.write(frame.includes('PING') ? PONG : `+${frame.split('\r\n').at(-2)}\r\n\x03`);
      });
    }),
  );
  return { server, segments, frames: () => frames };
}

describe('pipelining', () => {
  it('pipelining: 80 requests of one turn arrive in one segment, and each gets its own reply', async () => {
    const { server, segments } = await echo();
    const client = await connection(server.port);
    segments.length = 0;
    const asked = Array.from({ length: 80 }, (_, index) => client.send('ECHO', `n${index}`));
    expect(client.pending).toBe(80);
    expect(await Promise.all(asked)).toEqual(asked.map((_, index) => `n${index}`));
    expect([segments, client.pending]).toEqual([[80], 0]);
  });

  it('pipelining: ASCII and other texts of one turn arrive in one segment, and each gets its own reply', async () => {
    const { server, segments } = await echo();
    const client = await connection(server.port);
    segments.length = 0;
    const texts = ['plain', 'grüße', 'plain again', '語'];
    const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
    const replies = await Promise.all(texts.map((text) => client.send('ECHO', text)));
    // The peer reads and writes bytes as characters; its socket makes two bytes of each of them beyond ASCII.
    expect(replies).toEqual(texts.map(latin1));
    expect(segments).toEqual([4]);
  });

  it('pipelining: 7: 50 requests arrive in segments of 7 at most', async () => {
    const { server, segments } = await echo();
    const client = await connection(server.port, { pipelining: 7 });
    segments.length = 0;
    await Promise.all(Array.from({ length: 50 }, (_, index) => client.send('ECHO', `n${index}`)));
    expect(Math.max(...segments)).toBeLessThanOrEqual(7);
    expect(segments.reduce((sum, each) => sum + each, 0)).toBe(50);
  });

  it('pipelining: 1: each of 20 requests arrives in a segment of its own', async () => {
    const { server, segments } = await echo();
    const client = await connection(server.port, { pipelining: 1 });
    segments.length = 0;
    await Promise.all(Array.from({ length: 20 }, (_, index) => client.send('ECHO', `n${index}`)));
    expect(segments).toEqual(Array(20).fill(1));
  });

  it('pipelining: a request aborted in the turn of its call is not sent, and the others get their replies', async () => {
    const { server, frames } = await echo();
    const client = await connection(server.port);
    const before = frames();
    const controller = new AbortController();
    const asked = [
      client.send('ECHO', 'a'),
      client.request({ command: 'ECHO', args: ['b'], signal: controller.signal }),
      client.send('ECHO', 'c'),
    ];
    controller.abort();
    expect(await ends(asked)).toEqual(['a', { code: 'ERR_REQUEST_ABORTED', sent: 'never' }, 'c']);
    expect(frames() - before).toBe(2);
  });

  it('pipelining: no other request receives the reply to a request that was aborted in flight', async () => {
    const server = track(await startZcachedServer());
    const client = await connection(server.port);
    server.pause();
    const controller = new AbortController();
    const asked = [
      client.send('ECHO', 'a'),
      client.request({ command: 'ECHO', args: ['b'], signal: controller.signal }),
      client.send('ECHO', 'c'),
    ];
    await until(() => server.requests === 4);
    controller.abort();
    server.resume();
    expect(await ends(asked)).toEqual(['a', { code: 'ERR_REQUEST_ABORTED', sent: 'maybe' }, 'c']);
    expect(client.state).toBe('connected');
  });

  it('pipelining: 3, server closes: received replies are delivered, the rest rejects with sent: maybe or never', async () => {
    const server = track(
      await startScript((socket, _, count) => {
        if (count === 1) socket.end('+one\r\n\x03+two\r\n\x03+th');
      }),
    );
    const client = await connection(server.port, { pipelining: 3 });
    const asked = Array.from({ length: 7 }, (_, index) => client.send('ECHO', `${index}`));
    const lost = (sent: string) => ({ code: 'ERR_CONNECTION_LOST', sent });
    // The two replies have made room for two more.
    const failed = [...Array(3).fill(lost('maybe')), ...Array(2).fill(lost('never'))];
    expect(await ends(asked)).toEqual(['one', 'two', ...failed]);
    expect([client.state, client.pending]).toEqual(['broken', 0]);
  });

  it('pipelining: a reply without a request breaks the connection, and no request receives it', async () => {
    const server = track(
      await startScript((socket, _, count) => {
        if (count === 1) socket.write('+one\r\n\x03+two\r\n\x03+unasked\r\n\x03');
      }),
    );
    const client = await connection(server.port);
    const next: Promise<unknown>[] = [];
    const asked = [
      client.send('ECHO', '1').then((reply) => {
        next.push(client.send('ECHO', '3'));
        return reply;
      }),
      client.send('ECHO', '2'),
    ];
    expect(await ends(asked)).toEqual(['one', 'two']);
    await until(() => client.state === 'broken');
    expect(client.cause).toMatchObject({
      code: 'ERR_ZCACHED_PROTOCOL',
      message: expect.stringContaining('A reply came without a request'),
    });
    expect(await ends(next)).not.toContain('unasked');
  });

  it('pipelining: an invalid reply rejects its request with ERR_ZCACHED_PROTOCOL, and those behind it as lost', async () => {
    const server = track(
      await startScript((socket, _, count) => {
        if (count === 2) socket.write('+one\r\n\x03:x\r\n');
      }),
    );
    const client = await connection(server.port);
    expect(await ends(['1', '2', '3'].map((text) => client.send('ECHO', text)))).toEqual([
      'one',
      { code: 'ERR_ZCACHED_PROTOCOL', sent: 'maybe' },
      { code: 'ERR_CONNECTION_LOST', sent: 'maybe' },
    ]);
  });

  it('pipelining: 3: requests in flight and queued get their replies during close()', async () => {
    const server = track(await startZcachedServer({ latency: 5 }));
    const client = await connection(server.port, { pipelining: 3, closeTimeout: 60_000 });
    const asked = Array.from({ length: 10 }, (_, index) => client.send('ECHO', `${index}`));
    const closed = client.close();
    expect(await Promise.all(asked)).toEqual(asked.map((_, index) => `${index}`));
    await closed;
    await until(() => server.connections === 0);
  });

  it('pipelining: 2: outcomes$ emits one value for each request, also for those that close() cut off', async () => {
    const server = track(await startZcachedServer());
    const client = await connection(server.port, { pipelining: 2, closeTimeout: 20 });
    const outcomes: Outcome[] = [];
    const subscription = client.outcomes$.subscribe((outcome) => outcomes.push(outcome));
    await Promise.all([client.send('PING'), client.send('PING')]);
    server.pause();
    const cut = ends([client.send('PING'), client.send('PING'), client.send('PING')]);
    await client.close();
    expect(await cut).toEqual(['maybe', 'maybe', 'never'].map((sent) => ({ code: 'ERR_CONNECTION_LOST', sent })));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, false, false, false]);
    subscription.unsubscribe();
  });
});

describe('pipelining to a server that does not read', () => {
  /** Takes nothing in until it is told to; then answers every frame with how many there were. */
  async function reluctant(): Promise<{ server: RawServer; read(): void }> {
    let frames = -1;
    const server = track(
      await startRawServer((socket) => {
        socket.on('data', (data: Buffer) => {
          for (let end = data.indexOf(3); end >= 0; end = data.indexOf(3, end + 1)) {
            if (++frames === 0) socket.pause().write(PONG);
            else socket.write(`:${frames}\r\n\x03`);
          }
        });
      }),
    );
    return { server, read: () => void server.sockets[0]!.resume() };
  }

  it('pipelining to a server that does not read: later requests queue, and one aborted there is never sent', async () => {
    const { server, read } = await reluctant();
    const client = await connection(server.port, { maxRequestBytes: 2 ** 26 });
    const large = client.send('SET', 'k', 'x'.repeat(2 ** 24));
    await turns(1);
    const controller = new AbortController();
    const cancelled = client.request({ command: 'SET', args: ['l', 1], signal: controller.signal });
    const kept = client.send('SET', 'm', 1);
    await turns(1);
    controller.abort();
    expect(await ends([cancelled])).toEqual([{ code: 'ERR_REQUEST_ABORTED', sent: 'never' }]);
    read();
    expect(await Promise.all([large, kept])).toEqual([1, 2]);
    expect(client.pending).toBe(0);
  });
});
