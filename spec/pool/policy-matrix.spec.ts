import { BehaviorSubject, finalize, map, Subject, takeUntil } from 'rxjs';
import {
  ConnectionPool,
  cleanupBroken,
  ejectOutliers,
  exponentialBackoff,
  growOnDemand,
  invalidateSilent,
  type Picker,
  type Policy,
  type PolicyPool,
  RenewalError,
  reconnectBroken,
  recycle,
  refill,
  shrinkIdle,
  validateIdle,
} from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { watchProcess } from '../support/invariants.js';
import { scaled } from '../support/scales.js';
import { anySeed, seeded } from '../support/seeded.js';
import { expectUntouched } from '../support/untouched.js';
import { VirtualClock } from '../support/virtual-clock.js';

type Pool = PolicyPool<TestConnection>;
type Common = { readonly scheduler: VirtualClock['scheduler']; readonly random: () => number };

/** Every policy: a new one joins by a line here. */
const POLICIES: Readonly<Record<string, (pool: Pool, common: Common) => ReturnType<Policy<TestConnection>>>> = {
  refill: (pool, { scheduler, random }) =>
    pool.health$.pipe(
      refill((count) => pool.extendPoolBySize(count), { scheduler, backoff: exponentialBackoff({ random }) }),
    ),
  growOnDemand: (pool, { scheduler, random }) =>
    pool.health$.pipe(
      growOnDemand((count) => pool.extendPoolBySize(count), { scheduler, backoff: exponentialBackoff({ random }) }),
    ),
  shrinkIdle: (pool, { scheduler }) =>
    pool.connected$.pipe(
      shrinkIdle((surplus) => pool.reducePoolConnections(surplus), { scheduler, idleTimeout: 700, minIdle: 2 }),
    ),
  'recycle with renew()': (pool, { scheduler, random }) =>
    pool.connected$.pipe(
      recycle((due) => pool.renew({ connections: due }), {
        scheduler,
        random,
        maxLifetime: 3_000,
        maxUses: 50,
        backoff: exponentialBackoff({ random }),
      }),
    ),
  'recycle with removeConnections()': (pool, { scheduler, random }) =>
    pool.connected$.pipe(recycle((due) => pool.removeConnections(due), { scheduler, random, maxLifetime: 4_000 })),
  cleanupBroken: (pool, { scheduler, random }) =>
    pool.broken$.pipe(
      cleanupBroken((dead) => pool.removeConnections(dead), {
        scheduler,
        after: 500,
        backoff: exponentialBackoff({ random }),
      }),
    ),
  ejectOutliers: (pool, { scheduler }) =>
    pool.connected$.pipe(
      ejectOutliers((connection, duration) => pool.ejectConnections([connection], { duration }), {
        scheduler,
        consecutiveFailures: 3,
        slowerThan: 1.5,
        baseDuration: 400,
      }),
    ),
  validateIdle: (pool, { scheduler }) =>
    pool.connected$.pipe(
      validateIdle(
        (connection) => (connection as Servant).ping(),
        (connection, cause) => pool.invalidateConnections([connection], { cause }),
        { scheduler, interval: 200, timeout: 100 },
      ),
    ),
  invalidateSilent: (pool, { scheduler }) =>
    pool.connected$.pipe(
      invalidateSilent((connection, cause) => pool.invalidateConnections([connection], { cause }), {
        scheduler,
        after: 500,
      }),
    ),
};

/** What happens to a pool at work, until it is undone by the function returned. */
const SITUATIONS: Readonly<Record<string, (world: World) => () => void>> = {
  'the pool is suspended': ({ pool }) => {
    pool.suspend();
    return () => pool.resume();
  },
  'the capacity of each connection is 0': ({ capacity$ }) => {
    capacity$.next(0);
    return () => capacity$.next(1);
  },
  'the strategy chooses none': (world) => {
    world.refuses = true;
    return () => {
      world.refuses = false;
    };
  },
  'one member is refused at each dial': (world) => world.afflict('refuse'),
  'each dial and each answer of one member hangs': (world) => world.afflict('wait'),
  'the server is down': (world) => {
    world.isDown = true;
    for (const connection of world.made) connection.lose();
    return () => {
      world.isDown = false;
    };
  },
  'the list of endpoints changes every two seconds': ({ pool, clock: { scheduler }, endpoints }) => {
    let isOver = false;
    const rotate = (): void => {
      if (isOver) return;
      endpoints.push(endpoints.shift() as string);
      pool.reconfigure({ endpoints: endpoints.slice(0, 3) });
      scheduler.schedule(rotate, 2_000);
    };
    rotate();
    return () => {
      isOver = true;
    };
  },
  'one of three endpoints refuses': (world) => {
    const { pool, endpoints } = world;
    pool.reconfigure({ endpoints: endpoints.slice(0, 3) });
    [world.refusing] = endpoints;
    for (const connection of world.made) if (connection.endpoint === world.refusing) connection.lose();
    return () => {
      world.refusing = undefined;
    };
  },
  'one of three endpoints is slow': (world) => {
    const { pool, endpoints } = world;
    pool.reconfigure({ endpoints: endpoints.slice(0, 3) });
    [world.slow] = endpoints;
    return () => {
      world.slow = undefined;
    };
  },
  'members drain and are dialled anew': ({ pool, clock: { scheduler } }) => {
    let isOver = false;
    const drain = (): void => {
      if (isOver) return;
      pool.reconnect(false).catch(() => {});
      pool.removeConnections(pool.connections.slice(0, 1));
      pool.extendPoolBySize(1).catch(() => {});
      scheduler.schedule(drain, 1_500);
    };
    drain();
    return () => {
      isOver = true;
    };
  },
};

