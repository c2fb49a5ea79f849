import { runInNewContext } from 'node:vm';
import { startZcachedServer, type ZcachedServer } from 'rxpool/testing/node';
import type { ZcachedSender, ZcachedValue } from 'rxpool/zcached';
import {
  ZcachedArgumentError,
  ZcachedClient,
  ZcachedConnection,
  ZcachedReplyError,
  ZcachedServerError,
} from 'rxpool/zcached';
import { track } from '../support/cleanup.js';

/** A pool of one. */
const over = (connection: ZcachedSender) => new ZcachedClient({ use: (work) => work(connection) });

/** A server of 2024 would take an array for a command, and its MGET does not tell a null from a miss. */
const FROM_2025: [string, unknown][] = [
  ['null', null],
  ['an empty array', []],
  ['an array', [1, ['a', [null]]]],
];

describe.each(['2024', '2025'] as const)('ZcachedClient on a %s server', (generation) => {
  let server: ZcachedServer;
  let connection: ZcachedConnection;
  let client: ZcachedClient;

  beforeEach(async () => {
    server = track(await startZcachedServer({ generation }));
    connection = track(new ZcachedConnection({ port: server.port }));
    await connection.connect();
    client = over(connection);
  });

  afterEach(() => expect(connection.pending).toBe(0));

  it('client.ping(): resolves with PONG', async () => expect(await client.ping()).toBe('PONG'));

  it.each([
    ['text', 'žluťoučký kůň'],
    ['an integer', -42],
    ['a large integer', 2n ** 62n],
    ['a fraction', 0.1],
    ['a huge number', 1e300],
    ['a tiny number', 5e-324],
    ['negative zero', -0],
    ['negative infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ['true', true],
    ['false', false],
    ...(generation === '2024' ? [] : FROM_2025),
    ['a map', new Map<string, ZcachedValue>([['a', new Map([['__proto__', 1]])]])],
  ])('client.get(): returns what client.set() stored: %s', async (_, value) => {
    await client.set('key', value as ZcachedValue & string);
    expect(await client.get('key')).toEqual(value);
    expect(await client.exists('key')).toBe(true);
  });

  it('client.get(): returns a stored object as a Map, at every level', async () => {
    await client.set('key', { a: { b: { c: 1 } } });
    expect(await client.get('key')).toEqual(new Map([['a', new Map([['b', new Map([['c', 1]])]])]]));
  });

  it('client.get(), exists() and delete() of a missing key: undefined, false and false, whatever the key', async () => {
    for (const key of ['nothing', "a' not found", 'ž', ' ']) {
      expect(await client.get(key)).toBeUndefined();
      expect(await client.exists(key)).toBe(false);
      expect(await client.delete(key)).toBe(false);
    }
  });

  it('client.delete(): true when the key existed, false otherwise', async () => {
    await client.set('key', 1);
    expect([await client.delete('key'), await client.delete('key'), await client.get('key')]).toEqual([
      true,
      false,
      undefined,
    ]);
  });

  it('client.mget(): returns what mset() stored in the order of its arguments, undefined for a missing key', async () => {
    await client.mset({ a: 1, b: { c: 2 } });
    await client.mset(new Map([['c', null]]));
    const found = await client.mget('c', 'nothing', 'b', 'a');
    expect([...found]).toEqual([
      ['c', undefined],
      ['nothing', undefined],
      ['b', new Map([['c', 2]])],
      ['a', 1],
    ]);
  });

  it('client.mset({}) and client.mget() without keys: send no request', async () => {
    const { requests } = server;
    await client.mset({});
    expect(await client.mget()).toEqual(new Map());
    expect(server.requests).toBe(requests);
  });

  it('client.mset(): stores 20,000 keys at once, 50 on a 2024 server', async () => {
    // A request to a 2024 server is one segment.
    const many = generation === '2025' ? 20_000 : 50;
    await client.mset(new Map(Array.from({ length: many }, (_, index) => [`k${index}`, index])));
    expect(await client.dbsize()).toBe(many);
  });

  it('client.keys() and dbsize(): list and count the keys, none after flush()', async () => {
    expect([await client.keys(), await client.dbsize()]).toEqual([[], 0]);
    await client.mset({ a: 1, b: 2 });
    expect([(await client.keys()).sort(), await client.dbsize()]).toEqual([['a', 'b'], 2]);
    await client.flush();
    expect([await client.keys(), await client.dbsize()]).toEqual([[], 0]);
  });

  it('client.save(): rejects with NO_SAVE on an empty store; lastsave(): time of the save in seconds', async () => {
    await expect(client.save()).rejects.toMatchObject({ constructor: ZcachedServerError, kind: 'NO_SAVE' });
    await client.set('key', 1);
    await client.save();
    expect(Math.abs((await client.lastsave()) - Date.now() / 1000)).toBeLessThan(5);
  });

  it('client.isAlive(): true while connected, false after close()', async () => {
    expect(await client.isAlive()).toBe(true);
    await connection.close();
    expect(await client.isAlive()).toBe(false);
  });

  it('client.set(), get() and mset(): reject control characters and empty text, and send nothing', async () => {
    await client.set('kept', 1);
    const { requests } = server;
    for (const injection of ['x\r\n\x03*1\r\n$5\r\nFLUSH\r\n\x03', 'x\n$1\r\ny', '\x03', '']) {
      await expect(client.set('key', injection)).rejects.toBeInstanceOf(ZcachedArgumentError);
      await expect(client.set(injection, 1)).rejects.toBeInstanceOf(ZcachedArgumentError);
      await expect(client.get(injection)).rejects.toBeInstanceOf(ZcachedArgumentError);
      await expect(client.mset({ [injection]: 1 })).rejects.toBeInstanceOf(ZcachedArgumentError);
      await expect(client.mset({ key: { a: injection } })).rejects.toBeInstanceOf(ZcachedArgumentError);
    }
    expect([server.requests, await client.dbsize()]).toEqual([requests, 1]);
  });

  it('connection.send() of an unknown command: rejects with UNKNOWN_COMMAND and the name of the command', async () => {
    await expect(connection.send('NONSENSE')).rejects.toMatchObject({ kind: 'UNKNOWN_COMMAND', request: 'NONSENSE' });
  });
});

it('client.mset(): stores a Map of another realm, and rejects an array, a Date and a Set without a request', async () => {
  const server = track(await startZcachedServer());
  const connection = track(new ZcachedConnection({ port: server.port }));
  await connection.connect();
  const client = over(connection);
  await client.mset(runInNewContext("new Map([['a', 1]])") as Map<string, number>);
  expect(await client.keys()).toEqual(['a']);
  const { requests } = server;
  class Lookalike extends Array<never> {}
  for (const entries of [[['z', 1]], new Lookalike(), new Date(0), new Set(['z'])]) {
    await expect(client.mset(entries as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  }
  expect(server.requests).toBe(requests);
});

describe('ZcachedClient: commands of 2025 servers', () => {
  let server: ZcachedServer;
  let connection: ZcachedConnection;
  let client: ZcachedClient;

  beforeEach(async () => {
    server = track(await startZcachedServer());
    connection = track(new ZcachedConnection({ port: server.port }));
    await connection.connect();
    client = over(connection);
  });

  it('client.echo(): returns the text', async () => expect(await client.echo('žluťoučký kůň')).toBe('žluťoučký kůň'));

  it('client.sizeof(): returns the size that the server counts, undefined for a missing key', async () => {
    await client.mset({ text: 'ž', list: [1, 2, 3], number: 1 });
    const sizes = await Promise.all(['text', 'list', 'number', 'nothing'].map((key) => client.sizeof(key)));
    expect(sizes).toEqual([2, 3, 8, undefined]);
  });

  it('client.rename(): moves a value over an existing one, and rejects with NOT_FOUND for a missing key', async () => {
    await client.mset({ a: 1, b: 2 });
    await client.rename('a', 'b');
    expect([await client.get('a'), await client.get('b')]).toEqual([undefined, 1]);
    await expect(client.rename('a', 'b')).rejects.toMatchObject({ kind: 'NOT_FOUND', request: 'RENAME' });
  });

  it('client.copy(): replaces an existing value with replace: true only, and rejects with BUSY_KEY otherwise', async () => {
    await client.mset({ a: 1, b: 2 });
    await client.copy('a', 'c');
    await expect(client.copy('a', 'b')).rejects.toMatchObject({ kind: 'BUSY_KEY', request: 'COPY' });
    expect(await client.get('b')).toBe(2);
    await client.copy('a', 'b', { replace: true });
    expect([await client.get('b'), await client.get('c')]).toEqual([1, 1]);
    await expect(client.copy('nothing', 'd', { replace: false })).rejects.toMatchObject({ kind: 'NOT_FOUND' });
  });

  it('client.copy() of a key to itself: rejects, with replace: true before anything is sent', async () => {
    await client.set('a', 1);
    const { requests } = server;
    await expect(client.copy('a', 'a', { replace: true })).rejects.toMatchObject({
      code: 'ERR_ZCACHED_ARGUMENT',
      reason: 'SAME_KEY',
      position: 2,
      sent: 'never',
    });
    expect(server.requests).toBe(requests);
    await expect(client.copy('a', 'a')).rejects.toMatchObject({ kind: 'BUSY_KEY' });
  });

  it('client.command(): sends a command given by name and arguments or as an object', async () => {
    expect(await client.command('ECHO', 'hello')).toBe('hello');
    expect(await client.command({ command: 'ECHO', args: ['hello'], timeout: 1000 })).toBe('hello');
    await expect(client.command('GET', 'nothing')).rejects.toMatchObject({ kind: 'NOT_FOUND' });
    await expect(client.command(undefined as unknown as string)).rejects.toThrow(TypeError);
  });
});

it('client.mget(): reads a reply that is an object instead of a Map, undefined for a key like toString', async () => {
  const bag = Object.assign(Object.create(null), { k: 1, constructor: null }) as ZcachedValue;
  const client = over({ request: async () => bag });
  expect([...(await client.mget('k', 'constructor', 'toString'))]).toEqual([
    ['k', 1],
    ['constructor', undefined],
    ['toString', undefined],
  ]);
});

describe('replies that do not fit the command', () => {
  const answering = (reply: ZcachedValue) => over({ request: async () => reply });

  it.each([
    ['ping', (client: ZcachedClient) => client.ping(), 1],
    ['set', (client: ZcachedClient) => client.set('k', 1), 'NO'],
    ['mset', (client: ZcachedClient) => client.mset({ k: 1 }), null],
    ['mget', (client: ZcachedClient) => client.mget('k'), []],
    ['delete', (client: ZcachedClient) => client.delete('k'), 1],
    ['keys', (client: ZcachedClient) => client.keys(), [1]],
    ['dbsize', (client: ZcachedClient) => client.dbsize(), '1'],
    ['flush', (client: ZcachedClient) => client.flush(), 'PONG'],
    ['save', (client: ZcachedClient) => client.save(), true],
    ['lastsave', (client: ZcachedClient) => client.lastsave(), null],
    ['echo', (client: ZcachedClient) => client.echo('hello'), null],
    ['sizeof', (client: ZcachedClient) => client.sizeof('k'), 'OK'],
    ['rename', (client: ZcachedClient) => client.rename('k', 'l'), 1],
    ['copy', (client: ZcachedClient) => client.copy('k', 'l'), false],
  ])('client.%s(): rejects with ZcachedReplyError for a reply that does not fit the command', async (_, act, reply) => {
    await expect(act(answering(reply))).rejects.toBeInstanceOf(ZcachedReplyError);
  });
});
