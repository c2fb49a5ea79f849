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
  it('have no prototype, at any level', () => {
    const wire = '%1\r\n$1\r\na\r\n*2\r\n%1\r\n$1\r\nb\r\n:1\r\n~1\r\n%0\r\n';
    expectSame(decoded(wire, OBJECTS), object({ a: [object({ b: 1 }), new Set([object({})])] }), 'nested');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', ''])('take %p for data', (key) => {
    const value = decoded(`%1\r\n$${key.length}\r\n${key}\r\n%1\r\n+polluted\r\n#t\r\n`, OBJECTS) as object;
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.entries(value)).toEqual([[key, object({ polluted: true })]]);
    expect({}).not.toHaveProperty('polluted');
  });

  it('keep the last value of a key that comes twice, as maps do', () => {
    const wire = '%3\r\n+k\r\n:1\r\n+l\r\n:2\r\n+k\r\n:3\r\n';
    expectSame(decoded(wire, OBJECTS), object({ k: 3, l: 2 }), 'object');
    expect([...(decoded(wire, DEFAULT_FORM) as Map<string, unknown>)]).toEqual([
      ['k', 3],
      ['l', 2],
    ]);
  });
});

describe('strings as bytes', () => {
  it('are what came, UTF-8 or not', () => {
    for (const text of ['', 'a', '\x00\x03\r\n', '\xff\xfe\x80', '\xc5\xbe']) {
      expectSame(decoded(`$${text.length}\r\n${text}\r\n`, BYTES), bytes(text), JSON.stringify(text));
    }
  });

  it('leave keys, simple strings and errors text', () => {
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

  it('are not overwritten by what comes later, if they came in pieces', () => {
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
  it('is that of the decoder, unless told otherwise', () => {
    const decoder = new Decoder(DEFAULT_LIMITS, { maps: 'object', strings: 'bytes' });
    decoder.push(latin1('%1\r\n+k\r\n$1\r\nv\r\n'.repeat(3)));
    expectSame(decoder.next(), object({ k: bytes('v') }), 'usual');
    expectSame(decoder.next(DEFAULT_FORM), new Map([['k', 'v']]), 'told');
    expectSame(decoder.next(), object({ k: bytes('v') }), 'usual again');
    expectSame(new Decoder(DEFAULT_LIMITS).next(), undefined, 'nothing');
  });

  it('is settled when the reply begins, and not before', () => {
    const decoder = new Decoder(DEFAULT_LIMITS);
    expect(decoder.next(BYTES)).toBeUndefined();
    decoder.push(latin1('%1\r\n$1\r\nk\r\n'));
    expect(decoder.next(OBJECTS)).toBeUndefined();
    decoder.push(latin1('$1\r\nv\r\n'));
    expectSame(decoder.next(BYTES), object({ k: 'v' }), 'as it began');
  });
});

describe('sets', () => {
  it('tell which kind they are', () => {
    const plain = decoded('~2\r\n:2\r\n:1\r\n', DEFAULT_FORM) as Set<unknown>;
    const ordered = decoded('/2\r\n:2\r\n:1\r\n', DEFAULT_FORM) as Set<unknown>;
    expect([plain.constructor, ordered.constructor]).toEqual([Set, ZcachedOrderedSet]);
    expect([...ordered]).toEqual([2, 1]);
  });

  it('have one member for what JavaScript cannot tell apart', () => {
    expectSame(decoded('~3\r\n:1\r\n,1\r\n,nan\r\n', DEFAULT_FORM), new Set([1, Number.NaN]), 'set');
  });
});
