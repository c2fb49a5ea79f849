// Drives the private encoder directly: millions of cases through a socket would take hours.

import {
  ZcachedArgumentError,
  type ZcachedGeneration,
  ZcachedRequestTooLargeError,
  ZcachedUnsupportedError,
} from 'rxpool/zcached';
import { encodeRequest } from '../../../src/zcached/encode.js';
import type { Frame } from '../../../src/zcached/frame.js';
import { anyArgument } from './arguments.js';
import { Random } from './random.js';
import { readSegment2024 } from './server-2024.js';
import { framesOf2025 } from './server-2025.js';
import { judgeCut, judgeEachCut } from './tearing-server.js';
import type { Intent, Tree } from './tree.js';
import { canonical, depthOf, hasSet, looksLikeCommand } from './tree.js';

const COMMANDS = ['X', 'GET', 'set', 'MSET', 'COPY', 'ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF'];
const NEEDS_KEY = ['GET', 'set', 'COPY'];
const PLENTY = 2 ** 20;

/**
 * Tries to send any arguments at all. What must not be sent is refused, telling which argument it is; what is sent
 * is one frame with just the arguments intended, as naive a server as there is reads it. One of 2024 reads no other
 * command in it, wherever it is cut.
 */
export function encoderCase(random: Random): string {
  const command = random.pick(COMMANDS);
  const seed = random.next();
  const limit = random.oneIn(10) ? random.between(8, 120) : PLENTY;
  const generation = random.oneIn(2) ? '2024' : '2025';
  const intents = anyArguments(seed);
  const culprit = intents.findIndex((intent, index) =>
    mustBeRefused(intent, generation, index === 0 && NEEDS_KEY.includes(command)),
  );
  try {
    const frame = encode(command, intents, limit, generation);
    if (culprit >= 0) throw new Error(`argument ${culprit + 1} of ${command} should have been refused`);
    const wire = wireOf(frame, limit);
    const request: Tree[] = [['$', command], ...intents.map(({ tree }) => tree as Tree)];
    if (generation === '2025') judge2025(wire, request);
    else judge2024(wire, request, command, random);
    return frame.encoding;
  } catch (error) {
    if (error instanceof ZcachedUnsupportedError) expectUnsupported(command, intents, generation);
    else if (error instanceof ZcachedRequestTooLargeError) expectTooLarge(command, seed, limit, generation);
    else if (!(error instanceof ZcachedArgumentError)) throw error;
    else if (error.position !== culprit + 1) throw new Error(`${error.message}: it was to be ${culprit + 1}`);
    return 'refused';
  }
}

const anyArguments = (seed: number): Intent[] => {
  const random = new Random(seed);
  return Array.from({ length: random.below(4) }, () => anyArgument(random));
};

const encode = (command: string, intents: readonly Intent[], limit: number, generation: ZcachedGeneration): Frame =>
  encodeRequest(
    command,
    intents.map(({ value }) => value),
    limit,
    generation,
  );

const mustBeRefused = ({ tree }: Intent, generation: ZcachedGeneration, isKey: boolean): boolean =>
  tree === undefined ||
  (isKey && tree[0] !== '$') ||
  depthOf(tree) > 32 ||
  (generation === '2024' && looksLikeCommand(tree));

/** A server of 2024 has no COPY and no sets. What is wrong besides may have been read before or after that. */
function expectUnsupported(command: string, intents: readonly Intent[], generation: ZcachedGeneration): void {
  const isSet = ({ tree }: Intent): boolean => tree === undefined || hasSet(tree);
  const isNewer = command === 'COPY' || intents.some(isSet);
  if (generation === '2025' || !isNewer) throw new Error(`${command} should have been supported by ${generation}`);
}

/** The same again with plenty of room: it must be refused for another reason, or take more than was allowed. */
function expectTooLarge(command: string, seed: number, limit: number, generation: ZcachedGeneration): void {
  try {
    const { bytes } = encode(command, anyArguments(seed), PLENTY, generation);
    if (bytes <= limit) throw new Error(`${bytes} bytes are not more than ${limit}`);
  } catch (error) {
    if (!(error instanceof ZcachedArgumentError || error instanceof ZcachedUnsupportedError)) throw error;
  }
}

/** What is sent, one character per byte. */
function wireOf(frame: Frame, limit: number): string {
  const wire = Buffer.from(frame.text, frame.encoding);
  if (wire.length !== frame.bytes || wire.length > limit) throw new Error(`${wire.length} bytes, not ${frame.bytes}`);
  return wire.toString('latin1');
}

function judge2025(wire: string, request: readonly Tree[]): void {
  const { requests, rests } = framesOf2025(wire);
  expectText(requests.map(canonical).join(' and '), canonical(['*', request]), '2025');
  expectText(rests.join(''), '', 'what 2025 ignores');
}

function judge2024(wire: string, request: readonly Tree[], command: string, random: Random): void {
  const [read, rest] = readSegment2024(wire);
  expectText(canonical(read), canonical(['*', request]), '2024');
  expectText(rest, '\x03', 'what 2024 ignores');
  const sent = wire.slice(0, -1);
  judgeEachCut(sent, command);
  const places = Array.from({ length: random.between(2, 6) }, () => random.between(1, sent.length));
  judgeCut(
    sent,
    command,
    places.sort((a, b) => a - b),
  );
}

function expectText(actual: string, expected: string, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}
