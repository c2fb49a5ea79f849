import { writeFileSync } from 'node:fs';
import { type Connection, ConnectionPool, type ConnectionPoolOptions } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';
import { pg } from '../../examples/adapters/pg.js';
import { redis } from '../../examples/adapters/redis.js';
import { PostgresServer, USER } from '../servers/postgres-server.js';
import { PASSWORD } from '../servers/real-server.js';
import { RedisServer } from '../servers/redis-server.js';
import { lineChart } from './line-chart.js';
import { asking, type Medians, type Race, type Variant } from './measure.js';

const SIZES = [1, 2, 4, 8, 16];
const CALLERS = 64;
const ROUNDS = 9;
const SERVERS = 3;
const MAX_SESSIONS = 256;
const FILE = 'spec/bench/pool-size.svg';

/** The same work through pools of each size. */
interface Workload {
  readonly name: string;
  readonly variants: readonly Variant[];
  close(): Promise<void>;
}

const variantOf = (name: string, size: number): string => `${name}, ${size}`;

async function workload<C extends Connection>(
  name: string,
  count: number,
  factory: ConnectionPool<C>['connectionFactory'],
  work: (connection: C) => Promise<unknown>,
  options: ConnectionPoolOptions<C> = {},
): Promise<Workload> {
  const pools = await Promise.all(
    SIZES.map(async (size) => {
      const pool = new ConnectionPool<C>(size, factory, options);
      await pool.ready({ min: size });
      return { size, pool };
    }),
  );
  return {
    name,
    variants: pools.map(({ size, pool }) => asking(CALLERS, variantOf(name, size), count, () => pool.use(work))),
    close: async () => {
      await Promise.all(pools.map(({ pool }) => pool.dispose()));
    },
  };
}

/** Throughput against the size of a pool, and a chart of it. */
export async function* benchPoolSizes(): AsyncGenerator<Race, string[], Medians> {
  const servers: RedisServer[] = [];
  // DEBUG SLEEP is work of the server's one thread, which takes no processor from the client.
  while (servers.length < SERVERS)
    servers.push(await RedisServer.open(MAX_SESSIONS, { 'enable-debug-command': 'yes' }));
  const urls = servers.map(({ port }) => `redis://:${PASSWORD}@127.0.0.1:${port}`);
  const [first] = urls as [string];
  const postgres = await PostgresServer.open(MAX_SESSIONS);
  const zcached = await startZcachedServer({ latency: 1 });
  const login = { host: '127.0.0.1', port: postgres.port, user: USER, password: PASSWORD, database: 'postgres' };
  const sleep = ({ client }: ReturnType<ReturnType<typeof redis>>): Promise<unknown> =>
    client.sendCommand(['DEBUG', 'SLEEP', '0.001']);
  const endpoints = { endpoints: urls };
  const workloads = [
    await workload('Redis, GET', 4_096, redis(first), ({ client }) => client.get('key')),
    await workload('Redis, 1 ms a command', 256, redis(first), sleep),
    await workload('three Redis, 1 ms a command', 256, ({ endpoint = first }) => redis(endpoint)({}), sleep, endpoints),
    await workload(
      'zcached in lock step, 1 ms away',
      256,
      () => new ZcachedConnection({ port: zcached.port }),
      (connection) => connection.send('PING'),
    ),
    await workload(
      'PostgreSQL, waits of 1 ms',
      256,
      pg(login),
      ({ client }) => client.query('SELECT pg_sleep(0.001)'),
      {
        maxPending: 1,
      },
    ),
  ];
  const time = yield { variants: workloads.flatMap(({ variants }) => variants), rounds: ROUNDS };
  for (const each of workloads) await each.close();
  await Promise.all([...servers, postgres, zcached].map((server) => server.close()));

  const series = workloads.map(({ name }) => ({
    name,
    values: SIZES.map((size) => time(variantOf(name, 1)) / time(variantOf(name, size))),
  }));
  const title = 'Throughput by the size of the pool';
  const note = `${CALLERS} callers, beside one connection to the same server; two processors for client and servers`;
  writeFileSync(FILE, lineChart({ title, note, xLabel: 'connections', xs: SIZES, yMin: 0.5, yMax: 16, series }));
  const rate = (name: string): string => `${Math.round(1e9 / time(variantOf(name, 1))).toLocaleString('en')} a second`;
  return [
    `throughput at ${SIZES.join(', ')} connections beside one, drawn in ${FILE}:`,
    ...series.map(
      ({ name, values }) => `  ${name}: ${values.map((value) => value.toFixed(2)).join(' ')} (one: ${rate(name)})`,
    ),
  ];
}
