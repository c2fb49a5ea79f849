import { once } from 'node:events';
import { type AddressInfo, connect, createServer, isIPv6, type Socket } from 'node:net';
import { ZcachedConnection, type ZcachedOptions } from 'rxpool/zcached';
import { RELAY_HOST } from './server.js';
import type { Target } from './target.js';

/** Milliseconds of silence after which a server has sent its last to a client that has gone. */
const LAST_WORDS = 1_000;

/**
 * Passes on what comes in on a port of its own, both ways, and hangs up when told to. Rejects with why there is no
 * server to pass it on to.
 */
export async function startRelay(options: ZcachedOptions): Promise<Target> {
  // Stays until the end: some servers lose sight of their other clients when one leaves.
  const scout = new ZcachedConnection(options);
  await scout.connect();
  const { host, port, path, generation } = scout;
  const address = path === undefined ? { host, port: Number(port) } : { path };

  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const relay = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ ...address, noDelay: true });
    client.pipe(upstream).pipe(client);
    clients.add(client);
    upstreams.add(upstream);
    client
      .on('error', () => {})
      .on('close', () => {
        clients.delete(client);
        // Heard out, and not reset, which a server may not survive.
        upstream
          .end()
          .resume()
          .setTimeout(LAST_WORDS, () => upstream.destroy());
      });
    upstream
      .on('error', () => {})
      .on('close', () => {
        upstreams.delete(upstream);
        client.destroySoon();
      });
  });
  relay.listen(0, RELAY_HOST);
  await once(relay, 'listening');

  const cut = (count: number): number => {
    const victims = [...clients].slice(0, count);
    // One that is ending cannot be reset: Node would never get to the end of it.
    for (const client of victims) {
      if (client.writableEnded) client.destroy();
      else client.resetAndDestroy();
    }
    return victims.length;
  };
  return {
    name: nameOf(scout, options.tls),
    host: RELAY_HOST,
    port: (relay.address() as AddressInfo).port,
    generation,
    get connections() {
      return clients.size;
    },
    cut,
    async close() {
      const closed = once(relay, 'close');
      relay.close();
      cut(clients.size);
      await closed;
      for (const upstream of upstreams) upstream.destroy();
      await scout.close();
    },
  };
}

/** As a URL, of which only the address is told. */
function nameOf({ host = '', port, path }: ZcachedConnection, tls: ZcachedOptions['tls']): string {
  const scheme = tls ? 'zcacheds' : 'zcached';
  if (path !== undefined) return `${scheme}://${encodeURI(path)}`;
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
