import { counted, LoadBuckets, levelOf, type Ranked, TOP_LEVEL } from './load-buckets.js';

/** The position of an item of the index that is at its limit. */
const FULL = -2;

/**
 * Picks an item with the least load in constant time, items of equal load in turn. An item at its limit has no place
 * in the buckets until its load is below its limit again.
 */
export class LoadIndex<S extends Ranked> extends LoadBuckets<S> {
  /** The sum of the reported loads, those of full items included. */
  load = 0;
  /** Called at each change of a load, where set. */
  onLoad: (() => void) | undefined = undefined;
  /** Called when an item becomes available that was full or not in the index, where set. */
  onRoom: (() => void) | undefined = undefined;
  /** How many full items have load 0: those whose limit is 0. */
  private idleAtLimit = 0;
  private cursor = 0;
  private seed = 1;
  /** The place, counted from the start of the array, at which the next search of the top level starts. */
  private topCursor = 0;

  /** How many items are below their limit. */
  get size(): number {
    return this.items.length;
  }

  /** The item at a place below `size`. Places are in no order that lasts. */
  at(place: number): S | undefined {
    return this.items[place];
  }

  /** The least load of the items below their limit; loads above the top level count as that. */
  get least(): number {
    return this.low;
  }

  /** How many items have load 0, full items included. */
  get idle(): number {
    return (this.ends[0] as number) + this.idleAtLimit;
  }

  add(item: S): void {
    if (item.load < item.limit) this.markAvailable(item);
    else this.setAside(item);
  }

  remove(item: S): void {
    if (item.position >= 0) this.removeFrom(item, levelOf(item.load));
    else if (item.load === 0) this.idleAtLimit--;
    item.position = -1;
  }

  /** To be called after the limit of an item has changed. */
  relimit(item: S): void {
    const isFull = item.load >= item.limit;
    if (item.position === FULL && !isFull) {
      if (item.load === 0) this.idleAtLimit--;
      this.markAvailable(item);
    } else if (item.position >= 0 && isFull) this.markFull(item, levelOf(item.load));
  }

  /** To be called after the load of an item has grown by one, from `level`. */
  up(item: S, level: number): void {
    this.load++;
    if (item.position >= 0) {
      if (level + 1 >= item.limit) this.markFull(item, levelOf(level));
      else if (level < TOP_LEVEL) this.increment(item, level);
    } else if (level === 0 && item.position === FULL) this.idleAtLimit--;
    if (this.onLoad) this.onLoad();
  }

  /** To be called after the load of an item has shrunk by one, from `level`. */
  down(item: S, level: number): void {
    this.load--;
    if (item.position >= 0) {
      if (level <= TOP_LEVEL) this.decrement(item, level);
    } else if (item.position === FULL) {
      if (level <= item.limit) this.markAvailable(item);
      else if (level === 1) this.idleAtLimit++;
    }
    if (this.onLoad) this.onLoad();
  }

  /** To be called after the load of an item has changed by any amount. */
  move(item: S, from: number, to: number): void {
    this.load += counted(to) - counted(from);
    if (item.position >= 0) {
      if (to >= item.limit) this.markFull(item, levelOf(from));
      else this.moveTo(item, levelOf(from), levelOf(to));
    } else if (item.position === FULL) {
      if (from === 0) this.idleAtLimit--;
      if (to < item.limit) this.markAvailable(item);
      else if (to === 0) this.idleAtLimit++;
    }
    if (this.onLoad) this.onLoad();
  }

  /** The item to use now. Items of the least load take turns. */
  pick(accepts?: (item: S) => boolean): S | undefined {
    if (accepts) return this.#pickAccepted(accepts);
    const cursor = this.upcoming();
    if (cursor === 0) return this.#takeOfTop();
    const item = this.items[this.draw(cursor)] as S;
    this.seed = (Math.imul(this.seed, 1_664_525) + 1_013_904_223) | 0;
    this.cursor = cursor - 1;
    this.swap(item, cursor - 1);
    return item;
  }

