import { ZcachedDouble, ZcachedOrderedSet } from 'rxpool/zcached';
import { HOSTILE } from './hostile.js';
import type { Random } from './random.js';
import { anyBytes, anyText, sentAs } from './texts.js';
import type { Intent, Tree } from './tree.js';

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  1.5,
  0.1,
  2 ** 53,
  -(2 ** 53),
  2 ** 53 - 1,
  1e21,
  1e300,
  5e-324,
  NaN,
  Infinity,
  -Infinity,
];
const JUNK = [undefined, Symbol('junk'), () => 1, new Date(0), /x/, new Error('x'), Promise.resolve(), new URL('a:b')];

export function anyArgument(random: Random): Intent {
  const wraps = random.oneIn(20) ? random.between(25, 33) : 0;
  let intent = anyValue(random, 4);
  for (let level = 0; level < wraps; level++) intent = listOf(random, [intent]);
  return intent;
}

function anyValue(random: Random, levels: number): Intent {
  const kind = random.below(levels > 0 ? 20 : 12);
  if (kind < 4) return text(anyText(random));
  if (kind < 6) return text(anyBytes(random));
  if (kind < 8) return number(random);
  if (kind < 12) return rare(random);
  const items = Array.from({ length: random.below(4) }, () => anyValue(random, levels - 1));
  return kind < 16 ? listOf(random, items) : mapOf(random, items);
}

function text(value: string | Uint8Array): Intent {
  const sent = sentAs(value);
  return { value, tree: sent === undefined ? undefined : ['$', sent] };
}

function number(random: Random): Intent {
  const value = anyNumber(random);
  if (random.oneIn(3)) return { value: new ZcachedDouble(value), tree: [',', value] };
  const whole = Number.isInteger(value) && Math.abs(value) < 2 ** 53 && 1 / value !== Number.NEGATIVE_INFINITY;
  return { value, tree: whole ? [':', BigInt(value)] : [',', value] };
}

function anyNumber(random: Random): number {
  if (random.oneIn(2)) return random.pick(NUMBERS);
  return random.oneIn(2) ? random.below(1000) - 500 : random.bytes(8).readDoubleLE(0);
}

function rare(random: Random): Intent {
  switch (random.below(8)) {
    case 0:
    case 1: {
      const value = random.oneIn(2);
      return { value, tree: ['#', value] };
    }
    case 2:
    case 3:
      return { value: null, tree: ['_'] };
    case 4:
    case 5: {
      const value =
        BigInt.asIntN(random.between(1, 64), random.bytes(8).readBigInt64LE(0)) * (random.oneIn(4) ? 2n : 1n);
      return { value, tree: value < 2n ** 63n && value >= -(2n ** 63n) ? [':', value] : undefined };
    }
    case 6:
      return { value: random.pick(JUNK), tree: undefined };
    default:
      return random.pick(HOSTILE)();
  }
}

const LISTS = [
  ['*', (items: unknown[]) => items],
  ['*', (items: unknown[]) => items],
  ['~', (items: unknown[]) => new Set(items)],
  ['/', (items: unknown[]) => new ZcachedOrderedSet(items)],
] as const;

const ZERO: Tree = [':', 0n];

/** An array, or a set, in which values that are the same are one. */
function listOf(random: Random, intents: readonly Intent[]): Intent {
  const [type, make] = random.pick(LISTS);
  const distinct = type === '*' ? intents : [...new Map(intents.map((intent) => [intent.value, intent])).values()];
  // A set makes 0 of -0.
  const trees = distinct.map(({ value, tree }) => (type !== '*' && value === 0 ? ZERO : tree));
  const sendable = trees.filter((tree) => tree !== undefined);
  return {
    value: make(distinct.map(({ value }) => value)),
    tree: sendable.length === trees.length ? [type, sendable] : undefined,
  };
}

const KEYS = ['__proto__', 'constructor', '7', 'a', 'toString', 'ž'];

function mapOf(random: Random, intents: readonly Intent[]): Intent {
  const entries = new Map(intents.map((intent) => [random.oneIn(2) ? random.pick(KEYS) : anyText(random), intent]));
  const trees = new Map<string, Tree>();
  for (const [key, { tree }] of entries) {
    const sent = sentAs(key);
    if (sent !== undefined && tree) trees.set(sent, tree);
  }
  const values = [...entries].map(([key, { value }]) => [key, value] as const);
  return {
    value: random.pick(MAPS)(values),
    tree: trees.size === entries.size && trees.size > 0 ? ['%', trees] : undefined,
  };
}

type Entries = readonly (readonly [string, unknown])[];

const MAPS = [
  (entries: Entries) => new Map(entries),
  (entries: Entries) => Object.fromEntries(entries),
  (entries: Entries) => Object.defineProperties(Object.create(null), described(entries)),
];

const described = (entries: Entries): PropertyDescriptorMap =>
  Object.fromEntries(entries.map(([key, value]) => [key, { value, enumerable: true }]));
