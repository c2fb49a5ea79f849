import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Address } from './options.js';
import type { Target } from './target.js';

/** Passes on what comes in on a port of its own, both ways, and hangs up when told to. */
export async function startRelay(server: Address): Promise<Target> {
  const clients = new Set<Socket>();
  const relay = createServer((client) => {
    const upstream = connect({ ...server, noDelay: true });
    client.setNoDelay(true).pipe(upstream).pipe(client);
    clients.add(client);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
    }
    client.on('close', () => clients.delete(client));
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');

  const cut = (count: number): number => {
    const victims = [...clients].slice(0, count);
    for (const client of victims) client.resetAndDestroy();
    return victims.length;
  };
  return {
    name: `zcached at ${server.host}:${server.port}`,
    host: '127.0.0.1',
    port: (relay.address() as AddressInfo).port,
    get connections() {
      return clients.size;
    },
    cut,
    async close() {
      const closed = once(relay, 'close');
      relay.close();
      cut(clients.size);
      await closed;
    },
  };
}
