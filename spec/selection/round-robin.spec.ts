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

  /** Emits the list of the connections of these names, in this order. */
  emit(names: string): void {
    this.list$.next([...names].map((name) => this.#named(name)));
  }

  /** The names of the next `count` picks. */
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
  it('roundRobin(): picks in order of joining, whatever the load', () => {
    const rig = new Rig();
    rig.emit('abc');
    rig.list$.value[0]?.send();
    expect(rig.next(8)).toBe('abcabcab');
  });

  it.each([
    ['a connection picked before in this round', 'abcd', 2, 'bcd', 'cdbcdb'],
    ['the next connection', 'abcd', 2, 'abd', 'dabdab'],
    ['a connection after the next one', 'abcd', 2, 'abc', 'cabcab'],
    ['the last connection when it is next', 'abcd', 3, 'abc', 'abcabc'],
    ['the first connection when it is next', 'abcd', 4, 'bcd', 'bcdbcd'],
    ['all connections but one', 'abcd', 2, 'b', 'bbbbbb'],
  ])('roundRobin(): skips none and repeats none when this leaves: %s', (_, before, served, after, next) => {
    const rig = new Rig();
    rig.emit(before);
    rig.next(served);
    rig.emit(after);
    expect(rig.next(6)).toBe(next);
  });

  it.each([
    ['in the middle of a round', 1, 'bcdabc'],
    ['at the end of a round', 3, 'abcdab'],
  ])('roundRobin(): a new connection goes to the end of the ring, %s', (_, served, next) => {
    const rig = new Rig();
    rig.emit('abc');
    rig.next(served);
    rig.emit('dabc');
    expect(rig.next(6)).toBe(next);
  });

  it('roundRobin(): a returning connection goes to the end of the ring', () => {
    const rig = new Rig();
    rig.emit('abc');
    rig.emit('bc');
    rig.emit('abc');
    expect(rig.next(6)).toBe('bcabca');
  });

  it('roundRobin(): pick(key, accepts) skips connections that are not accepted', () => {
    const rig = new Rig();
    rig.emit('abcd');
    expect(rig.next(4, 'bd')).toBe('bdbd');
    expect(rig.next(2, '')).toBe('--');
    expect(rig.next(4)).toBe('abcd');
  });

  it('roundRobin() property: picks in order of joining while connections join and leave', () => {
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
          rig.emit(present.join(''));
          for (let i = 0; i < picks && present.length > 0; i++) {
            expect(rig.next(1)).toBe(present[turn]);
            turn = (turn + 1) % present.length;
          }
        }
      }),
    );
  });

  it('roundRobin(): subscribes to no stream of a connection', () => {
    const connection = new SubjectConnection();
    follow(roundRobin(), new BehaviorSubject<List>([connection]));
    expect(connection.observed).toBe(false);
  });

  it('roundRobin() as the select option: use() gets the members in turn', async () => {
    const make = () => new OwnConnection();
    const { pool, made } = await openRig(make, 3, { select: roundRobin() });
    const used = [];
    for (let i = 0; i < 7; i++) used.push(await pool.use((connection) => made.indexOf(connection)));
    expect(used).toEqual([0, 1, 2, 0, 1, 2, 0]);
    await pool.dispose();
  });
});
