import { counted, LoadBuckets, levelOf, type Ranked, TOP_LEVEL } from './load-buckets.js';

/** The position of an item that is at its limit. */
const FULL = -2;

/**
 * Picks an item with the least load in constant time; items of equal load take turns. An item at its limit leaves the
 * buckets until its load is below the limit again.
 */
export class LoadIndex<S extends Ranked> extends LoadBuckets<S> {
  /** The sum of the reported loads, including those of full items. */
  load = 0;
  /** Called at each change of a load, if set. */
  onLoad: (() => void) | undefined = undefined;
  /** Called when an item that was full or not in the index becomes available, if set. */
  onRoom: (() => void) | undefined = undefined;
  /** How many full items have load 0, because their limit is 0. */
  private idleAtLimit = 0;
  private cursor = 0;
  private seed = 1;
  /** The position, from the start of the array, at which the next search of the top level starts. */
  private topCursor = 0;

  /** How many items are below their limit. */
  get size(): number {
    return this.items.length;
  }

  /** The item at a position below `size`. Positions change. */
  at(place: number): S | undefined {
    return this.items[place];
  }

  /** The least load of the items below their limit; loads above the top level count as the top level. */
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

  /** Call it after the limit of an item has changed. */
  relimit(item: S): void {
    const isFull = item.load >= item.limit;
    if (item.position === FULL && !isFull) {
      if (item.load === 0) this.idleAtLimit--;
      this.markAvailable(item);
    } else if (item.position >= 0 && isFull) this.markFull(item, levelOf(item.load));
  }

  /** Call it after the load of an item has grown by one, from `level`. */
  up(item: S, level: number): void {
    this.load++;
    if (item.position >= 0) {
      if (level + 1 >= item.limit) this.markFull(item, levelOf(level));
      else if (level < TOP_LEVEL) this.increment(item, level);
    } else if (level === 0 && item.position === FULL) this.idleAtLimit--;
    if (this.onLoad) this.onLoad();
  }

  /** Call it after the load of an item has shrunk by one, from `level`. */
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

  /** Call it after the load of an item has changed by any amount. */
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
   * How many items of the least load the current round has still to pick; all of them when a round begins, and 0 at the
   * top level, which has no rounds. They come first: a picked item swaps places with the last of them, and an item
   * whose load changes enters or leaves at the end of its level.
   */
  private upcoming(): number {
    const { low, cursor } = this;
    if (low === TOP_LEVEL) return 0;
    const equals = this.ends[low] as number;
    return cursor > 0 && cursor <= equals ? cursor : equals;
  }

  /** A random position below `count`. Any fixed order would favour some items if callers have a rhythm of their own. */
  private draw(count: number): number {
    return ((this.seed >>> 16) * count) >>> 16;
  }

  /** Refused items lose their turn. The round goes on downwards, and then once through all the others. */
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

  /** Searches in the order in which `pick` would. */
  #peekAccepted(accepts: (item: S) => boolean): S | undefined {
    const upcoming = this.upcoming();
    if (upcoming === 0) return this.#leastOfTop(accepts);
    const equals = this.ends[this.low] as number;
    const drawn = this.draw(upcoming);
    for (let i = 0; i < equals; i++) {
      const place = (upcoming - 1 - i + equals) % equals;
      // The drawn item swaps places with the last one to come.
      const item = this.items[i === 0 ? drawn : place === drawn ? upcoming - 1 : place];
      if (item && accepts(item)) return item;
    }
    return this.#firstAccepted(accepts, equals) ?? this.#leastOfTop(accepts);
  }

  /** The first accepted item from a position on. Below the top level, positions are sorted by load. */
  #firstAccepted(accepts: (item: S) => boolean, from: number): S | undefined {
    for (let place = from; place < this.#topStart; place++) {
      const item = this.items[place] as S;
      if (accepts(item)) return item;
    }
    return undefined;
  }

  /**
   * Searches the top level, which is not sorted, for the least load. Among equals it takes the next after the latest
   * pick.
   */
  #leastOfTop(accepts?: (item: S) => boolean): S | undefined {
    const { items } = this;
    const first = this.#topStart;
    const count = items.length - first;
    const start = Math.max(0, this.topCursor - first);
    let least: S | undefined;
    for (let i = 0; i < count; i++) {
      // `accepts` may have removed items, which leaves a position empty.
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
