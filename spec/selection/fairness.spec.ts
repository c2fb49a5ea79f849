import { type Ranked, UNLIMITED } from '../../src/connection/cell.js';
import { LoadIndex } from '../../src/selection/load-index.js';
import { lottery } from '../support/pickers.js';

const PICKS = 10_000;
/** For random patterns, whose shares vary more. */
const LONG = 40_000;

class Item implements Ranked {
  position = -1;
  readonly limit = UNLIMITED;
  load = 0;
  picks = 0;
}

/** An index of equally loaded items, with the number of picks of each. */
class Rig {
  readonly index = new LoadIndex<Item>();
  readonly items: Item[];

  constructor(size: number) {
    this.items = Array.from({ length: size }, () => new Item());
    for (const item of this.items) this.index.add(item);
  }

  pick(): Item {
    const item = this.index.pick()!;
    item.picks++;
    return item;
  }

  begin(): Item {
    const item = this.pick();
    this.index.up(item, item.load++);
    return item;
  }

  end(item: Item | undefined): void {
    if (item) this.index.down(item, item.load--);
  }

  /** The largest deviation from an equal share, as a fraction of that share. */
  get bias(): number {
    const total = this.items.reduce((sum, { picks }) => sum + picks, 0);
    const share = total / this.items.length;
    return Math.max(...this.items.map(({ picks }) => Math.abs(picks - share) / share));
  }
}

type Pattern = (rig: Rig, picks?: number) => void;

/** Up to `held` at once; the oldest ends first. */
const fifo =
  (held: number): Pattern =>
  (rig, picks = PICKS) => {
    const open: Item[] = [];
    for (let i = 0; i < picks; i++) {
      if (open.length >= held) rig.end(open.shift());
      open.push(rig.begin());
    }
  };

/** Bursts of `size` that end in the opposite order. */
const lifo =
  (size: number): Pattern =>
  (rig, picks = PICKS) => {
    for (let i = 0; i < picks; i += size) {
      const open = Array.from({ length: size }, () => rig.begin());
      while (open.length > 0) rig.end(open.pop());
    }
  };

/** Random starts and ends, with about `held` under way. */
const random =
  (held: number, seed: number): Pattern =>
  (rig, most = PICKS) => {
    const draw = lottery(seed);
    const open: Item[] = [];
    for (let picks = 0; picks < most; ) {
      const ending = draw() < open.length / (2 * held);
      if (ending) rig.end(open.splice(Math.floor(draw() * open.length), 1)[0]);
      else {
        open.push(rig.begin());
        picks++;
      }
    }
  };

const PATTERNS: Record<string, Pattern> = {
  'picks alone': (rig) => {
    for (let i = 0; i < PICKS; i++) rig.pick();
  },
  'a request that ends at once': (rig) => {
    for (let i = 0; i < PICKS; i++) rig.end(rig.begin());
  },
  'two picks for each request': (rig) => {
    for (let i = 0; i < PICKS; i += 2) {
      rig.pick();
      rig.end(rig.begin());
    }
  },
  'one request held': fifo(1),
  '2 held, first in first out': fifo(2),
  '3 held, first in first out': fifo(3),
  '7 held, first in first out': fifo(7),
  '50 held, first in first out': fifo(50),
  'bursts of 2, last in first out': lifo(2),
  'bursts of 3, last in first out': lifo(3),
  'bursts of 8, last in first out': lifo(8),
  'bursts of 100, last in first out': (rig) => lifo(100)(rig, 3 * LONG),
  'about 2 held, by chance': (rig) => random(2, 1)(rig, LONG),
  'about 10 held, by chance': (rig) => random(10, 2)(rig, LONG),
  'about 64 held, by chance': (rig) => random(64, 3)(rig, LONG),
  'an end as often as a pick, by chance': (rig) => random(1, 4)(rig, LONG),
};

const SIZES = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 19, 20, 24, 31, 32, 33, 50, 51, 64, 65, 77, 99, 100];

describe('Fairness among equally loaded items', () => {
  it.each(Object.entries(PATTERNS))(
    'LoadIndex: equally loaded items get equal shares within 20 %%: %s',
    (_, pattern) => {
      const unfair = SIZES.map((size) => {
        const rig = new Rig(size);
        pattern(rig);
        return { size, bias: Number(rig.bias.toFixed(3)) };
      }).filter(({ bias }) => bias > 0.2);
      expect(unfair).toEqual([]);
    },
  );

  it('LoadIndex.pick(accepts): the accepted items get equal shares when one item is refused', () => {
    for (const size of SIZES) {
      const rig = new Rig(size + 1);
      const refused = rig.items[size >> 1];
      for (let i = 0; i < PICKS; i++) rig.index.pick((item) => item !== refused)!.picks++;
      expect(refused!.picks).toBe(0);
      rig.items.splice(size >> 1, 1);
      expect(rig.bias).toBeLessThanOrEqual(0.2);
    }
  });

  it('LoadIndex: items get equal shares while items are removed and added again', () => {
    const rig = new Rig(20);
    const draw = lottery(5);
    for (let i = 0; i < 40_000; i++) {
      const item = rig.items[Math.floor(draw() * 20)]!;
      rig.index.remove(item);
      rig.end(rig.begin());
      rig.index.add(item);
      rig.end(rig.begin());
    }
    expect(rig.bias).toBeLessThanOrEqual(0.2);
  });
});
