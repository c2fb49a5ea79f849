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

describe.each(['2024', '2025'] as const)('over a %s server', (generation) => {
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

  it('ping is answered with PONG', async () => expect(await client.ping()).toBe('PONG'));

  it.each([
    ['text', 'žluťoučký kůň'],
    ['an integer', -42],
    ['a large integer', 2n ** 62n],
    ['a fraction', 0.1],
    ['a huge number', 1e300],
    ['a tiny number', 5e-324],
    ['negative zero', -0],
    ['infinity', Number.NEGATIVE_INFINITY],
    ['no number', Number.NaN],
    ['yes', true],
    ['no', false],
    ['null', null],
    ['an empty array', []],
    ['an array', [1, ['a', [null]]]],
    ['a map', new Map<string, ZcachedValue>([['a', new Map([['__proto__', 1]])]])],
  ])('gets back what was set: %s', async (_, value) => {
    await client.set('key', value as ZcachedValue & string);
    expect(await client.get('key')).toEqual(value);
    expect(await client.exists('key')).toBe(true);
  });

  it('an object comes back as a map', async () => {
    await client.set('key', { a: { b: [1] } });
    expect(await client.get('key')).toEqual(new Map([['a', new Map([['b', [1]]])]]));
  });

  it('a miss is undefined, whatever the key looks like', async () => {
    for (const key of ['nothing', "a' not found", 'ž', ' ']) {
      expect(await client.get(key)).toBeUndefined();
      expect(await client.exists(key)).toBe(false);
      expect(await client.delete(key)).toBe(false);
    }
  });

  it('delete tells whether there was something', async () => {
    await client.set('key', 1);
    expect([await client.delete('key'), await client.delete('key'), await client.get('key')]).toEqual([
      true,
      false,
      undefined,
    ]);
  });

  it('mget finds what mset stored, in the order asked', async () => {
    await client.mset({ a: 1, b: [2] });
    await client.mset(new Map([['c', null]]));
    const found = await client.mget('c', 'nothing', 'b', 'a');
    expect([...found]).toEqual([
      ['c', undefined],
      ['nothing', undefined],
      ['b', [2]],
      ['a', 1],
    ]);
  });

  it('mset and mget of nothing ask nothing', async () => {
    const { requests } = server;
    await client.mset({});
    expect(await client.mget()).toEqual(new Map());
    expect(server.requests).toBe(requests);
  });

  it('mset stores a great many at once', async () => {
    // A 2024 server takes no more than 4096 bytes at a time.
    const many = generation === '2025' ? 20_000 : 200;
    await client.mset(new Map(Array.from({ length: many }, (_, index) => [`k${index}`, index])));
    expect(await client.dbsize()).toBe(many);
  });

  it('keys and dbsize tell what there is, and flush removes it all', async () => {
    expect([await client.keys(), await client.dbsize()]).toEqual([[], 0]);
    await client.mset({ a: 1, b: 2 });
    expect([(await client.keys()).sort(), await client.dbsize()]).toEqual([['a', 'b'], 2]);
    await client.flush();
    expect([await client.keys(), await client.dbsize()]).toEqual([[], 0]);
  });

  it('save is refused while there is nothing; lastsave tells when it was done, in seconds', async () => {
    await expect(client.save()).rejects.toMatchObject({ constructor: ZcachedServerError, kind: 'NO_SAVE' });
    await client.set('key', 1);
    await client.save();
    expect(Math.abs((await client.lastsave()) - Date.now() / 1000)).toBeLessThan(5);
  });

  it('isAlive tells of a connection that is closed, and does not reject', async () => {
    expect(await client.isAlive()).toBe(true);
    await connection.close();
    expect(await client.isAlive()).toBe(false);
  });

  it('what would break out of a value is refused, and nothing of it reaches the server', async () => {
    await client.set('kept', 1);
    const { requests } = server;
    for (const injection of ['x\r\n\x03*1\r\n$5\r\nFLUSH\r\n\x03', 'x\n$1\r\ny', '\x03', '']) {
      await expect(client.set('key', injection)).rejects.toBeInstanceOf(ZcachedArgumentError);
      await expect(client.set(injection, 1)).rejects.toBeInstanceOf(ZcachedArgumentError);
      await expect(client.get(injection)).rejects.toBeInstanceOf(ZcachedArgumentError);
      await expect(client.mset({ [injection]: 1 })).rejects.toBeInstanceOf(ZcachedArgumentError);
      await expect(client.mset({ key: [{ a: injection }] })).rejects.toBeInstanceOf(ZcachedArgumentError);
    }
    expect([server.requests, await client.dbsize()]).toEqual([requests, 1]);
  });

  it('a command the server does not know is rejected, and the error names it', async () => {
    await expect(connection.send('NONSENSE')).rejects.toMatchObject({ kind: 'UNKNOWN_COMMAND', request: 'NONSENSE' });
  });
});

