// Tests the private encoder directly: the bytes of a request are not public.

import fc from 'fast-check';
import type { ZcachedArgument, ZcachedValue } from 'rxpool/zcached';
import { ZcachedArgumentError, ZcachedDouble, ZcachedOrderedSet, ZcachedUnsupportedError } from 'rxpool/zcached';
import { encodeRequest } from '../../src/zcached/encode.js';
import { refusal, wireOf } from './encoding.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

describe('encodeRequest()', () => {
  it.each([
    [['PING'], '*1\r\n$4\r\nPING\r\n\x03'],
    [['SET', 'k', 'v'], '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n\x03'],
    [['SET', 'k', 'ž'], '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\xc5\xbe\r\n\x03'],
    [['X', 1, -1, 1.5, 2 ** 53, -0], '*6\r\n$1\r\nX\r\n:1\r\n:-1\r\n,1.5\r\n,9007199254740992\r\n,-0\r\n\x03'],
    [['X', Infinity, -Infinity, NaN], '*4\r\n$1\r\nX\r\n,inf\r\n,-inf\r\n,nan\r\n\x03'],
    [['X', 1e21, 5e-324, 1e300], '*4\r\n$1\r\nX\r\n,1e+21\r\n,5e-324\r\n,1e+300\r\n\x03'],
    [['X', 2n ** 63n - 1n, true, false, null], '*5\r\n$1\r\nX\r\n:9223372036854775807\r\n#t\r\n#f\r\n_\r\n\x03'],
    [['X', [], [[1]]], '*3\r\n$1\r\nX\r\n*0\r\n*1\r\n*1\r\n:1\r\n\x03'],
    [['X', { a: 1 }, new Map([['b', null]])], '*3\r\n$1\r\nX\r\n%1\r\n$1\r\na\r\n:1\r\n%1\r\n$1\r\nb\r\n_\r\n\x03'],
    [['X', JSON.parse('{"__proto__":1}')], '*2\r\n$1\r\nX\r\n%1\r\n$9\r\n__proto__\r\n:1\r\n\x03'],
    [['X', Object.assign(Object.create(null), { a: 1 })], '*2\r\n$1\r\nX\r\n%1\r\n$1\r\na\r\n:1\r\n\x03'],
  ] as [[string, ...unknown[]], string][])('encodeRequest(%p): writes the expected frame', (request, wire) => {
    expect(wireOf(...request)).toBe(wire);
  });

  it.each([
    [1, ',1'],
    [-0, ',-0'],
    [0.5, ',0.5'],
    [2 ** 53, ',9007199254740992'],
    [Infinity, ',inf'],
    [-Infinity, ',-inf'],
    [NaN, ',nan'],
  ])(
    'encodeRequest() of a ZcachedDouble of %p: writes %s as an argument, in an array and in a map',
    (value, printed) => {
      const double = new ZcachedDouble(value);
      expect(wireOf('X', double, [double], { a: double })).toBe(
        `*4\r\n$1\r\nX\r\n${printed}\r\n*1\r\n${printed}\r\n%1\r\n$1\r\na\r\n${printed}\r\n\x03`,
      );
    },
  );

  it('new ZcachedDouble(): throws for a string and a bigint', () => {
    expect(() => new ZcachedDouble('1' as never)).toThrow(TypeError);
    expect(() => new ZcachedDouble(1n as never)).toThrow('value');
  });

  it('encodeRequest(): writes sets and ordered sets, also empty ones, and refuses them for a server of 2024', () => {
    const sets = [new Set(['a', 1]), new ZcachedOrderedSet([2, 1]), new Set(), new ZcachedOrderedSet()];
    expect(wireOf('X', ...sets)).toBe('*5\r\n$1\r\nX\r\n~2\r\n$1\r\na\r\n:1\r\n/2\r\n:2\r\n:1\r\n~0\r\n/0\r\n\x03');
    for (const set of sets) {
      for (const value of [set, { a: { b: set } }]) {
        expect(() => encodeRequest('X', [1, value], 1000, '2024')).toThrow(ZcachedUnsupportedError);
      }
    }
    expect(encodeRequest('X', [{ a: '~1' }], 1000, '2024').text).toContain('~1');
  });

  it('encodeRequest(): accepts a value of the type of a reply, with bytes, a set and a map', () => {
    const reply = { a: [bytes('x'), new Set([1n]), new Map([['k', null]])] } satisfies ZcachedValue;
    const argument: ZcachedArgument = reply as ZcachedValue;
    expect(wireOf('X', argument)).toContain('~1\r\n:1\r\n');
  });
});

describe('encodeRequest() of bytes', () => {
  it('encodeRequest() of a Uint8Array: writes any bytes as a string of their length', () => {
    expect(wireOf('X', bytes('\x00\x80\xff'))).toBe('*2\r\n$1\r\nX\r\n$3\r\n\x00\x80\xff\r\n\x03');
    expect(wireOf('X', Buffer.from('ž'))).toBe('*2\r\n$1\r\nX\r\n$2\r\n\xc5\xbe\r\n\x03');
    expect(wireOf('X', bytes('abcd').subarray(1, 3))).toBe('*2\r\n$1\r\nX\r\n$2\r\nbc\r\n\x03');
    expect(wireOf('GET', bytes('key'))).toBe('*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n\x03');
  });

  it('encodeRequest() of bytes between non-ASCII texts: writes each unchanged', () => {
    const wire = '*5\r\n$1\r\nX\r\n$2\r\n\xc5\xbe\r\n$1\r\n\xff\r\n$4\r\n\xf0\x9f\x91\x8d\r\n$1\r\n\xfe\r\n\x03';
    expect(wireOf('X', 'ž', bytes('\xff'), '👍', bytes('\xfe'))).toBe(wire);
  });

  it('encodeRequest() of text and bytes: the frame is one string in latin1', () => {
    const frame = encodeRequest('SET', ['ž', bytes('\xff')], 1000);
    expect([typeof frame.text, frame.encoding, frame.bytes]).toEqual(['string', 'latin1', frame.text.length]);
  });

  it('encodeRequest() of a Uint8Array: a later change of the bytes does not change the frame', () => {
    const value = bytes('abc');
    const frame = encodeRequest('SET', ['k', value], 1000);
    value.fill(3);
    expect(frame.text).toContain('$3\r\nabc\r\n');
  });

  it('encodeRequest() of a Uint8Array over maxRequestBytes: throws', () => {
    expect(() => encodeRequest('SET', ['k', new Uint8Array(2000)], 1000)).toThrow('maxRequestBytes');
  });
});

describe('encodeRequest() of arbitrary values', () => {
  it('property: encodeRequest() of any value writes one frame or throws ZcachedArgumentError', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        try {
          const wire = wireOf('X', value);
          expect(wire.indexOf('\x03')).toBe(wire.length - 1);
        } catch (error) {
          if (!(error instanceof ZcachedArgumentError)) throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('encodeRequest(): throws for arguments with a false length, and ignores those added while it encodes', () => {
    const lying = new Proxy(['a'], {
      get: (target, name) => (name === 'length' ? '0\r\n' : Reflect.get(target, name)),
    });
    expect(refusal(() => encodeRequest('X', lying, 1000))).toMatchObject({ position: 0, reason: 'TYPE' });
    const growing: unknown[] = [
      {
        get a() {
          growing.push('b');
          return 1;
        },
      },
    ];
    expect(encodeRequest('X', growing, 1000).text).toBe('*2\r\n$1\r\nX\r\n%1\r\n$1\r\na\r\n:1\r\n\x03');
  });
});
