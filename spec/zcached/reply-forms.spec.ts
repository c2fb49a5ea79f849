// Tests the private decoder directly: the form of a reply is chosen by commands, of which none has every form.

import { ZcachedOrderedSet } from 'rxpool/zcached';
import { Decoder } from '../../src/zcached/decoder.js';
import { DEFAULT_LIMITS } from '../../src/zcached/limits.js';
import { DEFAULT_FORM, type ReplyForm } from '../../src/zcached/value.js';
import { cut, decode, expectSame, latin1 } from './decoding.js';

const OBJECTS: ReplyForm = { maps: 'object', strings: 'text' };
const BYTES: ReplyForm = { maps: 'map', strings: 'bytes' };

const object = (entries: object): object => Object.assign(Object.create(null), entries);
const bytes = (text: string): Uint8Array => Uint8Array.from(latin1(text));

function decoded(wire: string, form: ReplyForm): unknown {
  const whole = latin1(wire);
  const { replies, error } = decode([whole], {}, form);
  expect(error).toBeUndefined();
  expect(replies).toHaveLength(1);
  for (const place of whole.keys()) expectSame(decode(cut(whole, [place]), {}, form).replies, replies, `cut ${place}`);
  return replies[0];
}

describe('maps as objects', () => {
  it('maps: "object" makes objects without a prototype, at any level', () => {
    const wire = '%1\r\n$1\r\na\r\n*2\r\n%1\r\n$1\r\nb\r\n:1\r\n~1\r\n%0\r\n';
    expectSame(decoded(wire, OBJECTS), object({ a: [object({ b: 1 }), new Set([object({})])] }), 'nested');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', ''])(
    'maps: "object" takes the key %p as data',
    (key) => {
      const value = decoded(`%1\r\n$${key.length}\r\n${key}\r\n%1\r\n+polluted\r\n#t\r\n`, OBJECTS) as object;
      expect(Object.getPrototypeOf(value)).toBeNull();
      expect(Object.entries(value)).toEqual([[key, object({ polluted: true })]]);
      expect({}).not.toHaveProperty('polluted');
    },
  );

  it('maps: "object" keeps the last value of a repeated key, as maps do', () => {
    const wire = '%3\r\n+k\r\n:1\r\n+l\r\n:2\r\n+k\r\n:3\r\n';
    expectSame(decoded(wire, OBJECTS), object({ k: 3, l: 2 }), 'object');
    expect([...(decoded(wire, DEFAULT_FORM) as Map<string, unknown>)]).toEqual([
      ['k', 3],
      ['l', 2],
    ]);
  });
});

describe('strings as bytes', () => {
  it('strings: "bytes" returns the bytes received, also when they are not UTF-8', () => {
    for (const text of ['', 'a', '\x00\x03\r\n', '\xff\xfe\x80', '\xc5\xbe']) {
      expectSame(decoded(`$${text.length}\r\n${text}\r\n`, BYTES), bytes(text), JSON.stringify(text));
    }
  });

  it('strings: "bytes" leaves keys, simple strings and errors text', () => {
    expect(decoded('%2\r\n$1\r\na\r\n$1\r\nb\r\n+c\r\n+d\r\n', BYTES)).toEqual(
      new Map<string, unknown>([
        ['a', bytes('b')],
        ['c', 'd'],
      ]),
    );
    expect(decoded('-ERR no\r\n', BYTES)).toEqual({ error: 'ERR no' });
    expect(decoded('*2\r\n%1\r\n$1\r\na\r\n:1\r\n$1\r\na\r\n', BYTES)).toEqual([new Map([['a', 1]]), bytes('a')]);
  });

  it('byte replies are plain arrays that share no memory with the chunk, each other or a buffer pool', () => {
    const chunk = latin1('*2\r\n$1\r\na\r\n$1\r\na\r\n');
    const decoder = new Decoder(DEFAULT_LIMITS, BYTES);
    decoder.push(chunk);
    const [one, other] = decoder.next() as [Uint8Array, Uint8Array];
    expect(Object.getPrototypeOf(one)).toBe(Uint8Array.prototype);
    expect(one.buffer.byteLength).toBe(1);
    chunk.fill('x');
    other.fill(0);
    expectSame(one, bytes('a'), 'after others were overwritten');
  });

  it('strings: "bytes" returns bytes that later chunks do not overwrite, also when they arrived in pieces', () => {
    const decoder = new Decoder(DEFAULT_LIMITS, BYTES);
    const values: unknown[] = [];
    for (const piece of ['$3\r\na', 'bc\r\n$3\r\nd', 'ef\r\n']) {
      decoder.push(latin1(piece));
      for (let value = decoder.next(); value !== undefined; value = decoder.next()) values.push(value);
    }
    expectSame(values, [bytes('abc'), bytes('def')], 'both');
  });
});

describe('the form of a reply', () => {
  it('the form of a reply is that of the decoder unless the request states one', () => {
    const decoder = new Decoder(DEFAULT_LIMITS, { maps: 'object', strings: 'bytes' });
    decoder.push(latin1('%1\r\n+k\r\n$1\r\nv\r\n'.repeat(3)));
    expectSame(decoder.next(), object({ k: bytes('v') }), 'usual');
    expectSame(decoder.next(DEFAULT_FORM), new Map([['k', 'v']]), 'told');
    expectSame(decoder.next(), object({ k: bytes('v') }), 'usual again');
    expectSame(new Decoder(DEFAULT_LIMITS).next(), undefined, 'nothing');
  });

  it('the form of a reply is read when the reply begins, not before', () => {
    const decoder = new Decoder(DEFAULT_LIMITS);
    expect(decoder.next(BYTES)).toBeUndefined();
    decoder.push(latin1('%1\r\n$1\r\nk\r\n'));
    expect(decoder.next(OBJECTS)).toBeUndefined();
    decoder.push(latin1('$1\r\nv\r\n'));
    expectSame(decoder.next(BYTES), object({ k: 'v' }), 'as it began');
  });
});

describe('sets', () => {
  it('a decoded set states whether it is ordered', () => {
    const plain = decoded('~2\r\n:2\r\n:1\r\n', DEFAULT_FORM) as Set<unknown>;
    const ordered = decoded('/2\r\n:2\r\n:1\r\n', DEFAULT_FORM) as Set<unknown>;
    expect([plain.constructor, ordered.constructor]).toEqual([Set, ZcachedOrderedSet]);
    expect([...ordered]).toEqual([2, 1]);
  });

  it('a decoded set has one member for values that JavaScript cannot tell apart', () => {
    expectSame(decoded('~3\r\n:1\r\n,1\r\n,nan\r\n', DEFAULT_FORM), new Set([1, Number.NaN]), 'set');
  });
});
