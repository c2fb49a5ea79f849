import { BehaviorSubject } from 'rxjs';
import { ConnectionPool, leastLoaded } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { lottery } from '../support/pickers.js';
import { scaled } from '../support/scales.js';

const PICKS = 10_000;
/** For random patterns, whose shares vary more. */
const LONG = 40_000;

/** A connection, with the number of picks of it. */
class Item extends ScriptedConnection {
  picks = 0;
}

/** The largest deviation from an equal share, as a fraction of that share. */
function biasOf(items: readonly Item[]): number {
  const total = items.reduce((sum, { picks }) => sum + picks, 0);
  const share = total / items.length;
  return Math.max(...items.map(({ picks }) => Math.abs(picks - share) / share));
}

/** A pool of equally loaded connections. */
class Rig {
  readonly pool: ConnectionPool<Item>;

  constructor(size: number) {
    this.pool = new ConnectionPool(size, () => new Item(), { maxDials: size, heal: false, drainTimeout: 0 });
  }

  pick(): Item {
    const item = this.pool.getLeastLoadedConnection();
    item.picks++;
    return item;
  }

  begin(): Item {
    const item = this.pick();
    item.send();
    return item;
  }

  end(item: Item | undefined): void {
    item?.reply();
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

const SIZES = [3, 8, 50, 2, 100, 4, 5, 7, 10, 13, 16, 20, 31, 32, 64].slice(0, scaled('fairness'));

describe('Fairness among equally loaded connections', () => {
  it.each(Object.entries(PATTERNS))(
    'getLeastLoadedConnection(): equally loaded connections get equal shares within 20 %%: %s',
    async (_, pattern) => {
      const unfair: object[] = [];
      for (const size of SIZES) {
        const rig = new Rig(size);
        await rig.pool.setup();
        pattern(rig);
        const bias = biasOf(rig.pool.connections);
        if (bias > 0.2) unfair.push({ size, bias });
        await rig.pool.dispose();
      }
      expect(unfair).toEqual([]);
    },
  );

  it.each<[order: string, arrange: (burst: Item[], draw: () => number) => Item[]]>([
    ['first in first out', (burst) => burst],
    ['last in first out', (burst) => burst.reverse()],
    ['by chance', (burst, draw) => burst.sort(() => draw() - 0.5)],
  ])(
    'getLeastLoadedConnection(): equally loaded connections get equal shares whatever the size of bursts that return together, %s',
    async (_, arrange) => {
      const unfair: object[] = [];
      const draw = lottery(6);
      for (const size of [2, 3, 8, 24, 50]) {
        const rig = new Rig(size);
        await rig.pool.setup();
        const sizes = [size >> 1, size - 2, size + 1, 2 * size - 1];
        for (const most of sizes.filter((k) => k > 0)) {
          // Bursts of one size, of two in turn, and of any up to it.
          for (const next of [() => most, (i: number) => most + (i % 2), () => 1 + Math.floor(draw() * most)]) {
            for (const item of rig.pool.connections) item.picks = 0;
            for (let picks = 0, i = 0; picks < PICKS; i++) {
              const burst = Array.from({ length: next(i) }, () => rig.begin());
              picks += burst.length;
              for (const item of arrange(burst, draw)) rig.end(item);
            }
            const bias = biasOf(rig.pool.connections);
            if (bias > 0.2) unfair.push({ size, most, bias });
          }
        }
        await rig.pool.dispose();
      }
      expect(unfair).toEqual([]);
    },
  );

  it('leastLoaded(): pick(key, accepts): the accepted connections get equal shares when one is refused', () => {
    for (const size of SIZES) {
      const items = Array.from({ length: size + 1 }, () => new Item());
      const refused = items[size >> 1]!;
      const accepts = (item: Item): boolean => item !== refused;
      const subscription = new BehaviorSubject(items).pipe(leastLoaded<Item>()).subscribe((picker) => {
        for (let i = 0; i < PICKS; i++) picker.pick(undefined, accepts)!.picks++;
      });
      subscription.unsubscribe();
      expect(refused.picks).toBe(0);
      items.splice(size >> 1, 1);
      expect(biasOf(items)).toBeLessThanOrEqual(0.2);
    }
  });

  it('getLeastLoadedConnection(): connections get equal shares while they leave and join again', async () => {
    const rig = new Rig(20);
    const { pool } = rig;
    await pool.setup();
    const items = [...pool.connections];
    const draw = lottery(5);
    for (let i = 0; i < 10_000; i++) {
      const item = items[Math.floor(draw() * 20)]!;
      item.lose();
      rig.end(rig.begin());
      await item.connect();
      rig.end(rig.begin());
    }
    expect(biasOf(items)).toBeLessThanOrEqual(0.2);
    await pool.dispose();
  });
});
