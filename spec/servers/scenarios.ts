import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AdaptedConnection,
  type AdaptedFactory,
  ConnectionPool,
  type ConnectionPoolOptions,
  reconnectBroken,
  resilient,
} from 'rxpool';
import { checkConnection } from 'rxpool/testing';
import { startFaultProxy } from 'rxpool/testing/node';
import { track } from '../support/cleanup.js';
import { watchProcess } from '../support/invariants.js';
import { until } from '../support/until.js';
import { Callers, TIMEOUT } from './callers.js';
import { describeError } from './describe-error.js';
import { MAX_SESSIONS, PASSWORD, type RealServer } from './real-server.js';

/** A client of a server, as the scenarios see it. */
interface Kind<Client> {
  readonly name: string;
  open(): Promise<RealServer>;
  /** The adapter. */
  adapt(port: number, password: string): AdaptedFactory<Client>;
  /** Has the server send a text back. */
  echo(client: Client, text: string): Promise<unknown>;
  readonly options?: ConnectionPoolOptions<AdaptedConnection<Client>>;
  /** One command at a time on each connection, or all that callers ask for. */
  readonly maxPending: number;
  /** How many sessions the server allows a pool: some are the administrator's. */
  readonly sessions: number;
  /** What a refused login looks like. */
  readonly refusal: RegExp;
  /** What the server says to a session too many. */
  readonly full: RegExp;
}

const SIZE = 6;
const CALLERS = 12;
/** Sessions that are cut one by one, while so many calls are made. */
const CUT = { connections: 5, requests: 18_000 };
const SILENCE = 1_000;
const STOPPED = 3_000;
const WRONG_PASSWORD = 1_500;
const ABANDONED_INTERVAL = 500;
/** How much later than its deadline a call may settle, besides the longest time for which the event loop stood still. */
const SLACK = 250;

const ms = (value: number): string => `${Math.round(value).toLocaleString('en')} ms`;

/** Milliseconds until the condition holds. */
async function timeUntil(condition: () => boolean): Promise<number> {
  const begin = performance.now();
  await until(condition);
  return performance.now() - begin;
}

