const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
/** This many digits always fit a number exactly. */
const EASY_DIGITS = 15;
const INTEGER = /^[+-]?\d+$/;
/** Unambiguous, so that no input causes backtracking. */
const DOUBLE = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['nan', NaN],
  ['+nan', NaN],
  ['-nan', NaN],
]);

/** The digits in `bytes[from, to)` as a number; -1 for anything else. */
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

/** A 64-bit integer, as a number if that is exact, else as a bigint; undefined for anything else. */
export function parseInteger(bytes: Buffer, from: number, to: number): number | bigint | undefined {
  const sign = bytes[from];
  const signed = from < to && (sign === MINUS || sign === PLUS);
  const easy = parseDigits(bytes, signed ? from + 1 : from, to);
  // 0 - 0 is 0, because an integer has no negative zero.
  if (easy >= 0) return signed && sign === MINUS ? 0 - easy : easy;
  const text = bytes.toString('latin1', from, to);
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(sign === PLUS ? text.slice(1) : text);
  if (BigInt.asIntN(64, value) !== value) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A decimal double, infinity or NaN; undefined for anything else. */
export function parseDouble(text: string): number | undefined {
  return DOUBLE.test(text) ? Number(text) : SPECIAL.get(text);
}

/**
 * Prints a number. It is sent as a double unless it is a safe integer: the server has integers of 64 bits, JavaScript
 * of 53.
 */
export function printNumber(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? `:${value}\r\n` : printDouble(value);
}

export function printDouble(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? ',-0\r\n' : `,${value}\r\n`;
  if (Number.isNaN(value)) return ',nan\r\n';
  return value > 0 ? ',inf\r\n' : ',-inf\r\n';
}
