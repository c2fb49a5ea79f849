import fc from 'fast-check';
import { DIALECTS } from '../../src/testing/node/dialect.js';
import { RequestParser } from '../../src/testing/node/request-parser.js';
import type { Wire } from '../../src/testing/node/wire.js';
import { boolean, double, integer, list, map, NULL, string } from '../../src/testing/node/wire.js';
import { encodeRequest } from '../../src/zcached/encode.js';
import { ZcachedArgumentError, ZcachedRequestTooLargeError } from '../../src/zcached/errors.js';

const MIB = 2 ** 20;
const encode = (command: string, ...args: unknown[]): string => {
  const frame = encodeRequest(command, args, 8 * MIB);
  const buffer = Buffer.from(frame.text, frame.encoding);
  expect(buffer).toHaveLength(frame.bytes);
  return buffer.toString('latin1');
};

function refusal(command: string, ...args: unknown[]): ZcachedArgumentError {
  try {
    encodeRequest(command, args, 8 * MIB);
  } catch (error) {
    if (error instanceof ZcachedArgumentError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('what is sent', () => {
  it.each([
    [['PING'], '*1\r\n$4\r\nPING\r\n\x03'],
    [['SET', 'k', 'v'], '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n\x03'],
    [['SET', 'k', 'ž'], '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\xc5\xbe\r\n\x03'],
    [['X', 1, -1, 1.5, 2 ** 53, -0], '*6\r\n$1\r\nX\r\n:1\r\n:-1\r\n,1.5\r\n,9007199254740992\r\n,-0\r\n\x03'],
    [['X', Infinity, -Infinity, NaN], '*4\r\n$1\r\nX\r\n,inf\r\n,-inf\r\n,nan\r\n\x03'],
    [['X', 2n ** 63n - 1n, true, false, null], '*5\r\n$1\r\nX\r\n:9223372036854775807\r\n#t\r\n#f\r\n_\r\n\x03'],
    [['X', [], [[1]]], '*3\r\n$1\r\nX\r\n*0\r\n*1\r\n*1\r\n:1\r\n\x03'],
    [['X', { a: 1 }, new Map([['b', null]])], '*3\r\n$1\r\nX\r\n%1\r\n$1\r\na\r\n:1\r\n%1\r\n$1\r\nb\r\n_\r\n\x03'],
    [['X', JSON.parse('{"__proto__":1}')], '*2\r\n$1\r\nX\r\n%1\r\n$9\r\n__proto__\r\n:1\r\n\x03'],
  ] as [[string, ...unknown[]], string][])('%p', (request, wire) => {
    expect(encode(...request)).toBe(wire);
  });
});

describe('what is refused before it is queued', () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

  it.each([
    ['0x03 in a string', 'a\x03b', 'CONTROL_CHARACTER'],
    ['a line feed', 'a\nb', 'CONTROL_CHARACTER'],
    ['a carriage return', 'a\r', 'CONTROL_CHARACTER'],
    ['an empty string', '', 'EMPTY_STRING'],
    ['half of a surrogate pair', 'a\ud83d', 'ILL_FORMED_STRING'],
    ['an empty object', {}, 'EMPTY_MAP'],
    ['an empty map', new Map(), 'EMPTY_MAP'],
    ['an integer of 65 bits', 2n ** 63n, 'INTEGER_RANGE'],
    ['undefined', undefined, 'TYPE'],
    ['a function', () => 1, 'TYPE'],
    ['a symbol', Symbol('s'), 'TYPE'],
    ['a date', new Date(0), 'TYPE'],
    ['bytes', Buffer.from('x'), 'TYPE'],
    ['a set', new Set([1]), 'TYPE'],
    [
      'an instance of a class',
      new (class Point {
        x = 1;
      })(),
      'TYPE',
    ],
    ['a hole in an array', new Array(1), 'TYPE'],
    ['an object with something undefined in it', { a: undefined }, 'TYPE'],
    ['a map with a key that is no string', new Map([[1, 1]]), 'KEY'],
    ['a map with 0x03 in a key', { 'a\x03': 1 }, 'CONTROL_CHARACTER'],
    ['a line feed deep inside', [{ a: ['\n'] }], 'CONTROL_CHARACTER'],
    ['nesting over 32', nested(33), 'TOO_DEEP'],
    ['a cycle', cyclic, 'TOO_DEEP'],
  ])('%s', (_, value, reason) => {
    expect(refusal('SET', 'key', value)).toMatchObject({ position: 2, reason, sent: 'never', request: 'SET' });
  });

  it('nesting of 32 is not', () => expect(encode('X', nested(32))).toContain(':1\r\n'));

  it.each(['GET', 'get', 'SET', 'DELETE', 'SIZEOF', 'RENAME'])(
    'a key of %s that is no string: the server falls over',
    (command) => {
      expect(refusal(command, 7, 1)).toMatchObject({ position: 1, reason: 'KEY' });
    },
  );

  it.each(['', 'GET x', 'GE\x03T', 'A'.repeat(33), 'ping\n'])('%p as a command, without repeating it', (command) => {
    const error = refusal(command);
    expect(error).toMatchObject({ position: 0, reason: 'COMMAND', request: 'request' });
  });

  it('a request over the limit, at the first byte too many', () => {
    const { bytes } = encodeRequest('SET', ['k', 'v'], MIB);
    expect(encodeRequest('SET', ['k', 'v'], bytes).bytes).toBe(bytes);
    expect(() => encodeRequest('SET', ['k', 'v'], bytes - 1)).toThrow(ZcachedRequestTooLargeError);
    expect(() => encodeRequest('SET', ['k', 'x'.repeat(8 * MIB)], 8 * MIB)).toThrow(ZcachedRequestTooLargeError);
  });

  it('a value that is small and unfolds into something vast', () => {
    let value: unknown = 'x'.repeat(1000);
    for (let level = 0; level < 31; level++) value = [value, value];
    expect(() => encodeRequest('SET', ['k', value], 8 * MIB)).toThrow(ZcachedRequestTooLargeError);
  });

  it('a value that changes while it is read', () => {
    const shrinking: unknown[] = [
      {
        get a() {
          shrinking.length = 1;
          return 1;
        },
      },
      2,
    ];
    expect(() => encodeRequest('SET', ['k', shrinking], MIB)).toThrow(ZcachedArgumentError);
    const growing: unknown[] = [
      {
        get a() {
          growing.push(3);
          return 1;
        },
      },
      2,
    ];
    expect(encode('SET', 'k', growing)).toContain('*2\r\n%1\r\n$1\r\na\r\n:1\r\n:2\r\n\x03');
  });
});

describe('whatever can be sent', () => {
  const bytes = (text: string): string => Buffer.from(text).toString('latin1');
  const sendable = (value: string) =>
    !['\x03', '\r', '\n'].some((bad) => value.includes(bad)) && !/\p{Surrogate}/u.test(value);
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter(sendable);
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.double(),
      fc.maxSafeInteger(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(text, tie('tree'), { minKeys: 1, maxKeys: 4 }),
    ),
  }));

  const wire = (value: unknown): Wire => {
    if (typeof value === 'string') return string(bytes(value));
    if (typeof value === 'bigint') return integer(value);
    if (typeof value === 'boolean') return boolean(value);
    if (value === null) return NULL;
    if (Array.isArray(value)) return list('*', value.map(wire));
    if (typeof value !== 'number') {
      return map(new Map(Object.entries(value as object).map(([key, item]) => [bytes(key), wire(item)])));
    }
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? integer(value) : double(value);
  };

  it.each(['2024', '2025'] as const)('is one frame with just these arguments to a %s server', (generation) => {
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), (args) => {
        const frame = encodeRequest('X', args, MIB);
        const sent = Buffer.from(frame.text, frame.encoding).toString('latin1');
        expect(sent.indexOf('\x03')).toBe(sent.length - 1);
        const parsed = new RequestParser(sent.slice(0, -1), DIALECTS[generation]).request();
        expect(parsed?.map((item) => item.encoded)).toEqual(
          [string('X'), ...args.map(wire)].map((item) => item.encoded),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('and whatever is tried: one frame, or a typed refusal', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withSparseArray: true }),
        (value) => {
          try {
            const { text: sent } = encodeRequest('X', [value], MIB);
            expect(sent.indexOf('\x03')).toBe(sent.length - 1);
          } catch (error) {
            if (!(error instanceof ZcachedArgumentError)) throw error;
          }
        },
      ),
      { numRuns: 5000 },
    );
  });
});