  /** The item that `pick` would choose; changes no state. */
  peek(accepts?: (item: S) => boolean): S | undefined {
    if (accepts) return this.#peekAccepted(accepts);
    const cursor = this.upcoming();
    return cursor === 0 ? this.#leastOfTop() : this.items[this.draw(cursor)];
  }

  /**
   * How many of the equals the round has not come to, all of them where a round begins; 0 at the top level, which has
   * no rounds. They are the first ones: an item that is picked changes places with the last of them, and one whose load
   * changes comes in or goes at the end of its level.
   */
  private upcoming(): number {
    const { low, cursor } = this;
    if (low === TOP_LEVEL) return 0;
    const equals = this.ends[low] as number;
    return cursor > 0 && cursor <= equals ? cursor : equals;
  }

  /** A place by chance, below `count`: in any fixed order, callers in a rhythm of their own would favour some. */
  private draw(count: number): number {
    return ((this.seed >>> 16) * count) >>> 16;
  }

  /** Refused ones lose their turn, and the round goes on downwards; then, once, past all the others. */
  #pickAccepted(accepts: (item: S) => boolean): S | undefined {
    const upcoming = this.upcoming();
    if (upcoming === 0) return this.#takeOfTop(accepts);
    const equals = this.ends[this.low] as number;
    const drawn = this.pick();
    if (drawn && accepts(drawn)) return drawn;
    for (let i = 1; i < equals; i++) {
      const place = (upcoming - 1 - i + equals) % equals;
      const item = this.items[place];
      this.cursor = place;
      if (item && accepts(item)) return item;
    }
    return this.#firstAccepted(accepts, equals) ?? this.#takeOfTop(accepts);
  }

  /** Goes the way that picking would go. */
  #peekAccepted(accepts: (item: S) => boolean): S | undefined {
    const upcoming = this.upcoming();
    if (upcoming === 0) return this.#leastOfTop(accepts);
    const equals = this.ends[this.low] as number;
    const drawn = this.draw(upcoming);
    for (let i = 0; i < equals; i++) {
      const place = (upcoming - 1 - i + equals) % equals;
      // The one that is drawn changes places with the last of those to come.
      const item = this.items[i === 0 ? drawn : place === drawn ? upcoming - 1 : place];
      if (item && accepts(item)) return item;
    }
    return this.#firstAccepted(accepts, equals) ?? this.#leastOfTop(accepts);
  }

  /** The first accepted item from a place on. Below the top level, places are sorted by load. */
  #firstAccepted(accepts: (item: S) => boolean, from: number): S | undefined {
    for (let place = from; place < this.#topStart; place++) {
      const item = this.items[place] as S;
      if (accepts(item)) return item;
    }
    return undefined;
  }

  /** Searches the top level, which is not sorted, for the least load; among equals, the next after the latest pick. */
  #leastOfTop(accepts?: (item: S) => boolean): S | undefined {
    const { items } = this;
    const first = this.#topStart;
    const count = items.length - first;
    const start = Math.max(0, this.topCursor - first);
    let least: S | undefined;
    for (let i = 0; i < count; i++) {
      // `accepts` may have removed items, so that a place is empty.
      const item = items[first + ((start + i) % count)];
      if (!item || (least && item.load >= least.load) || (accepts && !accepts(item))) continue;
      least = item;
    }
    return least;
  }

  #takeOfTop(accepts?: (item: S) => boolean): S | undefined {
    const item = this.#leastOfTop(accepts);
    if (item) this.topCursor = item.position + 1;
    return item;
  }

  get #topStart(): number {
    return this.ends[TOP_LEVEL - 1] ?? this.items.length;
  }

  private markAvailable(item: S): void {
    this.insert(item);
    if (this.onRoom) this.onRoom();
  }

  private markFull(item: S, level: number): void {
    this.removeFrom(item, level);
    this.setAside(item);
  }

  private setAside(item: S): void {
    item.position = FULL;
    if (item.load === 0) this.idleAtLimit++;
  }
}
