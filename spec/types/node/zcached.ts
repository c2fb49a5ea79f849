import { expectTypeOf } from 'expect-type';
import type { Observable } from 'rxjs';
import { ConnectionPool } from 'rxpool';
import {
  type ConnectedZcachedClient,
  type Decoded,
  type Encodable,
  type ValueEncoding,
  type ZcachedArgument,
  ZcachedClient,
  ZcachedConnection,
  ZcachedDouble,
  type ZcachedEncoding,
  type ZcachedErrorKind,
  type ZcachedPool,
  ZcachedServerError,
  type ZcachedValue,
} from 'rxpool/zcached';

interface User {
  readonly name: string;
}

const dates: ValueEncoding<Date> = { encode: (date) => date.getTime(), decode: (reply) => new Date(Number(reply)) };
const connections = new ConnectionPool(4, () => new ZcachedConnection({ port: 7556 }));
const native = new ZcachedClient(connections);
const json = new ZcachedClient(connections, { encoding: 'json' });
const bytes = new ZcachedClient(connections, { encoding: 'bytes' });
const calendar = new ZcachedClient(connections, { encoding: dates });
declare const anyEncoding: ZcachedEncoding;

// A client is of its encoding and of its pool.
expectTypeOf(native).toEqualTypeOf<ConnectedZcachedClient>();
expectTypeOf(native.pool).toEqualTypeOf<ConnectionPool<ZcachedConnection>>();
expectTypeOf(json).toEqualTypeOf<ConnectedZcachedClient<'json'>>();
expectTypeOf(calendar.encoding).toEqualTypeOf<ValueEncoding<Date>>();
expectTypeOf(ZcachedClient.connect()).toEqualTypeOf<Promise<ConnectedZcachedClient>>();
expectTypeOf(ZcachedClient.connect('zcached://cache', { encoding: 'json' })).toEqualTypeOf<
  Promise<ConnectedZcachedClient<'json'>>
>();
expectTypeOf(ZcachedClient.connect({ port: 7556, encoding: 'bytes', pool: { maxWaiting: 1 } })).toEqualTypeOf<
  Promise<ConnectedZcachedClient<'bytes'>>
>();
export const plain: ZcachedClient = native;
export const needy: ZcachedPool = connections;
// @ts-expect-error: what it stores is JSON.
export const confused: ZcachedClient = json;
// @ts-expect-error: what it stores is JSON, and not bytes.
export const garbled: ZcachedClient<'bytes'> = json;
// @ts-expect-error: an encoding that does not exist.
new ZcachedClient(connections, { encoding: 'xml' });
// @ts-expect-error: a client is over a pool.
new ZcachedClient();
// @ts-expect-error: the size of a pool is not one of its options.
ZcachedClient.connect({ pool: { size: 4 } });

// What is read has the type of the encoding, the client's or the call's, or one that the caller vouches for.
export async function reads(): Promise<void> {
  expectTypeOf(await native.get('k')).toEqualTypeOf<ZcachedValue | undefined>();
  expectTypeOf(await native.get<number>('k', { timeout: 5 })).toEqualTypeOf<number | undefined>();
  expectTypeOf(await native.get('k', { encoding: 'json' })).toEqualTypeOf<unknown>();
  expectTypeOf(await native.get<User>('k', { encoding: 'json' })).toEqualTypeOf<User | undefined>();
  expectTypeOf(await native.get('k', { encoding: 'bytes' })).toEqualTypeOf<Uint8Array | undefined>();
  expectTypeOf(await native.get('k', { encoding: dates })).toEqualTypeOf<Date | undefined>();
  const flags = { encode: (on: boolean) => Number(on), decode: (reply: ZcachedValue) => reply !== 0 };
  expectTypeOf(await native.get('k', { encoding: flags })).toEqualTypeOf<boolean | undefined>();
  expectTypeOf(await bytes.get('k')).toEqualTypeOf<Uint8Array | undefined>();
  expectTypeOf(await bytes.get('k', { encoding: 'native' })).toEqualTypeOf<ZcachedValue | undefined>();
  expectTypeOf(await calendar.get('k')).toEqualTypeOf<Date | undefined>();
  expectTypeOf(await calendar.get('k', { encoding: anyEncoding })).toEqualTypeOf<unknown>();
  expectTypeOf(native.get$('k')).toEqualTypeOf<Observable<ZcachedValue | undefined>>();
  expectTypeOf(bytes.get$('k')).toEqualTypeOf<Observable<Uint8Array | undefined>>();
  expectTypeOf(json.get$<User>('k')).toEqualTypeOf<Observable<User | undefined>>();
  expectTypeOf(await native.mget('a', 'b')).toEqualTypeOf<Map<string, ZcachedValue | undefined>>();
  expectTypeOf(await native.mget<string>('a')).toEqualTypeOf<Map<string, string | undefined>>();
  expectTypeOf(await native.mget(['a'], { encoding: 'bytes' })).toEqualTypeOf<Map<string, Uint8Array | undefined>>();
  expectTypeOf(bytes.entries()).toEqualTypeOf<AsyncGenerator<[string, Uint8Array], void>>();
  // @ts-expect-error: not every value is a number.
  const count: number | undefined = await native.get('k');
  expectTypeOf(count).toEqualTypeOf<number | undefined>();
  // @ts-expect-error: unsubscribing cancels, so there is no signal.
  native.get$('k', { signal: new AbortController().signal });
  // @ts-expect-error: options follow an array of keys.
  await native.mget('a', { encoding: 'bytes' });
}

