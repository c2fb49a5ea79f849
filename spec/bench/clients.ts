import { createPool } from 'generic-pool';
import { Pool } from 'pg';
import { type Connection, ConnectionPool, type ConnectionPoolOptions } from 'rxpool';
import { ioredis } from '../../examples/adapters/ioredis.js';
import { pg } from '../../examples/adapters/pg.js';
import { redis } from '../../examples/adapters/redis.js';
import { PostgresServer, USER } from '../servers/postgres-server.js';
import { serverSpecs } from '../servers/programs.js';
import { PASSWORD } from '../servers/real-server.js';
import { RedisServer } from '../servers/redis-server.js';
import { asking, costed, type Finding, type Medians, ns, type Race, timed } from './measure.js';
import { benchPoolSizes } from './pool-size.js';

const SIZE = 8;
const CALLERS = 64;
const COUNT = 1_024;
const ROUNDS = 101;
const TIMEOUT = 500;
const MAX_SESSIONS = 64;

async function open<C extends Connection>(
  size: number,
  factory: () => C,
  options: ConnectionPoolOptions<C> = {},
): Promise<ConnectionPool<C>> {
  const pool = new ConnectionPool<C>(size, factory, options);
  await pool.ready({ min: size });
  return pool;
}

async function connected<C extends Connection>(connection: C): Promise<C> {
  await connection.connect();
  return connection;
}

type Ask = () => Promise<unknown>;

/** What is measured of each way to ask, in the order in which they take turns. */
const race = (ways: Readonly<Record<string, Ask>>, measured: typeof timed): Race => ({
  variants: Object.entries(ways).map(([name, ask]) => asking(CALLERS, name, COUNT, ask, measured)),
  rounds: ROUNDS,
});

interface Ratio {
  readonly about: string;
  readonly name: string;
  readonly baseline: string;
  readonly atMost: number;
}

/** The goal for what one way costs beside another. */
const ratio = (time: Medians, { about, name, baseline, atMost }: Ratio): Finding => ({
  goal: 'P11',
  about: `processor a request, ${about}`,
  measured: `${name} ${ns(time(name))}`,
  baseline: `${baseline} ${ns(time(baseline))}`,
  figure: time(name) / time(baseline),
  unit: '×',
  limit: { atMost },
});

type Findings = AsyncGenerator<Race, (Finding | string)[], Medians>;

async function* benchRedis(): Findings {
  const server = await RedisServer.open(MAX_SESSIONS);
  const make = redis(`redis://:${PASSWORD}@127.0.0.1:${server.port}`);
  const [one, shared, plain] = await Promise.all([open(1, make), open(SIZE, make), connected(make())]);
  const single = plain.client;
  const clients = await Promise.all(Array.from({ length: SIZE }, async () => (await connected(make())).client));
  const factory = {
    create: () => connected(make()),
    destroy: (connection: ReturnType<typeof make>) => connection.close(),
  };
  const exclusive = createPool(factory, { min: SIZE, max: SIZE });
  await exclusive.ready();

  let next = 0;
  const ping: Ask = () => single.ping();
  const byUse: Ask = () => one.use((connection) => connection.client.ping());
  const withTimeout: Ask = () => one.use((connection) => connection.client.ping(), { timeout: TIMEOUT });
  const cpu = yield race(
    {
      'plain client': ping,
      'by use': byUse,
      'by use with timeout': withTimeout,
      'round robin of eight': () => (clients[next++ % SIZE] as typeof single).ping(),
      'eight by use': () => shared.use((connection) => connection.client.ping()),
      'generic-pool of eight': () => exclusive.use((connection) => connection.client.ping()),
    },
    costed,
  );
  const rate = yield race(
    {
      'plain client': ping,
      'by use': byUse,
      'eight by use': () => shared.use((connection) => connection.client.ping()),
      'generic-pool of eight': () => exclusive.use((connection) => connection.client.ping()),
    },
    timed,
  );

  for (const client of clients) client.destroy();
  await Promise.all([one.dispose(), shared.dispose(), plain.close()]);
  await exclusive.drain();
  await exclusive.clear();
  await server.close();

  const perSecond = (name: string): string => `${name} ${Math.round(1e9 / rate(name)).toLocaleString('en')} a second`;
  const baseline = 'plain client';
  return [
    ratio(cpu, { about: 'one redis client', name: 'by use', baseline, atMost: 1.08 }),
    ratio(cpu, { about: 'one redis client', name: 'by use with timeout', baseline, atMost: 1.12 }),
    `eight redis clients: ${['eight by use', 'round robin of eight', 'generic-pool of eight'].map((name) => `${name} ${ns(cpu(name))}`).join(', ')}`,
    {
      goal: 'P11',
      about: `rate of ${CALLERS} callers of eight redis clients by use`,
      measured: perSecond('eight by use'),
      baseline: perSecond('generic-pool of eight'),
      figure: rate('generic-pool of eight') / rate('eight by use'),
      unit: '×',
      limit: { atLeast: 2.5 },
    },
    `one redis client: ${['by use', 'plain client'].map(perSecond).join(', ')}`,
  ];
}

async function* benchIoredis(): Findings {
  const server = await RedisServer.open(MAX_SESSIONS);
  const make = ioredis(`redis://:${PASSWORD}@127.0.0.1:${server.port}`);
  const [one, plain] = await Promise.all([open(1, make), connected(make())]);
  const { client } = plain;
  const cpu = yield race(
    { 'plain client': () => client.ping(), 'by use': () => one.use((connection) => connection.client.ping()) },
    costed,
  );
  await Promise.all([one.dispose(), plain.close()]);
  await server.close();
  const about = 'one ioredis client that pipelines by itself';
  return [ratio(cpu, { about, name: 'by use', baseline: 'plain client', atMost: 1.03 })];
}

async function* benchPostgres(): Findings {
  const server = await PostgresServer.open(MAX_SESSIONS);
  const { port } = server;
  const login = { host: '127.0.0.1', port, user: USER, password: PASSWORD, database: 'postgres' };
  const pool = await open(SIZE, pg(login), { maxPending: 1 });
  const peer = new Pool({ ...login, max: SIZE });
  const cpu = yield race(
    {
      'pg.Pool': () => peer.query('SELECT 1'),
      'by use': () => pool.use((connection) => connection.client.query('SELECT 1')),
    },
    costed,
  );
  await Promise.all([pool.dispose(), peer.end()]);
  await server.close();
  const about = `${SIZE} sessions of PostgreSQL, ${CALLERS} callers`;
  return [ratio(cpu, { about, name: 'by use', baseline: 'pg.Pool', atMost: 1 })];
}

/** P11 with the clients that users have: what a pool costs beside the client alone, and beside other pools. */
export async function* benchClients(): Findings {
  const missing = new Set(serverSpecs().flatMap((spec) => spec.missing));
  if (missing.size > 0) {
    yield { variants: [], rounds: 0 };
    return [`P11 with real clients is not measured: ${[...missing].join(' and ')} is not installed`];
  }
  return [
    ...(yield* benchRedis()),
    ...(yield* benchIoredis()),
    ...(yield* benchPostgres()),
    ...(yield* benchPoolSizes()),
  ];
}
