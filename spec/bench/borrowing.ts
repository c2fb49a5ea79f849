import { ConnectionPool, type ConnectionPoolOptions } from '../../src/index.js';
import { ScriptedConnection } from '../../src/testing/index.js';
import { inform, interleave, ns, report, type Variant } from './measure.js';
import { effectPool, genericPool, lightningPool, type Peer, SIZE, tarn, type Work } from './peers.js';

type Pool = ConnectionPool<ScriptedConnection>;

const COUNT = 20_000;
const ROUNDS = 31;
const CALLERS = 64;

/** How many times faster than each peer. */
const P5_GOALS: Readonly<Record<string, number>> = {
  'generic-pool': 12,
  'lightning-pool': 12,
  tarn: 28,
  "Effect's Pool": 13,
};
const P6_GOALS: Readonly<Record<string, number>> = { 'generic-pool': 6, 'lightning-pool': 6, tarn: 13 };

const done = Promise.resolve();
const work: Work = () => done;

async function openPool(options?: ConnectionPoolOptions<ScriptedConnection>): Promise<Pool> {
  const pool = new ConnectionPool(SIZE, () => new ScriptedConnection(), options);
  await pool.setup();
  return pool;
}

const tryLease = (name: string, pool: Pool): Variant => ({
  name,
  run: (count) => {
    for (let i = 0; i < count; i++) pool.tryLease()?.release();
  },
});

/** What a connection of the library's own does at each request, which then needs no borrowing. */
const pickAndSend = (pool: Pool): Variant => ({
  name: 'getLeastLoadedConnection, begin, end',
  run: (count) => {
    for (let i = 0; i < count; i++) {
      const connection = pool.getLeastLoadedConnection();
      connection.send();
      connection.reply();
    }
  },
});

const lease = (pool: Pool): Variant => ({
  name: 'lease',
  run: async (count) => {
    for (let i = 0; i < count; i++) (await pool.lease()).release();
  },
});

const use = (pool: Pool): Variant => ({
  name: 'use',
  run: async (count) => {
    for (let i = 0; i < count; i++) await pool.use(work);
  },
});

/** What `use` is for, with nobody who counts: a function that awaits some work, and is awaited. */
async function awaiting(work: Work): Promise<void> {
  return await work();
}

const twoAwaits: Variant = {
  name: 'two bare awaits',
  run: async (count) => {
    for (let i = 0; i < count; i++) await awaiting(work);
  },
};

/** P5: one after the other, without a promise. Callers of the peers wait for one, or for their fiber. */
async function synchronous(pool: Pool, exclusive: Pool, peers: readonly Peer[]): Promise<boolean[]> {
  const own = [tryLease('tryLease', pool), tryLease('tryLease with maxPending 1', exclusive), pickAndSend(pool)];
  const shortcuts = peers.flatMap(({ shortcut }) => shortcut ?? []);
  const times = await interleave([...own, ...shortcuts, ...peers.map(borrowing)], COUNT, ROUNDS);
  const time = (name: string): number => times.get(name) as number;
  inform([...own, ...shortcuts].map(({ name }) => `${name} ${ns(time(name))}`).join(', '));
  return peers.map(({ name }) => faster('P5 tryLease and release', time('tryLease'), name, time(name), P5_GOALS));
}

/** P6: one after the other, each awaited. */
async function awaited(pool: Pool, peers: readonly Peer[]): Promise<boolean[]> {
  const times = await interleave([lease(pool), use(pool), twoAwaits, ...peers.map(borrowing)], COUNT, ROUNDS);
  const time = (name: string): number => times.get(name) as number;
  const results = ['lease', 'use'].flatMap((way) =>
    peers.map(({ name }) => faster(`P6 await ${way}`, time(way), name, time(name), P6_GOALS)),
  );
  const ofAwaits = report({
    goal: 'P6 await use, against two bare awaits',
    measured: `pool ${ns(time('use'))}`,
    baseline: `a function that awaits the same work ${ns(time(twoAwaits.name))}`,
    figure: time('use') / time(twoAwaits.name),
    unit: '×',
    limit: { atMost: 1.4 },
  });
  return [...results, ofAwaits];
}

const borrowing = ({ name, borrow: run }: Peer): Variant => ({ name, run });

const faster = (what: string, own: number, peer: string, theirs: number, goals: typeof P5_GOALS): boolean =>
  report({
    goal: `${what}, against ${peer}`,
    measured: `pool ${ns(own)}`,
    baseline: `${peer} ${ns(theirs)}`,
    figure: theirs / own,
    unit: '×',
    limit: { atLeast: goals[peer] as number },
  });

/** More callers than connections, each of them back in the queue at once. */
const contended = (name: string, use: (work: Work) => Promise<void>): Variant => ({
  name,
  run: async (count) => {
    let left = count;
    const caller = async (): Promise<void> => {
      while (left-- > 0) await use(work);
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  },
});

async function queueing(exclusive: Pool, peers: readonly Peer[]): Promise<void> {
  const variants = peers.map(({ name, use }) => contended(name, use));
  const times = await interleave([contended('pool', (work) => exclusive.use(work)), ...variants], COUNT, ROUNDS);
  const rates = [...times].map(([name, time]) => `${name} ${Math.round(1e9 / time).toLocaleString('en')}`);
  inform(`requests a second of ${CALLERS} callers for ${SIZE} connections, one each: ${rates.join(', ')}`);
}

export async function benchBorrowing(): Promise<boolean> {
  const pool = await openPool();
  const exclusive = await openPool({ maxPending: 1 });
  const peers = await Promise.all([genericPool(), lightningPool(), tarn(), effectPool()]);
  const results = [
    ...(await synchronous(pool, exclusive, peers)),
    ...(await awaited(
      pool,
      peers.filter(({ name }) => P6_GOALS[name]),
    )),
  ];
  await queueing(exclusive, peers);
  await Promise.all([pool.dispose(), exclusive.dispose(), ...peers.map((peer) => peer.close())]);
  return results.every(Boolean);
}
