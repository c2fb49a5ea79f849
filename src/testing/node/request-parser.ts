import type { Dialect, Fault } from './dialect.js';
import { FaultyRequest } from './dialect.js';
import type { Wire } from './wire.js';
import { boolean, double, hashOrder, integer, list, map, NULL, simple, string } from './wire.js';

/** Keeps the process of a test from running out of stack. The real servers allow the same. */
const MAX_DEPTH = 1000;
/** How Zig reads a number that is not negative: with a sign, and underscores between digits. */
const COUNT = /^(?:\+?\d(?:[\d_]*\d)?|-0+)$/;
const INTEGER = /^[+-]?\d+$/;
const DOUBLE = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads a request like the servers do, shortcuts included: a string is a line, whatever length was announced. The 2024
 * server compares the length, the 2025 one ignores it.
 */
export class RequestParser {
  #at = 0;
  #depth = 0;

  constructor(
    private readonly text: string,
    private readonly dialect: Dialect,
    private readonly ordersByHash: boolean,
  ) {}

  /** The items of the outermost array; undefined for anything else. */
  request(): Wire[] | undefined {
    if (this.text[0] !== '*') {
      this.value();
      return undefined;
    }
    this.#at = 1;
    return this.#items(this.#count());
  }

  value(): Wire {
    if (this.#at >= this.text.length) throw new FaultyRequest(this.#modern ? 'arguments' : 'malformed');
    const kind = this.text.charAt(this.#at++);
    switch (kind) {
      case '$':
        return this.#string();
      case '+':
        return this.#simple();
      case ':':
        return this.#integer();
      case ',':
        return this.#double();
      case '#':
        return this.#boolean();
      case '_':
        this.#at += 2;
        return NULL;
      case '-':
        // An error is not stored as a value.
        this.#line();
        throw new FaultyRequest('arguments');
      default:
        return this.#container(kind);
    }
  }

  /** Whether the server is of 2025 or later. */
  get #modern(): boolean {
    return this.dialect.terminator !== '';
  }

  #container(kind: string): Wire {
    const isSet = kind === '~' || kind === '/';
    if (kind !== '*' && kind !== '%' && !(isSet && this.dialect.hasSets)) throw new FaultyRequest('malformed');
    if (++this.#depth > MAX_DEPTH) throw new FaultyRequest('malformed');
    const container = this.#filled(kind, this.#count());
    this.#depth--;
    return container;
  }

  #filled(kind: string, count: number): Wire {
    if (kind === '%') return this.#map(count);
    const items = this.#items(count);
    if (kind === '*') return list(kind, items);
    const members = [...new Map(items.map((item) => [item.encoded, item])).values()];
    return list(kind, kind === '~' && this.ordersByHash ? hashOrder(members, (member) => member.encoded) : members);
  }

  #count(): number {
    const line = this.#line();
    if (COUNT.test(line)) return countOf(line);
    throw this.#wrong('length', line);
  }

  #items(count: number): Wire[] {
    const items: Wire[] = [];
    for (let index = 0; index < count; index++) items.push(this.value());
    return items;
  }

  #map(count: number): Wire {
    if (count === 0 && this.#modern) throw new FaultyRequest('malformed');
    const entries = new Map<string, Wire>();
    for (let index = 0; index < count; index++) {
      const key = this.value();
      const isKey = key.kind === '$' || key.kind === '+';
      if (!isKey && !this.#modern) throw new FaultyRequest('key of a map');
      entries.set(key.text, this.value());
      if (!isKey) throw new FaultyRequest('key of a map');
    }
    return map(this.ordersByHash ? new Map(hashOrder([...entries], ([key]) => key)) : entries);
  }

  #string(): Wire {
    const length = this.#line();
    if (!COUNT.test(length)) throw new FaultyRequest('malformed');
    const text = this.#line();
    if (this.#modern ? text === '' : text.length !== countOf(length)) throw new FaultyRequest('malformed');
    return string(text);
  }

  #simple(): Wire {
    const text = this.#line();
    if (!this.#modern) return string(text);
    if (text === '') throw new FaultyRequest('malformed');
    return simple(text);
  }

  #integer(): Wire {
    const line = this.#line();
    const value = INTEGER.test(line) ? BigInt(line.replace('+', '')) : undefined;
    if (value === undefined || BigInt.asIntN(64, value) !== value) throw this.#wrong('integer', line);
    return integer(value);
  }

  #double(): Wire {
    const line = this.#line();
    if (DOUBLE.test(line)) return double(Number(line));
    const [, sign, name] = /^([+-]?)(inf|infinity|nan)$/i.exec(line) ?? [];
    if (name === undefined) throw this.#wrong('double', line);
    return double(name.toLowerCase() === 'nan' ? Number.NaN : Number(`${sign}Infinity`));
  }

  #boolean(): Wire {
    const line = this.#line();
    if (line.length !== 1) throw new FaultyRequest('malformed');
    if (!'tTfF'.includes(line)) throw new FaultyRequest('boolean');
    return boolean(line === 't' || line === 'T');
  }

  /** An empty line is malformed to a 2025 server, whatever type is expected. */
  #wrong(fault: Fault, line: string): FaultyRequest {
    return new FaultyRequest(line === '' && this.#modern ? 'malformed' : fault);
  }

  #line(): string {
    const feed = this.text.indexOf('\n', this.#at);
    if (feed === -1) throw new FaultyRequest('malformed');
    const start = this.#at;
    const end = feed > start && (!this.#modern || this.text[feed - 1] === '\r') ? feed - 1 : feed;
    // Without a carriage return, a 2025 server skips one byte too many.
    this.#at = this.#modern ? end + 2 : feed + 1;
    return this.text.slice(start, end);
  }
}

const countOf = (line: string): number => Math.abs(Number(line.replaceAll('_', '')));
