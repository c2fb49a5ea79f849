import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { ConnectionPool } from 'rxpool';
import { pg } from '../../examples/adapters/pg.js';
import { PostgresServer, USER } from '../servers/postgres-server.js';
import { serverSpecs } from '../servers/programs.js';
import { PASSWORD } from '../servers/real-server.js';
import { LineConnection } from './line-connection.js';
import type { Finding, Medians, Race } from './measure.js';
import { SlowServer } from './slow-server.js';
import { stopOne } from './stopped.js';

const OUTAGE = 6_000;
const OUTAGE_SIZE = 8;
const OUTAGE_CALLERS = 64;
const HALF_SECOND = 500;
const SERVICE = 40;

interface Recovery {
  /** Milliseconds from the first dial that succeeded. */
  readonly firstAnswer: number;
  readonly allConnected: number;
  /** Answers in each of the first four half-seconds after the server was back. */
  readonly answers: readonly number[];
}

async function recover(): Promise<Recovery> {
  const server = new SlowServer(SERVICE);
  await server.up();
  const pool = new ConnectionPool(OUTAGE_SIZE, () => new LineConnection(server.port), { maxPending: 1 });
  await pool.setup();
  let isOver = false;
  const answered: number[] = [];
  const caller = async (): Promise<void> => {
    while (!isOver) {
      try {
        await pool.use((connection, { signal }) => connection.ask(signal), { waitTimeout: 30_000 });
        answered.push(performance.now());
      } catch {
        await sleep(5);
      }
    }
  };
  const callers = Array.from({ length: OUTAGE_CALLERS }, caller);
  await sleep(1_000);
  server.down();
  await sleep(OUTAGE);
  const connected: number[] = [];
  const subscription = pool.connected$.subscribe(({ length }) => {
    if (length > connected.length) connected.push(...Array(length - connected.length).fill(performance.now()));
  });
  await server.up();
  const back = performance.now();
  const limit = back + 30_000;
  while (connected.length < OUTAGE_SIZE && performance.now() < limit) await sleep(10);
  await sleep(Math.max(0, back + 4 * HALF_SECOND - performance.now()));
  subscription.unsubscribe();
  isOver = true;
  await Promise.all(callers);
  await pool.dispose();
  server.down();
  const [first = Number.NaN] = connected;
  return {
    firstAnswer: (answered.find((time) => time > back) ?? Number.NaN) - first,
    allConnected: (connected[OUTAGE_SIZE - 1] ?? Number.NaN) - first,
    answers: halfSeconds(answered, back),
  };
}

/** Answers in each of the first four half-seconds after PostgreSQL was back, of two pools at once. */
interface PostgresRecovery {
  readonly pool: readonly number[];
  readonly peer: readonly number[];
}

/** The same with PostgreSQL, which is killed and started again, and with pg.Pool beside. */
async function recoverPostgres(): Promise<PostgresRecovery> {
  const server = await PostgresServer.open(4 * OUTAGE_SIZE);
  const { port } = server;
  const query = `SELECT pg_sleep(${SERVICE / 1_000})`;
  const login = { host: '127.0.0.1', port, user: USER, password: PASSWORD, database: 'postgres' };
  const pool = new ConnectionPool(OUTAGE_SIZE, pg(login), { maxPending: 1 });
  const peer = new Pool({ ...login, max: OUTAGE_SIZE });
  peer.on('error', () => {});
  await pool.setup();
  let isOver = false;
  const caller = async (answered: number[], ask: () => Promise<unknown>): Promise<void> => {
    while (!isOver) {
      try {
        await ask();
        answered.push(performance.now());
      } catch {
        await sleep(5);
      }
    }
  };
  const ways = [
    () => pool.use((connection) => connection.client.query(query), { waitTimeout: 30_000 }),
    () => peer.query(query),
  ];
  const answered = ways.map((): number[] => []);
  const callers = ways.flatMap((ask, way) =>
    Array.from({ length: OUTAGE_CALLERS }, () => caller(answered[way] as number[], ask)),
  );
  await sleep(1_000);
  await server.kill();
  await sleep(OUTAGE);
  await server.start();
  const back = performance.now();
  await sleep(4 * HALF_SECOND);
  isOver = true;
  await Promise.all(callers);
  await Promise.all([pool.dispose(), peer.end()]);
  await server.close();
  const [ours = [], theirs = []] = answered.map((times) => halfSeconds(times, back));
  return { pool: ours, peer: theirs };
}

function halfSeconds(times: readonly number[], begin: number): number[] {
  return [0, 1, 2, 3].map(
    (half) => times.filter((time) => time > begin && Math.floor((time - begin) / HALF_SECOND) === half).length,
  );
}

async function postgresFinding(): Promise<Finding | string> {
  const missing = serverSpecs().find(({ spec }) => spec === 'servers/pg')?.missing ?? [];
  if (missing.length > 0) return `P14 beside pg.Pool is not measured: ${missing.join(' and ')} is not installed`;
  const { pool, peer } = await recoverPostgres();
  return {
    goal: 'P14',
    about: `answers beside pg.Pool after PostgreSQL was killed for ${OUTAGE / 1_000} s, in the worst of four half-seconds`,
    measured: `by use ${pool.join(', ')}`,
    baseline: `pg.Pool ${peer.join(', ')}`,
    figure: Math.min(...pool.map((count, half) => count / Math.max(1, peer[half] as number))),
    unit: '×',
    limit: { atLeast: 1 },
  };
}

/** P14 and P15: what callers notice of an outage, in real time. */
export async function* benchOutage(): AsyncGenerator<Race, (Finding | string)[], Medians> {
  const recovery = await recover();
  const postgres = await postgresFinding();
  const stopped = await stopOne();
  yield { variants: [], rounds: 0 };
  const full = (OUTAGE_SIZE * HALF_SECOND) / SERVICE;
  const back = { measured: `answers in half-seconds: ${recovery.answers.join(', ')}`, unit: ' ms' };
  return [
    {
      ...back,
      goal: 'P14',
      about: `first answer after an outage of ${OUTAGE / 1_000} s, from the first dial that succeeds`,
      baseline: `an answer takes ${SERVICE} ms`,
      figure: recovery.firstAnswer,
      limit: { atMost: 150 },
    },
    {
      ...back,
      goal: 'P14',
      about: `all ${OUTAGE_SIZE} connections after an outage of ${OUTAGE / 1_000} s, from the first dial that succeeds`,
      baseline: `${full} answers are the most in a half-second`,
      figure: recovery.allConnected,
      limit: { atMost: 400 },
    },
    postgres,
    ...stopped,
  ];
}