/** While one of these lasts, more connections would not help: none are added beyond the size. */
const LENDS_NOTHING = Object.keys(SITUATIONS).slice(0, 3);
/** While one of these lasts, nothing is surplus. */
const IS_HELD = LENDS_NOTHING.slice(0, 2);

/** A connection that answers pings. */
type Servant = TestConnection & { ping(): Promise<void> };

const SIZE = 4;
const MAX_SIZE = 12;
const CALLERS = 6;

/** A pool with some policies and callers, and what the test changes about its server. */
class World {
  readonly clock = new VirtualClock();
  readonly made: TestConnection[] = [];
  readonly capacity$ = new BehaviorSubject(1);
  readonly pool: ConnectionPool<TestConnection>;
  /** Policies that have ended before the pool was disposed of, and what they failed with. */
  readonly ended: string[] = [];
  readonly failures: unknown[] = [];
  refuses = false;
  isDown = false;
  /** The servers that there are; the pool is told of none until a situation does so. */
  readonly endpoints = ['a', 'b', 'c', 'd'];
  refusing: string | undefined;
  slow: string | undefined;
  most = 0;
  served = 0;
  readonly #random: () => number;
  readonly #over = new Subject<void>();
  #afflicted: TestConnection | undefined;

  constructor(names: readonly string[], seed: number) {
    const random = seeded(seed);
    this.#random = random;
    const { scheduler } = this.clock;
    const common = { scheduler, random };
    this.pool = new ConnectionPool<TestConnection>(SIZE, ({ endpoint }) => this.#make(endpoint), {
      scheduler,
      maxSize: MAX_SIZE,
      waitTimeout: 400,
      connectTimeout: 300,
      drainTimeout: 200,
      heal: reconnectBroken({ scheduler, backoff: exponentialBackoff({ random }) }),
      select: map((connections: readonly TestConnection[]): Picker<TestConnection> => {
        const choose = (_: unknown, accepts = (_: TestConnection): boolean => true): TestConnection | undefined =>
          this.refuses ? undefined : connections.find(accepts);
        return { pick: choose, peek: choose, size: connections.length };
      }),
      policies: names.map((name) => (pool: Pool) => {
        // Unsubscribing is not an end of its own.
        const source = POLICIES[name]!(pool, common).pipe(takeUntil(this.#over));
        return source.pipe(finalize(() => !this.#isOver && this.ended.push(name)));
      }),
    });
    this.pool.events$.subscribe((event) => {
      if (event.type === 'policy-failed') this.failures.push(event.cause);
      this.most = Math.max(this.most, this.open.length);
    });
  }

  get open(): TestConnection[] {
    return this.made.filter(({ state }) => state === 'connected' || state === 'connecting');
  }

  get dials(): number {
    return this.made.reduce((sum, { dials }) => sum + dials, 0);
  }

  /** Has one member refused, or hanging. */
  afflict(script: 'refuse' | 'wait'): () => void {
    const victim = this.pool.connections[this.pool.connections.length >> 1];
    if (!victim) return () => {};
    victim.onDial = script;
    if (script === 'wait') this.#afflicted = victim;
    else victim.lose();
    this.clock.scheduler.schedule(() => victim.lose(), 1_000);
    return () => {
      victim.onDial = 'accept';
      victim.accept();
      this.#afflicted = undefined;
    };
  }

  /** Callers who come again and again, until the pool is disposed of. */
  start(): void {
    for (let i = 0; i < CALLERS; i++) void this.#call();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    void this.pool.dispose();
    await this.clock.advance(10_000);
  }

  #isOver = false;

  #make(endpoint: string | undefined): TestConnection {
    const kind = KINDS[this.made.length % KINDS.length]!;
    const connection = kind.make('accept', `#${this.made.length + 1}`);
    let script = connection.onDial;
    Object.defineProperties(connection, {
      onDial: {
        get: () => (this.isDown || (endpoint && endpoint === this.refusing) ? 'refuse' : script),
        set: (value: typeof script) => {
          script = value;
        },
      },
      ...(endpoint !== undefined && { endpoint: { value: endpoint, enumerable: true } }),
      capacity$: { value: this.capacity$ },
      ping: { value: () => (this.#afflicted === connection ? new Promise(() => {}) : Promise.resolve()) },
    });
    this.made.push(connection);
    return connection;
  }

  async #call(): Promise<void> {
    const { scheduler } = this.clock;
    const pause = (ms: number): Promise<void> => new Promise((done) => void scheduler.schedule(() => done(), ms));
    while (!this.#isOver) {
      await this.pool
        .use(
          async (connection, { signal }) => {
            const isSlow = this.slow !== undefined && connection.endpoint === this.slow;
            const answered = pause((isSlow ? 100 : 10) + 40 * this.#random());
            const aborted = new Promise((done) => signal.addEventListener('abort', done));
            await (this.#afflicted === connection ? aborted : answered);
            this.served++;
          },
          { timeout: 200 },
        )
        .catch(() => {});
      await pause(100 * this.#random());
    }
  }
}

const names = Object.keys(POLICIES);
const pairs = names.flatMap((one, index) => names.slice(index + 1).map((other) => [one, other] as const));
const cells = pairs.flatMap((pair) => Object.keys(SITUATIONS).map((situation) => ({ pair, situation })));

/** A sample of the cells, or all of them several times, each with a seed of its own. */
function sample(
  seed: number,
): { readonly pair: readonly string[]; readonly situation: string; readonly seed: number }[] {
  const random = seeded(seed);
  const rounds = Math.ceil(scaled('policyMatrix') / cells.length);
  const all = Array.from({ length: rounds }, () => cells).flat();
  const keyed = all.map((cell) => ({ ...cell, seed: Math.floor(random() * 2 ** 31), key: random() }));
  return keyed.sort((a, b) => a.key - b.key).slice(0, scaled('policyMatrix'));
}

async function run(pair: readonly string[], situation: string, seed: number): Promise<void> {
  const world = new World(pair, seed);
  const { pool, clock, made } = world;
  await pool.setup();
  world.start();
  await clock.advance(1_500);
  const undo = SITUATIONS[situation]!(world);
  const before = { dials: world.dials, poolSize: pool.poolSize, total: pool.connections.length };
  await clock.advance(6_000);
  const opened = world.dials - before.dials;
  if (LENDS_NOTHING.includes(situation)) {
    expect(pool.connections.length).toBeLessThanOrEqual(Math.max(before.poolSize, before.total));
    expect(pool.poolSize).toBeLessThanOrEqual(before.poolSize);
  }
  if (IS_HELD.includes(situation)) expect(pool.poolSize).toBe(before.poolSize);
  undo();
  await clock.advance(12_000);
  const { served } = world;
  const { health } = pool;
  await clock.advance(1_500);
  expect({
    ended: world.ended,
    failures: world.failures.filter((cause) => !(cause instanceof RenewalError)),
    opened: opened > 200 ? opened : 'few enough',
    most: world.most > MAX_SIZE ? world.most : 'few enough',
  }).toEqual({ ended: [], failures: [], opened: 'few enough', most: 'few enough' });
  const isKept = pair.includes('refill') || !pair.some((name) => /cleanup|removeConnections/.test(name));
  // Those that have left are not replaced without refill.
  if (isKept) {
    expect(pool.connections.length).toBeGreaterThanOrEqual(pool.poolSize);
    expect(world.served).toBeGreaterThan(served);
  }
  const { broken, abandoned, draining, ejected } = pool.health;
  expect({ broken, abandoned, draining, ejected }).toEqual({ broken: 0, abandoned: 0, draining: 0, ejected: 0 });
  expect(health.suspended).toBe(false);
  // All lead to endpoints of the list, once there is one.
  const strays = health.endpoints?.slice(3) ?? [];
  expect(strays).toEqual([]);
  await world.end();
  expect([clock.timers, world.open]).toEqual([0, []]);
  made.forEach(expectUntouched);
}

const TIMEOUT = 20_000 + 1_000 * scaled('policyMatrix');

describe('every two policies on one pool', () => {
  it(
    `${scaled('policyMatrix')} runs: no policy ends, the sockets are bounded, and the pool is whole afterwards`,
    async () => {
      const watched = watchProcess();
      const seed = anySeed();
      for (const { pair, situation, seed: own } of sample(seed)) {
        try {
          await run(pair, situation, own);
        } catch (cause) {
          throw new Error(`${pair.join(' and ')}, while ${situation}; SEED=${seed}, run ${own}`, { cause });
        }
      }
      watched.end();
      expect(watched.complaints).toEqual([]);
    },
    TIMEOUT,
  );
});
