import { checkObject, MAX_TIMER_DELAY } from '../checks.js';
import type { ConnectionFactory } from '../pool/connection-factory.js';
import { ConnectionPool } from '../pool/connection-pool.js';
import type { ConnectionPoolOptions } from '../pool/options.js';
import { ZcachedConnection } from './connection.js';
import type { ZcachedOptions } from './options.js';
import { CONNECTION_OPTIONS, resolveOptions } from './options.js';
import { checkPoolSize, parseZcachedUrl, type ZcachedUrlOptions } from './url.js';

/** Options of the connections, their number, and options of the pool. */
export interface ZcachedPoolOptions extends ZcachedUrlOptions {
  /**
   * Options of the pool. With `endpoints`, each connection leads to one of them (`host:port` or `host`); the other
   * options of the connection apply to all.
   * @default the defaults of the pool, with `connectTimeout` and `closeTimeout` a second longer than those of the
   * connections
   */
  readonly pool?: ConnectionPoolOptions<ZcachedConnection> | undefined;
  /** An abort while connecting disposes of everything. */
  readonly signal?: AbortSignal | undefined;
}

export const POOL_OPTIONS = [...CONNECTION_OPTIONS, 'pool', 'signal'];

/**
 * The connections keep their own deadlines, with better errors. The pool's deadlines follow a second later, in case
 * they fail.
 */
const after = (timeout: number): number => Math.min(timeout + 1000, MAX_TIMER_DELAY);

/** A pool with at least one connected connection. If none connects, it throws the reason, and leaves nothing behind. */
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

/** The failure of the last dial. */
function whyNot(pool: ConnectionPool<ZcachedConnection>): unknown {
  try {
    return pool.getLeastLoadedConnection();
  } catch (error) {
    return (error as Error).cause ?? error;
  }
}
