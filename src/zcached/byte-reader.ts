import { ZcachedProtocolError } from './errors.js';

const LF = 0x0a;
const CR = 0x0d;
const EMPTY = Buffer.alloc(0);
/** A larger buffer, which one large string needed, is not kept for the next. */
const KEEP_BYTES = 64 * 1024;

/**
 * Reads lines and counted strings from chunks of bytes, wherever the chunks were cut. An incomplete value is kept in a
 * buffer that grows with the bytes received, never with the length announced. No byte is scanned twice. Read a chunk to
 * its end before the next `push`.
 */
export class ByteReader {
  /** The bytes that contain the last line or string read. */
  bytes: Buffer = EMPTY;
  from = 0;
  to = 0;
  /** The offset that errors report: the start of the value being read. */
  mark = 0;

  #chunk: Buffer = EMPTY;
  #length = 0;
  #at = 0;
  #before = 0;
  #held: Buffer = EMPTY;
  #heldLength = 0;

  /** Adds the first `length` bytes of a chunk, which must not change until they have been read. */
  push(chunk: Buffer, length = chunk.length): void {
    this.#before += this.#length;
    this.#chunk = chunk;
    this.#length = length;
    this.#at = 0;
  }

  /** Drops the chunk and the last value, unless there is more to read. Returns whether it did. */
  release(): boolean {
    if (this.#at < this.#length) return false;
    this.push(EMPTY);
    this.bytes = EMPTY;
    return true;
  }

  /** How many bytes have been read since the beginning. */
  get offset(): number {
    return this.#before + this.#at;
  }

  /** The next byte; -1 if it has not arrived. */
  peek(): number {
    return this.#at < this.#length ? (this.#chunk[this.#at] as number) : -1;
  }

  skip(): void {
    this.#at++;
  }

  /** Reads up to a CRLF, at most `limit` bytes; false if it has not arrived. */
  line(limit: number): boolean {
    const chunk = this.#chunk;
    const length = this.#length;
    let end = this.#at;
    while (end < length && chunk[end] !== LF) end++;
    // One more, for the carriage return.
    if (this.#heldLength + end - this.#at > limit + 1) throw this.error('A line is too long');
    if (end === length) return this.#hold(end, limit + 2);
    this.#take(end + 1);
    this.to -= 2;
    if (this.to >= this.from && this.bytes[this.to] === CR) return true;
    throw this.error('A line ends without a carriage return');
  }

  /** Reads `length` bytes and the CRLF after them; false if they have not arrived. */
  counted(length: number): boolean {
    const end = this.#at + length + 2 - this.#heldLength;
    if (end > this.#length) return this.#hold(this.#length, length + 2);
    this.#take(end);
    this.to -= 2;
    if (this.bytes[this.to] === CR && this.bytes[this.to + 1] === LF) return true;
    throw this.error('A string is not as long as announced');
  }

  /** The value read last, as text. */
  text(): string {
    return this.bytes.toString('utf8', this.from, this.to);
  }

  /** A copy of the bytes read last, which the reader does not overwrite. */
  copy(): Uint8Array {
    const copy = new Uint8Array(this.to - this.from);
    this.bytes.copy(copy, 0, this.from, this.to);
    return copy;
  }

  error(explanation: string): ZcachedProtocolError {
    return new ZcachedProtocolError(explanation, this.mark);
  }

  /** Keeps the chunk up to `end` together with the bytes kept already; at most `most` bytes. */
  #hold(end: number, most: number): false {
    const length = this.#heldLength + end - this.#at;
    if (length > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(Math.min(length * 2, most), 64));
      this.#held.copy(grown, 0, 0, this.#heldLength);
      this.#held = grown;
    }
    this.#chunk.copy(this.#held, this.#heldLength, this.#at, end);
    this.#heldLength = length;
    this.#at = end;
    return false;
  }

  /** Everything up to `end`, kept bytes included, becomes the value read last. */
  #take(end: number): void {
    if (this.#heldLength === 0) {
      this.bytes = this.#chunk;
      this.from = this.#at;
      this.to = this.#at = end;
      return;
    }
    this.#hold(end, this.#heldLength + end - this.#at);
    this.bytes = this.#held;
    this.from = 0;
    this.to = this.#heldLength;
    this.#heldLength = 0;
    if (this.#held.length > KEEP_BYTES) this.#held = EMPTY;
  }
}
