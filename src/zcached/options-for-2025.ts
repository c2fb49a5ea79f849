import { checkObject, checkOptions } from '../checks.js';
import type { ConnectionPoolOptions } from '../pool/options.js';
import { resilient } from '../pool/resilient.js';
import type { ZcachedPoolOptions } from './connect-pool.js';
import { POOL_OPTIONS } from './connect-pool.js';
import type { ZcachedConnection } from './connection.js';
import type { ZcachedEncoding } from './encoding.js';

/** Milliseconds. A silent dial, a silent request and the last requests of a silent connection end one after another. */
const CONNECT_TIMEOUT = 500;
const REQUEST_TIMEOUT = 1000;
const CLOSE_TIMEOUT = 250;
/** Milliseconds between two PINGs of an idle connection, and until the reply. */
const IDLE = { interval: 1000, timeout: 500 };
/** The share of `requestTimeout` without an answer after which a connection is silent. */
const SILENCE = 0.75;

type Options2025 = Required<Pick<ZcachedPoolOptions, 'connectTimeout' | 'requestTimeout' | 'closeTimeout'>> & {
  /** The options of the pool, with the policies that find silent connections. */
  readonly pool: ConnectionPoolOptions<ZcachedConnection>;
};

/**
 * Options of `ZcachedClient.connect` for a 2025 server, which stops answering one connection when another one closes.
 * Deadlines are short: 500 ms to connect, 1 s for a request, 250 ms to close. A silent connection is closed and
 * redialled. An idle connection is silent if it does not answer a PING; a busy one if a request has failed and nothing
 * was answered for three quarters of `requestTimeout`. Your own options are kept, and your `pool.policies` run too.
 *
 * Each closing may silence another connection, so do not use `renew()`, `reconnect(false)` or `recycle`. Shrink the
 * pool with `reducePoolConnections`: it removes the newest connections first, and closing the newest silences none.
 *
 * @throws TypeError for an unknown option.
 * @example
 * ```ts
 * const client = await ZcachedClient.connect('zcached://127.0.0.1:7556', optionsFor2025({ poolSize: 8 }));
 * ```
 */
export function optionsFor2025<O extends ZcachedPoolOptions & { readonly encoding?: ZcachedEncoding | undefined }>(
  options: O = {} as O,
): O & Options2025 {
  checkOptions('options', options, [...POOL_OPTIONS, 'encoding']);
  const { pool = {}, requestTimeout = REQUEST_TIMEOUT } = options;
  checkObject('options.pool', pool);
  // A request that waited in the queue has a shorter time without an answer than its timeout.
  const after = SILENCE * requestTimeout;
  const finding = resilient<ZcachedConnection>({
    validateIdle: IDLE,
    invalidateSilent: { after },
    ejectOutliers: false,
    scheduler: pool.scheduler,
  });
  const policies = [...(pool.policies ?? []), ...finding];
  return {
    ...options,
    connectTimeout: options.connectTimeout ?? CONNECT_TIMEOUT,
    requestTimeout,
    closeTimeout: options.closeTimeout ?? CLOSE_TIMEOUT,
    pool: { ...pool, policies },
  };
}
