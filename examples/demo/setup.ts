import { ConnectionPool, type ExponentialBackoffOptions, exponentialBackoff, reconnectBroken } from 'rxpool';
import { ZcachedConnection } from 'rxpool/zcached';
import { chooseExchange } from './exchange.js';
import { Load } from './load.js';
import type { Address } from './options.js';
import { startRelay } from './relay.js';
import { startEmbedded, type Target } from './target.js';

export interface SetupOptions {
  /** A real server, behind a relay; undefined for one in this process. */
  readonly server?: Address | undefined;
  readonly size: number;
  /** Milliseconds that the embedded server takes for a reply. */
  readonly latency: number;
  readonly backoff: ExponentialBackoffOptions;
}

export interface Setup {
  readonly target: Target;
  readonly pool: ConnectionPool<ZcachedConnection>;
  readonly load: Load;
  /** Every connection there has been. */
  readonly made: readonly ZcachedConnection[];
}

/** A server, a pool that is connected to it, and the load, not yet begun. Rejects if no server answers. */
export async function setUp({ server, size, latency, backoff }: SetupOptions): Promise<Setup> {
  const embedded = server ? undefined : await startEmbedded({ latency });
  const exchange = await chooseExchange(server ?? (embedded as Target));
  const target = embedded ?? (await startRelay(server as Address));
  const { host, port } = target;

  const made: ZcachedConnection[] = [];
  const connectionFactory = (): ZcachedConnection => {
    const connection = new ZcachedConnection({ host, port, requestTimeout: 3_000 });
    made.push(connection);
    return connection;
  };
  const heal = reconnectBroken<ZcachedConnection>({ backoff: exponentialBackoff(backoff) });
  const pool = new ConnectionPool(size, connectionFactory, { heal });
  return { target, pool, load: new Load(pool, exchange), made };
}
