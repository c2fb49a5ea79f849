/**
 * What a reply holds. Integers beyond 2^53 come as `bigint`, maps as `Map`, sets of either kind as `Set` in the
 * order received. Text that is not UTF-8 has the bytes in question replaced by U+FFFD.
 */
export type ZcachedValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | ZcachedValue[]
  | Map<string, ZcachedValue>
  | Set<ZcachedValue>;

/**
 * What an argument may hold. Strings must be non-empty, well-formed and free of 0x03, line feeds and carriage
 * returns; maps must be non-empty; nesting ends at 32. For text or bytes of any kind, store JSON or base64.
 */
export type ZcachedArgument =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly ZcachedArgument[]
  | ReadonlyMap<string, ZcachedArgument>
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
