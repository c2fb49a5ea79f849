import type { ZcachedConnection } from './connection.js';
import { ZcachedReplyError, ZcachedServerError } from './errors.js';
import type { ZcachedArgument, ZcachedValue } from './value.js';

/** What the client needs of a connection. */
export type ZcachedSender = Pick<ZcachedConnection, 'request'>;

/** What the client needs of a pool: somebody who lends a connection for the length of some work. */
export interface ZcachedPool {
  use<T>(work: (connection: ZcachedSender, context: { readonly signal: AbortSignal }) => Promise<T>): Promise<T>;
}

/**
 * The commands of zcached, over a pool of connections. Every method but {@link ZcachedClient.isAlive} rejects
 * with what the pool's `use` or the connection's `request` rejects with.
 *
 * @example
 * ```ts
 * const pool = new ConnectionPool(4, () => new ZcachedConnection({ port: 7556 }));
 * await pool.setup();
 * const client = new ZcachedClient(pool);
 * await client.set('visits', 1);
 * await client.get('visits'); // 1
 * ```
 */
export class ZcachedClient {
  readonly #pool: ZcachedPool;

  constructor(pool: ZcachedPool) {
    this.#pool = pool;
  }

  /** Resolves with the server's `PONG`. */
  async ping(): Promise<string> {
    return text('PING', await this.#send('PING'));
  }

  /**
   * The value under a key, undefined if there is none.
   *
   * @example
   * ```ts
   * const value = await client.get('visits');
   * ```
   */
  async get(key: string): Promise<ZcachedValue | undefined> {
    try {
      return await this.#send('GET', [key]);
    } catch (error) {
      if (isMiss(error)) return undefined;
      throw error;
    }
  }

  /**
   * Stores a value under a key, whatever was there before.
   *
   * @example
   * ```ts
   * await client.set('user:1', { name: 'Ada', tags: ['a', 'b'] }); // comes back as a Map
   * ```
   */
  async set(key: string, value: ZcachedArgument): Promise<void> {
    done('SET', await this.#send('SET', [key, value]));
  }

  /**
   * The values under several keys, as a `Map` in the order asked. A miss is undefined; so is a stored null,
   * because the server's reply does not tell them apart. No keys, no request.
   *
   * @example
   * ```ts
   * (await client.mget('a', 'b')).get('a');
   * ```
   */
  async mget(...keys: string[]): Promise<Map<string, ZcachedValue | undefined>> {
    if (keys.length === 0) return new Map();
    const reply = await this.#send('MGET', keys);
    if (!(reply instanceof Map)) throw new ZcachedReplyError('MGET', 'a map');
    return new Map(keys.map((key) => [key, reply.get(key) ?? undefined]));
  }

  /**
   * Stores several values. Not atomic: others may see some of them before the rest. No entries, no request.
   *
   * @example
   * ```ts
   * await client.mset({ a: 1, b: [true, null] });
   * ```
   */
  async mset(
    entries: ReadonlyMap<string, ZcachedArgument> | { readonly [key: string]: ZcachedArgument },
  ): Promise<void> {
    const pairs = entries instanceof Map ? [...entries] : Object.entries(entries);
    if (pairs.length > 0) done('MSET', await this.#send('MSET', pairs.flat(1)));
  }

  /** Removes a key; resolves with whether it was there. */
  async delete(key: string): Promise<boolean> {
    try {
      done('DELETE', await this.#send('DELETE', [key]));
      return true;
    } catch (error) {
      if (isMiss(error)) return false;
      throw error;
    }
  }

  /** Whether there is a value under a key. The protocol has no command for it: this transfers the value. */
  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  /** Every key there is: on a large store, a large reply that holds up those behind it. */
  async keys(): Promise<string[]> {
    const reply = await this.#send('KEYS');
    if (isTexts(reply)) return reply;
    throw new ZcachedReplyError('KEYS', 'an array of strings');
  }

  /** How many keys there are. */
  async dbsize(): Promise<number> {
    return integer('DBSIZE', await this.#send('DBSIZE'));
  }

  /** Removes every key. */
  async flush(): Promise<void> {
    done('FLUSH', await this.#send('FLUSH'));
  }

  /** Has the server write everything to its disk. A server that holds nothing refuses: kind `NO_SAVE`. */
  async save(): Promise<void> {
    done('SAVE', await this.#send('SAVE'));
  }

  /** When the server last saved, or was started: seconds since 1970. */
  async lastsave(): Promise<number> {
    return integer('LASTSAVE', await this.#send('LASTSAVE'));
  }

  /** Whether a server answers a PING. Never rejects. */
  async isAlive(): Promise<boolean> {
    try {
      return (await this.ping()) === 'PONG';
    } catch {
      return false;
    }
  }

  #send(command: string, args: readonly ZcachedArgument[] = []): Promise<ZcachedValue> {
    return this.#pool.use((connection) => connection.request({ command, args }));
  }
}

const isMiss = (error: unknown): boolean => error instanceof ZcachedServerError && error.kind === 'NOT_FOUND';

const isTexts = (reply: ZcachedValue): reply is string[] =>
  Array.isArray(reply) && reply.every((item) => typeof item === 'string');

function done(command: string, reply: ZcachedValue): void {
  if (reply !== 'OK') throw new ZcachedReplyError(command, 'OK');
}

function text(command: string, reply: ZcachedValue): string {
  if (typeof reply === 'string') return reply;
  throw new ZcachedReplyError(command, 'a string');
}

function integer(command: string, reply: ZcachedValue): number {
  if (typeof reply === 'number') return reply;
  throw new ZcachedReplyError(command, 'an integer');
}
