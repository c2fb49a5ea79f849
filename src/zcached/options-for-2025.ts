import { checkObject, checkOptions } from '../checks.js';
import type { ConnectionPoolOptions } from '../pool/options.js';
import { resilient } from '../pool/resilient.js';
import type { ZcachedPoolOptions } from './connect-pool.js';
import { POOL_OPTIONS } from './connect-pool.js';
import type { ZcachedConnection } from './connection.js';
import type { ZcachedEncoding } from './encoding.js';

/** Milliseconds. A silent dial, a silent request and the last requests of a silent connection are given up in turn. */
const CONNECT_TIMEOUT = 500;
const REQUEST_TIMEOUT = 1000;
const CLOSE_TIMEOUT = 250;
/** Milliseconds between two PINGs of an idle connection, and for the reply. */
const IDLE = { interval: 1000, timeout: 500 };
/** The share of `requestTimeout` after which a connection that has answered nothing is silent. */
const SILENCE = 0.75;

type Options2025 = Required<Pick<ZcachedPoolOptions, 'connectTimeout' | 'requestTimeout' | 'closeTimeout'>> & {
  /** The options of the pool, with the policies that find silent connections. */
  readonly pool: ConnectionPoolOptions<ZcachedConnection>;
};

/**
 * Options of `ZcachedClient.connect` for a server of 2025, which stops answering one connection where another one closes.
 * Deadlines are short: 500 ms to connect, 1 s for a request, 250 ms to close. A connection that is silent is closed and
 * dialled anew. An idle one is silent when it does not answer a PING, a busy one when a request has failed and nothing was answered
 * for three quarters of `requestTimeout`. What is given here is kept, and `pool.policies` are followed as well.
 *
 * Each closing may silence another connection. So leave out `renew()`, `reconnect(false)` and `recycle`, and let members
 * leave by `reducePoolConnections`, which removes the newest first: closing the newest silences none.
 *
 * @throws TypeError for what is no option.
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
  // A request that has waited in the queue is answered nothing for a shorter time than its own.
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
