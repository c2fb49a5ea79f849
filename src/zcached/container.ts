import type { ZcachedValue } from './value.js';

const ARRAY = 0x2a; // *
const MAP = 0x25; // %

/** An array, map or set that is being filled. */
export abstract class Container {
  /** An empty one of the type that a byte stands for: `*`, `%`, or a set of either kind. */
  static of(type: number, length: number): Container {
    if (type === ARRAY) return new ArrayContainer(length);
    return type === MAP ? new MapContainer(length * 2) : new SetContainer(length);
  }

  abstract readonly value: ZcachedValue;

  constructor(public missing: number) {}

  /** Whether the next value is the key of a map. */
  get awaitsKey(): boolean {
    return false;
  }

  /** Whether that was the last. */
  add(value: ZcachedValue): boolean {
    this.put(value);
    return --this.missing === 0;
  }

  protected abstract put(value: ZcachedValue): void;
}

class ArrayContainer extends Container {
  readonly value: ZcachedValue[] = [];

  protected put(value: ZcachedValue): void {
    this.value.push(value);
  }
}

class SetContainer extends Container {
  readonly value = new Set<ZcachedValue>();

  protected put(value: ZcachedValue): void {
    this.value.add(value);
  }
}

class MapContainer extends Container {
  readonly value = new Map<string, ZcachedValue>();
  #key: string | undefined = undefined;

  override get awaitsKey(): boolean {
    return this.#key === undefined;
  }

  protected put(value: ZcachedValue): void {
    if (this.#key === undefined) {
      this.#key = value as string;
      return;
    }
    this.value.set(this.#key, value);
    this.#key = undefined;
  }
}
