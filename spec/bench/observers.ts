import type { Observable } from 'rxjs';
import { ConnectionPool } from '../../src/index.js';
import { ScriptedConnection } from '../../src/testing/index.js';
import { interleave, ns, report, type Variant } from './measure.js';

type Pool = ConnectionPool<ScriptedConnection>;

const SIZE = 8;
const REQUESTS_A_TURN = 16;
const COUNT = 12_800;
const ROUNDS = 151;

/** Nanoseconds a request. For `connected$` that is nothing, but for noise. */
const P7_GOALS = { health$: 20, pending$: 20, leastLoaded$: 20, connected$: 2 } as const;
const WATCHED = Object.keys(P7_GOALS) as (keyof typeof P7_GOALS)[];

async function openPool(): Promise<Pool> {
  const pool = new ConnectionPool(SIZE, () => new ScriptedConnection());
  await pool.setup();
  return pool;
}

/**
 * Twice as many requests as that begin in one turn, and end in the next: each turn leaves another load behind, so that
 * there is something to show after every one.
 */
const traffic = (name: string, pool: Pool): Variant => {
  const body = `
    return (async () => {
      for (let i = 0; i < count; i += ${2 * REQUESTS_A_TURN}) {
        for (let k = 0; k < ${2 * REQUESTS_A_TURN}; k++) {
          const one = pool.getLeastLoadedConnection();
          one.send();
          flight[k] = one;
        }
        await undefined;
        for (let k = 0; k < ${2 * REQUESTS_A_TURN}; k++) flight[k].reply();
        await undefined;
      }
    })();`;
  const loop = new Function('count', 'pool', 'flight', body);
  const flight = Array.from({ length: 2 * REQUESTS_A_TURN });
  return { name, run: (count) => loop(count, pool, flight) };
};

export async function benchObservers(): Promise<boolean> {
  const nobody = await openPool();
  const variants = [traffic('nobody', nobody), traffic('nobody again', await openPool())];
  let seen = 0;
  for (const name of WATCHED) {
    const pool = await openPool();
    const values$: Observable<unknown> = pool[name];
    values$.subscribe(() => seen++);
    variants.push(traffic(name, pool));
  }
  const times = await interleave(variants, COUNT, ROUNDS);
  if (seen < COUNT) throw new Error('subscribers were shown too little');
  const time = (name: string): number => times.get(name) as number;
  const base = (time('nobody') + time('nobody again')) / 2;
  return WATCHED.map((name) =>
    report({
      goal: `P7 a subscriber to ${name}, per request`,
      measured: ns(time(name)),
      baseline: `nobody ${ns(time('nobody'))}, and once more ${ns(time('nobody again'))}`,
      figure: time(name) - base,
      unit: ' ns',
      limit: { atMost: P7_GOALS[name] },
    }),
  ).every(Boolean);
}
