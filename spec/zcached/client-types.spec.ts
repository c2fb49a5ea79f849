import type { Observable } from 'rxjs';
import type { ConnectionPool } from 'rxpool';
import type {
  ConnectedZcachedClient,
  ValueEncoding,
  ZcachedConnection,
  ZcachedEncoding,
  ZcachedPool,
  ZcachedValue,
} from 'rxpool/zcached';
import { ZcachedClient } from 'rxpool/zcached';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Holds what it is given to a type, neither wider nor narrower. The compiler judges; at run time it hands it back. */
const typed =
  <T>() =>
  <U>(value: U, ..._verdict: Same<T, U> extends true ? [] : ['is of another type']): U =>
    value;

interface User {
  readonly name: string;
}

const dates: ValueEncoding<Date> = { encode: (date) => date.getTime(), decode: (reply) => new Date(Number(reply)) };

/** Answers whatever is asked with the same thing. */
const pool = (reply: ZcachedValue): ZcachedPool => ({ use: (work) => work({ request: async () => reply }) });

describe('the types of what is read', () => {
  it('are those of the protocol without an encoding, or one that the caller vouches for', async () => {
    const client = new ZcachedClient(pool(1));
    expect(typed<ZcachedValue | undefined>()(await client.get('k'))).toBe(1);
    expect(typed<number | undefined>()(await client.get<number>('k', { timeout: 5 }))).toBe(1);
    expect(typed<Observable<ZcachedValue | undefined>>()(client.get$('k'))).toBeDefined();
    // @ts-expect-error: not every value is a number.
    const value: number | undefined = await client.get('k');
    expect(value).toBe(1);
  });

  it('are those of the encoding of the call', async () => {
    const client = new ZcachedClient(pool('""'));
    expect(typed<unknown>()(await client.get('k', { encoding: 'json' }))).toBe('');
    const user = await client.get<User>('k', { encoding: 'json' });
    expect(typed<User | undefined>()(user)).toBe('');
    const bytes = new ZcachedClient(pool('AQ=='));
    expect(typed<Uint8Array | undefined>()(await bytes.get('k', { encoding: 'bytes' }))).toEqual(Uint8Array.of(1));
    const date = new ZcachedClient(pool(0));
    expect(typed<Date | undefined>()(await date.get('k', { encoding: dates }))).toEqual(new Date(0));
    const flag = await date.get('k', { encoding: { encode: (on: boolean) => Number(on), decode: (reply) => !reply } });
    expect(typed<boolean | undefined>()(flag)).toBe(true);
  });

  it('are those of the client’s encoding, of which a call may take leave', async () => {
    const client = new ZcachedClient(pool('AQ=='), { encoding: 'bytes' });
    expect(typed<Uint8Array | undefined>()(await client.get('k'))).toEqual(Uint8Array.of(1));
    expect(typed<ZcachedValue | undefined>()(await client.get('k', { encoding: 'native' }))).toBe('AQ==');
    expect(typed<Observable<Uint8Array | undefined>>()(client.get$('k'))).toBeDefined();
    expect(typed<AsyncGenerator<[string, Uint8Array], void>>()(client.entries())).toBeDefined();
    const calendar = new ZcachedClient(pool(0), { encoding: dates });
    expect(typed<Date | undefined>()(await calendar.get('k'))).toEqual(new Date(0));
    const inPlace = new ZcachedClient(pool(0), { encoding: { encode: String, decode: (reply) => `${reply}!` } });
    expect(typed<string | undefined>()(await inPlace.get('k'))).toBe('0!');
    const any: ZcachedEncoding = 'json';
    expect(typed<unknown>()(await calendar.get('k', { encoding: any as ZcachedEncoding }).catch(() => 1))).toBe(1);
  });

  it('are the same for many', async () => {
    const client = new ZcachedClient(pool(new Map([['a', 'AQ==']])));
    expect(typed<Map<string, ZcachedValue | undefined>>()(await client.mget('a')).size).toBe(1);
    expect(typed<Map<string, string | undefined>>()(await client.mget<string>('a')).get('a')).toBe('AQ==');
    const bytes = await client.mget(['a'], { encoding: 'bytes' });
    expect(typed<Map<string, Uint8Array | undefined>>()(bytes).get('a')).toEqual(Uint8Array.of(1));
  });
});

describe('the types of what is stored', () => {
  it('are checked against the encoding', async () => {
    const client = new ZcachedClient(pool('OK'));
    const user: User = { name: 'Ada' };
    await client.set('k', user, { encoding: 'json' });
    await client.mset({ a: user, b: [user] }, { encoding: 'json' });
    await client.set('k', Buffer.of(1), { encoding: 'bytes' });
    await client.set('k', new Date(), { encoding: dates });
    // @ts-expect-error: a date has no native form.
    await expect(client.set('k', new Date()).then(() => 'sent')).resolves.toBe('sent');
    // @ts-expect-error: nor has undefined JSON text.
    await expect(client.set('k', undefined, { encoding: 'json' })).rejects.toThrow('no JSON text');
    // @ts-expect-error: and text is no bytes.
    await expect(client.set('k', 'AQ==', { encoding: 'bytes' })).rejects.toThrow('Uint8Array');
    // @ts-expect-error: nor is a number a date.
    await expect(client.set('k', 1, { encoding: dates })).rejects.toThrow('the encoding threw');
  });

  it('are checked against the client’s encoding', async () => {
    const client = new ZcachedClient(pool('OK'), { encoding: 'bytes' });
    await client.set('k', Uint8Array.of(1));
    await client.mset({ k: Uint8Array.of(1) });
    await client.set('k', 1, { encoding: 'native' });
    // @ts-expect-error: a number is no bytes.
    await expect(client.set('k', 1)).rejects.toThrow('Uint8Array');
    // @ts-expect-error: in whatever it is handed over.
    await expect(client.mset({ k: 1 })).rejects.toThrow('Uint8Array');
  });
});

it('a client of any kind of pool, and of none in particular, is a client', () => {
  const given = new ZcachedClient(pool('OK'));
  const plain: ZcachedClient = given;
  expect(typed<ZcachedPool>()(plain.pool)).toBe(given.pool);
  const connected = given as ConnectedZcachedClient;
  const isPlain = (client: ConnectedZcachedClient): ZcachedClient => client;
  const poolOf = (client: ConnectedZcachedClient): ConnectionPool<ZcachedConnection> => client.pool;
  expect([isPlain(connected), poolOf(connected)]).toEqual([given, given.pool]);
});

it('a client that stores in one way is none that stores in another', () => {
  const json = new ZcachedClient(pool('OK'), { encoding: 'json' });
  // @ts-expect-error: what it stores is JSON.
  const native: ZcachedClient = json;
  // @ts-expect-error: nor is it bytes.
  const bytes: ZcachedClient<'bytes'> = json;
  expect([native.encoding, bytes.encoding]).toEqual(['json', 'json']);
});
