// Tests the private encoder too: what it refuses is refused before there is a connection.

import { constants } from 'node:buffer';
import { inspect } from 'node:util';
import { ZcachedDouble, ZcachedRequestTooLargeError } from 'rxpool/zcached';
import { encodeRequest } from '../../src/zcached/encode.js';
import { refusal, wireOf } from './encoding.js';

const MIB = 2 ** 20;
const refused = (command: string, ...args: unknown[]) => refusal(() => encodeRequest(command, args, 8 * MIB));

describe('what is refused before it is queued', () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const wide: Record<string, unknown> = {};
  Object.assign(wide, { map: new Map([['set', new Set([wide])]]), again: [wide, wide] });
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  class Point {
    x = 1;
  }

  it.each([
    ['0x03 in a string', 'a\x03b', 'CONTROL_CHARACTER'],
    ['a line feed', 'a\nb', 'CONTROL_CHARACTER'],
    ['a carriage return', 'a\r', 'CONTROL_CHARACTER'],
    ['0x03 in bytes', Buffer.from('a\x03'), 'CONTROL_CHARACTER'],
    ['a line feed in bytes', Uint8Array.of(0xff, 0x0a), 'CONTROL_CHARACTER'],
    ['a carriage return in bytes', Uint8Array.of(0x0d), 'CONTROL_CHARACTER'],
    ['an empty string', '', 'EMPTY_STRING'],
    ['no bytes', new Uint8Array(), 'EMPTY_STRING'],
    ['half of a surrogate pair', 'a\ud83d', 'ILL_FORMED_STRING'],
    ['the other half', '\udc4d', 'ILL_FORMED_STRING'],
    ['an empty object', {}, 'EMPTY_MAP'],
    ['an empty map', new Map(), 'EMPTY_MAP'],
    ['an integer of 65 bits', 2n ** 63n, 'INTEGER_RANGE'],
    ['an integer of 65 bits below zero', -(2n ** 63n) - 1n, 'INTEGER_RANGE'],
    ['undefined', undefined, 'TYPE'],
    ['a function', () => 1, 'TYPE'],
    ['a symbol', Symbol('s'), 'TYPE'],
    ['a date', new Date(0), 'TYPE'],
    ['an array of other numbers', new Uint16Array(1), 'TYPE'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'TYPE'],
    ['a promise', Promise.resolve(1), 'TYPE'],
    ['an instance of a class', new Point(), 'TYPE'],
    ['a double that was made up', Object.create(ZcachedDouble.prototype, { value: { value: '1' } }), 'TYPE'],
    ['a hole in an array', new Array(1), 'TYPE'],
    ['an object with something undefined in it', { a: undefined }, 'TYPE'],
    ['a set with something undefined in it', new Set([undefined]), 'TYPE'],
    ['a map with a key that is no string', new Map([[1, 1]]), 'KEY'],
    ['a map with a key of bytes', new Map([[Uint8Array.of(65), 1]]), 'KEY'],
    ['a map with 0x03 in a key', { 'a\x03': 1 }, 'CONTROL_CHARACTER'],
    ['a map with an empty key', { '': 1 }, 'EMPTY_STRING'],
    ['a line feed deep inside', [{ a: [new Set(['\n'])] }], 'CONTROL_CHARACTER'],
    ['nesting over 32', nested(33), 'TOO_DEEP'],
    ['a cycle', cyclic, 'TOO_DEEP'],
    ['a cycle through an object, a map, a set and an array', wide, 'TOO_DEEP'],
  ])('a value is refused before the request is queued: %s', (_, value, reason) => {
    expect(refused('SET', 'key', value)).toMatchObject({ position: 2, reason, sent: 'never', request: 'SET' });
    expect(refused('SET', 'key', 'value', [value])).toMatchObject({ position: 3, reason });
  });

  it('a value with 32 levels of nesting is accepted', () => {
    expect(wireOf('X', nested(32))).toContain(':1\r\n');
  });

  it.each(['GET', 'get', 'SET', 'DELETE', 'SIZEOF', 'RENAME', 'COPY'])(
    'a key of %s that is no string: the server falls over',
    (command) => {
      for (const key of [7, null, ['k'], { k: 1 }, undefined]) {
        expect(refused(command, key, 1)).toMatchObject({ position: 1, reason: 'KEY' });
      }
      expect(wireOf(command, 'k')).toContain('$1\r\nk\r\n');
      expect(wireOf(command)).toMatch(/^\*1\r\n/);
    },
  );

  it.each(['', 'GET x', 'GE\x03T', 'A'.repeat(33), 'ping\n', 'P1NG', 'PİNG', undefined as never])(
    'the command %p is refused, and the error does not repeat it',
    (command) => {
      expect(refused(command)).toMatchObject({ position: 0, reason: 'COMMAND', request: 'request' });
    },
  );
});

