import { ByteReader } from './byte-reader.js';
import { Container } from './container.js';
import type { ZcachedLimits } from './limits.js';
import { parseDigits, parseDouble, parseInteger } from './numbers.js';
import type { Reply, ReplyForm, ZcachedValue } from './value.js';
import { DEFAULT_FORM, ErrorReply, ETX } from './value.js';

/** Longer than any number that the server prints. */
const MAX_NUMBER_LENGTH = 1024;
const TYPES = new Set(Buffer.from('+$-:,#_*%~/'));
const TEXT = 0x2b; // +
const BULK = 0x24; // $
const ERROR = 0x2d; // -
const INTEGER = 0x3a; // :
const DOUBLE = 0x2c; // ,
const BOOLEAN = 0x23; // #
const NULL = 0x5f; // _
const TRUE = 0x74; // t
const FALSE = 0x66; // f

/** The value has not arrived completely. */
const MORE = Symbol('more');
/** A container has begun: its values follow. */
const OPENED = Symbol('opened');
type Token = ZcachedValue | ErrorReply | typeof MORE | typeof OPENED;

/**
 * Decodes the replies of both generations. A reply ends by the grammar; one 0x03 after it is skipped. All sizes are
 * bounded, and nesting uses no recursion, because the server is not trusted. A decoder is useless after it has thrown.
 */
export class Decoder {
  readonly #in = new ByteReader();
  readonly #open: Container[] = [];
  #type = 0;
  /** Length of the string being read; -1 if there is none. */
  #bulk = -1;
  /** The form of the reply being read. */
  #form: ReplyForm;
  #start = 0;
  #elements = 0;
  #mayEndFrame = false;
  /** Whether a 0x03 has followed a reply, as from servers of the 2025 generation. */
  endsFrames = false;

  /** @param usualForm - the form of replies, unless {@link next} is given another. */
  constructor(
    private readonly limits: ZcachedLimits,
    private readonly usualForm: ReplyForm = DEFAULT_FORM,
  ) {
    this.#form = usualForm;
  }

  /** The offset of the next byte in all received bytes. */
  get offset(): number {
    return this.#in.offset;
  }

  /**
   * Adds the first `length` bytes of a chunk. Before the next `push`, call {@link next} until it returns undefined; by
   * then the decoder has copied what it still needs.
   */
  push(chunk: Buffer, length?: number): void {
    this.#in.push(chunk, length);
  }

  /** Whether at most the end of a frame is left; if so, drops the chunk. Call it between replies. */
  drained(): boolean {
    this.#endFrame();
    return this.#in.release();
  }

  /**
   * The next reply, or undefined if it has not arrived completely. The form is fixed at the first byte. Throws a
   * {@link ZcachedProtocolError}.
   */
  next(form = this.usualForm): Reply | undefined {
    if (this.#open.length === 0 && this.#type === 0) this.#form = form;
    const reply = this.#bounded();
    if (reply === undefined) this.#in.release();
    return reply;
  }

  /** A reply beyond the engine's limits, such as a string of gigabytes, counts as a protocol error of the server. */
  #bounded(): Reply | undefined {
    try {
      return this.#reply();
    } catch (error) {
      throw error instanceof RangeError ? this.#in.error('A reply is larger than can be held') : error;
    }
  }

  #reply(): Reply | undefined {
    for (;;) {
      const token = this.#token();
      if (token === MORE) return undefined;
      if (this.#in.offset - this.#start > this.limits.maxReplyBytes) throw this.#in.error('A reply is too large');
      if (token === OPENED) continue;
      const reply = this.#place(token);
      if (reply === MORE) continue;
      this.#elements = 0;
      this.#mayEndFrame = true;
      return reply;
    }
  }

  #endFrame(): void {
    if (!this.#mayEndFrame) return;
    const byte = this.#in.peek();
    if (byte === -1) return;
    this.#mayEndFrame = false;
    if (byte !== ETX) return;
    this.#in.skip();
    this.endsFrames = true;
  }

  /** Adds a value to its container; a container that this completes is added to the next outer one. */
  #place(value: Reply): Reply | typeof MORE {
    let complete = value;
    for (let within = this.#open.at(-1); within; within = this.#open.at(-1)) {
      if (!within.add(complete as ZcachedValue)) return MORE;
      this.#open.pop();
      complete = within.value;
    }
    return complete;
  }

  #token(): Token {
    if (this.#type === 0 && !this.#begin()) return MORE;
    if (this.#bulk >= 0) return this.#string();
    const type = this.#type;
    const long = type === TEXT || type === ERROR;
    if (!this.#in.line(long ? this.#textLimit() : MAX_NUMBER_LENGTH)) return MORE;
    if (type === BULK) return this.#announced();
    this.#type = 0;
    return this.#line(type);
  }

  /** Reads the byte that gives the type of the next value. */
  #begin(): boolean {
    this.#endFrame();
    const type = this.#in.peek();
    if (type === -1) return false;
    this.#in.mark = this.#in.offset;
    if (!TYPES.has(type)) throw this.#in.error('A value is of no known type');
    const within = this.#open.at(-1);
    if (!within) this.#start = this.#in.offset;
    if (within?.awaitsKey && type !== BULK && type !== TEXT) throw this.#in.error('The key of a map is no string');
    if (within && type === ERROR) throw this.#in.error('An error stands within a value');
    this.#in.skip();
    this.#type = type;
    return true;
  }

  #line(type: number): Token {
    const { bytes, from, to } = this.#in;
    switch (type) {
      case TEXT:
        return this.#in.text();
      case ERROR:
        return new ErrorReply(this.#in.text());
      case INTEGER:
        return parseInteger(bytes, from, to) ?? this.#malformed('An integer');
      case DOUBLE:
        return parseDouble(bytes.toString('latin1', from, to)) ?? this.#malformed('A double');
      case BOOLEAN:
        return this.#boolean(to - from === 1 ? bytes[from] : undefined);
      case NULL:
        return to === from ? null : this.#malformed('A null');
      default:
        return this.#container(type, parseDigits(bytes, from, to));
    }
  }

  #boolean(byte: number | undefined): boolean {
    if (byte === TRUE) return true;
    return byte === FALSE ? false : this.#malformed('A boolean');
  }

  #container(type: number, length: number): Token {
    if (length < 0) return this.#malformed('A length');
    const container = Container.of(type, length, this.#form.maps);
    this.#elements += container.missing;
    if (this.#elements > this.limits.maxElements) throw this.#in.error('A reply has too many elements');
    if (this.#open.length >= this.limits.maxDepth) throw this.#in.error('A reply is nested too deeply');
    if (length === 0) return container.value;
    this.#open.push(container);
    return OPENED;
  }

  #announced(): Token {
    const length = parseDigits(this.#in.bytes, this.#in.from, this.#in.to);
    if (length < 0) return this.#malformed('A length');
    if (length > this.#textLimit()) throw this.#in.error('A string is too long');
    this.#bulk = length;
    return this.#string();
  }

  #string(): Token {
    if (!this.#in.counted(this.#bulk)) return MORE;
    this.#bulk = -1;
    this.#type = 0;
    const asText = this.#form.strings === 'text' || this.#open.at(-1)?.awaitsKey === true;
    return asText ? this.#in.text() : this.#in.copy();
  }

  #textLimit(): number {
    const { maxBulkBytes, maxReplyBytes } = this.limits;
    return Math.max(0, Math.min(maxBulkBytes, maxReplyBytes - (this.#in.mark - this.#start)));
  }

  #malformed(what: string): never {
    throw this.#in.error(`${what} is malformed`);
  }
}
