import { CELL } from '../../src/connection/cell.js';
import { ConnectionPool } from '../../src/index.js';
import { ScriptedConnection } from '../../src/testing/index.js';
import { median, report } from './measure.js';

const SIZE = 10_000;
const ROUNDS = 9;

interface Cost {
  readonly ms: number;
  readonly mb: number;
}

/** Pools of earlier rounds: what the engine has compiled for them is thrown away when they are. */
const kept: ConnectionPool<ScriptedConnection>[] = [];

/** What it costs, beside the turns themselves, that connections come up one a turn. */
async function comingUp(up: (place: number) => void): Promise<Cost> {
  // What led here is over and done with.
  await new Promise(setImmediate);
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const begin = performance.now();
  for (let place = 0; place < SIZE; place++) {
    up(place);
    await undefined;
  }
  const ms = performance.now() - begin;
  return { ms, mb: (process.memoryUsage().heapUsed - heap) / 2 ** 20 };
}

/** A pool whose connections are all broken, and about to come back by themselves. */
async function poolOfBroken(made: ScriptedConnection[]): Promise<ConnectionPool<ScriptedConnection>> {
  const factory = (): ScriptedConnection => {
    const connection = new ScriptedConnection({ onDial: 'refuse' });
    made.push(connection);
    return connection;
  };
  const pool = new ConnectionPool(SIZE, factory, { heal: false });
  await pool.setup();
  return pool;
}

const turns = (): Promise<Cost> => comingUp(() => {});

async function sliceAndFreeze(): Promise<Cost> {
  const connections = Array.from({ length: SIZE }, () => new ScriptedConnection());
  const list: ScriptedConnection[] = [];
  let seen: readonly ScriptedConnection[] = [];
  const cost = await comingUp((place) => {
    list.push(connections[place] as ScriptedConnection);
    seen = Object.freeze(list.slice());
  });
  if (seen.length !== SIZE) throw new Error('not everybody came up');
  return cost;
}

async function pool(watched: boolean): Promise<Cost> {
  const made: ScriptedConnection[] = [];
  const subject = await poolOfBroken(made);
  const cells = made.map((connection) => connection[CELL]);
  let seen = 0;
  const subscription = watched ? subject.connected$.subscribe(({ length }) => (seen = length)) : undefined;
  const cost = await comingUp((place) => cells[place]?.setState('connected'));
  if (watched && seen !== SIZE) throw new Error(`only ${seen} were seen to come up`);
  subscription?.unsubscribe();
  kept.push(subject);
  return cost;
}

export async function benchMembership(): Promise<boolean> {
  // Thousands of dials are refused on the way; their stacks are not what is measured.
  Error.stackTraceLimit = 0;
  const costs: Record<'turns' | 'nobody' | 'somebody' | 'bare', Cost[]> = {
    turns: [],
    nobody: [],
    somebody: [],
    bare: [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    costs.turns.push(await turns());
    costs.nobody.push(await pool(false));
    costs.somebody.push(await pool(true));
    costs.bare.push(await sliceAndFreeze());
  }
  await Promise.all(kept.map((pool) => pool.dispose()));
  const ms = (name: keyof typeof costs): number => median(costs[name].map((cost) => cost.ms));
  const mb = (name: keyof typeof costs): number => median(costs[name].map((cost) => cost.mb));
  const empty = `the turns alone ${ms('turns').toFixed(2)} ms, ${mb('turns').toFixed(2)} MB`;
  return [
    report({
      goal: 'P8 10,000 come up, nobody watches: time',
      measured: `${ms('nobody').toFixed(2)} ms`,
      baseline: empty,
      figure: ms('nobody') - ms('turns'),
      unit: ' ms',
      limit: { atMost: 3 },
    }),
    report({
      goal: 'P8 10,000 come up, nobody watches: memory',
      measured: `${mb('nobody').toFixed(2)} MB`,
      baseline: empty,
      figure: mb('nobody') - mb('turns'),
      unit: ' MB',
      limit: { atMost: 0.5 },
    }),
    report({
      goal: 'P8 10,000 come up, somebody on connected$',
      measured: `${ms('somebody').toFixed(1)} ms`,
      baseline: `bare slice and freeze ${ms('bare').toFixed(1)} ms`,
      figure: ms('somebody') / ms('bare'),
      unit: '×',
      limit: { atMost: 1.5 },
    }),
  ].every(Boolean);
}