describe('a refusal', () => {
  it.each([
    ['', ["encoding: 'json'", "encoding: 'bytes'"]],
    ['a\n', ["encoding: 'json'", "encoding: 'bytes'"]],
    [Uint8Array.of(3), ["encoding: 'bytes'"]],
    ['\ud83d', ["encoding: 'json'"]],
    [{}, ["encoding: 'json'"]],
    [new Date(0), ["encoding: 'json'"]],
    [JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`), ["encoding: 'json'"]],
    [2n ** 64n, ['a string']],
  ])('the error for %p names the argument and the alternatives', (value, ways) => {
    const { message } = refused('SET', 'k', value);
    for (const words of ['SET: argument 2: ', ...ways]) expect(message).toContain(words);
  });

  it('the error for a refused value does not contain it', () => {
    const values = [
      'canary\n',
      { 'canary\x03': 1 },
      [Symbol('canary')],
      Buffer.from('canary\n'),
      new Set(['canary\r']),
    ];
    for (const value of values) expect(inspect(refused('SET', 'canary', value))).not.toContain('canary');
  });

  it('a value that throws when it is read is refused with the thrown error as cause', () => {
    const cause = new Error('hands off');
    const fail = (): never => {
      throw cause;
    };
    const revoked = Proxy.revocable([], {});
    revoked.revoke();
    const values = [Object.defineProperty({}, 'a', { get: fail, enumerable: true }), new Proxy([1], { get: fail })];
    for (const value of [...values, new Proxy({}, { ownKeys: fail }), [new Map([['k', values[0]]])]]) {
      expect(refused('SET', 'k', value)).toMatchObject({ position: 2, reason: 'UNREADABLE', cause, sent: 'never' });
    }
    expect(refused('SET', 'k', revoked.proxy)).toMatchObject({ reason: 'UNREADABLE', cause: expect.any(TypeError) });
  });

  it('a refusal of another request that a getter throws becomes the cause', () => {
    const value = {
      get a() {
        return encodeRequest('GET', ['\n'], 100);
      },
    };
    expect(refused('SET', 'k', value)).toMatchObject({ request: 'SET', position: 2, reason: 'UNREADABLE' });
  });
});

describe('a request over the limit', () => {
  it('a request one byte over maxRequestBytes is refused, naming the option and the argument', () => {
    const { bytes } = encodeRequest('SET', ['k', 'v'], MIB);
    expect(encodeRequest('SET', ['k', 'v'], bytes).bytes).toBe(bytes);
    expect(() => encodeRequest('SET', ['k', 'v'], bytes - 1)).toThrow(ZcachedRequestTooLargeError);
    expect(() => encodeRequest('SET', ['k', 'x'.repeat(8 * MIB)], 8 * MIB)).toThrow(
      `SET: argument 2 makes the request larger than the option maxRequestBytes allows, ${8 * MIB} bytes`,
    );
    expect(() => encodeRequest('PING', [], 5)).toThrow('PING: the request is larger');
  });

  it('a small value with a vast encoding is refused before it has been encoded whole', () => {
    let value: unknown = 'x'.repeat(1000);
    for (let level = 0; level < 31; level++) value = [value, value];
    expect(() => encodeRequest('SET', ['k', value], 8 * MIB)).toThrow(ZcachedRequestTooLargeError);
  });

  it('a request longer than any string is refused, whatever maxRequestBytes allows', () => {
    const large = new Uint8Array(constants.MAX_STRING_LENGTH + 1);
    expect(() => encodeRequest('SET', ['k', large], Number.MAX_SAFE_INTEGER)).toThrow(
      `${constants.MAX_STRING_LENGTH} bytes`,
    );
  });
});
