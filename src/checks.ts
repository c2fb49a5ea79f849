import { outOfRange, unknownOption, wrongType } from './errors.js';
import { nearest } from './nearest.js';

/** The longest wait of a timer, in milliseconds. A timer with a longer wait fires at once. */
export const MAX_TIMER_DELAY = 2 ** 31 - 1;

/** How many options a message lists. */
const MAX_NAMED = 8;

/** Throws a `TypeError` or a `RangeError` for an invalid value of an argument. */
export type Check = (argument: string, value: unknown) => void;

function checkNumber(argument: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw wrongType(argument, 'a number', value);
}

export function checkSize(argument: string, value: unknown): asserts value is number {
  checkNumber(argument, value);
  if (!Number.isSafeInteger(value) || value < 0) throw outOfRange(argument, 'a non-negative integer', value);
}

export function checkInteger(argument: string, value: unknown): asserts value is number {
  checkNumber(argument, value);
  if (!Number.isSafeInteger(value)) throw outOfRange(argument, 'an integer', value);
}

export function checkLimit(argument: string, value: unknown): asserts value is number {
  checkNumber(argument, value);
  const whole = Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY;
  if (!whole || value < 1) throw outOfRange(argument, 'an integer of at least 1, or Infinity', value);
}

export function checkDuration(argument: string, value: unknown): asserts value is number {
  checkNumber(argument, value);
  if (!(value >= 0 && value <= MAX_TIMER_DELAY))
    throw outOfRange(argument, `between 0 and ${MAX_TIMER_DELAY} milliseconds`, value);
}

/** A timeout, which must be more than 0. */
export function checkTimeout(argument: string, value: unknown): asserts value is number {
  checkNumber(argument, value);
  if (!(value > 0 && value <= MAX_TIMER_DELAY))
    throw outOfRange(argument, `above 0 and at most ${MAX_TIMER_DELAY} milliseconds`, value);
}

export function checkWithin(
  argument: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  checkNumber(argument, value);
  if (!(Number.isSafeInteger(value) && value >= least && value <= most))
    throw outOfRange(argument, `an integer from ${least} to ${most}`, value);
}

export function checkText(argument: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw wrongType(argument, 'a string', value);
  if (value === '') throw outOfRange(argument, 'a non-empty string', value);
}

/** One of the given words. */
export function checkChoice<T extends string>(
  argument: string,
  value: unknown,
  choices: readonly T[],
): asserts value is T {
  if (typeof value !== 'string') throw wrongType(argument, 'a string', value);
  if (!choices.some((choice) => choice === value)) throw outOfRange(argument, `one of ${choices.join(', ')}`, value);
}

export function checkFunction(argument: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongType(argument, 'a function', value);
}

/** An array whose every element is a function. */
export function checkFunctions(argument: string, value: unknown): void {
  if (!Array.isArray(value)) throw wrongType(argument, 'an array of functions', value);
  value.forEach((element, place) => {
    checkFunction(`${argument}[${place}]`, element);
  });
}

/** A non-empty array of different, non-empty texts. */
export function checkDistinctTexts(argument: string, value: unknown): asserts value is readonly string[] {
  if (!Array.isArray(value)) throw wrongType(argument, 'an array of strings', value);
  if (value.length === 0) throw outOfRange(argument, 'an array of at least one string', value);
  value.forEach((text, place) => {
    checkText(`${argument}[${place}]`, text);
    if (value.indexOf(text) < place) throw outOfRange(`${argument}[${place}]`, 'a string that occurs once', text);
  });
}

export function checkBoolean(argument: string, value: unknown): void {
  if (typeof value !== 'boolean') throw wrongType(argument, 'a boolean', value);
}

export function checkObject(argument: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw wrongType(argument, 'an object', value);
}

const listed = (known: readonly string[]): string =>
  `${known.slice(0, MAX_NAMED).join(', ')}${known.length > MAX_NAMED ? ', …' : ''}`;

/** The nearest known name, or the known names where none is near. */
function hintFor(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? `known: ${listed(known)}` : `did you mean ${near}?`;
}

/** An object of options without unknown names. */
export function checkOptions(argument: string, options: unknown, known: readonly string[]): void {
  checkObject(argument, options);
  // Most of these have no own names, so that they would pass as empty options.
  if (
    options instanceof Error ||
    'aborted' in (options as object) ||
    Symbol.iterator in (options as object) ||
    'subscribe' in (options as object)
  ) {
    throw wrongType(argument, `an object of options (${listed(known)})`, options);
  }
  for (const name of Object.keys(options as object)) {
    if (!known.includes(name)) throw unknownOption(argument, name, hintFor(name, known));
  }
}

/** Options after their defaults were filled in. */
export type Resolved<O> = { readonly [Name in keyof O]-?: NonNullable<O[Name]> };

/** Options with a check for each known name. An undefined value stands for the default. */
export function checkEach(argument: string, options: unknown, checks: Readonly<Record<string, Check>>): void {
  checkOptions(argument, options, Object.keys(checks));
  for (const [name, check] of Object.entries(checks)) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined) check(`${argument}.${name}`, value);
  }
}

export function checkSignal(argument: string, value: unknown): void {
  if (!(value instanceof AbortSignal)) throw wrongType(argument, 'an AbortSignal', value);
}

/** Any number from `least` on, Infinity included. The code that sets a timer clamps it. */
export const atLeast =
  (least: number): Check =>
  (argument, value) => {
    checkNumber(argument, value);
    if (!(value >= least)) throw outOfRange(argument, `a number of at least ${least}`, value);
  };

/** The given value, or one that passes the check. */
export const unless =
  (none: unknown, check: Check): Check =>
  (argument, value) => {
    if (value !== none) check(argument, value);
  };

/** Accepts every value. */
export const anything: Check = () => {};

export function checkScheduler(argument: string, value: unknown): void {
  const { schedule } = (value ?? {}) as { readonly schedule?: unknown };
  if (typeof schedule !== 'function') throw wrongType(argument, 'a scheduler', value);
}

export function checkRatio(argument: string, value: unknown): asserts value is number {
  checkNumber(argument, value);
  if (!(value >= 0 && value <= 1)) throw outOfRange(argument, 'a share between 0 and 1', value);
}
