import { types } from 'node:util';
import { Observable } from 'rxjs';
import { checkObject, checkOptions, checkSize } from '../checks.js';
import { outOfRange, wrongType } from '../errors.js';
import { AS_TEXT, CALL_OPTIONS, type Caller, type ZcachedCallOptions } from './caller.js';
import type { Codec, Decoded, Encodable, InPlace, ZcachedEncoding } from './encoding.js';
import { codecOf } from './encoding.js';
import { ZcachedRequestTooLargeError } from './errors.js';
import { KeyCommands } from './key-commands.js';
import { isPlain } from './plain.js';
import { expectOk, lookup } from './replies.js';
import type { ZcachedArgument } from './value.js';

/** Options of a command that stores or reads values. */
export interface ZcachedValueOptions<F extends ZcachedEncoding> extends ZcachedCallOptions {
  /** How values are stored. @default the client's `encoding` */
  readonly encoding?: F | InPlace | undefined;
}

const VALUE_OPTIONS = [...CALL_OPTIONS, 'encoding'];

/** Options of reading all values. */
export interface ZcachedEntriesOptions<F extends ZcachedEncoding> extends ZcachedValueOptions<F> {
  /** Values to get in one request; fewer if the request would be too large. @default 100 */
  readonly batchSize?: number | undefined;
}

/** Keys as arguments, or as an array followed by options. */
type Keys<F extends ZcachedEncoding> =
  | string[]
  | [keys: readonly string[], options?: ZcachedValueOptions<F> | undefined];

/**
 * The commands that store and read values. The type of a value follows from its encoding, or is one that you assert:
 * `get<User>('user:1', { encoding: 'json' })`.
 *
 * @typeParam E - how values are stored, unless a call says otherwise.
 */
export abstract class ValueCommands<E extends ZcachedEncoding> extends KeyCommands {
  /** How values are stored, unless a call says otherwise. */
  readonly encoding: E;
  readonly #codec: Codec;

  constructor(caller: Caller, encoding: E) {
    super(caller);
    this.#codec = codecOf(encoding);
    this.encoding = encoding;
  }

  /**
   * The value of a key; undefined for a miss. Sends GET, and MGET to a 2024 server, where GET of a missing key holds up
   * the connection for 44 ms. There a null that was stored natively is undefined too, as with `mget`;
   * `command('GET', key)` tells them apart.
   *
   * @throws `ZcachedEncodingError` for a value with another encoding, as a rejection.
   * @example
   * ```ts
   * const value = await client.get('visits');
   * const user = await client.get<User>('user:1', { encoding: 'json', timeout: 200 });
   * ```
   */
  get<F extends ZcachedEncoding = E>(key: string, options?: ZcachedValueOptions<F>): Promise<Decoded<F> | undefined>;
  get<T>(key: string, options?: ZcachedValueOptions<ZcachedEncoding>): Promise<T | undefined>;
  async get(key: string, options?: ZcachedValueOptions<ZcachedEncoding>): Promise<unknown> {
    const codec = this.#codecFor(options);
    const reply = await this.caller.find(key, options, codec, VALUE_OPTIONS);
    return reply === undefined ? undefined : codec.decode(reply, 'GET', 1);
  }