it('mset stores maps of any realm, and refuses what is neither a map nor a plain object', async () => {
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

describe('what servers of 2025 and later can do besides', () => {
  let server: ZcachedServer;
  let connection: ZcachedConnection;
  let client: ZcachedClient;

  beforeEach(async () => {
    server = track(await startZcachedServer());
    connection = track(new ZcachedConnection({ port: server.port }));
    await connection.connect();
    client = over(connection);
  });

  it('echo gives back the text', async () => expect(await client.echo('žluťoučký kůň')).toBe('žluťoučký kůň'));

  it('sizeof tells the size as the server counts it, and undefined for nothing', async () => {
    await client.mset({ text: 'ž', list: [1, 2, 3], number: 1 });
    const sizes = await Promise.all(['text', 'list', 'number', 'nothing'].map((key) => client.sizeof(key)));
    expect(sizes).toEqual([2, 3, 8, undefined]);
  });

  it('rename moves a value, whatever was there, and rejects where there is none', async () => {
    await client.mset({ a: 1, b: 2 });
    await client.rename('a', 'b');
    expect([await client.get('a'), await client.get('b')]).toEqual([undefined, 1]);
    await expect(client.rename('a', 'b')).rejects.toMatchObject({ kind: 'NOT_FOUND', request: 'RENAME' });
  });

  it('copy writes over what is there only if it may', async () => {
    await client.mset({ a: 1, b: 2 });
    await client.copy('a', 'c');
    await expect(client.copy('a', 'b')).rejects.toMatchObject({ kind: 'BUSY_KEY', request: 'COPY' });
    expect(await client.get('b')).toBe(2);
    await client.copy('a', 'b', { replace: true });
    expect([await client.get('b'), await client.get('c')]).toEqual([1, 1]);
    await expect(client.copy('nothing', 'd', { replace: false })).rejects.toMatchObject({ kind: 'NOT_FOUND' });
  });

  it('copy refuses to replace a value by itself, which would destroy it', async () => {
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

  it('command sends whatever else they know, by name or with everything there is to say', async () => {
    expect(await client.command('ECHO', 'hello')).toBe('hello');
    expect(await client.command({ command: 'ECHO', args: ['hello'], timeout: 1000 })).toBe('hello');
    await expect(client.command('GET', 'nothing')).rejects.toMatchObject({ kind: 'NOT_FOUND' });
    await expect(client.command(undefined as unknown as string)).rejects.toThrow(TypeError);
  });
});

it('a map is read in whichever form it comes', async () => {
  const bag = Object.assign(Object.create(null), { k: 1, constructor: null }) as ZcachedValue;
  const client = over({ request: async () => bag });
  expect([...(await client.mget('k', 'constructor', 'toString'))]).toEqual([
    ['k', 1],
    ['constructor', undefined],
    ['toString', undefined],
  ]);
});

describe('a reply that does not fit the command', () => {
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
  ])('rejects: %s', async (_, act, reply) => {
    await expect(act(answering(reply))).rejects.toBeInstanceOf(ZcachedReplyError);
  });
});
