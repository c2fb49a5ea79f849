import type { ZcachedGeneration } from './dialect.js';
import type { ZcachedFlaws } from './flaws.js';

/** Splits what a client sends into requests, one character per byte. */
export interface Framing {
  /** The bytes of an incomplete request. */
  readonly begun: number;
  /** The requests that a segment completes. */
  take(segment: string): readonly string[];
}

export const framingFor = (generation: ZcachedGeneration, flaws: ZcachedFlaws): Framing =>
  generation === '2025' ? new Frames(flaws) : new Segments(flaws);

const ETX = '\x03';

/** A 2025 server takes everything before a 0x03 for a request. */
class Frames implements Framing {
  #begun = '';

  constructor(private readonly flaws: ZcachedFlaws) {}

  get begun(): number {
    return this.#begun.length;
  }

  take(segment: string): readonly string[] {
    this.#begun += segment;
    // Only new bytes can contain the end of a frame.
    if (!segment.includes(ETX)) return [];
    const frames = this.#begun.split(ETX);
    this.#begun = frames.pop() ?? '';
    return this.flaws.dropsSecondRequest ? frames.slice(0, 1) : frames;
  }
}

const BUFFER = 4096;

/** A 2024 server goes by segments, and by the size of its buffer. */
class Segments implements Framing {
  #begun = '';
  #room = BUFFER;
  /** A read overwrites the beginning; the rest of earlier bytes stays behind it. */
  #buffer = '';

  constructor(private readonly flaws: ZcachedFlaws) {}

  get begun(): number {
    return this.#begun.length;
  }

  take(segment: string): readonly string[] {
    if (this.flaws.splitsRequests) return this.#reads(segment).flatMap((read) => this.#requestsIn(read));
    // A 0x03 may come in a later segment than the request that it ends.
    const text = this.#begun + segment;
    const requests = split(text.startsWith(ETX) ? text.slice(1) : text);
    this.#begun = requests.pop() ?? '';
    return this.flaws.dropsSecondRequest ? requests.slice(0, 1) : requests;
  }

  /** Everything with a line feed in it, split by the size of the buffer. */
  #reads(segment: string): string[] {
    const reads: string[] = [];
    for (let rest = segment; rest !== ''; ) {
      const read = rest.slice(0, this.#room - this.#begun.length);
      rest = rest.slice(read.length);
      this.#begun += read;
      if (this.#begun.length === this.#room) this.#room += BUFFER;
      if (!read.includes('\n')) continue;
      reads.push(this.#begun);
      this.#begun = '';
    }
    return reads;
  }

  #requestsIn(read: string): string[] {
    this.#buffer = read + this.#buffer.slice(read.length);
    return this.flaws.dropsSecondRequest ? [this.#buffer] : split(read).filter((request) => request !== '');
  }
}

/** The complete requests at the beginning of a text, and then its rest. A 0x03 after a request belongs to it. */
function split(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let end = endOfRequest(text, start); end !== undefined; end = endOfRequest(text, start)) {
    parts.push(text.slice(start, end));
    start = text[end] === ETX ? end + 1 : end;
  }
  parts.push(text.slice(start));
  return parts;
}

/** The end of a request; undefined if it is incomplete. A malformed request ends with its line. */
function endOfRequest(text: string, start: number): number | undefined {
  let at = start;
  for (let values = 1; values > 0; values--) {
    const kind = text[at];
    const line = nextLine(text, at);
    if (line === undefined) return undefined;
    const count = Number.parseInt(text.slice(at + 1, line), 10) || 0;
    if (kind === '*' || kind === '~' || kind === '/') values += count;
    if (kind === '%') values += 2 * count;
    const end = kind === '$' ? nextLine(text, line) : line;
    if (end === undefined) return undefined;
    at = end;
  }
  return at;
}

function nextLine(text: string, at: number): number | undefined {
  const feed = text.indexOf('\n', at);
  return feed === -1 ? undefined : feed + 1;
}
