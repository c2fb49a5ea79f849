import { ConnectionPool } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { BareFairQueue } from './contenders.js';
import { asking, type Finding, type Medians, ns, type Race } from './measure.js';
import { effectPool, genericPool, lightningPool, PATIENCE, SIZE, tarn, type Work } from './peers.js';

const CALLERS = 64;
const COUNT = 20_000;
const ROUNDS = 31;

const done = Promise.resolve();
const work: Work = () => done;

/** P7: more callers than connections, each with its deadline, and each back in the queue at once. */
export async function* benchContention(): AsyncGenerator<Race, (Finding | string)[], Medians> {
  const pool = new ConnectionPool(SIZE, () => new ScriptedConnection(), { maxPending: 1, waitTimeout: PATIENCE });
  await pool.setup();
  const queue = new BareFairQueue(SIZE, PATIENCE);
  const peers = await Promise.all([genericPool(), lightningPool(), tarn()]);
  const effect = await effectPool();
  const variants = [
    asking(CALLERS, 'pool', COUNT, () => pool.use(work)),
    asking(CALLERS, 'bare fair queue', COUNT, () => queue.use(work)),
    ...[...peers, effect].map(({ name, use }) => asking(CALLERS, name, COUNT, () => use(work))),
  ];
  const time = yield { variants, rounds: ROUNDS };
  await Promise.all([pool.dispose(), ...[...peers, effect].map((peer) => peer.close())]);
  const about = `${CALLERS} callers of ${SIZE} exclusive connections, each with its deadline`;
  const [best] = peers.map(({ name }) => name).sort((a, b) => time(a) - time(b)) as [string];
  return [
    {
      goal: 'P7',
      about: `${about}, against the best of ${peers.map(({ name }) => name).join(', ')}`,
      measured: `pool ${ns(time('pool'))}`,
      baseline: `${best} ${ns(time(best))}`,
      figure: time(best) / time('pool'),
      unit: '×',
      limit: { atLeast: 2 },
    },
    {
      goal: 'P7',
      about: `${about}, against a bare fair queue`,
      measured: `pool ${ns(time('pool'))}`,
      baseline: `bare fair queue ${ns(time('bare fair queue'))}`,
      figure: time('pool') / time('bare fair queue'),
      unit: '×',
      limit: { atMost: 1.25 },
    },
    `a borrowing: ${variants.map(({ name }) => `${name} ${ns(time(name))}`).join(', ')}`,
  ];
}
