import * as fc from 'fast-check';
import { type Ranked, UNKNOWN_LOAD, UNLIMITED } from '../../src/connection/cell.js';
import { counted } from '../../src/selection/levels.js';
import { LoadIndex } from '../../src/selection/load-index.js';

class Item implements Ranked {
  position = -1;
  limit = UNLIMITED;

  constructor(
    readonly name: number,
    public load: number,
  ) {}

  get hasRoom(): boolean {
    return this.load < this.limit;
  }
}

type Step =
  | { readonly type: 'add' | 'jump'; readonly who: number; readonly load: number }
  | { readonly type: 'remove' | 'up' | 'down'; readonly who: number }
  | { readonly type: 'limit'; readonly who: number; readonly limit: number }
  | { readonly type: 'pick' }
  | { readonly type: 'peek' }
  | { readonly type: 'pickAmong'; readonly divisor: number };

type Change = Extract<Step, { readonly who: number }>;

const TOP_LEVEL = 4_096;
const who = fc.nat({ max: 11 });
/** Mostly the everyday loads; around the level that everything above shares; absurd ones. */
const load = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 4 }) },
  { weight: 2, arbitrary: fc.integer({ min: TOP_LEVEL - 2, max: TOP_LEVEL + 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(40, 1_000_000, UNKNOWN_LOAD) },
);
const limit = fc.oneof(
  fc.nat({ max: 5 }),
  fc.constantFrom(TOP_LEVEL - 1, TOP_LEVEL, TOP_LEVEL + 1, UNLIMITED, UNLIMITED),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constantFrom('add' as const, 'jump' as const), who, load }),
  fc.record({ type: fc.constantFrom('remove' as const, 'up' as const, 'up' as const, 'down' as const), who }),
  fc.record({ type: fc.constant('limit' as const), who, limit }),
  fc.constantFrom<Step>({ type: 'pick' }, { type: 'peek' }),
  fc.record({ type: fc.constant('pickAmong' as const), divisor: fc.integer({ min: 1, max: 4 }) }),
);

/** The index beside the simplest thing that could be right: a set that is searched. */
class Bench {
  readonly index = new LoadIndex<Item>();
  readonly items = Array.from({ length: 12 }, (_, name) => new Item(name, 0));
  readonly present = new Set<Item>();
  /** How often somebody was told of room. */
  rooms = 0;

  constructor() {
    this.index.onRoom = () => this.rooms++;
  }

  /** Those present that are below their limits. */
  get open(): Item[] {
    return [...this.present].filter(({ hasRoom }) => hasRoom);
  }

  take(step: Step): void {
    if (step.type === 'pick') this.expectLeast(this.index.pick(), this.open);
    else if (step.type === 'peek') this.expectLeast(this.index.peek(), this.open);
    else if (step.type === 'pickAmong') this.pickAmong(({ name }) => name % step.divisor === 0);
    else this.change(step, this.items[step.who]!);
    this.expectConsistent();
  }

  change(step: Change, item: Item): void {
    const from = item.load;
    const hadRoom = item.hasRoom && this.present.has(item);
    const rooms = this.rooms;
    this.apply(step, item, from);
    const gainedRoom = item.hasRoom && this.present.has(item) && !hadRoom;
    expect(this.rooms - rooms).toBe(gainedRoom ? 1 : 0);
  }

  apply(step: Change, item: Item, from: number): void {
    switch (step.type) {
      case 'limit':
        item.limit = step.limit;
        this.index.relimit(item);
        break;
      case 'add':
        if (this.present.has(item)) return;
        item.load = step.load;
        this.index.add(item);
        this.present.add(item);
        break;
      case 'remove':
        this.index.remove(item);
        this.present.delete(item);
        break;
      case 'jump':
        item.load = step.load;
        this.index.move(item, from, item.load);
        break;
      case 'up':
        item.load++;
        this.index.up(item, from);
        break;
      case 'down':
        if (item.load === 0) return;
        item.load--;
        this.index.down(item, from);
    }
  }

  pickAmong(accepts: (item: Item) => boolean): void {
    this.expectLeast(this.index.pick(accepts), this.open.filter(accepts));
  }

  expectLeast(chosen: Item | undefined, candidates: Iterable<Item>): void {
    const loads = [...candidates].map((item) => item.load);
    expect(chosen?.load).toBe(loads.length > 0 ? Math.min(...loads) : undefined);
    if (chosen) expect([...candidates]).toContain(chosen);
  }

