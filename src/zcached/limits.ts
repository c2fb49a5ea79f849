/** What a reply may be at most; more is a protocol error. */
export interface ZcachedLimits {
  /** Levels of nesting: 0 lets no array, map or set through, not even an empty one. @default 128 */
  readonly maxDepth: number;
  /**
   * Values within one reply, at all levels; the key of a map is one as well. A million of the costliest, empty maps, take
   * 200 MB. @default 1048576
   */
  readonly maxElements: number;
  /** Bytes of one string, of an error's text as well. @default 67108864 */
  readonly maxBulkBytes: number;
  /** Bytes of one reply, from its first to its last, all levels together. @default 67108864 */
  readonly maxReplyBytes: number;
}

export const DEFAULT_LIMITS: ZcachedLimits = {
  maxDepth: 128,
  maxElements: 2 ** 20,
  maxBulkBytes: 64 * 2 ** 20,
  maxReplyBytes: 64 * 2 ** 20,
};
