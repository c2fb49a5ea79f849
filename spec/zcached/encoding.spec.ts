import fc from 'fast-check';
import { startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import type { Encodable, ValueEncoding, ZcachedEncoding, ZcachedValue } from 'rxpool/zcached';
import { ZcachedArgumentError, ZcachedClient, ZcachedConnection, ZcachedEncodingError } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { scaled } from '../support/scales.js';
import { expectSame } from './decoding.js';

const answering = <E extends ZcachedEncoding>(reply: ZcachedValue, encoding: E) =>
  new ZcachedClient({ use: (work) => work({ request: async () => reply }) }, { encoding });

/** JSON has no negative zero. */
const json = fc
  .oneof(fc.jsonValue({ stringUnit: 'binary' }), fc.jsonValue({ stringUnit: 'binary-ascii' }))
  .map((value) => JSON.parse(JSON.stringify(value)) as NonNullable<unknown> | null);

/** Batches for each generation: each value in a request of its own, read by fifty at a time. */
const RUNS = { numRuns: scaled('jsonBatches') };
const BATCH = { minLength: 50, maxLength: 50 };

const MEBIBYTE = 2 ** 20;

const TEXTS: [string, NonNullable<unknown> | null][] = [
  ['empty text', ''],
  ['line feeds, carriage returns and 0x03', 'a\nb\r\n\x03*1\r\n$5\r\nFLUSH\r\n\x03'],
  ['half of a surrogate pair', '\ud83d'],
  ['every ASCII character', String.fromCharCode(...Array(128).keys())],
  ['an empty map', {}],
  ['a key __proto__', JSON.parse('{"__proto__":{"a":1}}') as object],
  ['null', null],
];

const BYTES: [string, Uint8Array][] = [
  ['no bytes', new Uint8Array()],
  ['line feed, carriage return, 0x03', Uint8Array.of(10, 13, 3)],
  ['every byte value', Uint8Array.from(Array(256).keys())],
];

async function clientOf(options: ZcachedServerOptions): Promise<ZcachedClient> {
  const server = track(await startZcachedServer(options));
  const connection = track(new ZcachedConnection({ port: server.port, maxRequestBytes: 4 * MEBIBYTE }));
  await connection.connect();
  return new ZcachedClient({ use: (work) => work(connection) });
}

describe.each(['2024', '2025'] as const)('encodings on a %s server', (generation) => {
  let client: ZcachedClient;

  beforeEach(async () => {
    client = await clientOf({ generation });
  });

  async function expectBack<E extends 'json' | 'bytes'>(values: readonly Encodable<E>[], encoding: E): Promise<void> {
    const entries = new Map(values.map((value, index) => [`k${index}`, value]));
    await Promise.all([...entries].map(([key, value]) => client.set(key, value, { encoding })));
    expectSame(await client.mget([...entries.keys()], { encoding }), entries, encoding);
  }

  it(`property: any JSON value stored as JSON on a ${generation} server is read back equal`, () =>
    fc.assert(
      fc.asyncProperty(fc.array(json, BATCH), (values) => expectBack(values, 'json')),
      RUNS,
    ));

  it(`property: any bytes stored as bytes on a ${generation} server are read back equal`, () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), BATCH), (values) => expectBack(values, 'bytes')),
      RUNS,
    ));

  it.each(TEXTS)(
    `encoding json, ${generation} server: get() and mget() return what set() stored: %s`,
    async (_, value) => {
      await client.set('key', value, { encoding: 'json' });
      expect(await client.get('key', { encoding: 'json' })).toEqual(value);
      expect(await client.mget(['key', 'nothing'], { encoding: 'json' })).toEqual(
        new Map([
          ['key', value],
          ['nothing', undefined],
        ]),
      );
    },
  );

  it.each(BYTES)(
    `encoding bytes, ${generation} server: get() and mget() return what set() stored: %s`,
    async (_, value) => {
      await client.set('key', value, { encoding: 'bytes' });
      expect(await client.get('key', { encoding: 'bytes' })).toEqual(value);
      expect(await client.mget(['key'], { encoding: 'bytes' })).toEqual(new Map([['key', value]]));
    },
  );

  it(`encodings json and bytes, ${generation} server: a mebibyte is read back equal`, async () => {
    // A real one of 2024 takes what one read gives it for a whole request.
    client = await clientOf({ generation, flaws: { splitsRequests: false } });
    const text = 'ž\n\x03"'.repeat(MEBIBYTE / 4);
    const bytes = new Uint8Array(Buffer.alloc(MEBIBYTE, Uint8Array.of(3, 10, 0)));
    await Promise.all([
      client.set('text', text, { encoding: 'json' }),
      client.set('bytes', bytes, { encoding: 'bytes' }),
    ]);
    expectSame(await client.get('text', { encoding: 'json' }), text, 'text');
    expectSame(await client.get('bytes', { encoding: 'bytes' }), bytes, 'bytes');
  });

  it(`encoding bytes, ${generation} server: set() stores the bytes of a view, not of its whole buffer`, async () => {
    const { buffer } = Uint8Array.of(0, 1, 2, 3, 4, 5);
    for (const view of [new DataView(buffer, 2, 2), Buffer.from(buffer, 2, 2), new Uint16Array(buffer, 2, 1)]) {
      await client.set('key', view, { encoding: 'bytes' });
      const back = await client.get('key', { encoding: 'bytes' });
      expect(back).toEqual(Uint8Array.of(2, 3));
      expect(back?.buffer.byteLength).toBe(2);
    }
  });

  it(`encodings json and bytes, ${generation} server: set() stores JSON text and base64, "=" for no bytes`, async () => {
    await client.set('json', { a: ['\n'] }, { encoding: 'json' });
    await client.set('bytes', Uint8Array.of(1, 2, 3, 4), { encoding: 'bytes' });
    await client.set('nothing', Uint8Array.of(), { encoding: 'bytes' });
    expect(await client.mget('json', 'bytes', 'nothing')).toEqual(
      new Map([
        ['json', '{"a":["\\n"]}'],
        ['bytes', 'AQIDBA=='],
        ['nothing', '='],
      ]),
    );
  });
});