// What is stored is checked against the encoding.
export async function writes(user: User): Promise<void> {
  await native.set('k', { name: 'Ada', tags: ['a', new Set([1])], ratio: new ZcachedDouble(1) });
  await native.set('k', user, { encoding: 'json' });
  await native.mset({ a: user, b: [user] }, { encoding: 'json' });
  await native.mset(new Map([['a', 1]]));
  await native.set('k', Buffer.of(1), { encoding: 'bytes' });
  await native.set('k', new Date(), { encoding: dates });
  await bytes.set('k', Uint8Array.of(1));
  await bytes.mset({ k: Uint8Array.of(1) });
  await bytes.set('k', 1, { encoding: 'native' });
  await calendar.set('k', new Date());
  // @ts-expect-error: a date has no native form.
  await native.set('k', new Date());
  // @ts-expect-error: undefined has no JSON text.
  await native.set('k', undefined, { encoding: 'json' });
  // @ts-expect-error: text is no bytes.
  await native.set('k', 'AQ==', { encoding: 'bytes' });
  // @ts-expect-error: a number is no date.
  await native.set('k', 1, { encoding: dates });
  // @ts-expect-error: a number is no bytes.
  await bytes.set('k', 1);
  // @ts-expect-error: a number is no bytes.
  await bytes.mset({ k: 1 });
  // @ts-expect-error: a number is no date.
  await calendar.set('k', 1);
}

expectTypeOf<Encodable<'native'>>().toEqualTypeOf<ZcachedArgument>();
expectTypeOf<Encodable<'bytes'>>().toEqualTypeOf<ArrayBufferView>();
expectTypeOf<Encodable<ValueEncoding<Date>>>().toEqualTypeOf<Date>();
expectTypeOf<Decoded<'native'>>().toEqualTypeOf<ZcachedValue>();
expectTypeOf<Decoded<'json'>>().toEqualTypeOf<unknown>();
expectTypeOf<Decoded<ValueEncoding<Date>>>().toEqualTypeOf<Date>();

// The other commands.
export async function commands(signal: AbortSignal): Promise<void> {
  expectTypeOf(await native.delete('k')).toEqualTypeOf<boolean>();
  expectTypeOf(await native.exists('k', { timeout: 1, signal })).toEqualTypeOf<boolean>();
  expectTypeOf(await native.keys()).toEqualTypeOf<string[]>();
  expectTypeOf(await native.dbsize()).toEqualTypeOf<number>();
  expectTypeOf(await native.isAlive()).toEqualTypeOf<boolean>();
  expectTypeOf(await native.command('GET', 'k')).toEqualTypeOf<ZcachedValue>();
  await native.command({ command: 'GET', args: ['k'], strings: 'bytes', maps: 'object', signal });
  // @ts-expect-error: a key is text.
  await native.delete(1);
  // @ts-expect-error: it is called timeout.
  await native.exists('k', { deadline: 1 });
  // @ts-expect-error: strings come as text or as bytes.
  await native.command({ command: 'GET', args: ['k'], strings: 'latin1' });
  // @ts-expect-error: an argument has a native form.
  await native.command('SET', 'k', new Date());
}

// Connections.
export async function requests(connection: ZcachedConnection): Promise<void> {
  new ZcachedConnection('zcacheds://cache', { requestTimeout: 1 });
  new ZcachedConnection({ path: '/run/zcached.sock', limits: {} });
  expectTypeOf(await connection.send('GET', 'k')).toEqualTypeOf<ZcachedValue>();
  expectTypeOf(await connection.request({ command: 'GET', args: ['k'] })).toEqualTypeOf<ZcachedValue>();
  // @ts-expect-error: an option that does not exist.
  new ZcachedConnection({ hostname: 'cache' });
  // @ts-expect-error: it is called args.
  await connection.request({ command: 'GET', arguments: ['k'] });
}

/** The kind of a server's error is one of a few. */
export function isTaken(error: unknown): boolean {
  if (!(error instanceof ZcachedServerError)) return false;
  expectTypeOf(error.kind).toEqualTypeOf<ZcachedErrorKind>();
  // @ts-expect-error: a kind that does not exist.
  if (error.kind === 'TAKEN') return true;
  return error.kind === 'BUSY_KEY';
}
