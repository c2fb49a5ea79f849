import type { ZcachedDouble } from './double.js';

/**
 * What a reply holds. Integers beyond 2^53 come as `bigint`, everything else that is a number as `number`. Maps
 * come as `Map`, or as objects without a prototype where that was asked for (which list keys that look like
 * integers first); of a key that comes twice the last value counts. Sets come as `Set`, ordered ones as
 * `ZcachedOrderedSet`; members that JavaScript cannot tell apart, such as the integer 1 and the double 1, are
 * one. Strings come as text, in which bytes that are not UTF-8 are replaced by U+FFFD, or as bytes of their own
 * where that was asked for.
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
 * What an argument may hold. Strings must be non-empty, well-formed and free of 0x03, line feeds and carriage
 * returns, and so must bytes, which are stored as a string; maps must be non-empty; nesting ends at 32. A whole
 * number goes as an integer, unless it is a `ZcachedDouble`. Sets need a server of 2025 or later, and so do arrays and
 * text that ends in `*` and digits: one of 2024 could take either for a command.
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

/** The shape that a reply comes in. Keys of maps, simple strings (`+OK`) and errors are text in either. */
export interface ReplyForm {
  /** `object`: without a prototype, so that keys such as `__proto__` are data like any other. */
  readonly maps: 'map' | 'object';
  /** `bytes`: each string a `Uint8Array` of its own. */
  readonly strings: 'text' | 'bytes';
}

export const DEFAULT_FORM: ReplyForm = { maps: 'map', strings: 'text' };

/** An error reply, as text. Only ever the whole of a reply, never within a value. */
export class ErrorReply {
  constructor(readonly text: string) {}
}

/** All that a server can answer. */
export type Reply = ZcachedValue | ErrorReply;

/** The byte that ends a frame. */
export const ETX = 0x03;
