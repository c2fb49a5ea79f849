import { setTimeout as sleep } from 'node:timers/promises';
import { createPool } from 'generic-pool';
import { type Connection, ConnectionPool, leastLoaded, peakEwma, powerOfTwoChoices, type Strategy } from 'rxpool';
import { redis as redisAt } from '../../examples/adapters/redis.js';
import { findPrograms } from '../servers/programs.js';
import { PASSWORD } from '../servers/real-server.js';
import { RedisServer } from '../servers/redis-server.js';
import { LineConnection } from './line-connection.js';
import type { Finding } from './measure.js';
import { startServer } from './server-process.js';

const CALLS = 12_000;
const CALLS_A_SECOND = 1_000;
const SERVERS = 3;
/** Connections to each server. */
const EACH = 2;
/** How long a call may take, the wait for a connection included. */
const TIMEOUT = 1_000;
const STOP_AT = 3_000;
const CONTINUE_AT = 7_000;
/** Room for every pool at once, and for the dials that a stopped server finds when it continues. */
const MAX_SESSIONS = 256;

/** One way to call the servers, and how many of its callers have failed. */
class Way {
  failed = 0;
  readonly #calls: Promise<void>[] = [];

  constructor(
    readonly name: string,
    readonly call: () => Promise<unknown>,
    readonly close: () => Promise<unknown>,
  ) {}

  /** Makes as many calls as are missing to `count`. */
  ask(count: number): void {
    while (this.#calls.length < count) this.#calls.push(this.#ask());
  }

  async end(): Promise<void> {
    await Promise.all(this.#calls);
    await this.close();
  }

  async #ask(): Promise<void> {
    try {
      await this.call();
    } catch {
      this.failed++;
    }
  }
}

/** Returns the items one after the other, and then the first again. */
function inTurn<T>(items: readonly T[]): () => T {
  let next = 0;
  return () => items[next++ % items.length] as T;
}

/** A ConnectionPool for each strategy, with its other options by default. */
async function strategies<C extends Connection>(
  ports: readonly number[],
  make: (port: number) => C,
  work: (connection: C, signal: AbortSignal) => Promise<unknown>,
): Promise<Way[]> {
  const selects: Readonly<Record<string, Strategy<C>>> = {
    leastLoaded: leastLoaded(),
    peakEwma: peakEwma(),
    powerOfTwoChoices: powerOfTwoChoices(),
  };
  const size = ports.length * EACH;
  const opening = Object.entries(selects).map(async ([name, select]) => {
    const port = inTurn(ports);
    const pool = new ConnectionPool<C>(size, () => make(port()), { select });
    await pool.ready({ min: size });
    const call = () => pool.use((connection, { signal }) => work(connection, signal), { timeout: TIMEOUT });
    return new Way(name, call, () => pool.dispose());
  });
  return await Promise.all(opening);
}

/** Rejects at the deadline: generic-pool has none for the work. */
async function settledBy<T>(deadline: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(deadline - performance.now(), undefined, { signal: over.signal }).then(() => {
    throw new Error('The call has taken too long');
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

const redis = (port: number) => redisAt(`redis://:${PASSWORD}@127.0.0.1:${port}`)();

/** A generic-pool for each group of servers. Callers take the pools in turn, and each pool dials its servers in turn. */
async function genericPools(name: string, groups: readonly (readonly number[])[]): Promise<Way> {
  const pools = groups.map((ports) => {
    const port = inTurn(ports);
    const create = async () => {
      const connection = redis(port());
      await connection.connect();
      return connection;
    };
    const size = ports.length * EACH;
    const destroy = (connection: ReturnType<typeof redis>) => connection.close();
    return createPool({ create, destroy }, { min: size, max: size, acquireTimeoutMillis: TIMEOUT });
  });
  await Promise.all(pools.map((pool) => pool.ready()));
  const pool = inTurn(pools);
  const call = (): Promise<unknown> => {
    const deadline = performance.now() + TIMEOUT;
    return pool().use(({ client }) => settledBy(deadline, client.ping()));
  };
  return new Way(name, call, async () => {
    await Promise.all(pools.map((each) => each.drain()));
    await Promise.all(pools.map((each) => each.clear()));
  });
}

/** A server that keeps its connections and answers nothing while it is stopped. */
interface Stoppable {
  stop(): void;
  continue(): void;
}

/** All ways go through it together. */
async function failures(ways: readonly Way[], server: Stoppable | undefined): Promise<void> {
  const changes = [
    { at: STOP_AT, change: () => server?.stop() },
    { at: CONTINUE_AT, change: () => server?.continue() },
  ];
  const begin = performance.now();
  for (let count = 0; count < CALLS; await sleep(2)) {
    const elapsed = performance.now() - begin;
    if (changes[0] && elapsed >= changes[0].at) changes.shift()?.change();
    count = Math.min(CALLS, Math.floor((elapsed * CALLS_A_SECOND) / 1_000));
    for (const way of ways) way.ask(count);
  }
  await Promise.all(ways.map((way) => way.end()));
}

const finding = ({ name, failed }: Way, servers: string, baseline: string): Finding => ({
  goal: 'P15',
  about: `callers that fail under ${name} while one ${servers} of three is stopped for ${(CONTINUE_AT - STOP_AT) / 1_000} s`,
  measured: `${CALLS.toLocaleString('en')} callers`,
  baseline,
  figure: failed,
  unit: '',
  limit: { atMost: 25 },
});

async function stopLineServer(): Promise<Finding[]> {
  const starting = Array.from({ length: SERVERS }, () => startServer('slow-server-program.ts', '2'));
  const servers = await Promise.all(starting);
  const ports = servers.map(({ port }) => port);
  const make = (port: number): LineConnection => new LineConnection(port);
  const ways = await strategies(ports, make, (connection, signal) => connection.ask(signal));
  const [first] = servers;
  await failures(ways, { stop: () => first?.signal('SIGSTOP'), continue: () => first?.signal('SIGCONT') });
  for (const server of servers) server.signal();
  return ways.map((way) => finding(way, 'server', `each fails after ${TIMEOUT} ms`));
}

/** The same with Redis and its client, and with generic-pool beside. */
async function stopRedis(): Promise<(Finding | string)[]> {
  if (!findPrograms()['redis-server']) return ['P15 with Redis is not measured: redis-server is not installed'];
  const servers: RedisServer[] = [];
  while (servers.length < SERVERS) servers.push(await RedisServer.open(MAX_SESSIONS));
  const ports = servers.map(({ port }) => port);
  const ways = await strategies(ports, redis, ({ client }) => client.ping());
  const peers = [
    await genericPools('one generic-pool that dials the servers in turn', [ports]),
    await genericPools(
      'a generic-pool for each server, asked in turn',
      ports.map((port) => [port]),
    ),
  ];
  await failures([...ways, ...peers], servers[0]);
  await Promise.all(servers.map((server) => server.close()));
  const baseline = peers.map(({ name, failed }) => `${name}: ${failed.toLocaleString('en')}`).join('; ');
  return ways.map((way) => finding(way, 'Redis', baseline));
}

/** P15: callers that fail while one server of three is stopped by SIGSTOP. */
export async function stopOne(): Promise<(Finding | string)[]> {
  return [...(await stopLineServer()), ...(await stopRedis())];
}
