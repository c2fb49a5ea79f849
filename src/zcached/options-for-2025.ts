import { filter, merge, type Observable, switchMap, tap } from 'rxjs';
import { checkObject, checkOptions } from '../checks.js';
import { validateIdle } from '../healing/validate-idle.js';
import type { ConnectionPoolOptions } from '../pool/options.js';
import type { Policy } from '../pool/policy.js';
import { type Clock, systemClock } from '../request/clock.js';
import { RequestTimeoutError } from '../request/errors.js';
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

type Options2025 = Required<Pick<ZcachedPoolOptions, 'connectTimeout' | 'requestTimeout' | 'closeTimeout'>> & {
  readonly pool: ConnectionPoolOptions<ZcachedConnection>;
};

/**
 * Options of `ZcachedClient.connect` for a server of 2025, which stops answering one connection where another one closes.
 * Deadlines are short: 500 ms to connect, 1 s for a request, 250 ms to close. A connection that is silent is closed and
 * dialled anew: an idle one when it does not answer a PING, a busy one when it has answered nothing for `requestTimeout`.
 * What is given here is kept, and `pool.policies` are followed as well.
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
  const { pool = {}, requestTimeout = REQUEST_TIMEOUT, clock } = options;
  checkObject('options.pool', pool);
  const policies = [...(pool.policies ?? []), retireSilentIdle, retireSilentBusy(requestTimeout, clock)];
  return {
    ...options,
    connectTimeout: options.connectTimeout ?? CONNECT_TIMEOUT,
    requestTimeout,
    closeTimeout: options.closeTimeout ?? CLOSE_TIMEOUT,
    pool: { ...pool, policies },
  };
}

const retireSilentIdle: Policy<ZcachedConnection> = (pool) =>
  pool.connected$.pipe(
    validateIdle(
      (connection, context) => connection.ping(context),
      (connection, cause) => pool.invalidateConnections([connection], { cause }),
      IDLE,
    ),
  );

/**
 * Invalidates a connection when a request has failed after `silence` milliseconds, in the last three quarters of which it
 * answered no other. In the first quarter it may have answered those before that request in its queue.
 */
function retireSilentBusy(silence: number, clock: Clock = systemClock): Policy<ZcachedConnection> {
  const answeredAt = new WeakMap<ZcachedConnection, number>();
  const silent = (connection: ZcachedConnection): Observable<unknown> =>
    connection.outcomes$.pipe(
      filter(({ ok, durationMs }) => {
        const now = clock.now();
        const since = now - (answeredAt.get(connection) ?? Number.NEGATIVE_INFINITY);
        if (ok) answeredAt.set(connection, now);
        return !ok && durationMs >= silence && since >= 0.75 * silence;
      }),
    );
  return (pool) =>
    pool.connected$.pipe(
      switchMap((connections) =>
        merge(
          ...connections.map((connection) =>
            silent(connection).pipe(
              tap(() => {
                const cause = new RequestTimeoutError('request', 'maybe', silence);
                pool.invalidateConnections([connection], { cause });
              }),
            ),
          ),
        ),
      ),
    );
}
