import * as fc from 'fast-check';
import { BehaviorSubject } from 'rxjs';
import { roundRobin } from 'rxpool';
import { OwnConnection, SubjectConnection } from '../support/connections.js';
import { follow, type List } from '../support/pickers.js';
import { openRig } from '../support/pools.js';

class Rig {
  readonly #made = new Map<string, OwnConnection>();
  readonly list$ = new BehaviorSubject<List>([]);
  readonly picker = follow(roundRobin(), this.list$).picker;

  /** Makes the list hold those of these names, in this order. */
  hold(names: string): void {
    this.list$.next([...names].map((name) => this.#named(name)));
  }

  /** The names of the next ones. */
  next(count: number, accepted?: string): string {
    const accepts = accepted === undefined ? undefined : ({ name }: { name: string }) => accepted.includes(name);
    return Array.from({ length: count }, () => this.picker.pick(undefined, accepts)?.name ?? '-').join('');
  }

  #named(name: string): OwnConnection {
    const connection = this.#made.get(name) ?? new OwnConnection({ name });
    this.#made.set(name, connection);
    return connection;
  }
}

describe('roundRobin()', () => {
  it('takes everybody in order of joining, whatever the load', () => {
    const rig = new Rig();
    rig.hold('abc');
    rig.list$.value[0]?.send();
    expect(rig.next(8)).toBe('abcabcab');
  });

  it.each([
    ['one that was served', 'abcd', 2, 'bcd', 'cdbcdb'],
    ['the one whose turn it is', 'abcd', 2, 'abd', 'dabdab'],
    ['one whose turn is to come', 'abcd', 2, 'abc', 'cabcab'],
    ['the last, when it is its turn', 'abcd', 3, 'abc', 'abcabc'],
    ['the first, when it is its turn', 'abcd', 4, 'bcd', 'bcdbcd'],
    ['all others', 'abcd', 2, 'b', 'bbbbbb'],
  ])('passes over nobody and serves nobody twice when there leaves %s', (_, before, served, after, next) => {
    const rig = new Rig();
    rig.hold(before);
    rig.next(served);
    rig.hold(after);
    expect(rig.next(6)).toBe(next);
  });

  it.each([
    ['in the middle of a round', 1, 'bcdabc'],
    ['at the end of a round', 3, 'abcdab'],
  ])('puts whoever joins behind all others, %s', (_, served, next) => {
    const rig = new Rig();
    rig.hold('abc');
    rig.next(served);
    rig.hold('dabc');
    expect(rig.next(6)).toBe(next);
  });

  it('puts whoever comes back behind all others', () => {
    const rig = new Rig();
    rig.hold('abc');
    rig.hold('bc');
    rig.hold('abc');
    expect(rig.next(6)).toBe('bcabca');
  });

  it('passes over those that are not accepted', () => {
    const rig = new Rig();
    rig.hold('abcd');
    expect(rig.next(4, 'bd')).toBe('bdbd');
    expect(rig.next(2, '')).toBe('--');
    expect(rig.next(4)).toBe('abcd');
  });

  it('goes round in order of joining, however members come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ who: fc.nat(7), picks: fc.nat(5) }), { maxLength: 80 }), (steps) => {
        const rig = new Rig();
        const present: string[] = [];
        let turn = 0;
        for (const { who, picks } of steps) {
          const name = 'abcdefgh'[who] as string;
          const place = present.indexOf(name);
          if (place < 0) present.push(name);
          else present.splice(place, 1);
          if (place >= 0 && place < turn) turn--;
          if (turn === present.length) turn = 0;
          rig.hold(present.join(''));
          for (let i = 0; i < picks && present.length > 0; i++) {
            expect(rig.next(1)).toBe(present[turn]);
            turn = (turn + 1) % present.length;
          }
        }
      }),
    );
  });

  it('looks at nothing of a connection', () => {
    const connection = new SubjectConnection();
    follow(roundRobin(), new BehaviorSubject<List>([connection]));
    expect(connection.observed).toBe(false);
  });

  it('chooses for a pool, in the order of its members', async () => {
    const make = () => new OwnConnection();
    const { pool, made } = await openRig(make, 3, { select: roundRobin() });
    const used = [];
    for (let i = 0; i < 7; i++) used.push(await pool.use((connection) => made.indexOf(connection)));
    expect(used).toEqual([0, 1, 2, 0, 1, 2, 0]);
    await pool.dispose();
  });
});
