import { BehaviorSubject } from 'rxjs';
import { type Connection, ConnectionPool, type ConnectionState } from 'rxpool';
import type { Finding, Medians, Race, Variant } from './measure.js';

const SIZE = 10_000;
const ROUNDS = 5;
const REFUSED = new Error('refused');

/** A connection that breaks at its dial, and comes back by itself. */
class Subject implements Connection {
  readonly state$ = new BehaviorSubject<ConnectionState>('idle');
  readonly pending$ = new BehaviorSubject(0);

  connect(): Promise<void> {
    this.state$.next('broken');
    return Promise.reject(REFUSED);
  }

  async close(): Promise<void> {
    this.state$.next('closed');
  }
}

interface Scene {
  readonly connections: readonly Subject[];
  /** Throws when not all were seen. */
  check(): void;
}

interface Stage {
  readonly name: string;
  set(): Scene | Promise<Scene>;
}

/** Connections with a subscriber each, and no pool: what the turns and the subjects cost. */
const alone: Stage = {
  name: 'no pool',
  set: () => {
    let up = 0;
    const connections = Array.from({ length: SIZE }, () => new Subject());
    for (const { state$ } of connections) {
      state$.subscribe((state) => {
        if (state === 'connected') up++;
      });
    }
    return {
      connections,
      check: () => {
        if (up !== SIZE) throw new Error(`${up} came up`);
      },
    };
  },
};

/** The least that a list for a subscriber can cost. */
const bareList: Stage = {
  name: 'bare slice and freeze',
  set: () => {
    const list: Subject[] = [];
    let seen: readonly Subject[] = [];
    const connections = Array.from({ length: SIZE }, () => new Subject());
    for (const connection of connections) {
      connection.state$.subscribe((state) => {
        if (state !== 'connected') return;
        list.push(connection);
        seen = Object.freeze(list.slice());
      });
    }
    return {
      connections,
      check: () => {
        if (seen.length !== SIZE) throw new Error(`${seen.length} were seen`);
      },
    };
  },
};

/** Pools of earlier rounds: what the engine has compiled for them is thrown away when they are. */
const kept: ConnectionPool<Subject>[] = [];

const inPool = (name: string, isWatched: boolean): Stage => ({
  name,
  set: async () => {
    const pool = new ConnectionPool(SIZE, () => new Subject(), { heal: false, maxDials: SIZE });
    kept.push(pool);
    await pool.setup();
    let seen = 0;
    if (isWatched) pool.connected$.subscribe(({ length }) => (seen = length));
    return {
      connections: pool.connections,
      check: () => {
        if (isWatched && seen !== SIZE) throw new Error(`${seen} were seen`);
        if (pool.health.connected !== SIZE) throw new Error(`${pool.health.connected} came up`);
      },
    };
  },
});

/** All come up, one a turn. */
async function comeUp({ connections }: Scene): Promise<{ readonly ms: number; readonly mb: number }> {
  await new Promise(setImmediate);
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const begin = performance.now();
  for (const { state$ } of connections) {
    state$.next('connected');
    await undefined;
  }
  const ms = performance.now() - begin;
  return { ms, mb: (process.memoryUsage().heapUsed - heap) / 2 ** 20 };
}

const measuring = ({ name, set }: Stage, what: 'ms' | 'mb'): Variant => ({
  name,
  sample: async () => {
    const scene = await set();
    const cost = await comeUp(scene);
    scene.check();
    return cost[what];
  },
});

const UNWATCHED = inPool('pool without subscribers', false);
const WATCHED = inPool('pool with a subscriber', true);

/** P9: connections of a real pool come up by themselves. */
export async function* benchMembership(): AsyncGenerator<Race, Finding[], Medians> {
  const stages = [alone, UNWATCHED, bareList, WATCHED];
  const ms = yield { variants: stages.map((stage) => measuring(stage, 'ms')), rounds: ROUNDS };
  const mb = yield { variants: [alone, UNWATCHED].map((stage) => measuring(stage, 'mb')), rounds: ROUNDS };
  await Promise.all(kept.map((pool) => pool.dispose()));
  const about = `${SIZE.toLocaleString('en')} connections come up one a turn`;
  return [
    {
      goal: 'P9',
      about: `${about}, no subscriber: time`,
      measured: `${ms(UNWATCHED.name).toFixed(2)} ms`,
      baseline: `the same connections without a pool ${ms(alone.name).toFixed(2)} ms`,
      figure: ms(UNWATCHED.name) - ms(alone.name),
      unit: ' ms',
      limit: { atMost: 5 },
    },
    {
      goal: 'P9',
      about: `${about}, no subscriber: memory`,
      measured: `${mb(UNWATCHED.name).toFixed(2)} MB`,
      baseline: `the same connections without a pool ${mb(alone.name).toFixed(2)} MB`,
      figure: mb(UNWATCHED.name) - mb(alone.name),
      unit: ' MB',
      limit: { atMost: 0.5 },
    },
    {
      goal: 'P9',
      about: `${about}, a subscriber to connected$`,
      measured: `${ms(WATCHED.name).toFixed(1)} ms`,
      baseline: `bare slice and freeze ${ms(bareList.name).toFixed(1)} ms`,
      figure: ms(WATCHED.name) / ms(bareList.name),
      unit: '×',
      limit: { atMost: 1.5 },
    },
  ];
}
