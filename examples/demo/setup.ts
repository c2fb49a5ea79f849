import { type ConnectionPool, type ExponentialBackoffOptions, exponentialBackoff, reconnectBroken } from 'rxpool';
import type { ZcachedServerOptions } from 'rxpool/testing/node';
import { optionsFor2025, ZcachedClient, type ZcachedConnection, type ZcachedOptions } from 'rxpool/zcached';
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
  /** Milliseconds, where the URL of a real server does not say. @default 3000, 500 for a server of 2025 */
  readonly requestTimeout?: number;
  /** What the embedded server gets wrong. @default what a real one does */
  readonly flaws?: ZcachedServerOptions['flaws'];
}

export interface Setup {
  readonly target: Target;
  readonly pool: ConnectionPool<ZcachedConnection>;
  readonly load: Load;
  /** Every connection there is: they are redialled, and never replaced. */
  readonly made: readonly ZcachedConnection[];
}

/** Milliseconds. The demo is to end soon after it has stopped asking, and a silent connection is to be found by then. */
const REQUEST_TIMEOUT = { '2024': 3_000, '2025': 500 };

/** A server, a pool that is connected to it, and the load, not yet begun. Rejects if no server answers. */
export async function setUp({ server, size, latency, backoff, requestTimeout, flaws }: SetupOptions): Promise<Setup> {
  const target = await (server ? startRelay(server) : startEmbedded({ latency, flaws }));
  const { host, port, generation = '2025' } = target;
  try {
    const options = {
      ...server,
      path: undefined,
      host,
      port,
      poolSize: size,
      requestTimeout: server?.requestTimeout ?? requestTimeout ?? REQUEST_TIMEOUT[generation],
      // Nonces are compared as text.
      strings: 'text' as const,
      pool: { heal: reconnectBroken<ZcachedConnection>({ backoff: exponentialBackoff(backoff) }) },
    };
    const { pool } = await ZcachedClient.connect(generation === '2025' ? optionsFor2025(options) : options);
    return { target, pool, load: new Load(pool, exchangeWith(generation)), made: pool.connections };
  } catch (error) {
    await target.close();
    throw error;
  }
}
