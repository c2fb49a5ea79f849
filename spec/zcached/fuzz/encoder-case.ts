// Drives the private encoder directly: millions of cases through a socket would take hours.

import { ZcachedArgumentError, ZcachedRequestTooLargeError } from 'rxpool/zcached';
import { encodeRequest } from '../../../src/zcached/encode.js';
import type { Frame } from '../../../src/zcached/frame.js';
import { anyArgument } from './arguments.js';
import { Random } from './random.js';
import { readSegment2024 } from './server-2024.js';
import { framesOf2025 } from './server-2025.js';
import type { Intent, Tree } from './tree.js';
import { canonical, depthOf, hasSet } from './tree.js';

const COMMANDS = ['X', 'GET', 'set', 'MSET', 'COPY', 'ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF'];
const NEEDS_KEY = ['GET', 'set', 'COPY'];
const PLENTY = 2 ** 20;

/**
 * Tries to send any arguments at all. What must not be sent is refused, telling which argument it is; what is sent
 * is one frame with just the arguments intended, as naive a server as there is reads it.
 */
export function encoderCase(random: Random): string {
  const command = random.pick(COMMANDS);
  const seed = random.next();
  const limit = random.oneIn(10) ? random.between(8, 120) : PLENTY;
  const intents = anyArguments(seed);
  const culprit = intents.findIndex((intent, index) =>
    mustBeRefused(intent, index === 0 && NEEDS_KEY.includes(command)),
  );
  try {
    const frame = encode(command, intents, limit);
    if (culprit >= 0) throw new Error(`argument ${culprit + 1} of ${command} should have been refused`);
    judge(frame, [['$', command], ...intents.map(({ tree }) => tree as Tree)], limit);
    return frame.encoding;
  } catch (error) {
    if (error instanceof ZcachedRequestTooLargeError) expectTooLarge(command, seed, limit);
    else if (!(error instanceof ZcachedArgumentError)) throw error;
    else if (error.position !== culprit + 1) throw new Error(`${error.message}: it was to be ${culprit + 1}`);
    return 'refused';
  }
}

const anyArguments = (seed: number): Intent[] => {
  const random = new Random(seed);
  return Array.from({ length: random.below(4) }, () => anyArgument(random));
};

const encode = (command: string, intents: readonly Intent[], limit: number): Frame =>
  encodeRequest(
    command,
    intents.map(({ value }) => value),
    limit,
  );

const mustBeRefused = ({ tree }: Intent, isKey: boolean): boolean =>
  tree === undefined || (isKey && tree[0] !== '$') || depthOf(tree) > 32;

/** The same again with plenty of room: it must be refused for another reason, or take more than was allowed. */
function expectTooLarge(command: string, seed: number, limit: number): void {
  try {
    const { bytes } = encode(command, anyArguments(seed), PLENTY);
    if (bytes <= limit) throw new Error(`${bytes} bytes are not more than ${limit}`);
  } catch (error) {
    if (!(error instanceof ZcachedArgumentError)) throw error;
  }
}

function judge(frame: Frame, request: readonly Tree[], limit: number): void {
  const wire = Buffer.from(frame.text, frame.encoding);
  const received = wire.toString('latin1');
  if (wire.length !== frame.bytes || wire.length > limit) throw new Error(`${wire.length} bytes, not ${frame.bytes}`);
  const intended = canonical(['*', request]);
  const { requests, rests } = framesOf2025(received);
  expectText(requests.map(canonical).join(' and '), intended, '2025');
  expectText(rests.join(''), '', 'what 2025 ignores');
  const withSets = request.some(hasSet);
  if (frame.hasSets !== withSets) throw new Error(`hasSets is ${frame.hasSets}`);
  if (withSets) return;
  const [read, rest] = readSegment2024(received);
  expectText(canonical(read), intended, '2024');
  expectText(rest, '\x03', 'what 2024 ignores');
}

function expectText(actual: string, expected: string, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}
