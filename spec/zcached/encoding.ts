// Drives the private encoder directly: the bytes of a request are not public.

import { ZcachedArgumentError } from 'rxpool/zcached';
import { encodeRequest } from '../../src/zcached/encode.js';

/** What goes over the wire for a request, one character per byte. */
export function wireOf(command: string, ...args: unknown[]): string {
  const frame = encodeRequest(command, args, 8 * 2 ** 20);
  const wire = Buffer.from(frame.text, frame.encoding);
  expect(wire).toHaveLength(frame.bytes);
  return wire.toString('latin1');
}

/** Why a request is refused. */
export function refusal(work: () => unknown): ZcachedArgumentError {
  try {
    work();
  } catch (error) {
    if (error instanceof ZcachedArgumentError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
