import { ConnectionPool, type ConnectionPoolOptions } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { type Finding, type Medians, ns, type Race, timed, type Variant } from './measure.js';
import { effectPool, genericPool, lightningPool, type Peer, SIZE, tarn, type Work } from './peers.js';

type Pool = ConnectionPool<ScriptedConnection>;

const COUNT = 20_000;
const ROUNDS = 31;

/** How many times faster than each peer. */
const P5_GOALS: Readonly<Record<string, number>> = {
  'generic-pool': 10,
  'lightning-pool': 10,
  tarn: 28,
  "Effect's Pool": 12,
};
const P6_GOALS: Readonly<Record<string, number>> = { 'generic-pool': 5, 'lightning-pool': 5, tarn: 13 };

const done = Promise.resolve();
const work: Work = () => done;

async function openPool(options?: ConnectionPoolOptions<ScriptedConnection>): Promise<Pool> {
  const pool = new ConnectionPool(SIZE, () => new ScriptedConnection(), options);
  await pool.setup();
  return pool;
}

const tryLease = (name: string, pool: Pool): Variant =>
  timed(name, COUNT, (count) => {
    for (let i = 0; i < count; i++) pool.tryLease()?.release();
  });

/** What a connection of the library's own does at each request, which then needs no borrowing. */
const pickAndSend = (pool: Pool): Variant =>
  timed('getLeastLoadedConnection, begin, end', COUNT, (count) => {
    for (let i = 0; i < count; i++) {
      const connection = pool.getLeastLoadedConnection();
      connection.send();
      connection.reply();
    }
  });

const lease = (pool: Pool): Variant =>
  timed('lease', COUNT, async (count) => {
    for (let i = 0; i < count; i++) (await pool.lease()).release();
  });

const use = (pool: Pool): Variant =>
  timed('use', COUNT, async (count) => {
    for (let i = 0; i < count; i++) await pool.use(work);
  });

/** What `use` is for, without the counting: a function that awaits some work, and is awaited. */
async function awaiting(work: Work): Promise<void> {
  return await work();
}

const twoAwaits = timed('two bare awaits', COUNT, async (count) => {
  for (let i = 0; i < count; i++) await awaiting(work);
});

const borrowing = ({ name, borrow }: Peer): Variant => timed(name, COUNT, borrow);

const faster = (
  goal: string,
  way: string,
  own: number,
  peer: string,
  theirs: number,
  goals: Readonly<Record<string, number>>,
): Finding => ({
  goal,
  about: `${way}, against ${peer}`,
  measured: `pool ${ns(own)}`,
  baseline: `${peer} ${ns(theirs)}`,
  figure: theirs / own,
  unit: '×',
  limit: { atLeast: goals[peer] as number },
});

/** P5 and P6: one caller, who borrows and returns one after the other. */
export async function* benchBorrowing(): AsyncGenerator<Race, (Finding | string)[], Medians> {
  const pool = await openPool();
  const exclusive = await openPool({ maxPending: 1 });
  const peers = await Promise.all([genericPool(), lightningPool(), tarn(), effectPool()]);
  const awaitedPeers = peers.filter(({ name }) => P6_GOALS[name]);

  // P5: without a promise. Callers of the peers wait for one, or for their fiber.
  const own = [tryLease('tryLease', pool), tryLease('tryLease with maxPending 1', exclusive), pickAndSend(pool)];
  const shortcuts = peers.flatMap(({ shortcut }) => shortcut?.(COUNT) ?? []);
  const sync = yield { variants: [...own, ...shortcuts, ...peers.map(borrowing)], rounds: ROUNDS };

  // P6: each awaited.
  const variants = [lease(pool), use(pool), twoAwaits, ...awaitedPeers.map(borrowing)];
  const awaited = yield { variants, rounds: ROUNDS };

  await Promise.all([pool.dispose(), exclusive.dispose(), ...peers.map((peer) => peer.close())]);
  return [
    ...peers.map(({ name }) => faster('P5', 'tryLease and release', sync('tryLease'), name, sync(name), P5_GOALS)),
    [...own, ...shortcuts].map(({ name }) => `${name} ${ns(sync(name))}`).join(', '),
    ...['lease', 'use'].flatMap((way) =>
      awaitedPeers.map(({ name }) => faster('P6', `await ${way}`, awaited(way), name, awaited(name), P6_GOALS)),
    ),
    {
      goal: 'P6',
      about: 'await use, against two bare awaits',
      measured: `pool ${ns(awaited('use'))}`,
      baseline: `a function that awaits the same work ${ns(awaited(twoAwaits.name))}`,
      figure: awaited('use') / awaited(twoAwaits.name),
      unit: '×',
      limit: { atMost: 1.4 },
    },
  ];
}
