import { checkFunction, checkObject, checkOptions } from '../checks.js';
import type { Clock } from '../clock.js';
import { type AsyncDisposal, makeDisposable } from '../disposal.js';
import type { ConnectionPool } from '../pool/connection-pool.js';
import { Caller, type ZcachedPool } from './caller.js';
import { connectPool, POOL_OPTIONS, type ZcachedPoolOptions } from './connect-pool.js';
import type { ZcachedConnection } from './connection.js';
import { codecOf, type InPlace, type ZcachedEncoding } from './encoding.js';
import { isUrl, withUrl } from './url.js';
import { ValueCommands } from './value-commands.js';

/** Options of a client. */
export interface ZcachedClientOptions<E extends ZcachedEncoding = 'native'> {
  /** How values are stored, unless a call says otherwise. @default 'native' */
  readonly encoding?: E | InPlace | undefined;
  /** The clock of timeouts; for tests. @default the system's monotonic clock */
  readonly clock?: Clock | undefined;
}

/** Options of {@link ZcachedClient.connect}. */
export interface ZcachedConnectOptions<E extends ZcachedEncoding = 'native'>
  extends ZcachedPoolOptions,
    ZcachedClientOptions<E> {}

/** A client with its own pool, made by {@link ZcachedClient.connect}. */
export type ConnectedZcachedClient<E extends ZcachedEncoding = 'native'> = ZcachedClient<
  E,
  ConnectionPool<ZcachedConnection>
>;

const CONNECT_OPTIONS = [...POOL_OPTIONS, 'encoding'];

/** Types for `await using`. */
// biome-ignore lint/correctness/noUnusedVariables: merged with the class, whose parameters these are.
export interface ZcachedClient<E extends ZcachedEncoding = 'native', P extends ZcachedPool = ZcachedPool>
  extends AsyncDisposal {}

/**
 * The commands of zcached, over a pool of connections. Each command rejects with the errors of the pool's `use` and of
 * the connection's `request`, and with a `ZcachedReplyError` for a reply that does not fit. A wrong argument is a
 * `TypeError` or `RangeError` that names it.
 *
 * @typeParam E - how values are stored, unless a call says otherwise.
 * @typeParam P - the kind of pool; see {@link ConnectedZcachedClient} for the usual one.
 * @example
 * ```ts
 * const client = await ZcachedClient.connect('zcached://127.0.0.1:7556?poolSize=8');
 * await client.set('visits', 1);
 * await client.get('visits'); // 1
 * await client.close();
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: makeDisposable() below keeps what the interface promises.
export class ZcachedClient<
  E extends ZcachedEncoding = 'native',
  P extends ZcachedPool = ZcachedPool,
> extends ValueCommands<E> {
  /** The pool that the client uses. */
  readonly pool: P;
  /** Disposes of the pool, if the client made it. */
  #dispose: (() => Promise<void>) | undefined = undefined;

  /**
   * A client over a pool that its owner opens and closes.
   *
   * @throws TypeError, RangeError for an invalid pool or encoding.
   * @example
   * ```ts
   * const client = new ZcachedClient(pool, { encoding: 'json' });
   * ```
   */
  constructor(pool: P, options: ZcachedClientOptions<E> = {}) {
    checkObject('pool', pool);
    checkFunction('pool.use', pool.use);
    checkOptions('options', options, ['encoding', 'clock']);
    const { encoding = 'native', clock } = options;
    super(new Caller(pool, clock), encoding as E);
    this.pool = pool;
  }

  /**
   * Makes and opens a pool, and returns a client that owns it. Resolves once every connection has been dialled and at
   * least one is connected; the pool redials the others. Options take precedence over the URL.
   *
   * @throws the reason why none could be connected, `ZcachedConnectError` or `ConnectTimeoutError`, after everything
   * has been disposed of; the signal's reason; a `TypeError` or `RangeError` for wrong options. All as rejections.
   * @example
   * ```ts
   * const client = await ZcachedClient.connect(process.env.ZCACHED_URL, { pool: { maxWaiting: 100 } });
   * client.pool.health$.subscribe(({ status }) => console.log(status));
   * ```
   */
  static connect<E extends ZcachedEncoding = 'native'>(
    options?: ZcachedConnectOptions<E>,
  ): Promise<ConnectedZcachedClient<E>>;
  static connect<E extends ZcachedEncoding = 'native'>(
    url: string | URL | undefined,
    options?: ZcachedConnectOptions<E>,
  ): Promise<ConnectedZcachedClient<E>>;
  static async connect<E extends ZcachedEncoding = 'native'>(
    target: string | URL | ZcachedConnectOptions<E> = {},
    rest: ZcachedConnectOptions<E> = {},
  ): Promise<ConnectedZcachedClient<E>> {
    checkOptions('options', rest, CONNECT_OPTIONS);
    if (!isUrl(target)) checkOptions('options', target, CONNECT_OPTIONS);
    const { encoding, ...options } = isUrl(target) ? withUrl(target, rest) : { ...target, ...rest };
    // Checked first, before anything exists that would have to be disposed of.
    codecOf(encoding ?? 'native');
    const pool = await connectPool(options);
    const client = over<E, typeof pool>(pool, { encoding, clock: options.clock });
    client.#dispose = () => pool.dispose();
    return client;
  }

  /**
   * Disposes of the pool that `connect` made; its requests get `drainTimeout` to finish. Does nothing to another pool.
   */
  async close(): Promise<void> {
    await this.#dispose?.();
  }
}

/** Avoids the class name inside the class, which a bundler may lose. */
const over = <E extends ZcachedEncoding, P extends ZcachedPool>(pool: P, options: ZcachedClientOptions<E>) =>
  new ZcachedClient<E, P>(pool, options);

makeDisposable(ZcachedClient.prototype, 'asyncDispose', 'close');