  expectConsistent(): void {
    const { index, open } = this;
    expect(index.size).toBe(open.length);
    const positions = open.map(({ position }) => position).sort((a, b) => a - b);
    expect(positions).toEqual([...positions.keys()]);
    for (const item of this.items) if (!open.includes(item)) expect(item.position).toBeLessThan(0);
    const foreseen = index.peek();
    expect(index.peek()).toBe(foreseen);
    const levels = open.map((item) => Math.min(item.load, TOP_LEVEL));
    const byPosition = [...open].sort((a, b) => a.position - b.position);
    expect(byPosition.map((item) => Math.min(item.load, TOP_LEVEL))).toEqual(levels.sort((a, b) => a - b));
  }
}

describe('LoadIndex', () => {
  it('agrees with a search through a set after any steps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const bench = new Bench();
        for (const one of steps) bench.take(one);
      }),
      { numRuns: 400 },
    );
  });

  it('peeks at what the next pick answers', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const bench = new Bench();
        for (const one of steps) {
          bench.take(one);
          const foreseen = bench.index.peek();
          expect(bench.index.pick()).toBe(foreseen);
          if (one.type !== 'pickAmong') continue;
          const accepts = ({ name }: Item): boolean => name % one.divisor === 0;
          const among = bench.index.peek(accepts);
          expect(bench.index.peek(accepts)).toBe(among);
          expect(bench.index.pick(accepts)).toBe(among);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('keeps the sum of the loads it is told of, in which an unbelievable one is none', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(who, load), { maxLength: 60 }), (jumps) => {
        const bench = new Bench();
        for (const item of bench.items.slice(0, 6)) bench.index.add(item);
        for (const [place, to] of jumps) bench.change({ type: 'jump', who: place, load: to }, bench.items[place]!);
        expect(bench.index.load).toBe(bench.items.reduce((sum, item) => sum + counted(item.load), 0));
      }),
    );
  });

  it('keeps no more levels than everyday loads need, whatever loads it has seen', () => {
    const levels = (index: LoadIndex<Item>): number[] =>
      Object.values(index)
        .filter(Array.isArray)
        .map(({ length }) => length);
    const index = new LoadIndex<Item>();
    const item = new Item(0, 0);
    index.add(item);
    for (const load of [UNKNOWN_LOAD, 1_000_000, 3, TOP_LEVEL, 2 ** 30 - 1]) {
      const from = item.load;
      item.load = load;
      index.move(item, from, load);
      expect(Math.max(...levels(index))).toBeLessThanOrEqual(TOP_LEVEL + 1);
    }
    index.remove(item);
    expect(Math.max(...levels(index))).toBe(1);
  });

  it.each([
    ['of the level that all high loads share', TOP_LEVEL + 7],
    ['whose loads cannot be believed', UNKNOWN_LOAD],
  ])('takes turns among equals %s, as long as nobody has less', (_, equal) => {
    const index = new LoadIndex<Item>();
    const items = Array.from({ length: 7 }, (_, name) => new Item(name, name < 5 ? equal : equal + 1));
    for (const item of items) index.add(item);
    const turns = (count: number, accepts?: (item: Item) => boolean): number[] =>
      Array.from({ length: count }, () => {
        const foreseen = index.peek(accepts);
        const item = index.pick(accepts);
        expect(item).toBe(foreseen);
        return item!.name;
      }).sort((a, b) => a - b);
    expect(turns(10)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    expect(turns(6, ({ name }) => name % 2 === 0)).toEqual([0, 0, 2, 2, 4, 4]);
    index.add(new Item(7, 1));
    expect(turns(2)).toEqual([7, 7]);
    expect(turns(4, ({ name }) => name === 5 || name === 6)).toEqual([5, 5, 6, 6]);
  });

  it('shuts out what a caller does not accept, and takes turns among the rest', () => {
    const index = new LoadIndex<Item>();
    const items = Array.from({ length: 6 }, (_, name) => new Item(name, name === 5 ? 1 : 0));
    for (const item of items) index.add(item);
    const even = ({ name }: Item): boolean => name % 2 === 0;
    const picks = Array.from({ length: 30 }, () => index.pick(even)!.name);
    expect(new Set(picks)).toEqual(new Set([0, 2, 4]));
    for (const name of [0, 2, 4]) expect(picks.filter((pick) => pick === name)).toHaveLength(10);
    expect(index.pick(({ name }) => name === 5)?.name).toBe(5);
    expect(index.pick(() => false)).toBeUndefined();
    expect(new LoadIndex<Item>().pick(() => true)).toBeUndefined();
  });

  it.each([
    ['between everyday loads', 0, 3],
    ['within the top level', 5_000, 6_000],
    ['from the top level to an unbelievable load', 5_000, UNKNOWN_LOAD],
    ['of something that is not in it', 1, 2],
  ])('tells of a load that has jumped %s', (_, from, to) => {
    const index = new LoadIndex<Item>();
    const item = new Item(0, from);
    if (from !== 1) index.add(item);
    index.onLoad = jest.fn();
    item.load = to;
    index.move(item, from, to);
    expect(index.onLoad).toHaveBeenCalled();
  });
});
