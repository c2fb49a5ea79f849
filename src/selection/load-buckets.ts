import { UNKNOWN_LOAD } from '../connection/record.js';

/** The limit of an item that has none. */
export const UNLIMITED = 2 ** 31 - 1;

/** An item of a load index. */
export interface Ranked {
  /** Position in the index; negative for an item without one. Only the index writes it. */
  position: number;
  /** The larger of the requests in flight and the open leases. */
  readonly load: number;
  /** The load at which the item is full: it is not chosen any more. */
  readonly limit: number;
}

/** A load as counted in the sum of all loads; 0 for an unknown load. */
export const counted = (load: number): number => (load < UNKNOWN_LOAD ? load : 0);

/** Loads from here on share one level, which bounds the number of levels and so the memory. */
export const TOP_LEVEL = 4_096;

/** The level of a load: the load itself, at most the top level. */
export const levelOf = (load: number): number => (load < TOP_LEVEL ? load : TOP_LEVEL);

/**
 * An incremental bucket sort: one array sorted by load, and for each level of load the end of its bucket. A load that
 * changes by one swaps one item with the boundary of its bucket.
 */
export class LoadBuckets<S extends Ranked> {
  protected readonly items: S[] = [];
  /** `ends[l]` items have a level of at most `l`. */
  protected readonly ends: number[] = [0];
  /** The lowest level in use. */
  protected low = 0;

  protected insert(item: S): void {
    const ends = this.ends;
    const level = levelOf(item.load);
    let place = this.items.length;
    while (ends.length <= level) ends.push(place);
    this.items.push(item);
    for (let l = ends.length - 1; l > level; l--) {
      const first = ends[l - 1] as number;
      if (first !== place) this.put(this.items[first] as S, place);
      ends[l] = (ends[l] as number) + 1;
      place = first;
    }
    ends[level] = (ends[level] as number) + 1;
    this.put(item, place);
    if (level < this.low || this.items.length === 1) this.low = level;
  }

  protected removeFrom(item: S, level: number): void {
    const ends = this.ends;
    let place = item.position;
    for (let l = level; l < ends.length; l++) {
      const last = (ends[l] as number) - 1;
      if (last !== place) this.put(this.items[last] as S, place);
      ends[l] = last;
      place = last;
    }
    this.items.pop();
    this.#trim();
  }

  /** Moves an item from one level to another. */
  protected moveTo(item: S, from: number, to: number): void {
    let level = from;
    while (level < to) this.increment(item, level++);
    while (level > to) this.decrement(item, level--);
  }

  protected increment(item: S, level: number): void {
    const ends = this.ends;
    const last = (ends[level] as number) - 1;
    this.swap(item, last);
    ends[level] = last;
    if (level + 1 === ends.length) ends.push(last + 1);
    if (last === 0) this.low = level + 1;
  }

  protected decrement(item: S, level: number): void {
    const ends = this.ends;
    const first = ends[level - 1] as number;
    this.swap(item, first);
    ends[level - 1] = first + 1;
    if (level <= this.low) this.low = level - 1;
  }

  /** Writes even if nothing moves: a mispredicted branch costs more than the writes. */
  protected swap(item: S, place: number): void {
    const { items } = this;
    const { position } = item;
    const other = items[place] as S;
    items[position] = other;
    items[place] = item;
    other.position = position;
    item.position = place;
  }

  private put(item: S, place: number): void {
    this.items[place] = item;
    item.position = place;
  }

  #trim(): void {
    const ends = this.ends;
    const size = this.items.length;
    while (ends.length > 1 && ends[ends.length - 2] === size) ends.pop();
    while (this.low < ends.length - 1 && ends[this.low] === 0) this.low++;
    if (this.low >= ends.length) this.low = ends.length - 1;
  }
}
