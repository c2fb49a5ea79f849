// Drives the private decoder directly: a socket does not let a test choose how bytes are cut into chunks.

import { inspect, isDeepStrictEqual } from 'node:util';
import type { ZcachedLimits } from 'rxpool/zcached';
import { ZcachedProtocolError } from 'rxpool/zcached';
import { Decoder } from '../../src/zcached/decoder.js';
import { DEFAULT_LIMITS } from '../../src/zcached/limits.js';
import type { ReplyForm } from '../../src/zcached/value.js';
import { ErrorReply } from '../../src/zcached/value.js';

/** All that came of some input: the replies, where each ended, and the error that ended it all, if one did. */
export interface Decoded {
  readonly replies: unknown[];
  readonly ends: number[];
  readonly error: { readonly message: string; readonly offset: number } | undefined;
  readonly endsFrames: boolean;
}

export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/**
 * Decodes input that arrives in the chunks given, each in a buffer that is written over before the next one comes.
 * Anything thrown but a protocol error is let through.
 */
export function decode(chunks: readonly Buffer[], limits: Partial<ZcachedLimits> = {}, form?: ReplyForm): Decoded {
  const decoder = new Decoder({ ...DEFAULT_LIMITS, ...limits }, form);
  const buffer = Buffer.alloc(Math.max(0, ...chunks.map(({ length }) => length)) + 1);
  const replies: unknown[] = [];
  const ends: number[] = [];
  const result = (error?: ZcachedProtocolError): Decoded => ({
    replies,
    ends,
    error: error && { message: error.message, offset: error.offset },
    endsFrames: decoder.endsFrames,
  });
  try {
    for (const chunk of chunks) {
      chunk.copy(buffer);
      decoder.push(buffer, chunk.length);
      for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) {
        replies.push(reply instanceof ErrorReply ? { error: reply.text } : reply);
        ends.push(decoder.offset);
      }
      decoder.drained();
      buffer.fill('1');
    }
    return result();
  } catch (error) {
    if (error instanceof ZcachedProtocolError) return result(error);
    throw error;
  }
}

/** Cuts at the places given, which must be in order. */
export function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places, whole.length];
  return ends.map((end, index) => whole.subarray(index === 0 ? 0 : ends[index - 1], end));
}

/** Stricter than a matcher, which takes a set for an ordered one, and cheaper: for comparing by the thousand. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: got ${inspect(actual, { depth: 9 })} instead of ${inspect(expected, { depth: 9 })}`);
}
