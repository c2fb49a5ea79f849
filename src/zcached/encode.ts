import { types } from 'node:util';
import { ZcachedDouble } from './double.js';
import { ZcachedArgumentError } from './errors.js';
import { Frame } from './frame.js';
import { checkSupported, type Generation } from './generation.js';
import { printDouble, printNumber } from './numbers.js';
import { ZcachedOrderedSet } from './ordered-set.js';
import { isPlain } from './plain.js';

/** The depth of nesting that the server handles safely. It also stops at a cycle. */
const MAX_DEPTH = 32;
const COMMAND = /^[A-Za-z]{1,32}$/;
/** A 2025 server crashes if the key of one of these is not a string. */
const KEY_FIRST = new Set(['GET', 'SET', 'DELETE', 'SIZEOF', 'RENAME', 'COPY']);

/**
 * Encodes a request for a server of a generation as one frame, or throws the typed error that says why it cannot be
 * sent. Arguments may run code while they are read (getters, proxies). The counts in the frame always match the values
 * written.
 */
export function encodeRequest(
  command: string,
  args: readonly unknown[],
  maxBytes: number,
  generation: Generation = '2025',
): Frame {
  if (typeof command !== 'string' || !COMMAND.test(command)) throw new ZcachedArgumentError('request', 0, 'COMMAND');
  checkSupported(generation, command);
  const frame = new Frame(command, maxBytes, generation);
  try {
    writeRequest(frame, command, args);
  } catch (error) {
    throw error === frame.refusal ? error : frame.refuse('UNREADABLE', error);
  }
  return frame;
}

function writeRequest(frame: Frame, command: string, args: readonly unknown[]): void {
  const length = lengthOf(frame, args);
  frame.ascii(`*${length + 1}\r\n$${command.length}\r\n${command}\r\n`);
  for (let index = 0; index < length; index++) {
    frame.position = index + 1;
    const arg = args[index];
    if (index === 0 && !isKey(arg) && KEY_FIRST.has(command.toUpperCase())) throw frame.refuse('KEY');
    write(frame, arg, 0);
  }
  frame.ascii('\x03');
}

function write(frame: Frame, value: unknown, depth: number): void {
  if (typeof value === 'string') frame.string(value);
  else if (typeof value === 'object' && value !== null) writeObject(frame, value, depth);
  else frame.ascii(scalar(frame, value));
}

function scalar(frame: Frame, value: unknown): string {
  switch (typeof value) {
    case 'number':
      return printNumber(value);
    case 'boolean':
      return value ? '#t\r\n' : '#f\r\n';
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw frame.refuse('INTEGER_RANGE');
      return `:${value}\r\n`;
    default:
      if (value === null) return '_\r\n';
      throw frame.refuse('TYPE');
  }
}

function writeObject(frame: Frame, value: object, depth: number): void {
  if (types.isUint8Array(value)) frame.binary(value);
  else if (value instanceof ZcachedDouble) frame.ascii(double(frame, value));
  else if (depth >= MAX_DEPTH) throw frame.refuse('TOO_DEEP');
  else if (Array.isArray(value)) writeArray(frame, value, depth + 1);
  else if (isPlain(value)) writeMap(frame, Object.entries(value), depth + 1);
  else if (types.isMap(value)) writeMap(frame, [...entriesOf.call(value)], depth + 1);
  else if (types.isSet(value)) writeSet(frame, value, depth + 1);
  else throw frame.refuse('TYPE');
}

function writeArray(frame: Frame, items: readonly unknown[], depth: number): void {
  const length = lengthOf(frame, items);
  frame.array(length);
  // By index: an array that shrinks meanwhile then has holes, which are refused.
  for (let index = 0; index < length; index++) write(frame, items[index], depth);
}

function writeMap(frame: Frame, entries: readonly (readonly [unknown, unknown])[], depth: number): void {
  if (entries.length === 0) throw frame.refuse('EMPTY_MAP');
  frame.ascii(`%${entries.length}\r\n`);
  for (const [key, value] of entries) {
    if (typeof key !== 'string') throw frame.refuse('KEY');
    frame.string(key);
    write(frame, value, depth);
  }
}

function writeSet(frame: Frame, value: ReadonlySet<unknown>, depth: number): void {
  const members = [...membersOf.call(value)];
  frame.set(value instanceof ZcachedOrderedSet ? '/' : '~', members.length);
  for (const member of members) write(frame, member, depth);
}

/** The original method, because the method of a subclass could go on forever. */
const entriesOf: (this: ReadonlyMap<unknown, unknown>) => Iterable<[unknown, unknown]> = Map.prototype.entries;
const membersOf: (this: ReadonlySet<unknown>) => Iterable<unknown> = Set.prototype.values;

const isKey = (value: unknown): boolean => typeof value === 'string' || types.isUint8Array(value);

/** The length of an array, which a proxy may falsify. */
function lengthOf(frame: Frame, { length }: readonly unknown[]): number {
  if (Number.isSafeInteger(length) && length >= 0) return length;
  throw frame.refuse('TYPE');
}

function double(frame: Frame, { value }: ZcachedDouble): string {
  if (typeof value === 'number') return printDouble(value);
  throw frame.refuse('TYPE');
}
