import type { Tree } from './tree.js';

/**
 * Reads what arrives as naively as the server of 2025 does: splits it at each 0x03, wherever that stands, and in
 * a frame takes a string for a line, whatever length was announced. What follows the request in its frame is
 * returned as well: the server ignores it.
 */
export function framesOf2025(received: string): { readonly requests: Tree[]; readonly rests: string[] } {
  const frames = received.split('\x03');
  const unfinished = frames.pop() ?? '';
  const requests: Tree[] = [];
  const rests = [unfinished];
  for (const frame of frames) {
    const reader = new Reader(frame);
    requests.push(reader.value());
    rests.push(reader.rest);
  }
  return { requests, rests };
}

class Reader {
  #at = 0;

  constructor(private readonly frame: string) {}

  get rest(): string {
    return this.frame.slice(this.#at);
  }

  value(): Tree {
    const type = this.frame[this.#at++];
    switch (type) {
      case '$':
        return this.#string();
      case ':':
        return [':', BigInt.asIntN(64, BigInt(this.#filled()))];
      case ',':
        return [',', double(this.#filled())];
      case '#':
        return ['#', this.#boolean()];
      case '_':
        this.#at += 2;
        return ['_'];
      case '*':
      case '~':
      case '/':
        return [type, this.#items()];
      case '%':
        return ['%', this.#map()];
      default:
        throw new Error('unprocessable');
    }
  }

  #string(): Tree {
    if (!/^\d+$/.test(this.#line())) throw new Error('no length');
    return ['$', this.#filled()];
  }

  #boolean(): boolean {
    const line = this.#line();
    if (line !== 't' && line !== 'f') throw new Error('no boolean');
    return line === 't';
  }

  #items(): Tree[] {
    const items: Tree[] = [];
    for (let missing = Number(this.#filled()); missing > 0; missing--) items.push(this.value());
    return items;
  }

  #map(): Map<string, Tree> {
    const entries = new Map<string, Tree>();
    const count = Number(this.#filled());
    if (count === 0) throw new Error('an empty map');
    for (let missing = count; missing > 0; missing--) {
      const [type, key] = this.value();
      if (type !== '$') throw new Error('the key of a map is no string');
      entries.set(key as string, this.value());
    }
    if (entries.size !== count) throw new Error('a key came twice');
    return entries;
  }

  #filled(): string {
    const line = this.#line();
    if (line === '') throw new Error('unprocessable: empty');
    return line;
  }

  #line(): string {
    const feed = this.frame.indexOf('\n', this.#at);
    if (feed === -1) throw new Error('unprocessable: no end of line');
    const hasReturn = feed > this.#at && this.frame[feed - 1] === '\r';
    const end = hasReturn ? feed - 1 : feed;
    const line = this.frame.slice(this.#at, end);
    this.#at = end + 2;
    return line;
  }
}

function double(text: string): number {
  const special = { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY, nan: Number.NaN }[text];
  if (special !== undefined) return special;
  if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(text)) throw new Error('no double');
  return Number(text);
}
