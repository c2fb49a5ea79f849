import { ConnectionPool } from '../../src/index.js';
import { ScriptedConnection } from '../../src/testing/index.js';
import { BareIndex, type BareItem, filterAndSort } from './contenders.js';
import { interleave, ns, report, type Variant } from './measure.js';

const SIZES = [10, 100, 1_000, 10_000];
const P4_GOALS: Readonly<Record<number, number>> = { 10: 20, 100: 160, 1000: 1_000, 10000: 4_000 };

/** Who answers next, in no order: replies do not come as an index would like it. */
const ANSWERS = Uint16Array.from({ length: 65_536 }, () => Math.floor(Math.random() * 65_536));

interface Contender<T> {
  pick(): T;
  begin(one: T): void;
  end(one: T): void;
}

/** Requests in flight for each connection: loads differ, as they do in life. */
const IN_FLIGHT = 2.5;

/** One request ends, the next one is placed. Each contender gets a loop compiled for it alone, as in a program. */
function steady<T>(name: string, size: number, { pick, begin, end }: Contender<T>): Variant {
  const flight = Array.from({ length: Math.floor(size * IN_FLIGHT) }, () => {
    const one = pick();
    begin(one);
    return one;
  });
  const body = `
    for (let i = 0; i < count; i++) {
      const slot = answers[i & 65535] % flight.length;
      end(flight[slot]);
      const one = pick();
      begin(one);
      flight[slot] = one;
    }`;
  const loop = new Function('count', 'answers', 'flight', 'pick', 'begin', 'end', body);
  return { name, run: (count) => loop(count, ANSWERS, flight, pick, begin, end) };
}

async function poolVariant(size: number): Promise<{ pool: ConnectionPool<ScriptedConnection>; variant: Variant }> {
  const pool = new ConnectionPool(size, () => new ScriptedConnection());
  await pool.setup();
  const contender: Contender<ScriptedConnection> = {
    pick: () => pool.getLeastLoadedConnection(),
    begin: (one) => one.send(),
    end: (one) => one.reply(),
  };
  return { pool, variant: steady('pool', size, contender) };
}

function bareVariant(size: number): Variant {
  const index = new BareIndex(size);
  const contender: Contender<BareItem> = {
    pick: () => index.pick(),
    begin: (one) => index.begin(one),
    end: (one) => index.end(one),
  };
  return steady('bare index', size, contender);
}

/** Counting alone, on connections in an arbitrary order: what memory costs whatever the algorithm. */
function counterVariant(size: number): Variant {
  const items: BareItem[] = Array.from({ length: size }, (_, position) => ({ load: 0, position }));
  let next = 0;
  const contender: Contender<BareItem> = {
    pick: () => {
      next = (next + 1) & 65_535;
      return items[(ANSWERS[next] as number) % size] as BareItem;
    },
    begin: (one) => void one.load++,
    end: (one) => void one.load--,
  };
  return steady('bare counter', size, contender);
}

/** The original's algorithm over the same connections. */
async function originalVariant(size: number): Promise<Variant> {
  const { pool } = await poolVariant(size);
  const { connections } = pool;
  const contender: Contender<ScriptedConnection> = {
    pick: () => filterAndSort(connections),
    begin: (one) => one.send(),
    end: (one) => one.reply(),
  };
  return steady('original', size, contender);
}

/** P1: whatever happens, nobody has less than the one picked. */
async function exactness(): Promise<boolean> {
  const { pool } = await poolVariant(50);
  const { connections } = pool;
  const picks = 200_000;
  let wrong = 0;
  let seed = 1;
  for (let i = 0; i < picks; i++) {
    const picked = pool.getLeastLoadedConnection();
    const least = connections.reduce((min, { pending }) => Math.min(min, pending), Number.POSITIVE_INFINITY);
    if (picked.pending !== least) wrong++;
    picked.send();
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    if (i > 500) connections[seed % 50]?.reply();
  }
  return report({
    goal: 'P1 picks that are not the least loaded',
    measured: `${picks.toLocaleString('en')} picks on 50 connections`,
    baseline: 'each compared with a scan of all',
    figure: wrong,
    unit: '',
    limit: { atMost: 0 },
  });
}

export async function benchSelection(): Promise<boolean> {
  const results = [await exactness()];
  const growth = new Map<string, number[]>();
  for (const size of SIZES) {
    const { variant: pool } = await poolVariant(size);
    const bare = bareVariant(size);
    const times = await interleave([bare, pool, counterVariant(size)], 200_000, 21);
    const time = (name: string): number => times.get(name) as number;
    for (const [name, value] of times) growth.set(name, [...(growth.get(name) ?? []), value]);
    results.push(
      report({
        goal: `P2 select + begin + end at ${size}`,
        measured: `pool ${ns(time('pool'))}`,
        baseline: `bare sorted index ${ns(time('bare index'))}, bare counter ${ns(time('bare counter'))}`,
        figure: time('pool') / time('bare index'),
        unit: '×',
        limit: { atMost: 1.25 },
      }),
    );
    const count = Math.max(20, Math.floor(200_000 / size));
    const slow = await interleave([await originalVariant(size), pool], count, 9);
    results.push(
      report({
        goal: `P4 against the original at ${size}`,
        measured: `pool ${ns(time('pool'))}`,
        baseline: `filter and sort ${ns(slow.get('original') as number)}`,
        figure: (slow.get('original') as number) / time('pool'),
        unit: '×',
        limit: { atLeast: P4_GOALS[size] as number },
      }),
    );
  }
  const grown = (name: string): number => {
    const times = growth.get(name) as number[];
    return (times.at(-1) as number) / (times[0] as number);
  };
  results.push(
    report({
      goal: 'P3 growth from 10 to 10,000 connections, against a bare counter',
      measured: `pool grows ${grown('pool').toFixed(2)}×`,
      baseline: `bare counter ${grown('bare counter').toFixed(2)}×, bare sorted index ${grown('bare index').toFixed(2)}×`,
      figure: grown('pool') / grown('bare counter'),
      unit: '×',
      limit: { atMost: 1.25 },
    }),
  );
  return results.every(Boolean);
}
