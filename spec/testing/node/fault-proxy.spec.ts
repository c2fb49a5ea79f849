import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { type FaultProxyOptions, startFaultProxy } from 'rxpool/testing/node';
import { VirtualClock } from '../../request/virtual-clock.js';
import { track } from '../../support/cleanup.js';
import { earliest } from '../../support/earliest.js';
import { turns, until } from '../../support/until.js';
import { Wire, wire } from './bytes.js';

/** A server that only keeps its sockets, a proxy in front of it, and both ends of one link. */
async function link(options: Partial<FaultProxyOptions> = {}) {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  track({ close: () => new Promise((resolve) => server.close(resolve)) });
  const proxy = track(await startFaultProxy({ port: (server.address() as AddressInfo).port, ...options }));
  const client = track(await wire(proxy.port));
  await until(() => sockets.length === 1);
  const peer = track(new Wire(sockets[0]!));
  return { proxy, client, peer, link: proxy.links[0]! };
}

describe('accept() of a fault proxy', () => {
  it('rejects with EADDRINUSE while another server has its port, and accepts links once the port is free', async () => {
    const { proxy } = await link();
    await proxy.refuse();
    const other = createServer();
    await new Promise<void>((resolve, reject) => {
      other.once('error', reject).listen(proxy.port, '127.0.0.1', resolve);
    });
    await expect(proxy.accept()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => other.close(resolve));
    await proxy.accept();
    track(await wire(proxy.port));
    await until(() => proxy.connections() === 2);
  });
});

