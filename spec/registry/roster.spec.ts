import * as fc from 'fast-check';
import { Roster } from '../../src/registry/roster.js';

describe('A roster', () => {
  it('is a frozen array in order of joining, and another after each change', () => {
    const roster = new Roster<number>(
      (one) => one,
      () => [1, 2],
    );
    const before = roster.view;
    expect(before).toEqual([1, 2]);
    expect(Object.isFrozen(before)).toBe(true);
    expect(roster.view).toBe(before);
    roster.add(3);
    expect(roster.view).toEqual([1, 2, 3]);
    expect(before).toEqual([1, 2]);
  });

  it('builds nothing until somebody reads it, and then only once', () => {
    const build = jest.fn(() => [1, 2, 3]);
    const roster = new Roster<number>((one) => one, build);
    roster.add(2);
    roster.delete(1);
    expect(build).not.toHaveBeenCalled();
    expect(roster.view).toEqual([1, 2, 3]);
    roster.delete(2);
    expect(roster.view).toEqual([1, 3]);
    expect(build).toHaveBeenCalledTimes(1);
  });

  it('agrees with a sorted list after any comings and goings, whoever is deleted that is not there', () => {
    const move = fc.record({ add: fc.boolean(), who: fc.nat(15), look: fc.boolean() });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
        const here = new Set<number>();
        const roster = new Roster<number>(
          (one) => one,
          () => [...here].sort((a, b) => a - b),
        );
        for (const { add, who, look } of moves) {
          if (add && !here.has(who)) {
            here.add(who);
            roster.add(who);
          } else if (!add) {
            here.delete(who);
            roster.delete(who);
          }
          if (look) expect(roster.view).toEqual([...here].sort((a, b) => a - b));
        }
        expect(roster.view).toEqual([...here].sort((a, b) => a - b));
      }),
    );
  });
});
