import * as fc from 'fast-check';
import { Heap, type Heaped } from '../../src/selection/heap.js';

class Item implements Heaped {
  position = -1;

  constructor(
    readonly name: number,
    public rank: number,
  ) {}
}

const isBefore = (a: Item, b: Item): boolean => (a.rank !== b.rank ? a.rank < b.rank : a.name < b.name);

const step = fc.record({
  type: fc.constantFrom('toggle' as const, 'move' as const, 'find' as const),
  who: fc.nat(15),
  rank: fc.nat(9),
});

describe('The first of a heap', () => {
  it('is the first of a sorted list, accepted or not, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const heap = new Heap<Item>(isBefore);
        const items = Array.from({ length: 16 }, (_, name) => new Item(name, 0));
        for (const { type, who, rank } of steps) {
          const item = items[who] as Item;
          const isIn = item.position >= 0;
          if (type === 'toggle') isIn ? heap.remove(item) : heap.add(item);
          if (type === 'move') {
            item.rank = rank;
            if (isIn) heap.moved(item);
          }
          const sorted = items.filter(({ position }) => position >= 0).sort((a, b) => (isBefore(a, b) ? -1 : 1));
          const accepts = ({ name }: Item): boolean => name % (rank + 1) === 0;
          expect(heap.first).toBe(sorted[0]);
          expect(heap.find(accepts)).toBe(sorted.find(accepts));
        }
      }),
    );
  });

  it('is found among the refused without asking all the others', () => {
    const heap = new Heap<Item>(isBefore);
    for (let i = 0; i < 1_000; i++) heap.add(new Item(i, i));
    let asked = 0;
    const found = heap.find(({ rank }) => {
      asked++;
      return rank >= 10;
    });
    expect(found?.rank).toBe(10);
    expect(asked).toBeLessThan(30);
  });
});
