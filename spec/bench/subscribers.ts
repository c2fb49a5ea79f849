import type { Observable } from 'rxjs';
import { ConnectionPool } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { type Finding, type Medians, ns, type Race, timed, type Variant } from './measure.js';

type Pool = ConnectionPool<ScriptedConnection>;

const SIZE = 8;
const REQUESTS_A_TURN = 16;
const COUNT = 12_800;
const ROUNDS = 151;

/** Nanoseconds a request. For `connected$` that is nothing, but for noise. */
const GOALS = { health$: 20, pending$: 20, leastLoaded$: 20, connected$: 2 } as const;
const WATCHED = Object.keys(GOALS) as (keyof typeof GOALS)[];

async function openPool(): Promise<Pool> {
  const pool = new ConnectionPool(SIZE, () => new ScriptedConnection());
  await pool.setup();
  return pool;
}

/**
 * Twice as many requests as that begin in one turn, and end in the next: each turn leaves another load behind, so that
 * there is something to emit after every one.
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
  return timed(name, COUNT, (count) => loop(count, pool, flight));
};

/** P8: what a subscriber adds to each request. */
export async function* benchSubscribers(): AsyncGenerator<Race, Finding[], Medians> {
  const variants = [traffic('none', await openPool()), traffic('none again', await openPool())];
  let seen = 0;
  for (const name of WATCHED) {
    const pool = await openPool();
    const values$: Observable<unknown> = pool[name];
    values$.subscribe(() => seen++);
    variants.push(traffic(name, pool));
  }
  const time = yield { variants, rounds: ROUNDS };
  if (seen < COUNT) throw new Error('subscribers were shown too little');
  const base = (time('none') + time('none again')) / 2;
  return WATCHED.map((name) => ({
    goal: 'P8',
    about: `a subscriber to ${name}, per request`,
    measured: ns(time(name)),
    baseline: `no subscriber ${ns(time('none'))}, and once more ${ns(time('none again'))}`,
    figure: time(name) - base,
    unit: ' ns',
    limit: { atMost: GOALS[name] },
  }));
}
