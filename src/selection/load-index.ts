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
    const place = this.cursor - 1;
    const { low } = this;
    // The top level is not sorted: it is searched for each pick, without a round.
    if (place < 0 || place >= (this.ends[low] as number) || low === TOP_LEVEL) return this.beginRound();
    this.cursor = place;
    return this.items[place];
  }

  /** The item that `pick` would choose; changes no state. */
  peek(accepts?: (item: S) => boolean): S | undefined {
    if (accepts) return this.#peekAccepted(accepts);
    return this.low === TOP_LEVEL ? this.#leastOfTop() : this.items[this.#next()];
  }

  /**
   * A round goes down through the items of the least load, so that an item whose load rises swaps places with one that
   * was picked in this round. It starts at a pseudo-random item: callers in a fixed rhythm would get the same items in
   * each round otherwise.
   */
  #next(): number {
    const equals = this.ends[this.low] as number;
    const cursor = this.cursor;
    return cursor > 0 && cursor <= equals ? cursor - 1 : this.#start(equals);
  }

  #start(equals: number): number {
    return ((this.seed >>> 16) * equals) >>> 16;
  }

  private beginRound(): S | undefined {
    const equals = this.ends[this.low] as number;
    if (equals === 1) return this.items[0];
    if (this.low === TOP_LEVEL || equals === 0) return this.#takeOfTop();
    const item = this.items[this.#start(equals)] as S;
    this.seed = (Math.imul(this.seed, 1_664_525) + 1_013_904_223) | 0;
    this.cursor = equals - 1;
    this.swap(item, equals - 1);
    return item;
  }

  /** A refused item loses its turn. The rest of the round and one more round visit each item of the least load. */
  #pickAccepted(accepts: (item: S) => boolean): S | undefined {
    const equals = this.ends[this.low] as number;
    const tries = this.low < TOP_LEVEL ? Math.min(this.cursor, equals) + equals : 0;
    for (let i = 0; i < tries; i++) {
      const item = this.pick();
      if (item && accepts(item)) return item;
    }
    return this.#firstAccepted(accepts, equals) ?? this.#takeOfTop(accepts);
  }

  /** Visits the items in the order in which `#pickAccepted` does. */
  #peekAccepted(accepts: (item: S) => boolean): S | undefined {
    const { items } = this;
    const equals = this.low < TOP_LEVEL ? (this.ends[this.low] as number) : 0;
    const inTurn = (item: S | undefined): boolean => item !== undefined && accepts(item);
    for (let place = (this.cursor <= equals ? this.cursor : 0) - 1; place >= 0; place--) {
      if (inTurn(items[place])) return items[place];
    }
    const start = this.#start(equals);
    if (equals > 0 && inTurn(items[start])) return items[start];
    for (let place = equals - 2; place >= 0; place--) {
      // A round swaps the item that it starts with and the last one.
      const item = items[place === start ? equals - 1 : place];
      if (inTurn(item)) return item;
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