  /**
   * The value of a key as a stream. Cold: each subscription sends a request. Emits the value, or undefined for a miss,
   * and completes. Errors like `get`. Unsubscribing cancels the request.
   *
   * @throws TypeError, RangeError for wrong options, at the call.
   * @example
   * ```ts
   * const user$ = id$.pipe(switchMap((id) => client.get$(`user:${id}`)));
   * ```
   */
  get$<F extends ZcachedEncoding = E>(
    key: string,
    options?: Omit<ZcachedValueOptions<F>, 'signal'>,
  ): Observable<Decoded<F> | undefined>;
  get$<T>(key: string, options?: Omit<ZcachedValueOptions<ZcachedEncoding>, 'signal'>): Observable<T | undefined>;
  get$(key: string, options?: ZcachedValueOptions<ZcachedEncoding>): Observable<unknown> {
    this.#codecFor(options);
    return new Observable((subscriber) => {
      const controller = new AbortController();
      subscriber.add(() => controller.abort());
      this.get<unknown>(key, { ...options, signal: controller.signal }).then(
        (value) => {
          subscriber.next(value);
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
    });
  }

  /**
   * Stores a value, and overwrites an earlier one. Do not change the value until the promise settles: a native value is
   * read only when a connection is free. For a map, TypeScript accepts an object literal or a `type`, but no
   * `interface`; spread it: `{ ...user }`.
   *
   * @throws `ZcachedArgumentError` for a value without a native form, `ZcachedEncodingError` for a value that the
   * encoding cannot encode, as rejections. Nothing was sent then.
   * @example
   * ```ts
   * await client.set('user:1', { name: 'Ada', tags: ['a', 'b'] }); // comes back as a Map
   * await client.set('thumbnail', await readFile('ada.png'), { encoding: 'bytes' });
   * ```
   */
  async set<F extends ZcachedEncoding = E>(
    key: string,
    value: Encodable<F>,
    options?: ZcachedValueOptions<F>,
  ): Promise<void> {
    const encoded = this.#codecFor(options).encode(value, 'SET', 2);
    expectOk('SET', await this.caller.send('SET', [key, encoded], options, AS_TEXT, VALUE_OPTIONS));
  }

  /**
   * The values of several keys, as a `Map` in the order of the keys. A miss is undefined; so is a null that was stored
   * natively, because the server's reply is the same for both. Without keys no request is sent.
   *
   * @throws `ZcachedEncodingError` if a value has another encoding, as a rejection.
   * @example
   * ```ts
   * (await client.mget('a', 'b')).get('a');
   * await client.mget(['a', 'b'], { encoding: 'bytes' });
   * ```
   */
  mget<F extends ZcachedEncoding = E>(...keys: Keys<F>): Promise<Map<string, Decoded<F> | undefined>>;
  mget<T>(...keys: Keys<ZcachedEncoding>): Promise<Map<string, T | undefined>>;
  async mget(...args: Keys<ZcachedEncoding>): Promise<Map<string, unknown>> {
    const [given, options] = isList(args) ? args : [args as string[]];
    const keys = [...given];
    const codec = this.#codecFor(options);
    if (keys.length === 0) return new Map();
    const found = lookup('MGET', await this.caller.send('MGET', keys, options, codec, VALUE_OPTIONS));
    const read = (key: string, index: number): unknown => {
      const reply = found(key) ?? undefined;
      return reply === undefined ? undefined : codec.decode(reply, 'MGET', index + 1);
    };
    return new Map(keys.map((key, index) => [key, read(key, index)]));
  }

  /**
   * Stores several values. Not atomic: other clients may see some of them before the rest. Without entries no request
   * is sent.
   *
   * @throws the errors of `set`, as rejections; then no value is stored.
   * @example
   * ```ts
   * await client.mset({ a: 1, b: [true, null] });
   * ```
   */
  async mset<F extends ZcachedEncoding = E>(
    entries: ReadonlyMap<string, Encodable<F>> | { readonly [key: string]: Encodable<F> },
    options?: ZcachedValueOptions<F>,
  ): Promise<void> {
    const codec = this.#codecFor(options);
    checkObject('entries', entries);
    if (!types.isMap(entries) && !isPlain(entries))
      throw wrongType('entries', 'a Map or a plain object', typeof entries);
    const pairs: [string, unknown][] = types.isMap(entries) ? [...entries] : Object.entries(entries);
    const args = pairs.flatMap(([key, value], index) => [key, codec.encode(value, 'MSET', 2 * index + 2)]);
    if (args.length > 0)
      expectOk('MSET', await this.caller.send('MSET', args as ZcachedArgument[], options, AS_TEXT, VALUE_OPTIONS));
  }

  /**
   * All keys with their values. Gets the keys once, and then batches of values as the earlier ones are consumed. Skips
   * keys that were deleted meanwhile, and nulls that were stored natively; does not see keys added later. A key that
   * this client could not have stored, such as one with a carriage return, ends the iteration with an error, and so do
   * the errors of `mget`. `timeout` applies to each request, `signal` to all.
   * @example
   * ```ts
   * for await (const [key, value] of client.entries({ batchSize: 500 })) console.log(key, value);
   * ```
   */
  entries<F extends ZcachedEncoding = E>(
    options?: ZcachedEntriesOptions<F>,
  ): AsyncGenerator<[string, Decoded<F>], void>;
  entries<T>(options?: ZcachedEntriesOptions<ZcachedEncoding>): AsyncGenerator<[string, T], void>;
  entries(options: ZcachedEntriesOptions<ZcachedEncoding> = {}): AsyncGenerator<[string, unknown], void> {
    const { batchSize = 100, ...others } = options;
    this.#codecFor(options, [...VALUE_OPTIONS, 'batchSize']);
    checkSize('options.batchSize', batchSize);
    if (batchSize === 0) throw outOfRange('options.batchSize', 'at least 1', batchSize);
    return this.#walk(batchSize, others);
  }

  async *#walk(
    batchSize: number,
    options: ZcachedValueOptions<ZcachedEncoding>,
  ): AsyncGenerator<[string, unknown], void> {
    const { encoding, ...callOptions } = options;
    const keys = await this.keys(callOptions);
    let size = batchSize;
    for (let start = 0; start < keys.length; ) {
      const batch = keys.slice(start, start + size);
      const found = await this.mget(batch, options).catch((error: unknown) => {
        if (!(error instanceof ZcachedRequestTooLargeError) || batch.length === 1) throw error;
        size = Math.ceil(batch.length / 2);
      });
      if (!found) continue;
      start += batch.length;
      for (const entry of found) if (entry[1] !== undefined) yield entry;
    }
  }

  #codecFor(options: ZcachedValueOptions<ZcachedEncoding> | undefined, names = VALUE_OPTIONS): Codec {
    if (options === undefined) return this.#codec;
    checkOptions('options', options, names);
    return options.encoding === undefined ? this.#codec : codecOf(options.encoding);
  }
}

const isList = (args: Keys<ZcachedEncoding>): args is [readonly string[], ZcachedValueOptions<ZcachedEncoding>?] =>
  Array.isArray(args[0]);
