/** What a reply may be at most; more is a protocol error. */
export interface ZcachedLimits {
  /** Levels of nesting. @default 128 */
  readonly maxDepth: number;
  /** Values within one reply, at all levels. @default 1048576 */
  readonly maxElements: number;
  /** Bytes of one string. @default 67108864 */
  readonly maxBulkBytes: number;
  /** Bytes of one reply. @default 67108864 */
  readonly maxReplyBytes: number;
}

export const DEFAULT_LIMITS: ZcachedLimits = {
  maxDepth: 128,
  maxElements: 2 ** 20,
  maxBulkBytes: 64 * 2 ** 20,
  maxReplyBytes: 64 * 2 ** 20,
};
