// Names a type of the private decoder, which the fuzzer drives directly: millions of cases take hours otherwise.

import type { ZcachedLimits } from 'rxpool/zcached';
import type { ReplyForm } from '../../../src/zcached/value.js';
import type { Decoded } from '../decoding.js';
import { decode, expectSame } from '../decoding.js';
import type { Random } from './random.js';
import { anyChunks, anyReply } from './replies.js';

const FORMS: readonly ReplyForm[] = [
  { maps: 'map', strings: 'text' },
  { maps: 'object', strings: 'bytes' },
];

/**
 * Has any bytes at all decoded, in one piece and in several. What must come of it is a value, a wish for more or a
 * protocol error, the same for both, and nothing may be allocated beyond what has come.
 */
export function decoderCase(random: Random): string {
  const whole = anyReply(random);
  const limits = anyLimits(random);
  const form = random.pick(FORMS);
  const once = decode([whole], limits, form);
  const chunks = anyChunks(random, whole);
  let inPieces = once;
  const allocated = largestAllocation(() => {
    inPieces = decode(chunks, limits, form);
  });
  expectSame(inPieces, once, `in pieces of ${chunks.map(({ length }) => length)}`);
  expectWithin(allocated, Math.max(64, whole.length * 2), 'bytes in one buffer');
  expectWithin(
    once.replies.reduce<number>((sum, reply) => sum + values(reply), 0),
    whole.length,
    'values',
  );
  if (once.error) expectWithin(once.error.offset, whole.length - 1, 'the offset of the error');
  return outcome(once, whole);
}

function outcome({ error, ends }: Decoded, whole: Buffer): string {
  if (error) return 'protocol error';
  const end = ends.at(-1) ?? -1;
  return end === whole.length || (end === whole.length - 1 && whole[end] === 0x03) ? 'value' : 'need more';
}

/** Mostly the usual ones; at times so low that they matter to something small. */
function anyLimits(random: Random): Partial<ZcachedLimits> {
  if (!random.oneIn(4)) return {};
  return {
    maxDepth: random.below(6),
    maxElements: random.below(12),
    maxBulkBytes: random.below(16),
    maxReplyBytes: random.below(64),
  };
}

/** Of the buffers that are made meanwhile. */
function largestAllocation(work: () => void): number {
  const { allocUnsafe } = Buffer;
  let largest = 0;
  Buffer.allocUnsafe = (size) => {
    largest = Math.max(largest, size);
    return allocUnsafe(size);
  };
  try {
    work();
  } finally {
    Buffer.allocUnsafe = allocUnsafe;
  }
  return largest;
}

/** How many there are, at all levels, keys not counted. */
function values(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1;
  const items = value instanceof Map || value instanceof Set ? value : Object.values(value);
  let count = 1;
  for (const item of items.values()) count += values(item);
  return count;
}

function expectWithin(actual: number, most: number, what: string): void {
  if (!(actual >= 0 && actual <= most)) throw new Error(`${what}: ${actual}, and at most ${most} were expected`);
}
