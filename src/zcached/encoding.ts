import { outOfRange, wrongType } from '../errors.js';
import { base64, fromBase64 } from './base64.js';
import type { CommandHints } from './caller.js';
import { ZcachedEncodingError, type ZcachedEncodingName } from './errors.js';
import type { ZcachedArgument, ZcachedValue } from './value.js';

/**
 * Your own way to store values. The result of `encode` is sent natively, so other clients can read it. An error that
 * either function throws becomes a `ZcachedEncodingError`.
 *
 * @typeParam V - the type of the values.
 * @example
 * ```ts
 * const dates: ValueEncoding<Date> = {
 *   encode: (date) => date.getTime(),
 *   decode: (reply) => new Date(Number(reply)),
 * };
 * await client.set('seen', new Date(), { encoding: dates });
 * ```
 */
export interface ValueEncoding<V> {
  /** Returns the native form of a value. An error that it throws becomes a `ZcachedEncodingError`. */
  encode(value: V): ZcachedArgument;
  /** Returns the value of a stored form. An error that it throws becomes a `ZcachedEncodingError`. */
  decode(reply: ZcachedValue): V;
}

/**
 * How values are stored:
 *
 * - `native`: as zcached's own types, which clients of other languages read. Some strings do not fit: see
 *   `ZcachedArgument`.
 * - `json`: as JSON text in a string. Stores any text, and everything that `JSON.stringify` writes and `JSON.parse`
 *   reads. As usual in JSON, -0 comes back as 0, NaN as null, and a date as text. A `Map`, a `Set` and bytes are
 *   refused, because JSON would change them.
 * - `bytes`: as base64 in a string, `=` for no bytes. Takes a `Uint8Array`, a `Buffer` or any other view, and stores
 *   its memory; wrap an `ArrayBuffer` in `new Uint8Array(buffer)`. Returns a `Uint8Array`.
 * - an object: see {@link ValueEncoding}.
 */
export type ZcachedEncoding = 'native' | 'json' | 'bytes' | ValueEncoding<unknown>;

/**
 * Together with a type parameter, it gives the type of the argument of `decode` in an encoding that is written inline.
 */
export interface InPlace {
  encode(value: never): ZcachedArgument;
  decode(reply: ZcachedValue): unknown;
}

/** The values that an encoding can store. */
export type Encodable<E extends ZcachedEncoding> = E extends 'native'
  ? ZcachedArgument
  : E extends 'json'
    ? NonNullable<unknown> | null
    : E extends 'bytes'
      ? ArrayBufferView
      : E extends { encode(value: infer V): unknown }
        ? V
        : never;

/** The values that an encoding returns. */
export type Decoded<E extends ZcachedEncoding> = E extends 'native'
  ? ZcachedValue
  : E extends 'json'
    ? unknown
    : E extends 'bytes'
      ? Uint8Array
      : E extends { decode(reply: ZcachedValue): infer V }
        ? V
        : never;

/** An encoding in use. `position` is the position of the argument in the request, for errors. */
export interface Codec extends CommandHints {
  encode(value: unknown, request: string, position: number): ZcachedArgument;
  decode(reply: ZcachedValue, request: string, position: number): unknown;
}

/** The connection refuses values that do not fit. */
const NATIVE: Codec = {
  encode: (value) => value as ZcachedArgument,
  decode: (reply) => reply,
};

/** Its errors have no cause, because an error of `JSON.parse` quotes the payload. */
function textCodec(
  name: ZcachedEncodingName,
  write: (value: unknown) => string | undefined,
  read: (text: string) => unknown,
): Codec {
  return {
    strings: 'text',
    encode(value, request, position) {
      const text = attempt(write, value);
      if (text === undefined) throw new ZcachedEncodingError(request, name, 'encode', position);
      return text;
    },
    decode(reply, request, position) {
      const value = typeof reply === 'string' ? attempt(read, reply) : undefined;
      if (value === undefined) throw new ZcachedEncodingError(request, name, 'decode', position);
      return value;
    },
  };
}

/** Throws for a value that JSON would change. Looks at the original value, because a `Buffer` has its own `toJSON`. */
function refuseLossy(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const held = this[key];
  if (held instanceof Map || held instanceof Set || ArrayBuffer.isView(held)) throw new TypeError('not JSON');
  return value;
}

const JSON_CODEC = textCodec(
  'json',
  (value) => JSON.stringify(value, refuseLossy) as string | undefined,
  (text) => JSON.parse(text) as unknown,
);

const BYTES_CODEC = textCodec('bytes', (value) => (ArrayBuffer.isView(value) ? base64(value) : undefined), fromBase64);

const customCodec = (encoding: ValueEncoding<unknown>): Codec => ({
  encode(value, request, position) {
    try {
      return encoding.encode(value);
    } catch (thrown) {
      throw new ZcachedEncodingError(request, 'custom', 'encode', position, thrown);
    }
  },
  decode(reply, request, position) {
    try {
      return encoding.decode(reply);
    } catch (thrown) {
      throw new ZcachedEncodingError(request, 'custom', 'decode', position, thrown);
    }
  },
});

/** Throws a `TypeError` or a `RangeError` for an invalid encoding. */
export function codecOf(encoding: ZcachedEncoding): Codec {
  if (encoding === 'native') return NATIVE;
  if (encoding === 'json') return JSON_CODEC;
  if (encoding === 'bytes') return BYTES_CODEC;
  const expected = "'native', 'json', 'bytes' or an object with encode and decode";
  if (typeof encoding === 'string') throw outOfRange('encoding', expected, encoding);
  const { encode, decode } = (encoding ?? {}) as Partial<ValueEncoding<unknown>>;
  if (typeof encode === 'function' && typeof decode === 'function') return customCodec(encoding);
  throw wrongType('encoding', expected, encoding);
}

function attempt<A, B>(work: (input: A) => B, input: A): B | undefined {
  try {
    return work(input);
  } catch {
    return undefined;
  }
}
