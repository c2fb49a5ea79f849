import { counted, LoadBuckets, levelOf, type Ranked, TOP_LEVEL } from './load-buckets.js';

/** The position of an item that is in the index, and at its limit. */
const FULL = -2;

/**
 * The least loaded in constant time: exact, and equals in turn. Items at their limit are set aside until there is
 * room on them again.
 */
export class LoadIndex<S extends Ranked> extends LoadBuckets<S> {
  /** The sum of the loads that it has been told of, ranked or not. */
  load = 0;
  /** Called at each change of a load, while set. */
  onLoad: (() => void) | undefined = undefined;
  /** Called when an item can be chosen that could not be before, while set. */
  onRoom: (() => void) | undefined = undefined;
  /** How many items at their limit have load 0: those whose limit is 0. */
  private idleAtLimit = 0;
  private cursor = 0;
  private seed = 1;
  /** The place on the top level, of all places, from where on equals are looked for. */
  private topCursor = 0;

  /** How many can be chosen. */
  get size(): number {
    return this.items.length;
  }

  /** How many of all have load 0. */
  get idle(): number {
    return (this.ends[0] as number) + this.idleAtLimit;
  }

  add(item: S): void {
    if (item.load < item.limit) this.open(item);
    else this.setAside(item);
  }

  remove(item: S): void {
    if (item.position >= 0) this.unrank(item, levelOf(item.load));
    else if (item.load === 0) this.idleAtLimit--;
    item.position = -1;
  }

  /** To be told after the limit of an item has changed. */
  relimit(item: S): void {
    const isFull = item.load >= item.limit;
    if (item.position === FULL && !isFull) {
      if (item.load === 0) this.idleAtLimit--;
      this.open(item);
    } else if (item.position >= 0 && isFull) this.fill(item, levelOf(item.load));
  }

  /** To be told after the load of an item has grown by one, from `level`. */
  up(item: S, level: number): void {
    this.load++;
    if (item.position >= 0) {
      if (level + 1 >= item.limit) this.fill(item, levelOf(level));
      else if (level < TOP_LEVEL) this.climb(item, level);
    } else if (level === 0 && item.position === FULL) this.idleAtLimit--;
    if (this.onLoad) this.onLoad();
  }

  /** To be told after the load of an item has shrunk by one, from `level`. */
  down(item: S, level: number): void {
    this.load--;
    if (item.position >= 0) {
      if (level <= TOP_LEVEL) this.sink(item, level);
    } else if (item.position === FULL) {
      if (level <= item.limit) this.open(item);
      else if (level === 1) this.idleAtLimit++;
    }
    if (this.onLoad) this.onLoad();
  }

  /** To be told after the load of an item has changed by however much. */
  move(item: S, from: number, to: number): void {
    this.load += counted(to) - counted(from);
    if (item.position >= 0) {
      if (to >= item.limit) this.fill(item, levelOf(from));
      else this.walk(item, levelOf(from), levelOf(to));
    } else if (item.position === FULL) {
      if (from === 0) this.idleAtLimit--;
      if (to < item.limit) this.open(item);
      else if (to === 0) this.idleAtLimit++;
    }
    if (this.onLoad) this.onLoad();
  }

  /** The item to use now, a different one of the equals each time. */
  pick(accepts?: (item: S) => boolean): S | undefined {
    if (accepts) return this.#pickAccepted(accepts);
    const place = this.cursor - 1;
    const { low } = this;
    // No round goes on at the top level, where the least is looked for each time.
    if (place < 0 || place >= (this.ends[low] as number) || low === TOP_LEVEL) return this.beginRound();
    this.cursor = place;
    return this.items[place];
  }

  /** The item that `pick` would choose. */
  peek(accepts?: (item: S) => boolean): S | undefined {
    if (accepts) return this.#peekAccepted(accepts);
    return this.low === TOP_LEVEL ? this.#leastOfTop() : this.items[this.#next()];
  }

  /**
   * A round goes down through the equals, so that those who change places meanwhile were served already. It
   * starts anywhere: callers who come back in a rhythm of their own would meet the same ones every time.
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

  /** Refused ones lose their turn; what is left of the round, and then one more, come past all the equals. */
  #pickAccepted(accepts: (item: S) => boolean): S | undefined {
    const equals = this.ends[this.low] as number;
    const tries = this.low < TOP_LEVEL ? Math.min(this.cursor, equals) + equals : 0;
    for (let i = 0; i < tries; i++) {
      const item = this.pick();
      if (item && accepts(item)) return item;
    }
    return this.#firstAccepted(accepts, equals) ?? this.#takeOfTop(accepts);
  }

  /** Goes the way that picking would go. */
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
      // The round that begins puts the one it starts with in the place of the last.
      const item = items[place === start ? equals - 1 : place];
      if (inTurn(item)) return item;
    }
    return this.#firstAccepted(accepts, equals) ?? this.#leastOfTop(accepts);
  }

  /** Below the top level they are sorted. */
  #firstAccepted(accepts: (item: S) => boolean, from: number): S | undefined {
    for (let place = from; place < this.#topStart; place++) {
      const item = this.items[place] as S;
      if (accepts(item)) return item;
    }
    return undefined;
  }

  /** The top level is not sorted: of those with the least load, the next after the one that was taken last. */
  #leastOfTop(accepts?: (item: S) => boolean): S | undefined {
    const { items } = this;
    const first = this.#topStart;
    const count = items.length - first;
    const start = Math.max(0, this.topCursor - first);
    let least: S | undefined;
    for (let i = 0; i < count; i++) {
      // Those that are refused may be taken away meanwhile.
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

  private open(item: S): void {
    this.rank(item);
    if (this.onRoom) this.onRoom();
  }

  private fill(item: S, level: number): void {
    this.unrank(item, level);
    this.setAside(item);
  }

  private setAside(item: S): void {
    item.position = FULL;
    if (item.load === 0) this.idleAtLimit++;
  }
}
