const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
/** So many digits always fit a number. */
const EASY_DIGITS = 15;
const INTEGER = /^[+-]?\d+$/;
/** Unambiguous, so that no input makes it backtrack. */
const DOUBLE = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['nan', NaN],
  ['+nan', NaN],
  ['-nan', NaN],
]);

/** The digits in `bytes[from, to)`, or -1 for anything else. */
export function parseDigits(bytes: Buffer, from: number, to: number): number {
  if (to === from || to - from > EASY_DIGITS) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** A 64-bit integer, a number where that is exact; undefined for anything else. */
export function parseInteger(bytes: Buffer, from: number, to: number): number | bigint | undefined {
  const sign = bytes[from];
  const signed = from < to && (sign === MINUS || sign === PLUS);
  const easy = parseDigits(bytes, signed ? from + 1 : from, to);
  // 0 - 0 is 0: an integer has no negative zero.
  if (easy >= 0) return signed && sign === MINUS ? 0 - easy : easy;
  const text = bytes.toString('latin1', from, to);
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(sign === PLUS ? text.slice(1) : text);
  if (BigInt.asIntN(64, value) !== value) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A double in decimal, or infinite, or not a number; undefined for anything else. */
export function parseDouble(text: string): number | undefined {
  return DOUBLE.test(text) ? Number(text) : SPECIAL.get(text);
}

/** What is not a safe integer goes as a double: the server keeps 64 bits of an integer, JavaScript 53. */
export function printNumber(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? `:${value}\r\n` : printDouble(value);
}

export function printDouble(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? ',-0\r\n' : `,${value}\r\n`;
  if (Number.isNaN(value)) return ',nan\r\n';
  return value > 0 ? ',inf\r\n' : ',-inf\r\n';
}
