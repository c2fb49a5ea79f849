import type { ZcachedGeneration } from './dialect.js';
import type { ZcachedFlaws } from './flaws.js';

/** Finds the requests in what a client sends, one character per byte. */
export interface Framing {
  /** Bytes of a request that is not all there yet. */
  readonly begun: number;
  /** The requests that a segment completes. */
  take(segment: string): readonly string[];
}

export const framingFor = (generation: ZcachedGeneration, flaws: ZcachedFlaws): Framing =>
  generation === '2025' ? new Frames(flaws) : new Segments(flaws);

const ETX = '\x03';

/** The 2025 server takes whatever stands before a 0x03 for a request. */
class Frames implements Framing {
  #begun = '';

  constructor(private readonly flaws: ZcachedFlaws) {}

  get begun(): number {
    return this.#begun.length;
  }

  take(segment: string): readonly string[] {
    this.#begun += segment;
    // The end of a frame can only be in what is new.
    if (!segment.includes(ETX)) return [];
    const frames = this.#begun.split(ETX);
    this.#begun = frames.pop() ?? '';
    return this.flaws.dropsSecondRequest ? frames.slice(0, 1) : frames;
  }
}

const BUFFER = 4096;

/** The 2024 server goes by segments, and by what fits into its buffer. */
class Segments implements Framing {
  #begun = '';
  #room = BUFFER;
  /** What is read is written over what was there, and the rest of that stays behind it. */
  #buffer = '';

  constructor(private readonly flaws: ZcachedFlaws) {}

  get begun(): number {
    return this.#begun.length;
  }

  take(segment: string): readonly string[] {
    if (this.flaws.splitsRequests) return this.#reads(segment).flatMap((read) => this.#requestsIn(read));
    // A 0x03 may come in another segment than the request that it ends.
    const text = this.#begun + segment;
    const requests = split(text.startsWith(ETX) ? text.slice(1) : text);
    this.#begun = requests.pop() ?? '';
    return this.flaws.dropsSecondRequest ? requests.slice(0, 1) : requests;
  }

  /** Whatever has a line feed in it, as much as the buffer takes at a time. */
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

/** The whole requests at the head of a text, and last what is left of it. A 0x03 after a request belongs to it. */
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

/** Undefined if not all of it is there yet. What is malformed ends with its line. */
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
