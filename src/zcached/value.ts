import type { ZcachedDouble } from './double.js';

/**
 * A value in a reply. Integers beyond 2^53 are a `bigint`, all other numbers a `number`. Maps are a `Map`, or on
 * request an object without a prototype, which lists integer-like keys first; of a repeated key the last value counts.
 * Sets are a `Set`, ordered ones a `ZcachedOrderedSet`. Members that JavaScript cannot tell apart, such as the integer
 * 1 and the double 1, become one. Strings are text, with U+FFFD for bytes that are not UTF-8, or on request a
 * `Uint8Array`.
 */
export type ZcachedValue =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | ZcachedValue[]
  | Map<string, ZcachedValue>
  | { [key: string]: ZcachedValue }
  | Set<ZcachedValue>;

/**
 * A value in an argument. Strings must be non-empty and well-formed, without 0x03, line feeds and carriage returns; so
 * must bytes, which are stored as a string. Maps must be non-empty, and nesting ends at 32. A whole number is sent as
 * an integer, unless it is a `ZcachedDouble`. Sets, arrays and text that ends in `*` and digits need a server of 2025
 * or later: a 2024 server could take arrays and such text for a command.
 */
export type ZcachedArgument =
  | string
  | Uint8Array
  | number
  | ZcachedDouble
  | bigint
  | boolean
  | null
  | readonly ZcachedArgument[]
  | ReadonlyMap<string, ZcachedArgument>
  | ReadonlySet<ZcachedArgument>
  | { readonly [key: string]: ZcachedArgument };

/** The form of a reply. Map keys, simple strings (`+OK`) and errors are always text. */
export interface ReplyForm {
  /** `object`: without a prototype, so that keys such as `__proto__` are plain data. */
  readonly maps: 'map' | 'object';
  /** `bytes`: each string is a `Uint8Array` of its own. */
  readonly strings: 'text' | 'bytes';
}

export const DEFAULT_FORM: ReplyForm = { maps: 'map', strings: 'text' };

/** An error reply, as text. It is always a whole reply, never a value within one. */
export class ErrorReply {
  constructor(readonly text: string) {}
}

/** Everything that a server can answer. */
export type Reply = ZcachedValue | ErrorReply;

/** The byte that ends a frame. */
export const ETX = 0x03;