describe('custom encodings', () => {
  const dates: ValueEncoding<Date> = {
    encode: (date) => date.getTime(),
    decode: (reply) => new Date(Number(reply)),
  };

  it('custom encoding: encodes and decodes values for one call or for a client', async () => {
    const server = track(await startZcachedServer());
    const connection = track(new ZcachedConnection({ port: server.port }));
    await connection.connect();
    const native = new ZcachedClient({ use: (work) => work(connection) });
    const client = new ZcachedClient({ use: (work) => work(connection) }, { encoding: dates });
    await client.mset({ epoch: new Date(0), later: new Date(1e12) });
    expect(await native.get('later')).toBe(1e12);
    expect(await native.get('later', { encoding: dates })).toEqual(new Date(1e12));
    expect(await client.get('later')).toEqual(new Date(1e12));
    expect(await client.get('later', { encoding: 'native' })).toBe(1e12);
    expect(await client.mget('epoch', 'nothing')).toEqual(
      new Map([
        ['epoch', new Date(0)],
        ['nothing', undefined],
      ]),
    );
  });

  it('custom encoding: decode() is called as a method of its object', async () => {
    class Prefixed {
      constructor(private readonly prefix: string) {}
      encode(value: string): string {
        return this.prefix + value;
      }
      decode(reply: ZcachedValue): string {
        return String(reply).slice(this.prefix.length);
      }
    }
    expect(await answering('p:x', new Prefixed('p:')).get('k')).toBe('x');
  });

  it('custom encoding: set() rejects when encode() returns text with a control character', async () => {
    const connection = track(new ZcachedConnection());
    const client = new ZcachedClient({ use: (work) => work(connection) });
    const encoding = { encode: (value: string) => `${value}\n`, decode: String };
    await expect(client.set('k', 'v', { encoding })).rejects.toMatchObject({
      constructor: ZcachedArgumentError,
      reason: 'CONTROL_CHARACTER',
    });
  });
});

const loop: Record<string, unknown> = {};
loop['loop'] = loop;

const throwing: ValueEncoding<unknown> = {
  encode: () => {
    throw new Error('a secret');
  },
  decode: () => {
    throw new Error('a secret');
  },
};

describe('values that cannot be encoded', () => {
  const unsent = <E extends ZcachedEncoding>(encoding: E) => {
    const use = jest.fn();
    return { client: new ZcachedClient({ use }, { encoding: encoding as ZcachedEncoding }), use };
  };

  it.each([
    ['json', 'undefined', undefined],
    ['json', 'a function', () => 1],
    ['json', 'a symbol', Symbol('s')],
    ['json', 'a bigint', 1n],
    ['json', 'a nested bigint', [{ a: 1n }]],
    ['json', 'a cycle', loop],
    ['json', 'a map', new Map([['a', 1]])],
    ['json', 'a nested set', { a: [new Set()] }],
    ['json', 'bytes', Uint8Array.of(1)],
    ['json', 'a nested Buffer', { a: Buffer.from('a') }],
    ['bytes', 'text', 'AQID'],
    ['bytes', 'an array', [1, 2]],
    ['bytes', 'an ArrayBuffer', new ArrayBuffer(1)],
    ['bytes', 'null', null],
    ['custom', 'anything', 1],
  ] as const)(
    'encoding %s: set() and mset() of %s reject with ZcachedEncodingError, and take no connection',
    async (name, _, value) => {
      const { client, use } = unsent(name === 'custom' ? throwing : name);
      const expected = { constructor: ZcachedEncodingError, encoding: name, direction: 'encode', sent: 'never' };
      await expect(client.set('k', value as string)).rejects.toMatchObject({
        ...expected,
        request: 'SET',
        position: 2,
      });
      const entries = new Map([['k', value as string]]);
      await expect(client.mset(entries)).rejects.toMatchObject({ ...expected, request: 'MSET', position: 2 });
      expect(use).not.toHaveBeenCalled();
    },
  );

  it('encoding json: mset() rejects with the position of the value that cannot be encoded', async () => {
    const { client } = unsent('json');
    const entries = new Map([
      ['a', 1],
      ['b', undefined as unknown as number],
    ]);
    await expect(client.mset(entries)).rejects.toThrow('MSET: argument 4: has no JSON text');
  });
});

