import { ZcachedOrderedSet } from './ordered-set.js';
import type { ReplyForm, ZcachedValue } from './value.js';

const ARRAY = 0x2a; // *
const MAP = 0x25; // %
const ORDERED_SET = 0x2f; // /

/** An array, map or set that is being filled. */
export abstract class Container {
  /** An empty container of the type of a byte: `*`, `%`, or the sets `~` and `/`. */
  static of(type: number, length: number, maps: ReplyForm['maps']): Container {
    if (type === ARRAY) return new ArrayContainer(length);
    if (type !== MAP) return new SetContainer(length, type === ORDERED_SET ? new ZcachedOrderedSet() : new Set());
    return maps === 'map' ? new MapContainer(length * 2) : new ObjectContainer(length * 2);
  }

  abstract readonly value: ZcachedValue;

  /** @param missing - how many values are still to come; a key counts as one. */
  constructor(public missing: number) {}

  /** Whether the next value is the key of a map. */
  get awaitsKey(): boolean {
    return false;
  }

  /** Adds a value. Returns whether it was the last. */
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
  constructor(
    length: number,
    readonly value: Set<ZcachedValue>,
  ) {
    super(length);
  }

  protected put(value: ZcachedValue): void {
    this.value.add(value);
  }
}

abstract class KeyedContainer extends Container {
  #key: string | undefined = undefined;

  override get awaitsKey(): boolean {
    return this.#key === undefined;
  }

  protected put(value: ZcachedValue): void {
    if (this.#key === undefined) {
      this.#key = value as string;
      return;
    }
    this.set(this.#key, value);
    this.#key = undefined;
  }

  protected abstract set(key: string, value: ZcachedValue): void;
}

class MapContainer extends KeyedContainer {
  readonly value = new Map<string, ZcachedValue>();

  protected set(key: string, value: ZcachedValue): void {
    this.value.set(key, value);
  }
}

class ObjectContainer extends KeyedContainer {
  readonly value: { [key: string]: ZcachedValue } = Object.create(null);

  protected set(key: string, value: ZcachedValue): void {
    this.value[key] = value;
  }
}
