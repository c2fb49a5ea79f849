/** The limits of a reply; a larger one is a protocol error. */
export interface ZcachedLimits {
  /** Levels of nesting; 0 allows no array, map or set, not even an empty one. @default 128 */
  readonly maxDepth: number;
  /**
   * Values in one reply, at all levels; the key of a map counts too. A million empty maps, the costliest values, take
   * 200 MB. @default 1048576
   */
  readonly maxElements: number;
  /** Bytes of one string, or of an error's text. @default 67108864 */
  readonly maxBulkBytes: number;
  /** Bytes of one reply as a whole. @default 67108864 */
  readonly maxReplyBytes: number;
}

export const DEFAULT_LIMITS: ZcachedLimits = {
  maxDepth: 128,
  maxElements: 2 ** 20,
  maxBulkBytes: 64 * 2 ** 20,
  maxReplyBytes: 64 * 2 ** 20,
};