describe('replies that cannot be decoded', () => {
  it.each([
    ['json', 'text that is no JSON', 'hello'],
    ['json', 'JSON that is cut off', '{"a":1'],
    ['json', 'an empty string', ''],
    ['json', 'a number', 1],
    ['json', 'an array', ['1']],
    ['json', 'bytes', Uint8Array.of(49) as unknown as ZcachedValue],
    ['bytes', 'text that is no base64', 'hello!'],
    ['bytes', 'base64 without its padding', 'AQ'],
    ['bytes', 'base64 with too much padding', 'AQIDBA==='],
    ['bytes', 'base64 with stray bits', 'AR=='],
    ['bytes', 'base64 for URLs', '_-8='],
    ['bytes', 'base64 with a line feed', 'AQID\nBAUG'],
    ['bytes', 'base64 with more behind its padding', 'AQIDBA==AQ=='],
    ['bytes', 'two padding signs alone', '=='],
    ['bytes', 'a boolean', true],
    ['bytes', 'a map', new Map()],
    ['custom', 'anything', 1],
  ] as const)('encoding %s: get() and mget() of %s reject with ZcachedEncodingError', async (name, _, stored) => {
    const encoding: ZcachedEncoding = name === 'custom' ? throwing : name;
    const expected = { constructor: ZcachedEncodingError, encoding: name, direction: 'decode', sent: 'maybe' };
    const reply = stored as ZcachedValue;
    await expect(answering(reply, encoding).get('k')).rejects.toMatchObject({ ...expected, request: 'GET' });
    const map = new Map([['b', reply]]);
    await expect(answering(map, encoding).mget('a', 'b')).rejects.toMatchObject({ ...expected, position: 2 });
  });

  it('encoding bytes: get() returns no bytes for an empty string', async () => {
    expect(await answering('', 'bytes').get('k')).toEqual(Uint8Array.of());
  });
});

describe('error of a custom encoding', () => {
  it('ZcachedEncodingError.thrown: the error of a custom encoding, not enumerable and not the cause', async () => {
    for (const act of [() => answering(1, throwing).get('k'), () => answering(1, throwing).set('k', 1)]) {
      const error = (await act().catch((reason: unknown) => reason)) as ZcachedEncodingError;
      expect(error.thrown).toEqual(new Error('a secret'));
      expect([error.cause, Object.keys(error).includes('thrown')]).toEqual([undefined, false]);
    }
  });
});

it.each([
  [RangeError, 'jsn'],
  [TypeError, 1],
  [TypeError, null],
  [TypeError, {}],
  [TypeError, { encode: () => 1 }],
])('new ZcachedClient() throws and get() rejects with %p for the encoding %p', async (type, encoding) => {
  const pool = { use: jest.fn() };
  expect(() => new ZcachedClient(pool, { encoding: encoding as 'json' })).toThrow(type);
  const client = new ZcachedClient(pool);
  await expect(client.get('k', { encoding: encoding as 'json' })).rejects.toMatchObject({
    constructor: type,
    message: expect.stringContaining('encoding'),
    code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/),
  });
  expect(pool.use).not.toHaveBeenCalled();
});

it('client.get(): asks for strings as text with the encoding bytes, and for no form without an encoding', async () => {
  const request = jest.fn(async () => 'AQ==');
  const client = new ZcachedClient({ use: (work) => work({ request }) });
  await client.get('k', { encoding: 'bytes' });
  expect(request).toHaveBeenLastCalledWith(expect.objectContaining({ command: 'GET', strings: 'text' }));
  await client.get('k');
  expect(request).toHaveBeenLastCalledWith({ command: 'GET', args: ['k'], strings: undefined });
});
