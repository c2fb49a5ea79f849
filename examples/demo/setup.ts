import { type ConnectionPool, type ExponentialBackoffOptions, exponentialBackoff, reconnectBroken } from 'rxpool';
import { ZcachedClient, type ZcachedConnection, type ZcachedOptions } from 'rxpool/zcached';
import { exchangeWith } from './exchange.js';
import { Load } from './load.js';
import { startRelay } from './relay.js';
import { startEmbedded, type Target } from './target.js';

export interface SetupOptions {
  /** A real server, behind a relay; undefined for one in this process. */
  readonly server?: ZcachedOptions | undefined;
  readonly size: number;
  /** Milliseconds that the embedded server takes for a reply. */
  readonly latency: number;
  readonly backoff: ExponentialBackoffOptions;
}

export interface Setup {
  readonly target: Target;
  readonly pool: ConnectionPool<ZcachedConnection>;
  readonly load: Load;
  /** Every connection there is: they are redialled, and never replaced. */
  readonly made: readonly ZcachedConnection[];
}

/** Milliseconds. The demo is to end soon after it has stopped asking. */
const REQUEST_TIMEOUT = 3_000;

/** A server, a pool that is connected to it, and the load, not yet begun. Rejects if no server answers. */
export async function setUp({ server, size, latency, backoff }: SetupOptions): Promise<Setup> {
  const target = await (server ? startRelay(server) : startEmbedded({ latency }));
  const { host, port, generation } = target;
  try {
    const { pool } = await ZcachedClient.connect({
      ...server,
      path: undefined,
      host,
      port,
      poolSize: size,
      requestTimeout: server?.requestTimeout ?? REQUEST_TIMEOUT,
      // Nonces are compared as text.
      strings: 'text',
      pool: { heal: reconnectBroken({ backoff: exponentialBackoff(backoff) }) },
    });
    return { target, pool, load: new Load(pool, exchangeWith(generation)), made: pool.connections };
  } catch (error) {
    await target.close();
    throw error;
  }
}
