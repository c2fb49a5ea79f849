import { constants } from 'node:buffer';
import type { RequestError } from '../request/errors.js';
import type { ZcachedRefusal } from './errors.js';
import { ZcachedArgumentError, ZcachedRequestTooLargeError } from './errors.js';

const LONE_SURROGATE = /\p{Surrogate}/u;
const FORBIDDEN_BYTES = [0x03, 0x0a, 0x0d] as const;

/**
 * One request as it goes on the wire, in one string and so in one write: of characters, or of bytes, one to a
 * character, once bytes are in it. Nothing gets in that a server could take for something else.
 */
export class Frame {
  text = '';
  /** How long it is on the wire. */
  bytes = 0;
  /** Whether a set is in it, which a server of 2024 does not know. */
  hasSets = false;
  /** Of the argument being written: 1 is the first after the command. */
  position = 0;
  /** Why it cannot be sent, if so. */
  refusal: RequestError | undefined = undefined;
  readonly #maxBytes: number;
  #holdsBytes = false;

  constructor(
    private readonly command: string,
    maxBytes: number,
  ) {
    this.#maxBytes = Math.min(maxBytes, constants.MAX_STRING_LENGTH);
  }

  get encoding(): 'latin1' | 'utf8' {
    return this.bytes === this.text.length ? 'latin1' : 'utf8';
  }

  /** What the protocol is made of, free of user data. */
  ascii(text: string): void {
    this.#append(text, text.length);
  }

  string(value: string): void {
    if (value.length === 0) throw this.refuse('EMPTY_STRING');
    // A character takes a byte at least: what cannot fit is not worth a look.
    if (value.length > this.#maxBytes) throw this.#tooLarge();
    if (holdsControl(value)) throw this.refuse('CONTROL_CHARACTER');
    const bytes = Buffer.byteLength(value);
    if (bytes !== value.length && LONE_SURROGATE.test(value)) throw this.refuse('ILL_FORMED_STRING');
    this.#counted(this.#holdsBytes && bytes !== value.length ? asBytes(value) : value, bytes);
  }

  binary(value: Uint8Array): void {
    if (value.length > this.#maxBytes) throw this.#tooLarge();
    // What is checked must be what is sent, even if others write to the memory in between.
    const own = Buffer.from(new Uint8Array(value).buffer);
    if (own.length === 0) throw this.refuse('EMPTY_STRING');
    for (const byte of FORBIDDEN_BYTES) {
      if (own.includes(byte)) throw this.refuse('CONTROL_CHARACTER');
    }
    if (this.encoding === 'utf8') this.text = asBytes(this.text);
    this.#holdsBytes = true;
    this.#counted(own.toString('latin1'), own.length);
  }

  refuse(reason: ZcachedRefusal, cause?: unknown): ZcachedArgumentError {
    const refusal = new ZcachedArgumentError(this.command, this.position, reason, cause);
    this.refusal = refusal;
    return refusal;
  }

  #counted(text: string, bytes: number): void {
    const header = `$${bytes}\r\n`;
    this.#append(`${header}${text}\r\n`, header.length + bytes + 2);
  }

  #append(text: string, bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.#maxBytes) throw this.#tooLarge();
    this.text += text;
  }

  #tooLarge(): ZcachedRequestTooLargeError {
    const refusal = new ZcachedRequestTooLargeError(this.command, this.#maxBytes, this.position);
    this.refusal = refusal;
    return refusal;
  }
}

/** Both generations read a string as a line; the 2025 one ends a frame at 0x03, wherever that stands. */
const holdsControl = (text: string): boolean => text.includes('\x03') || text.includes('\n') || text.includes('\r');

const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