/** What a real client and its server do in a pool, whatever happens to the server. */
export function describeScenarios<Client>(kind: Kind<Client>): void {
  type Pool = ConnectionPool<AdaptedConnection<Client>>;

  const figures: string[] = [];
  let server: RealServer;

  beforeAll(async () => {
    server = await kind.open();
  }, 60_000);

  afterAll(async () => {
    await server?.close();
    process.stdout.write(`${[`${kind.name}:`, ...figures].join('\n  ')}\n`);
  });

  async function openPool(port = server.port, size = SIZE): Promise<Pool> {
    const options: ConnectionPoolOptions<AdaptedConnection<Client>> = {
      ...kind.options,
      maxPending: kind.maxPending,
      heal: reconnectBroken({ abandonedInterval: ABANDONED_INTERVAL }),
      policies: resilient({
        invalidateSilent: { after: SILENCE },
        validateIdle: { interval: SILENCE, timeout: TIMEOUT },
      }),
    };
    const pool = new ConnectionPool(size, kind.adapt(port, PASSWORD), options);
    track({ close: () => pool.dispose() });
    await pool.setup();
    return pool;
  }

  const isWhole = ({ health }: Pool): boolean => health.status === 'healthy';

  /** Lets `happen` come over a pool at work, and resolves when it is whole again and answers; nothing went wrong by then. */
  async function survive(
    title: string,
    pool: Pool,
    count: number,
    happen: (callers: Callers<Client>) => Promise<void>,
  ): Promise<Callers<Client>> {
    const watch = watchProcess();
    const loop = monitorEventLoopDelay({ resolution: 5 });
    loop.enable();
    expect(pool.health.status).toBe('healthy');
    const callers = new Callers(pool, count, kind.echo);
    try {
      await until(() => callers.answered > 10 * count);
      await happen(callers);
      const over = performance.now();
      const whole = await timeUntil(() => isWhole(pool));
      await until(() => callers.lastAnswer > over);
      const { answered } = callers;
      await until(() => callers.answered > answered + 10 * count);
      figures.push(
        `${title}: whole after ${ms(whole)}; ${callers.answered.toLocaleString('en')} answered, ` +
          `${callers.errors.length} failed ${JSON.stringify(callers.failures)}, slowest ${ms(callers.slowest)}, event loop ${ms(loop.max / 1e6)}`,
      );
    } finally {
      await callers.stop();
      watch.end();
      loop.disable();
    }
    expect(callers.wrong).toEqual([]);
    expect(callers.slowest).toBeLessThan(TIMEOUT + SLACK + loop.max / 1e6);
    expect(watch.complaints).toEqual([]);
    await pool.dispose();
    await sessions(0);
    return callers;
  }

  /** Resolves when the server has so many sessions of pools. */
  async function sessions(count: number): Promise<void> {
    while ((await server.sessions()) !== count) await sleep(10);
  }

  it('checkConnection() finds no broken rule in the adapter, with the server behind a proxy', async () => {
    const proxy = track(await startFaultProxy({ port: server.port }));
    const make = kind.adapt(proxy.port, PASSWORD);
    await checkConnection({
      make: () => make(),
      server: proxy,
      request: ({ client }) => kind.echo(client, 'an echo'),
      counts: false,
    });
    await sessions(0);
  }, 60_000);

  it('calls settle and the pool is whole again by itself, when the server is killed and started again', async () => {
    const pool = await openPool();
    await survive('killed and restarted', pool, CALLERS, async () => {
      await server.kill();
      await until(() => pool.health.connected === 0);
      await server.start();
    });
  }, 30_000);

  it(`of ${CUT.requests.toLocaleString('en')} calls at most ${CUT.connections} fail, when the server ends ${CUT.connections} sessions one by one`, async () => {
    // Where no administrator can end a session, a proxy does.
    const proxy = server.cutOne ? undefined : track(await startFaultProxy({ port: server.port }));
    const pool = await openPool(proxy?.port, CUT.connections);
    // As many callers as connections: one call at most is in flight on a connection that is cut.
    const { errors } = await survive('sessions cut one by one', pool, CUT.connections, async (callers) => {
      for (let cut = 1; cut <= CUT.connections; cut++) {
        await until(() => isWhole(pool) && callers.asked > (cut * CUT.requests) / (CUT.connections + 1));
        if (proxy) proxy.links[0]?.reset();
        else expect(await server.cutOne?.()).toBe(true);
        await until(() => !isWhole(pool));
      }
      await until(() => callers.asked > CUT.requests);
    });
    expect(errors.length).toBeLessThanOrEqual(CUT.connections);
  }, 30_000);

  it('calls settle by their deadline and the pool is whole again by itself, when the server stands still for 3 s', async () => {
    const pool = await openPool();
    await survive('stopped for 3 s', pool, CALLERS, async () => {
      server.stop();
      await sleep(STOPPED);
      server.continue();
    });
  }, 30_000);

  it('callers are refused at once with the cause, and the pool is whole again by itself, when the password is wrong for 1.5 s', async () => {
    const pool = await openPool();
    let slowest = 0;
    await survive('wrong password for 1.5 s', pool, CALLERS, async () => {
      const begin = performance.now();
      await server.setPassword('wrong');
      await server.cutAll?.();
      await until(() => pool.health.abandoned === SIZE);
      for (let call = 0; call < 20; call++) {
        const asked = performance.now();
        const error = await pool.use(({ client }) => kind.echo(client, '')).catch((reason: Error) => reason);
        slowest = Math.max(slowest, performance.now() - asked);
        expect(error).toMatchObject({ code: 'ERR_POOL_NOT_CONNECTED' });
        const { code, message } = describeError((error as Error).cause);
        expect(`${code} ${message}`).toMatch(kind.refusal);
      }
      await expect(pool.ready()).rejects.toMatchObject({ code: 'ERR_POOL_NOT_CONNECTED' });
      await sleep(begin + WRONG_PASSWORD - performance.now());
      await server.setPassword(PASSWORD);
    });
    figures.push(`wrong password for 1.5 s: refused within ${ms(slowest)}`);
    expect(slowest).toBeLessThan(SLACK);
  }, 30_000);

  it('callers are served by the sessions that the server allows, and the others follow by themselves, when the server is full', async () => {
    const others = await openPool(server.port, MAX_SESSIONS);
    await until(() => others.health.connected === kind.sessions);
    const room = SIZE / 2;
    others.reconfigure({ heal: false, poolSize: kind.sessions - room });
    others.cleanupBrokenConnections();
    await sessions(kind.sessions - room);
    const pool = await openPool();
    await until(() => pool.health.connected === room);
    expect(pool.health.status).toBe('degraded');
    const causes = pool.brokenConnections.map(({ cause }) => describeError(cause));
    for (const { code, message } of causes) expect(`${code} ${message}`).toMatch(kind.full);
    const callers = new Callers(pool, CALLERS, kind.echo);
    await until(() => callers.answered > 100 * CALLERS);
    await others.dispose();
    const whole = await timeUntil(() => isWhole(pool));
    await callers.stop();
    figures.push(
      `server full: ${callers.answered.toLocaleString('en')} answered, ${callers.errors.length} failed; ` +
        `whole ${ms(whole)} after there is room`,
    );
    expect(callers.errors).toEqual([]);
    expect(callers.wrong).toEqual([]);
    await pool.dispose();
    await sessions(0);
  }, 30_000);

  it('silent connections are found and replaced, all of them, when a proxy forgets its flows under load', async () => {
    const proxy = track(await startFaultProxy({ port: server.port }));
    const pool = await openPool(proxy.port);
    const lost = new Map<unknown, unknown>();
    const statuses = new Set<string>();
    pool.events$.subscribe((event) => {
      if (event.type === 'lost') lost.set(event.connection, event.cause);
    });
    pool.health$.subscribe(({ status }) => statuses.add(status));
    let found = 0;
    await survive('half-open under load', pool, CALLERS, async () => {
      for (const { toServer, toClient } of proxy.links) {
        toServer.swallow();
        toClient.swallow();
      }
      found = await timeUntil(() => lost.size === SIZE);
    });
    figures.push(`half-open under load: all found within ${ms(found)}`);
    expect(found).toBeLessThan(2 * SILENCE);
    expect([...lost.values()].map((cause) => ((cause as Error).cause as Error).name)).toEqual(
      Array(SIZE).fill('ValidationError'),
    );
    expect([...statuses]).toEqual(expect.arrayContaining(['degraded', 'healthy']));
  }, 30_000);

  it('silent connections are found and replaced, all of them, when a proxy forgets its flows and no work is asked for', async () => {
    const proxy = track(await startFaultProxy({ port: server.port }));
    const pool = await openPool(proxy.port);
    for (const { toServer, toClient } of proxy.links) {
      toServer.swallow();
      toClient.swallow();
    }
    const found = await timeUntil(() => pool.health.connected === 0 || pool.health.broken > 0);
    const whole = await timeUntil(() => isWhole(pool));
    figures.push(`half-open without load: found within ${ms(found)}, whole after ${ms(found + whole)}`);
    const callers = new Callers(pool, CALLERS, kind.echo);
    await until(() => callers.answered > 10 * CALLERS);
    await callers.stop();
    expect(callers.errors).toEqual([]);
    await pool.dispose();
    await sessions(0);
  }, 30_000);
}
