import { ZcachedDouble } from 'rxpool/zcached';
import type { Intent, Tree } from './tree.js';

const INJECTED = '0\r\n\x03*1\r\n$5\r\nFLUSH\r\n\x03';
const ONE: Tree = [':', 1n];

/** Goes on for ever, where its own iterator is asked. */
class EndlessMap extends Map<string, unknown> {
  override *entries(): ReturnType<Map<string, unknown>['entries']> {
    for (;;) yield ['a', 1];
  }

  override [Symbol.iterator](): ReturnType<Map<string, unknown>['entries']> {
    return this.entries();
  }
}

class EndlessSet extends Set<unknown> {
  override *values(): ReturnType<Set<unknown>['values']> {
    for (;;) yield 1;
  }

  override [Symbol.iterator](): ReturnType<Set<unknown>['values']> {
    return this.values();
  }
}

class EndlessArray extends Array<unknown> {
  override *[Symbol.iterator](): ReturnType<unknown[]['values']> {
    for (;;) yield 1;
  }
}

class LyingBytes extends Uint8Array {
  override get length(): number {
    return 0;
  }

  override includes(): boolean {
    return false;
  }
}

function throwing(): never {
  throw new RangeError('hostile');
}

const lying = (property: string, lie: unknown): object =>
  new Proxy([1], { get: (target, name) => (name === property ? lie : Reflect.get(target, name)) });

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable([1], {});
  revoke();
  return proxy;
}

function cyclic(): unknown {
  const array: unknown[] = [1];
  array.push(new Map([['again', new Set([array])]]));
  return array;
}

/** An array that changes while its first item is read. */
function changing(change: (array: unknown[]) => void): unknown[] {
  const array: unknown[] = [];
  const item = {
    get a() {
      change(array);
      return 1;
    },
  };
  array.push(item, 1);
  return array;
}

const REFUSED: readonly (() => unknown)[] = [
  () => lying('length', INJECTED),
  () => lying('length', -1),
  () => lying('length', 1.5),
  () => lying('length', 2 ** 60),
  () => lying('length', 3),
  () => new Proxy([1], { get: throwing }),
  () => new Proxy({ a: 1 }, { ownKeys: throwing }),
  () => new Proxy({ a: 1 }, { getPrototypeOf: throwing }),
  () => ({
    get a() {
      return throwing();
    },
  }),
  revoked,
  cyclic,
  () => new Array(3),
  () => Object.assign(Object.create({ inherited: 1 }), { a: 1 }),
  () => Object.create(ZcachedDouble.prototype, { value: { value: INJECTED } }),
  () => changing((array) => array.pop()),
  () => new LyingBytes([0x61, 0x0a]),
];

const ACCEPTED: readonly (() => Intent)[] = [
  () => ({ value: changing((array) => array.push(1)), tree: ['*', [['%', new Map([['a', ONE]])], ONE]] }),
  () => ({ value: new EndlessMap([['a', 1]]), tree: ['%', new Map([['a', ONE]])] }),
  () => ({ value: new EndlessSet([1]), tree: ['~', [ONE]] }),
  () => ({ value: new EndlessArray(1, 1), tree: ['*', [ONE, ONE]] }),
  () => ({ value: new LyingBytes([0x61]), tree: ['$', 'a'] }),
  () => ({ value: new Proxy({ a: 1 }, {}), tree: ['%', new Map([['a', ONE]])] }),
  () => ({ value: new Proxy([1], {}), tree: ['*', [ONE]] }),
];

/** What answers otherwise when asked again, lies about how long it is, throws, or never ends. */
export const HOSTILE: readonly (() => Intent)[] = [
  ...REFUSED.map((make) => (): Intent => ({ value: make(), tree: undefined })),
  ...ACCEPTED,
];