describe('a fault proxy without faults', () => {
  it('a fault proxy forwards every byte, both ways at once', async () => {
    const { client, peer } = await link();
    const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
    const much = all.repeat(8192);
    client.send(much);
    peer.send(all);
    await until(() => peer.seen.length === much.length && client.seen.length === 256);
    expect([peer.seen === much, client.seen]).toEqual([true, all]);
  });

  it('a fault proxy forwards a FIN one way and keeps the other way open', async () => {
    const { client, peer, proxy } = await link();
    client.socket.end('last', 'latin1');
    await until(() => peer.ended);
    expect([peer.seen, client.ended]).toEqual(['last', false]);
    peer.socket.end('words', 'latin1');
    await until(() => client.ended);
    expect(client.seen).toBe('words');
    await until(() => proxy.links.length === 0 && client.closed && peer.closed);
    expect([client.error, peer.error]).toEqual([undefined, undefined]);
  });

  it('a fault proxy forwards a reset after the bytes before it', async () => {
    const { client, peer, proxy } = await link();
    peer.send('almost');
    await until(() => client.seen === 'almost');
    peer.socket.resetAndDestroy();
    await until(() => client.closed);
    expect(client.error).toMatchObject({ code: 'ECONNRESET' });
    await until(() => proxy.links.length === 0);
  });

  it('a fault proxy resets a client when its server refuses', async () => {
    const { proxy: gone } = await link();
    await gone.close();
    const proxy = track(await startFaultProxy({ port: gone.port }));
    const client = track(await wire(proxy.port));
    await until(() => client.closed && proxy.links.length === 0);
    expect(client.error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('a fault proxy stops reading when the other side does not read', async () => {
    const { client, peer } = await link();
    peer.socket.pause();
    const sent = 32 * 2 ** 20;
    client.send('x'.repeat(sent));
    let left = 0;
    let still = 0;
    await until(() => {
      still = client.socket.writableLength === left ? still + 1 : 0;
      left = client.socket.writableLength;
      return still === 1000;
    });
    expect(left).toBeGreaterThan(sent / 2);
    peer.socket.resume();
    await until(() => peer.seen.length === sent);
  });
});

describe('a fault proxy with delays', () => {
  it('delay: chunks keep their order when a later one has a shorter delay', async () => {
    const clock = new VirtualClock();
    const delays = [50, 10, 30];
    const { client, peer } = await link({ clock, toServer: { delay: () => delays.shift() ?? 0 } });
    for (const word of ['one ', 'two ', 'three ']) {
      const left = delays.length;
      client.send(word);
      await until(() => delays.length < left);
    }
    clock.advance(49);
    await turns(1);
    expect(peer.seen).toBe('');
    clock.advance(1);
    await until(() => {
      clock.stall(0, () => {});
      return peer.seen === 'one two three ';
    });
  });

  it('delay: each way takes at least its own delay in real time', async () => {
    const { client, peer } = await link({ toServer: { delay: 20 }, toClient: { delay: 40 } });
    const started = performance.now();
    client.send('there');
    await until(() => peer.seen === 'there');
    const there = performance.now() - started;
    peer.send('back');
    await until(() => client.seen === 'back');
    expect(there).toBeGreaterThanOrEqual(earliest(20));
    expect(performance.now() - started - there).toBeGreaterThanOrEqual(earliest(40));
  });
});

describe('a fault proxy that cuts chunks', () => {
  it('cut: 1 forwards byte by byte', async () => {
    const { client, peer } = await link({ toServer: { cut: 1 } });
    client.send('drip by drip');
    await until(() => peer.seen === 'drip by drip');
    expect(peer.chunks).toEqual([...'drip by drip']);
  });

  it('cut splits chunks where told, one way only', async () => {
    const available: number[] = [];
    const cut = (bytes: number): number => {
      available.push(bytes);
      return 4;
    };
    const { client, peer } = await link({ toClient: { cut } });
    peer.send('0123456789');
    await until(() => client.seen.length === 10);
    expect([client.chunks, available]).toEqual([
      ['0123', '4567', '89'],
      [10, 6, 2],
    ]);
    client.send('0123456789');
    await until(() => peer.seen.length === 10);
    expect(peer.chunks).toEqual(['0123456789']);
  });
});

describe('a link of a fault proxy', () => {
  it('hold() keeps bytes and FIN, and resume() forwards them in order', async () => {
    const { client, peer, link: held } = await link();
    held.toServer.hold();
    client.send('one ');
    client.socket.end('two', 'latin1');
    peer.send('meanwhile');
    await until(() => client.seen === 'meanwhile');
    expect([peer.seen, peer.ended]).toEqual(['', false]);
    held.toServer.resume();
    await until(() => peer.ended);
    expect(peer.seen).toBe('one two');
  });

  it('swallow() drops all bytes one way, and the link ends when its client closes', async () => {
    const { client, peer, link: silent, proxy } = await link();
    silent.toClient.swallow();
    peer.send('nobody hears this');
    client.send('still');
    await until(() => peer.seen === 'still');
    silent.toServer.swallow();
    client.send('nor this');
    client.socket.end();
    await until(() => peer.closed && client.closed && proxy.links.length === 0);
    expect([peer.seen, client.seen]).toEqual(['still', '']);
  });

  it('end() closes one way of a link and keeps the other open', async () => {
    const { client, peer, link: half } = await link();
    peer.send('before');
    await until(() => client.seen === 'before');
    half.toClient.end();
    peer.send('after');
    await until(() => client.ended);
    expect(client.seen).toBe('before');
    client.send('heard');
    await until(() => peer.seen === 'heard');
  });

  it('reset() resets both ends of a link', async () => {
    const { client, peer, link: cut, proxy } = await link({ toServer: { delay: 1000 } });
    client.send('never there');
    cut.reset();
    await until(() => client.closed && peer.closed && proxy.links.length === 0);
    expect([client.error, peer.error]).toEqual([
      expect.objectContaining({ code: 'ECONNRESET' }),
      expect.objectContaining({ code: 'ECONNRESET' }),
    ]);
    expect(peer.seen).toBe('');
  });
});

it('close() of a fault proxy with links, called twice, leaves no timer and no socket', async () => {
  const clock = new VirtualClock();
  const { proxy, client, peer, link: left } = await link({ clock, toServer: { delay: 1000 } });
  client.send('on its way');
  await until(() => clock.pending > 0);
  await Promise.all([proxy.close(), proxy.close()]);
  await until(() => client.closed && peer.closed);
  left.toServer.end();
  expect([proxy.links, clock.pending]).toEqual([[], 0]);
});

it('`await using` closes a fault proxy at the end of the block', async () => {
  const { proxy, client, peer } = await link();
  {
    await using _ = proxy;
    peer.send('here');
    await until(() => client.seen === 'here');
  }
  await until(() => client.closed && peer.closed);
  expect(proxy.links).toEqual([]);
});
