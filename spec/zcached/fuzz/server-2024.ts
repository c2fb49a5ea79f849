import type { Tree } from './tree.js';

/** A value, and what follows it. */
type Read<T> = readonly [T, string];

/**
 * Reads one segment as the server of 2024 does: one request, the rest dropped; a line ends at a line feed and
 * loses whatever stands before that, and a string must be as long as announced. Returns the rest as well.
 */
export function readSegment2024(segment: string): Read<Tree> {
  const type = segment.charAt(0);
  const read = READERS[type];
  if (!read) throw new Error('bad request');
  return read(segment.slice(1));
}

const READERS: Readonly<Record<string, (text: string) => Read<Tree>>> = {
  $: (text) => {
    const [announced, behind] = line(text);
    const [content, rest] = line(behind);
    if (content.length !== whole(announced)) throw new Error('bad request: not as long as announced');
    return [['$', content], rest];
  },
  ':': (text) => {
    const [digits, rest] = line(text);
    const value = BigInt(digits);
    if (value > 0x7fff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n) throw new Error('not integer');
    return [[':', value], rest];
  },
  ',': (text) => {
    const [digits, rest] = line(text);
    const named = digits.replace(/inf$/, 'Infinity').replace(/^nan$/, 'NaN');
    if (digits === '' || (named !== 'NaN' && Number.isNaN(Number(named)))) throw new Error('not float');
    return [[',', Number(named)], rest];
  },
  '#': (text) => {
    const [letter, rest] = line(text);
    if (letter !== 't' && letter !== 'f') throw new Error('not boolean');
    return [['#', letter === 't'], rest];
  },
  _: (text) => [['_'], text.slice(2)],
  '*': (text) => {
    const [count, behind] = line(text);
    let rest = behind;
    const items = Array.from({ length: whole(count) }, () => {
      const [item, after] = readSegment2024(rest);
      rest = after;
      return item;
    });
    return [['*', items], rest];
  },
  '%': (text) => {
    const [count, behind] = line(text);
    let rest = behind;
    const entries = Array.from({ length: whole(count) }, (): [string, Tree] => {
      const [key, afterKey] = readSegment2024(rest);
      if (key[0] !== '$') throw new Error('key not string');
      const [value, after] = readSegment2024(afterKey);
      rest = after;
      return [key[1], value];
    });
    return [['%', new Map(entries)], rest];
  },
};

function line(text: string): Read<string> {
  const feed = text.indexOf('\n');
  if (feed < 1) throw new Error('bad request: no line');
  return [text.slice(0, feed - 1), text.slice(feed + 1)];
}

function whole(digits: string): number {
  if (!/^\d+$/.test(digits)) throw new Error('bad request: no length');
  return Number(digits);
}
