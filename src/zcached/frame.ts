import { constants } from 'node:buffer';
import type { RequestError } from '../request/errors.js';
import type { ZcachedRefusal } from './errors.js';
import { ZcachedArgumentError, ZcachedRequestTooLargeError, ZcachedUnsupportedError } from './errors.js';
import type { Generation } from './generation.js';

const LONE_SURROGATE = /\p{Surrogate}/u;
const FORBIDDEN_BYTES = [0x03, 0x0a, 0x0d] as const;
const COUNT = '0123456789+-_';

/**
 * One request for the wire, in one string and so in one write. The string consists of characters, or of bytes (one to a
 * character) once it contains bytes. It contains nothing that a server could take for another request. A 2024 server
 * takes each of its reads for a request, so no later line, and no end of a line, may look like the beginning of an
 * array.
 */
export class Frame {
  text = '';
  /** Its length on the wire. */
  bytes = 0;
  /** The position of the argument being written: 1 is the first after the command. */
  position = 0;
  /** Why it cannot be sent; undefined if it can. */
  refusal: RequestError | undefined = undefined;
  readonly #maxBytes: number;
  #holdsBytes = false;

  constructor(
    private readonly command: string,
    maxBytes: number,
    private readonly generation: Generation,
  ) {
    this.#maxBytes = Math.min(maxBytes, constants.MAX_STRING_LENGTH);
  }

  get encoding(): 'latin1' | 'utf8' {
    return this.bytes === this.text.length ? 'latin1' : 'utf8';
  }

  /** Appends a part of the protocol, which contains no user data. */
  ascii(text: string): void {
    this.#append(text, text.length);
  }

  string(value: string): void {
    if (value.length === 0) throw this.refuse('EMPTY_STRING');
    // A character takes at least one byte, so this cannot fit.
    if (value.length > this.#maxBytes) throw this.#tooLarge();
    if (holdsControl(value)) throw this.refuse('CONTROL_CHARACTER');
    this.#checkEnd(value);
    const bytes = Buffer.byteLength(value);
    if (bytes !== value.length && LONE_SURROGATE.test(value)) throw this.refuse('ILL_FORMED_STRING');
    this.#counted(this.#holdsBytes && bytes !== value.length ? asBytes(value) : value, bytes);
  }

  binary(value: Uint8Array): void {
    if (value.length > this.#maxBytes) throw this.#tooLarge();
    // A copy, so that the bytes checked are the bytes sent, even if the memory is changed meanwhile.
    const own = Buffer.from(new Uint8Array(value).buffer);
    if (own.length === 0) throw this.refuse('EMPTY_STRING');
    for (const byte of FORBIDDEN_BYTES) {
      if (own.includes(byte)) throw this.refuse('CONTROL_CHARACTER');
    }
    const text = own.toString('latin1');
    this.#checkEnd(text);
    if (this.encoding === 'utf8') this.text = asBytes(this.text);
    this.#holdsBytes = true;
    this.#counted(text, own.length);
  }

  /** The header of an array within an argument; a request begins in the same way. */
  array(length: number): void {
    if (this.generation === '2024') throw this.refuse('ARRAY');
    this.ascii(`*${length}\r\n`);
  }

  /** The header of a set. */
  set(type: '~' | '/', length: number): void {
    if (this.generation === '2024') {
      this.refusal = new ZcachedUnsupportedError(this.command, this.generation, 'a set');
      throw this.refusal;
    }
    this.ascii(`${type}${length}\r\n`);
  }

  refuse(reason: ZcachedRefusal, cause?: unknown): ZcachedArgumentError {
    const refusal = new ZcachedArgumentError(this.command, this.position, reason, cause);
    this.refusal = refusal;
    return refusal;
  }

  /** A read of the server may begin within the text, and then take its end for a line of its own. */
  #checkEnd(text: string): void {
    if (this.generation === '2024' && endsLikeArrayHeader(text)) throw this.refuse('ARRAY_HEADER');
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

/** Both generations read a string as a line. A 2025 server ends a frame at 0x03, wherever it is. */
const holdsControl = (text: string): boolean => text.includes('\x03') || text.includes('\n') || text.includes('\r');

/**
 * Whether a text ends in `*` and something that a 2024 server takes for a count: digits, with a sign or underscores.
 */
function endsLikeArrayHeader(text: string): boolean {
  let at = text.length - 1;
  while (at > 0 && COUNT.includes(text.charAt(at))) at--;
  return at < text.length - 1 && text[at] === '*';
}

const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
