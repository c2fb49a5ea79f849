import { checkObject, MAX_TIMER_DELAY } from '../checks.js';
import type { ConnectionFactory } from '../pool/connection-factory.js';
import { ConnectionPool } from '../pool/connection-pool.js';
import type { ConnectionPoolOptions } from '../pool/options.js';
import { ZcachedConnection } from './connection.js';
import type { ZcachedOptions } from './options.js';
import { CONNECTION_OPTIONS, resolveOptions } from './options.js';
import { checkPoolSize, parseZcachedUrl, type ZcachedUrlOptions } from './url.js';

/** Connections, how many, and the pool around them. */
export interface ZcachedPoolOptions extends ZcachedUrlOptions {
  /**
   * Options of the pool itself. With `endpoints` each connection leads to one of those, `host:port` or `host`, by the
   * options that are given besides.
   * @default its own, but that it gives up on dialling and closing only a second after the connections should have
   */
  readonly pool?: ConnectionPoolOptions<ZcachedConnection> | undefined;
  /** Aborting it while connecting disposes of everything. */
  readonly signal?: AbortSignal | undefined;
}

export const POOL_OPTIONS = [...CONNECTION_OPTIONS, 'pool', 'signal'];

/** The connections keep their own deadlines, and say more about it; the pool's are for when they do not. */
const after = (timeout: number): number => Math.min(timeout + 1000, MAX_TIMER_DELAY);

/** A pool with at least one connection that is up; or the reason why there is none, and nothing left behind. */
export async function connectPool(options: ZcachedPoolOptions): Promise<ConnectionPool<ZcachedConnection>> {
  const { poolSize = 4, pool: poolOptions = {}, signal, ...connectionOptions } = options;
  checkPoolSize(poolSize);
  checkObject('options.pool', poolOptions);
  const { connectTimeout, closeTimeout } = resolveOptions(connectionOptions);
  const make = (endpoint: string | undefined): ZcachedConnection =>
    new ZcachedConnection(
      endpoint === undefined ? connectionOptions : { ...connectionOptions, ...addressOf(endpoint) },
    );
  const factory: ConnectionFactory<ZcachedConnection> = ({ endpoint }) =>
    make(poolOptions.endpoints ? endpoint : undefined);
  const pool = new ConnectionPool(poolSize, factory, {
    ...poolOptions,
    connectTimeout: poolOptions.connectTimeout ?? after(connectTimeout),
    closeTimeout: poolOptions.closeTimeout ?? after(closeTimeout),
  });
  try {
    await pool.setup({ signal });
    if (!pool.isWorking()) throw whyNot(pool);
    return pool;
  } catch (error) {
    await pool.dispose();
    throw error;
  }
}

function addressOf(endpoint: string): ZcachedOptions {
  const { host, port } = parseZcachedUrl(`zcached://${endpoint}`);
  return { host, port, path: undefined };
}

/** Why the last dial failed. */
function whyNot(pool: ConnectionPool<ZcachedConnection>): unknown {
  try {
    return pool.getLeastLoadedConnection();
  } catch (error) {
    return (error as Error).cause ?? error;
  }
}
