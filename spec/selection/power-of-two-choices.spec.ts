import { BehaviorSubject } from 'rxjs';
import { leastLoaded, peakEwma, powerOfTwoChoices } from 'rxpool';
import { OwnConnection, type TestConnection } from '../support/connections.js';
import { follow, type List, lottery, shares } from '../support/pickers.js';
import { openRig } from '../support/pools.js';

const some = (count: number): OwnConnection[] =>
  Array.from({ length: count }, (_, i) => new OwnConnection({ name: `${i}` }));

/** The picker of a constant list, with a given `random`. */
const pickerOf = (all: List, random: () => number) =>
  follow(powerOfTwoChoices({ random }), new BehaviorSubject<List>(all)).picker;

/** A `random` that repeats the given values. */
const drawing = (...draws: number[]): (() => number) => {
  let i = 0;
  return () => draws[i++ % draws.length] as number;
};

describe('powerOfTwoChoices()', () => {
  it('powerOfTwoChoices(): draws two different connections and picks the less loaded', () => {
    const [a, b] = some(2) as [OwnConnection, OwnConnection];
    const picker = pickerOf([a, b], lottery(6));
    for (let i = 0; i < 100; i++) {
      const [more, less] = i % 2 === 0 ? [a, b] : [b, a];
      more.send();
      expect(picker.pick()).toBe(less);
      more.reply();
    }
  });

  it('powerOfTwoChoices(): draws each ordered pair equally often', () => {
    const all = some(4);
    const pairs = new Map<string, number>();
    const picker = pickerOf(all, lottery(1));
    for (let i = 0; i < 12_000; i++) {
      const asked: string[] = [];
      picker.pick(undefined, ({ name }) => {
        if (asked.length < 2) asked.push(name);
        return asked.length === 2;
      });
      pairs.set(asked.join(), (pairs.get(asked.join()) ?? 0) + 1);
    }
    expect(pairs.size).toBe(12);
    for (const count of pairs.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('powerOfTwoChoices(): connections of equal load get equal shares within 20 %', () => {
    for (const count of [1, 2, 3, 10]) {
      const all = some(count);
      const picker = pickerOf(all, lottery(count));
      for (const share of shares<TestConnection>(all, 10_000, () => picker.pick())) {
        expect(Math.abs(share - 10_000 / count)).toBeLessThan(2_000 / count);
      }
    }
  });

  it('powerOfTwoChoices(): the maximum load is at most 3 above the mean, with one choice at least 8', () => {
    const spread = (pick: (all: OwnConnection[], draw: () => number) => OwnConnection): number => {
      const all = some(100);
      const draw = lottery(7);
      for (let i = 0; i < 2_000; i++) pick(all, draw).send();
      return Math.max(...all.map(({ pending }) => pending)) - 20;
    };
    let picker: ReturnType<typeof pickerOf> | undefined;
    const ofTwo = spread((all, draw) => {
      picker ??= pickerOf(all, draw);
      return picker.pick() as OwnConnection;
    });
    const ofOne = spread((all, draw) => all[Math.floor(draw() * 100)] as OwnConnection);
    expect(ofTwo).toBeLessThanOrEqual(3);
    expect(ofOne).toBeGreaterThanOrEqual(8);
  });

  it('powerOfTwoChoices(): picks the least loaded accepted connection when none of those drawn is accepted', () => {
    const all = some(20);
    all.forEach((connection, i) => {
      for (let load = 0; load < i; load++) connection.send();
    });
    const picker = pickerOf(all, drawing(0));
    expect(picker.pick(undefined, ({ name }) => Number(name) > 11)).toBe(all[12]);
    expect(picker.pick(undefined, ({ name }) => name === '19')).toBe(all[19]);
    expect(picker.pick(undefined, () => false)).toBeUndefined();
  });

  it('powerOfTwoChoices(): picks the accepted one of the two drawn up to twice the least load plus one', () => {
    const all = some(3);
    const picks = (load: number): Set<TestConnection | undefined> => {
      while ((all[1]?.pending ?? 0) < load) all[1]?.send();
      const picker = pickerOf(all, lottery(2));
      return new Set(Array.from({ length: 200 }, () => picker.pick(undefined, (candidate) => candidate !== all[0])));
    };
    expect(picks(1)).toEqual(new Set([all[1], all[2]]));
    expect(picks(2)).toEqual(new Set([all[2]]));
  });

  it.each([
    ['two of six', 2, 6],
    ['half of a hundred', 50, 100],
  ])(
    'powerOfTwoChoices(): of 10,000 requests each connection gets at most two when %s never answer',
    (_, silent, of) => {
      const all = some(of);
      const picker = pickerOf(all, lottery(8));
      for (let i = 0; i < 10_000; i++) {
        const picked = picker.pick() as OwnConnection;
        picked.send();
        if (all.indexOf(picked) >= silent) picked.reply();
      }
      for (const { pending } of all.slice(0, silent)) expect(pending).toBeLessThanOrEqual(3);
    },
  );

  it('powerOfTwoChoices(): three accepted connections of ten get equal shares within 10 %', () => {
    const all = some(10);
    const picker = pickerOf(all, lottery(4));
    const accepted: List = [all[3] as OwnConnection, all[4] as OwnConnection, all[9] as OwnConnection];
    const accepts = (candidate: TestConnection): boolean => accepted.includes(candidate);
    for (const share of shares(accepted, 9_000, () => picker.pick(undefined, accepts))) {
      expect(Math.abs(share - 3_000)).toBeLessThan(300);
    }
  });

  it('powerOfTwoChoices(): pick() after peek() compares the current loads of the pair drawn', () => {
    const [a, b] = some(2) as [OwnConnection, OwnConnection];
    const picker = pickerOf([a, b], drawing(0.5));
    const foreseen = picker.peek() as TestConnection;
    foreseen.send();
    expect(picker.pick()).toBe(foreseen === a ? b : a);
  });

  it('powerOfTwoChoices({ random }): values outside 0 … 1 still lead to a listed connection', () => {
    const all = some(3);
    const picker = pickerOf(all, drawing(1, Number.NaN, -1, 5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY));
    for (let i = 0; i < 6; i++) expect(all).toContain(picker.pick());
    const withoutDraws = pickerOf(all, drawing(Number.NaN));
    expect(all).toContain(withoutDraws.pick());
    expect(withoutDraws.pick(undefined, ({ name }) => name === '2')).toBe(all[2]);
  });

  it('powerOfTwoChoices({ random }): errors when random() throws', () => {
    const random = (): never => {
      throw new Error('no luck');
    };
    const { error } = follow(powerOfTwoChoices({ random }), new BehaviorSubject<List>(some(2)));
    expect(error).toEqual(new Error('no luck'));
  });

  it('powerOfTwoChoices() as the select option: ten parallel use() calls are spread five and five', async () => {
    const make = (): TestConnection => new OwnConnection();
    const { pool, made } = await openRig(make, 2, { select: powerOfTwoChoices({ random: lottery(5) }) });
    let finish = (): void => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const used: TestConnection[] = [];
    const uses = Array.from({ length: 10 }, () =>
      pool.use(async (connection) => {
        used.push(connection);
        await done;
      }),
    );
    for (const connection of made) expect(used.filter((one) => one === connection)).toHaveLength(5);
    finish();
    await Promise.all(uses);
    await pool.dispose();
  });
});

it.each([
  ['powerOfTwoChoices()', powerOfTwoChoices],
  ['leastLoaded()', leastLoaded],
  ['peakEwma()', peakEwma],
] as const)(
  'select: %s: an abort listener that sends while its lease is ended by close() throws nothing',
  async (_, select) => {
    const { pool } = await openRig(() => new OwnConnection(), 2, { select: select() });
    const leases = [await pool.lease(), await pool.lease()];
    const sent: string[] = [];
    for (const { connection, signal } of leases) {
      signal.addEventListener('abort', () => {
        connection.send();
        sent.push(connection.name);
      });
    }
    await pool.close({ drainTimeout: 0 });
    expect(sent.length).toBe(2);
  },
);
