import { types } from 'node:util';
import type { ZcachedRefusal } from './errors.js';
import { ZcachedArgumentError, ZcachedRequestTooLargeError } from './errors.js';

/** Nesting that the server can be trusted with. */
const MAX_DEPTH = 32;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const COMMAND = /^[A-Za-z]{1,32}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Both generations read a string as a line; the 2025 one ends a frame at 0x03, wherever that stands. */
const FORBIDDEN = ['\x03', '\n', '\r'] as const;
/** The 2025 server falls over when the key of one of these is no string. */
const KEY_FIRST = new Set(['GET', 'SET', 'DELETE', 'SIZEOF', 'RENAME', 'COPY']);

/** One request as it goes on the wire: always one frame with exactly the arguments intended. */
export class Frame {
  text = '';
  bytes = 0;
  #position = 0;

  constructor(
    private readonly command: string,
    private readonly maxBytes: number,
  ) {}

  get encoding(): 'latin1' | 'utf8' {
    return this.bytes === this.text.length ? 'latin1' : 'utf8';
  }

  build(args: readonly unknown[]): this {
    this.#ascii(`*${args.length + 1}\r\n$${this.command.length}\r\n${this.command}\r\n`);
    for (const arg of args) {
      this.#position++;
      this.#value(arg, 0);
    }
    this.#ascii('\x03');
    return this;
  }

  #value(value: unknown, depth: number): void {
    if (typeof value === 'string') this.#string(value);
    else if (typeof value === 'object' && value !== null) this.#container(value, depth + 1);
    else this.#ascii(this.#scalar(value));
  }

  #scalar(value: unknown): string {
    switch (typeof value) {
      case 'number':
        return numberLine(value);
      case 'boolean':
        return value ? '#t\r\n' : '#f\r\n';
      case 'bigint':
        if (value < MIN_INT64 || value > MAX_INT64) throw this.#refused('INTEGER_RANGE');
        return `:${value}\r\n`;
      default:
        if (value === null) return '_\r\n';
        throw this.#refused('TYPE');
    }
  }

  #string(value: string): void {
    if (value.length === 0) throw this.#refused('EMPTY_STRING');
    // A character takes a byte at least: what cannot fit is not worth a look.
    if (value.length > this.maxBytes) throw new ZcachedRequestTooLargeError(this.command, this.maxBytes);
    for (const character of FORBIDDEN) {
      if (value.includes(character)) throw this.#refused('CONTROL_CHARACTER');
    }
    const bytes = Buffer.byteLength(value);
    if (bytes !== value.length && LONE_SURROGATE.test(value)) throw this.#refused('ILL_FORMED_STRING');
    this.#ascii(`$${bytes}\r\n`);
    this.#append(value, bytes);
    this.#ascii('\r\n');
  }

  #container(value: object, depth: number): void {
    if (depth > MAX_DEPTH) throw this.#refused('TOO_DEEP');
    if (Array.isArray(value)) this.#array(value, depth);
    else if (types.isMap(value)) this.#map([...value], depth);
    else if (isPlain(value)) this.#map(Object.entries(value), depth);
    else throw this.#refused('TYPE');
  }

  #array(items: readonly unknown[], depth: number): void {
    const { length } = items;
    this.#ascii(`*${length}\r\n`);
    // By index: a getter that shortens the array while it is read leaves holes, which are refused.
    for (let index = 0; index < length; index++) this.#value(items[index], depth);
  }

  #map(entries: readonly (readonly [unknown, unknown])[], depth: number): void {
    if (entries.length === 0) throw this.#refused('EMPTY_MAP');
    this.#ascii(`%${entries.length}\r\n`);
    for (const [key, value] of entries) {
      if (typeof key !== 'string') throw this.#refused('KEY');
      this.#string(key);
      this.#value(value, depth);
    }
  }

  #ascii(text: string): void {
    this.#append(text, text.length);
  }

  #append(text: string, bytes: number): void {
    this.text += text;
    this.bytes += bytes;
    if (this.bytes > this.maxBytes) throw new ZcachedRequestTooLargeError(this.command, this.maxBytes);
  }

  #refused(reason: ZcachedRefusal): ZcachedArgumentError {
    return new ZcachedArgumentError(this.command, this.#position, reason);
  }
}

/** Encodes a request, or throws the typed error that says why it cannot be sent. */
export function encodeRequest(command: string, args: readonly unknown[], maxBytes: number): Frame {
  if (typeof command !== 'string' || !COMMAND.test(command)) throw new ZcachedArgumentError('request', 0, 'COMMAND');
  if (KEY_FIRST.has(command.toUpperCase()) && args.length > 0 && typeof args[0] !== 'string') {
    throw new ZcachedArgumentError(command, 1, 'KEY');
  }
  return new Frame(command, maxBytes).build(args);
}

/** What is not a safe integer goes as a double: the server keeps 64 bits of an integer, JavaScript 53. */
function numberLine(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? ',-0\r\n' : `:${value}\r\n`;
  if (Number.isNaN(value)) return ',nan\r\n';
  if (Number.isFinite(value)) return `,${value}\r\n`;
  return value > 0 ? ',inf\r\n' : ',-inf\r\n';
}

/** Literals and `JSON.parse`, also of another realm; an instance of a class has more to it than its fields. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
