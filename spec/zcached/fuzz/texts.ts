import type { Random } from './random.js';

const PLAIN = ['a', 'key', ' ', '0', 'value', '\x00', '\x7f', '\t', '"', '\\', 'ž', 'Ω', '日本', '👍', '\u2028'];
/** Valid, though cut down to one byte each they would be line feeds and ends of frames. */
const FALSE_FRIENDS = [
  '\u0103',
  '\u030a',
  '\u0a0d',
  '\u0a0a',
  '\u0d03',
  '\ufeff',
  '\uffff',
  '\ud7ff',
  '\ue000',
  '\x85',
];
const PROTOCOL = ['$3', '*1', '%2', '+OK', '-ERR', ':1', ',nan', '#t', '_', '~0', '/0', '$', '*', 'PING', 'FLUSH'];
const HOSTILE = [
  '\r',
  '\n',
  '\r\n',
  '\x03',
  '\r\n\x03',
  '\r\n\x03*1\r\n$5\r\nFLUSH\r\n\x03',
  '$3\r\nabc\r\n',
  '\ud83d',
  '\udc4d',
  '\udc4d\ud83d',
];

/** A text made of what the protocol is made of; every other one may be sent. */
export function anyText(random: Random): string {
  if (random.oneIn(40)) return '';
  const kinds = random.oneIn(2) ? [PLAIN, FALSE_FRIENDS, PROTOCOL] : [PLAIN, PROTOCOL, HOSTILE];
  let text = '';
  for (let parts = random.between(1, 5); parts > 0; parts--) text += random.pick(random.pick(kinds));
  return text;
}

/** Bytes of any kind, also of a piece of something larger. */
export function anyBytes(random: Random): Uint8Array {
  const bytes = random.oneIn(3) ? random.bytes(random.below(24)) : Buffer.from(anyText(random));
  switch (random.below(3)) {
    case 0:
      return bytes;
    case 1:
      return new Uint8Array(bytes);
    default:
      return Uint8Array.from([3, 10, ...bytes, 13]).subarray(2, -1);
  }
}

/** The bytes of a text, one character each; undefined if they could not be sent. */
export function sentAs(content: string | Uint8Array): string | undefined {
  const bytes = Buffer.from(content as string);
  const wellFormed = typeof content !== 'string' || bytes.toString() === content;
  const plain = ![3, 10, 13].some((byte) => bytes.includes(byte));
  return bytes.length > 0 && wellFormed && plain ? bytes.toString('latin1') : undefined;
}
