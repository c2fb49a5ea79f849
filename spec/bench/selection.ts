import { ConnectionPool } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { BareIndex, type BareItem, filterAndSort } from './contenders.js';
import { type Finding, type Medians, ns, type Race, timed, type Variant } from './measure.js';

const SIZES = [10, 100, 1_000, 10_000];
/** At most so many times the bare index. */
const P2_GOALS: Readonly<Record<number, number>> = { 10: 2, 100: 2, 1000: 2, 10000: 3 };
/** At least so many times as fast as the original. */
const P4_GOALS: Readonly<Record<number, number>> = { 10: 15, 100: 100, 1000: 700, 10000: 3_000 };

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
function steady<T>(name: string, size: number, count: number, { pick, begin, end }: Contender<T>): Variant {
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
  return timed(name, count, (times) => loop(times, ANSWERS, flight, pick, begin, end));
}

async function openPool(size: number): Promise<ConnectionPool<ScriptedConnection>> {
  const pool = new ConnectionPool(size, () => new ScriptedConnection());
  await pool.setup();
  return pool;
}

async function poolVariant(size: number, count: number): Promise<Variant> {
  const pool = await openPool(size);
  const contender: Contender<ScriptedConnection> = {
    pick: () => pool.getLeastLoadedConnection(),
    begin: (one) => one.send(),
    end: (one) => one.reply(),
  };
  return steady('pool', size, count, contender);
}

/** A bare structure, which no public API offers: what exact selection costs with nothing around it. */
function bareVariant(size: number, count: number): Variant {
  const index = new BareIndex(size);
  const contender: Contender<BareItem> = {
    pick: () => index.pick(),
    begin: (one) => index.begin(one),
    end: (one) => index.end(one),
  };
  return steady('bare index', size, count, contender);
}

/** Counting alone, on connections in an arbitrary order: what memory costs whatever the algorithm. */
function counterVariant(size: number, count: number): Variant {
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
  return steady('bare counter', size, count, contender);
}

/** The original's algorithm over the same connections. */
async function originalVariant(size: number, count: number): Promise<Variant> {
  const { connections } = await openPool(size);
  const contender: Contender<ScriptedConnection> = {
    pick: () => filterAndSort(connections),
    begin: (one) => one.send(),
    end: (one) => one.reply(),
  };
  return steady('original', size, count, contender);
}

/** P1: whatever happens, no connection has less load than the one picked. */
async function exactness(): Promise<Finding> {
  const pool = await openPool(50);
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
  return {
    goal: 'P1',
    about: 'picks that are not the least loaded',
    measured: `${picks.toLocaleString('en')} picks on 50 connections`,
    baseline: 'each compared with a scan of all',
    figure: wrong,
    unit: '',
    limit: { atMost: 0 },
  };
}

export async function* benchSelection(): AsyncGenerator<Race, Finding[], Medians> {
  const findings = [await exactness()];
  for (const size of SIZES) {
    const count = 200_000;
    const variants = [bareVariant(size, count), await poolVariant(size, count), counterVariant(size, count)];
    const time = yield { variants, rounds: 21 };
    findings.push({
      goal: 'P2',
      about: `pick + begin + end at ${size} connections`,
      measured: `pool ${ns(time('pool'))}`,
      baseline: `bare sorted index ${ns(time('bare index'))}, bare counter ${ns(time('bare counter'))}`,
      figure: time('pool') / time('bare index'),
      unit: '×',
      limit: { atMost: P2_GOALS[size] as number },
    });
    const few = Math.max(20, Math.floor(count / size));
    const slow = yield { variants: [await originalVariant(size, few)], rounds: 9 };
    findings.push({
      goal: 'P4',
      about: `pick + begin + end at ${size} connections, against the original's algorithm`,
      measured: `pool ${ns(time('pool'))}`,
      baseline: `filter and sort ${ns(slow('original'))}`,
      figure: slow('original') / time('pool'),
      unit: '×',
      limit: { atLeast: P4_GOALS[size] as number },
    });
  }
  return findings;
}
