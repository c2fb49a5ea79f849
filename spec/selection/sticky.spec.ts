import * as fc from 'fast-check';
import { BehaviorSubject } from 'rxjs';
import { ConnectionPool, type StickyOptions, sticky } from 'rxpool';
import { SubjectConnection, type TestConnection } from '../support/connections.js';
import { follow, type List, shares } from '../support/pickers.js';
import { thrownBy } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';

const KEYS = Array.from({ length: 400 }, (_, i) => `user:${i}`);
const some = (count: number): SubjectConnection[] =>
  Array.from({ length: count }, (_, i) => new SubjectConnection({ name: `host-${i}` }));
const byName: StickyOptions<TestConnection> = { idOf: ({ name }) => name };

function rigOf(all: List, options?: StickyOptions<TestConnection>) {
  const list$ = new BehaviorSubject<List>(all);
  const { picker, error } = follow(
    sticky((key: string) => key, options),
    list$,
  );
  /** The names of the connections that KEYS map to. */
  const where = (): (string | undefined)[] => KEYS.map((key) => picker.pick(key)?.name);
  return { list$, picker, error, where };
}

describe.each<[string, StickyOptions<TestConnection> | undefined]>([
  ['without idOf', undefined],
  ['with idOf', byName],
])('sticky(), %s', (_, options) => {
  it('sticky(): pick() and peek() give the same connection for a key, whatever the load', () => {
    const { picker, where } = rigOf(some(5), options);
    const before = where();
    for (let i = 0; i < 50; i++) picker.pick('user:1')?.send();
    expect(where()).toEqual(before);
    expect(KEYS.map((key) => picker.peek(key)?.name)).toEqual(before);
  });

  it('sticky(): each connection gets an equal share of the keys within 15 %', () => {
    for (const count of [2, 3, 10, 25]) {
      const all = some(count);
      const { picker } = rigOf(all, options);
      let i = 0;
      for (const share of shares(all, 1_000 * count, () => picker.pick(`key ${i++}`) as SubjectConnection))
        expect(Math.abs(share - 1_000)).toBeLessThan(150);
    }
  });

  it('sticky() property: only keys of a leaving connection move, and only to a joining one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(11), { minLength: 1, maxLength: 12 }), (toggles) => {
        const all = some(12);
        const { list$, where } = rigOf(all.slice(0, 6), options);
        for (const who of toggles) {
          const one = all[who] as SubjectConnection;
          const before = where();
          const leaves = list$.value.includes(one);
          list$.next(leaves ? list$.value.filter((other) => other !== one) : [...list$.value, one]);
          const moved = where().filter((name, i) => name !== before[i] && (leaves ? before[i] : name) !== one.name);
          expect(moved).toEqual([]);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('sticky(): the keys of a leaving connection are spread evenly over all others', () => {
    const all = some(6);
    const { list$, picker } = rigOf(all, options);
    const keys = Array.from({ length: 30_000 }, (_, i) => `${i}`).filter((key) => picker.pick(key) === all[2]);
    list$.next(all.filter((_, i) => i !== 2));
    const counts = shares(all, keys.length, () => picker.pick(keys.pop() as string) as SubjectConnection);
    expect(counts[2]).toBe(0);
    for (const count of counts.filter((_, i) => i !== 2)) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('sticky(): a key maps to the same connection after it leaves and returns', () => {
    const all = some(6);
    const { list$, where } = rigOf(all, options);
    const before = where();
    list$.next(all.slice(3));
    list$.next([...all].reverse());
    expect(where()).toEqual(before);
  });

  it('sticky(): pick(key, accepts) gives what the key maps to without the refused connections', () => {
    const all = some(6);
    const { list$, picker, where } = rigOf(all, options);
    const refused = new Set<TestConnection>([all[1] as SubjectConnection, all[4] as SubjectConnection]);
    const fallen = KEYS.map((key) => picker.pick(key, (connection) => !refused.has(connection))?.name);
    list$.next(all.filter((connection) => !refused.has(connection)));
    expect(where()).toEqual(fallen);
  });

  it('sticky(): calls accepts() fewer than 7 times per key for 200 connections', () => {
    const { picker } = rigOf(some(200), options);
    let asked = 0;
    for (const key of KEYS)
      picker.pick(key, () => {
        asked++;
        return true;
      });
    // The best so far changes about ln(200) times.
    expect(asked / KEYS.length).toBeLessThan(7);
  });

  it('sticky(): two instances map keys alike, whatever the order of the list', () => {
    const all = some(8);
    expect(rigOf([...all].reverse(), options).where()).toEqual(rigOf(all, options).where());
  });
});

describe('sticky()', () => {
  it('sticky({ idOf }): the mapping is the same in every process (snapshot)', () => {
    const all = some(5);
    const { picker } = rigOf(all, byName);
    expect(KEYS.slice(0, 10).map((key) => picker.pick(key)?.name)).toMatchInlineSnapshot(`
[
  "host-2",
  "host-0",
  "host-1",
  "host-1",
  "host-2",
  "host-0",
  "host-0",
  "host-3",
  "host-1",
  "host-3",
]
`);
  });

  it('sticky({ idOf }): connections of equal id share their keys by load', () => {
    const twins = [new SubjectConnection({ name: 'host-0' }), new SubjectConnection({ name: 'host-0' })];
    const other = new SubjectConnection({ name: 'host-1' });
    const { list$, picker } = rigOf([...twins, other], byName);
    const homes = KEYS.filter((key) => picker.pick(key) !== other);
    expect(homes.length).toBeGreaterThan(150);
    expect(homes.length).toBeLessThan(250);
    for (const key of homes.slice(0, 100)) picker.pick(key)?.send();
    expect(twins.map(({ pending }) => pending)).toEqual([50, 50]);
    const [first, second] = twins as [SubjectConnection, SubjectConnection];
    expect(picker.pick(homes[0] as string, (connection) => connection !== first)).toBe(second);
    list$.next([second, other]);
    for (const key of homes) expect(picker.pick(key)).toBe(second);
  });

  it('sticky(keyOf): pick() throws when keyOf() returns no string or throws', () => {
    const { picker } = follow(
      sticky((key: { id: string }) => key.id),
      new BehaviorSubject<List>(some(2)),
    );
    expect(() => picker.pick({ id: 5 as never })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE', message: 'keyOf(key) must be a string, got 5' }),
    );
    expect(() => picker.pick(undefined as never)).toThrow(TypeError);
    expect(picker.pick({ id: '5' })).toBeDefined();
  });

  it('sticky({ idOf }): errors when idOf() returns no string, and unsubscribes from all connections', () => {
    const all = some(3);
    const { error, picker } = rigOf(all, { idOf: ({ name }) => (name === 'host-2' ? (2 as never) : name) });
    expect(error).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: 'options.idOf(connection) must be a string, got 2',
    });
    expect(picker).toBeUndefined();
    all.forEach(expectUntouched);
  });

  it('sticky() as the select option: use({ key }) maps keys, also after a loss and reconnect(); no key throws', async () => {
    let count = 0;
    const pool = new ConnectionPool(4, () => new SubjectConnection({ name: `host-${count++}` }), {
      select: sticky((user: { id: string }) => user.id, { idOf: ({ name }) => name }),
      heal: false,
    });
    await pool.setup();
    const seen: unknown[] = [];
    pool.leastLoaded$.subscribe((connection) => seen.push(connection));
    const home = (id: string): Promise<SubjectConnection> => pool.use((connection) => connection, { key: { id } });
    const homes = await Promise.all(KEYS.map(home));
    expect(new Set(homes).size).toBe(4);
    const namesOf = (connections: SubjectConnection[]): string[] => connections.map(({ name }) => name);
    expect(namesOf(await Promise.all(KEYS.map(home)))).toEqual(namesOf(homes));
    homes[0]?.lose();
    const after = await Promise.all(KEYS.map(home));
    expect(after.every((one, i) => (one === homes[i]) === (homes[i] !== homes[0]))).toBe(true);
    await pool.reconnect();
    expect(namesOf(await Promise.all(KEYS.map(home)))).toEqual(namesOf(homes));
    // Without a key there is nothing to choose by.
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: 'key must be given: the strategy chooses by it, got undefined',
    });
    expect(new Set(seen)).toEqual(new Set([undefined]));
    await pool.dispose();
    new Set(homes).forEach(expectUntouched);
  });
});
