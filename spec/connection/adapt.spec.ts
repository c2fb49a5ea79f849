import { EventEmitter } from 'node:events';
import {
  type AdaptedConnection,
  adapt,
  type ClientReports,
  ConnectionPool,
  type ConnectionPoolOptions,
  type CreatingAdapter,
  constantBackoff,
  leastLoaded,
  type PoolEvent,
  peakEwma,
  powerOfTwoChoices,
  reconnectBroken,
  roundRobin,
  type Strategy,
  validateIdle,
} from 'rxpool';
import { type ProcessWatch, watchProcess } from '../support/invariants.js';
import { thrownBy } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

type Verdict = 'accept' | 'refuse' | 'wait';

/** A client that a test scripts, and that knows nothing of connections. */
class Client extends EventEmitter {
  isReady = false;
  closed = 0;
  calls = 0;
  #dial: { resolve(): void; reject(cause: unknown): void } | undefined;

  constructor(readonly address: string | undefined = undefined) {
    super();
  }

  /** Heeds no signal. */
  dial(verdict: Verdict): Promise<void> {
    const dialled = new Promise<void>((resolve, reject) => {
      this.#dial = { resolve, reject };
    });
    if (verdict === 'accept') this.accept();
    if (verdict === 'refuse') this.refuse();
    return dialled;
  }

  accept(): void {
    this.isReady = true;
    this.#dial?.resolve();
  }

  refuse(cause = new Error('refused by the script')): void {
    this.#dial?.reject(cause);
  }

  destroy(): void {
    this.closed++;
    this.isReady = false;
  }

  /** Dies without an event, as some clients do. */
  die(): void {
    this.isReady = false;
  }

  ask(text: string): Promise<string> {
    this.calls++;
    return this.isReady ? Promise.resolve(text) : Promise.reject(new Error('The client is closed'));
  }
}

type Adapted = AdaptedConnection<Client>;

interface Rig {
  readonly pool: ConnectionPool<Adapted>;
  readonly clock: VirtualClock;
  readonly clients: Client[];
  /** What `watch` was given, in the order of the clients. */
  readonly reports: ClientReports[];
  readonly events: PoolEvent<Adapted>[];
  /** How the next dials end. */
  verdict: Verdict;
}

/** A pool of adapted clients in virtual time, which heals after 100 ms. */
function rig(
  poolSize: number,
  changes: Partial<CreatingAdapter<Client>> = {},
  options: ConnectionPoolOptions<Adapted> = {},
): Rig {
  const clock = new VirtualClock();
  const clients: Client[] = [];
  const reports: ClientReports[] = [];
  const factory = adapt<Client>({
    create: ({ endpoint }) => {
      const client = new Client(endpoint);
      clients.push(client);
      return client;
    },
    connect: (client) => client.dial(test.verdict),
    watch: (client, told) => {
      reports.push(told);
      return client.on('error', told.lost).on('close', told.lost);
    },
    close: (client) => client.destroy(),
    ...changes,
  });
  const { scheduler } = clock;
  const heal = reconnectBroken<Adapted>({ backoff: constantBackoff(100), scheduler });
  const pool = new ConnectionPool<Adapted>(poolSize, factory, { heal, scheduler, ...options });
  const test: Rig = { pool, clock, clients, reports, events: [], verdict: 'accept' };
  pool.events$.subscribe((event) => test.events.push(event));
  return test;
}

async function openRig(...args: Parameters<typeof rig>): Promise<Rig> {
  const test = rig(...args);
  await test.pool.setup();
  return test;
}

const statesOf = ({ pool }: Rig): string => pool.connections.map(({ state }) => state).join(' ');

const causesOf = ({ events }: Rig, type: 'lost' | 'connect-failed'): unknown[] =>
  events.flatMap((event) => (event.type === type ? [event.cause] : []));

const closedOf = ({ clients }: Rig): string => clients.map(({ closed }) => closed).join(' ');

let watched: ProcessWatch;

beforeEach(() => {
  watched = watchProcess();
});

afterEach(async () => {
  await settle();
  watched.end();
  expect(watched.complaints).toEqual([]);
});

describe('adapt(): a client in a pool', () => {
  it('use() is given a connection whose client has the type of the client', async () => {
    const { pool } = await openRig(1);
    expect(await pool.use(({ client }) => client.ask('hello'))).toBe('hello');
    await pool.dispose();
  });

  it('each dial makes a new client, and close() is called once for each client that was lost or closed', async () => {
    const test = await openRig(2);
    test.clients[0]?.emit('error', new Error('cut'));
    expect(statesOf(test)).toBe('broken connected');
    await test.clock.advance(100);
    expect(statesOf(test)).toBe('connected connected');
    expect(closedOf(test)).toBe('1 0 0');
    await test.pool.dispose();
    expect(closedOf(test)).toBe('1 1 1');
  });

  it('name and endpoint are those of the adapter, in the connection and in events', async () => {
    const test = await openRig(1, { name: 'cache', endpoint: 'localhost:6379' });
    expect(test.pool.connections[0]).toMatchObject({ name: 'cache', endpoint: 'localhost:6379' });
    expect(test.events.find(({ type }) => type === 'connected')).toMatchObject({
      name: 'cache',
      endpoint: 'localhost:6379',
    });
    expect(test.clients[0]?.address).toBe('localhost:6379');
    await test.pool.dispose();
  });

  it('without an endpoint the one that the pool asks for is that of the connection, and create() is told of it', () => {
    const connection = adapt({ create: () => new Client(), connect: () => {}, close: () => {} })({ endpoint: 'b:1' });
    expect(connection.endpoint).toBe('b:1');
  });

  it('an endpoint that is a function is called with the endpoint that the pool asks for', async () => {
    const clients: Client[] = [];
    const factory = adapt({
      create: ({ endpoint }) => {
        clients.push(new Client(endpoint));
        return clients.at(-1) as Client;
      },
      endpoint: (requested) => requested ?? 'a:1',
      connect: (client) => client.dial('accept'),
      close: (client) => client.destroy(),
    });
    const connections = [factory(), factory({}), factory({ endpoint: 'b:1' })];
    await Promise.all(connections.map((connection) => connection.connect()));
    expect(connections.map(({ endpoint }) => endpoint)).toEqual(['a:1', 'a:1', 'b:1']);
    expect(clients.map(({ address }) => address)).toEqual(['a:1', 'a:1', 'b:1']);
  });

  it('the password of a URL is given to create(), and left out of endpoint', async () => {
    const test = await openRig(1, { endpoint: 'redis://ada:p@ss@localhost:6379/1?a=b@c' });
    expect(test.pool.connections[0]?.endpoint).toBe('redis://localhost:6379/1?a=b@c');
    expect(test.clients[0]?.address).toBe('redis://ada:p@ss@localhost:6379/1?a=b@c');
    expect(JSON.stringify(test.events.map((event) => ({ ...event, connection: 0 })))).not.toContain('p@ss');
    await test.pool.dispose();
  });

  it('client throws a ClientLostError with the cause while the connection is not connected', async () => {
    const test = rig(1, { name: 'cache' });
    test.verdict = 'refuse';
    await test.pool.setup();
    const [connection] = test.pool.brokenConnections as [Adapted];
    expect(thrownBy(() => connection.client)).toMatchObject({
      code: 'ERR_CLIENT_LOST',
      connection: 'cache',
      message: expect.stringContaining('broken'),
      cause: expect.objectContaining({ message: 'refused by the script' }),
    });
    await test.pool.dispose();
  });

  it('pending$ and pending show what the pool lends, and return to 0', async () => {
    const { pool } = await openRig(1);
    const [connection] = pool.connections as [Adapted];
    const seen: number[] = [];
    connection.pending$.subscribe((pending) => seen.push(pending));
    const leases = [pool.tryLease(), pool.tryLease()];
    expect(connection.pending).toBe(2);
    for (const lease of leases) lease?.release();
    await pool.use(() => 1);
    await pool.use(() => Promise.reject(new Error())).catch(() => {});
    expect(seen).toEqual([0, 1, 2, 1, 0, 1, 0, 1, 0]);
    pool.tryLease();
    await pool.close({ drainTimeout: 0 });
    await pool.dispose();
    expect(connection.pending).toBe(0);
    expect(seen.slice(-2)).toEqual([1, 0]);
  });
});

describe('adapt(): dials', () => {
  it('a dial that fails closes its client, and the cause is that of connect()', async () => {
    const test = rig(1);
    test.verdict = 'refuse';
    await test.pool.setup();
    expect(causesOf(test, 'connect-failed')).toMatchObject([{ message: 'refused by the script' }]);
    expect(closedOf(test)).toBe('1');
    await test.pool.dispose();
  });

  it('a dial under way fails with what watch() says of the loss, where connect() hangs or hides the cause', async () => {
    const test = rig(1);
    test.verdict = 'wait';
    const opening = test.pool.setup();
    test.clients[0]?.emit('error', new Error('WRONGPASS'));
    test.clients[0]?.refuse(new Error('Connection is closed.'));
    await opening;
    expect(causesOf(test, 'connect-failed')).toMatchObject([{ message: 'WRONGPASS' }]);
    expect(closedOf(test)).toBe('1');
    await test.pool.dispose();
  });

  it('a dial that passes connectTimeout aborts its signal and closes its client, where connect() heeds no signal', async () => {
    let signal: AbortSignal | undefined;
    const connect = (client: Client, context: { signal: AbortSignal }): Promise<void> => {
      signal = context.signal;
      return client.dial('wait');
    };
    const test = rig(1, { connect }, { heal: false });
    const opening = test.pool.setup();
    await test.clock.advance(4_999);
    expect(closedOf(test)).toBe('0');
    await test.clock.advance(1);
    await opening;
    expect(signal?.aborted).toBe(true);
    expect(closedOf(test)).toBe('1');
    expect(causesOf(test, 'connect-failed')).toMatchObject([{ code: 'ERR_CONNECT_TIMEOUT' }]);
    await test.pool.dispose();
  });

  it('a client whose dial succeeds after it was given up is closed once more, and changes no state', async () => {
    const test = rig(1, {}, { heal: false });
    test.verdict = 'wait';
    const opening = test.pool.setup();
    await test.clock.advance(5_000);
    await opening;
    test.clients[0]?.accept();
    await settle();
    expect(statesOf(test)).toBe('closed');
    expect(test.clients[0]).toMatchObject({ closed: 2, isReady: false });
    await test.pool.dispose();
  });

  it('a client of an earlier dial that succeeds late is closed, and the later client stays connected', async () => {
    const test = rig(1, {}, { connectTimeout: 50 });
    test.verdict = 'wait';
    const opening = test.pool.setup();
    await test.clock.advance(50);
    await opening;
    test.verdict = 'accept';
    await test.clock.advance(100);
    test.clients[0]?.accept();
    await settle();
    expect(statesOf(test)).toBe('connected');
    expect(test.clients.map(({ isReady }) => isReady)).toEqual([false, true]);
    await test.pool.dispose();
  });

  it('close() of a connection that is being dialled waits until its client is closed', async () => {
    let finish = (): void => {};
    const close = (): Promise<void> => new Promise((resolve) => (finish = resolve));
    const connection = adapt({ create: () => new Client(), connect: () => new Promise(() => {}), close })();
    const dial = connection.connect().catch((cause: Error) => cause);
    await settle();
    let isClosed = false;
    const closing = connection.close().then(() => (isClosed = true));
    await settle();
    expect(isClosed).toBe(false);
    finish();
    await closing;
    expect(await dial).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
  });

  it('a lost client of a dial under way is closed once more where connect() resolves all the same', async () => {
    const test = rig(1, {}, { heal: false });
    test.verdict = 'wait';
    const opening = test.pool.setup();
    test.clients[0]?.emit('close', 1006);
    await opening;
    test.clients[0]?.accept();
    await settle();
    expect(test.clients[0]).toMatchObject({ closed: 2, isReady: false });
    expect(statesOf(test)).toBe('broken');
    await test.pool.dispose();
  });

  it('open() may give the client connected; one that comes after the dial was given up is watched and closed', async () => {
    const clients: Client[] = [];
    let give = (): void => {};
    const clock = new VirtualClock();
    const factory = adapt({
      open: () =>
        new Promise<Client>((resolve) => {
          give = () => {
            clients.push(new Client());
            resolve(clients.at(-1) as Client);
          };
          if (clients.length === 0) give();
        }),
      watch: (client, { lost }) => client.on('error', lost),
      close: (client) => {
        client.destroy();
        client.emit('error', new Error('closed in the middle'));
      },
    });
    const pool = new ConnectionPool(2, factory, { scheduler: clock.scheduler, heal: false });
    const opening = pool.setup();
    await clock.advance(5_000);
    await opening;
    expect(pool.connections.map(({ state }) => state)).toEqual(['connected', 'closed']);
    give();
    await settle();
    expect(clients.map(({ closed }) => closed)).toEqual([0, 1]);
    expect(pool.connections.map(({ state }) => state)).toEqual(['connected', 'closed']);
    await pool.dispose();
  });

  it('a client that open() gives, and that watch() says is lost at once, fails the dial and is closed', async () => {
    const client = new Client();
    const connection = adapt({
      open: () => client,
      watch: (_, { lost }) => lost(new Error('lost at once')),
      close: () => client.destroy(),
    })();
    await expect(connection.connect()).rejects.toThrow('lost at once');
    expect(client.closed).toBe(1);
  });

  it('a client that says it is draining before it is connected fails the dial', async () => {
    const test = rig(1, { watch: (_, { draining }) => draining() }, { heal: false });
    await test.pool.setup();
    expect(causesOf(test, 'connect-failed')).toMatchObject([{ code: 'ERR_CLIENT_LOST' }]);
    expect(test.clients[0]?.isReady).toBe(false);
    await test.pool.dispose();
  });
});

describe('adapt(): what a client reports', () => {
  it('listeners of an earlier client change nothing of a later one', async () => {
    const test = await openRig(1);
    const [first] = test.clients as [Client];
    const [reports] = test.reports as [ClientReports];
    first.emit('error', new Error('cut'));
    await test.clock.advance(100);
    const [connection] = test.pool.connections as [Adapted];
    const capacities: number[] = [];
    connection.capacity$?.subscribe((capacity) => capacities.push(capacity));
    first.emit('error', new Error('late'));
    first.emit('close');
    reports.lost();
    reports.draining();
    reports.capacity(1);
    reports.pending(7);
    expect([connection.state, connection.pending]).toEqual(['connected', 0]);
    expect(capacities).toEqual([Number.POSITIVE_INFINITY]);
    expect(causesOf(test, 'lost')).toHaveLength(1);
    await test.pool.dispose();
  });

  it.each([
    ['nothing', undefined],
    ['true, as an event of sockets does', true],
    ['1006, as an event of WebSockets does', 1006],
  ])('lost() with %s breaks the connection with a ClientLostError', async (_, value) => {
    const test = await openRig(1, { name: 'cache' });
    test.clients[0]?.emit('close', value);
    expect(causesOf(test, 'lost')).toMatchObject([{ code: 'ERR_CLIENT_LOST', connection: 'cache' }]);
    expect((causesOf(test, 'lost')[0] as Error).cause).toBe(value);
    await test.pool.dispose();
  });

  it('lost() with an error breaks the connection with that error, and later calls change nothing', async () => {
    const test = await openRig(1, {}, { heal: false });
    test.clients[0]?.emit('error', new Error('first'));
    test.clients[0]?.emit('close', new Error('second'));
    expect(causesOf(test, 'lost')).toMatchObject([{ message: 'first' }]);
    await test.pool.dispose();
  });

  it('the function that watch() returns is called once, just before close(), for each client', async () => {
    const calls: string[] = [];
    const test = await openRig(1, {
      watch: (client, { lost }) => {
        client.on('error', lost);
        return () => calls.push('torn down');
      },
      close: () => calls.push('closed'),
    });
    expect(calls).toEqual([]);
    test.clients[0]?.emit('error', new Error('cut'));
    expect(calls).toEqual(['torn down', 'closed']);
    await test.clock.advance(100);
    await test.pool.dispose();
    expect(calls).toEqual(['torn down', 'closed', 'torn down', 'closed']);
  });

  it('a client that is a function and is returned by watch() is not called', async () => {
    let calls = 0;
    const client = (): number => calls++;
    const connection = adapt({ open: () => client, watch: (same) => same, close: () => {} })();
    await connection.connect();
    await connection.close();
    expect(calls).toBe(0);
  });

  it('draining() takes the connection out of service; when it is empty a new client takes the place', async () => {
    const test = await openRig(1);
    const lease = test.pool.tryLease();
    test.reports[0]?.draining();
    expect(test.pool.health).toMatchObject({ draining: 1, connected: 0 });
    expect(closedOf(test)).toBe('0');
    lease?.release();
    await settle();
    expect(closedOf(test)).toBe('1 0');
    expect(test.pool.health).toMatchObject({ draining: 0, connected: 1 });
    await test.pool.dispose();
  });

  it('capacity() limits what is lent; the next client has no limit until it says so', async () => {
    const test = await openRig(1);
    test.reports[0]?.capacity(1);
    const lease = test.pool.tryLease();
    expect(test.pool.tryLease()).toBeUndefined();
    lease?.release();
    test.clients[0]?.emit('error', new Error('cut'));
    await test.clock.advance(100);
    expect([1, 2, 3].map(() => test.pool.tryLease() !== undefined)).toEqual([true, true, true]);
    await test.pool.close({ drainTimeout: 0 });
    await test.pool.dispose();
  });

  it('pending() counts where it is more than the pool lends, and is 0 again when the client is lost', async () => {
    const test = await openRig(1);
    const [connection] = test.pool.connections as [Adapted];
    const seen: number[] = [];
    connection.pending$.subscribe((pending) => seen.push(pending));
    test.reports[0]?.pending(3);
    test.pool.tryLease()?.release();
    expect(test.pool.health.pending).toBe(3);
    test.clients[0]?.emit('error', new Error('cut'));
    expect(seen).toEqual([0, 3, 0]);
    await test.pool.dispose();
  });

  it('pending(NaN) and capacity(-1) are told as events', async () => {
    const test = await openRig(1);
    test.reports[0]?.pending(Number.NaN);
    test.reports[0]?.capacity(-1);
    const told = test.events.flatMap((event) => (event.type === 'misreported' ? [event.member] : []));
    expect(told).toEqual(['pending$', 'capacity$']);
    await test.pool.close({ drainTimeout: 0 });
    await test.pool.dispose();
  });
});

describe('adapt(): alive', () => {
  const strategies: [string, Strategy<Adapted> | undefined][] = [
    ['the least loaded by default', undefined],
    ['leastLoaded()', leastLoaded()],
    ['powerOfTwoChoices()', powerOfTwoChoices()],
    ['roundRobin()', roundRobin()],
    ['peakEwma()', peakEwma()],
  ];

  it.each(strategies)(
    'a client that has died without an event, and fails at once, is given no work: %s',
    async (_, select) => {
      const test = await openRig(3, { alive: ({ isReady }) => isReady }, { ...(select && { select }), heal: false });
      test.clients[0]?.die();
      for (let call = 0; call < 30; call++) await test.pool.use(({ client }) => client.ask('x'));
      const [dead] = test.clients as [Client];
      expect(dead.calls).toBe(0);
      expect(causesOf(test, 'lost')).toMatchObject([{ code: 'ERR_CLIENT_LOST' }]);
      await test.pool.dispose();
    },
  );

  it('a client that dies during its work is found when the work has ended', async () => {
    const test = await openRig(2, { alive: ({ isReady }) => isReady }, { heal: false });
    await test.pool.use(async ({ client }) => client.die());
    expect(test.pool.health).toMatchObject({ connected: 1, broken: 1 });
    const lease = test.pool.tryLease();
    lease?.connection.client.die();
    lease?.release();
    expect(test.pool.health).toMatchObject({ connected: 0, broken: 2 });
    await test.pool.dispose();
  });

  it('a client that has died is not reset', async () => {
    const resets: Client[] = [];
    const test = await openRig(
      1,
      { alive: ({ isReady }) => isReady },
      { maxPending: 1, reset: ({ client }) => resets.push(client), heal: false },
    );
    await test.pool.use(() => 1);
    await settle();
    expect(resets).toHaveLength(1);
    await test.pool.use(({ client }) => client.die());
    await settle();
    expect(resets).toHaveLength(1);
    await test.pool.dispose();
  });

  it('getLeastLoadedConnection(), tryLease() and withConnection() give no dead client', async () => {
    const test = await openRig(2, { alive: ({ isReady }) => isReady }, { heal: false, maxWaiting: 0 });
    test.clients[0]?.die();
    const picked = [1, 2].map(() => test.pool.getLeastLoadedConnection().client);
    expect(picked).toEqual([test.clients[1], test.clients[1]]);
    test.clients[1]?.die();
    expect(test.pool.tryLease()).toBeUndefined();
    const failure = await new Promise((error) => test.pool.withConnection(() => [1]).subscribe({ error }));
    expect(failure).toMatchObject({ code: 'ERR_POOL_NOT_CONNECTED' });
    await test.pool.dispose();
  });

  it('a caller that finds the only client dead waits, and is served by the next client', async () => {
    const test = await openRig(1, { alive: ({ isReady }) => isReady });
    test.clients[0]?.die();
    const answer = test.pool.use(({ client }) => client.ask('later'));
    await test.clock.advance(100);
    expect(await answer).toBe('later');
    expect(test.clients).toHaveLength(2);
    await test.pool.dispose();
  });

  it('alive is asked once when a connection is picked and once when its work has ended, and not in between', async () => {
    let asked = 0;
    const test = await openRig(1, { alive: () => ++asked > 0 });
    await settle();
    asked = 0;
    const lease = test.pool.tryLease();
    expect(asked).toBe(1);
    lease?.release();
    expect(asked).toBe(2);
    await test.pool.use(() => 1);
    expect(asked).toBe(4);
    await test.pool.dispose();
  });

  it('where alive throws the client is lost, with the error as the cause', async () => {
    const test = await openRig(
      1,
      {
        alive: () => {
          throw new Error('gone');
        },
      },
      { heal: false },
    );
    expect(test.pool.tryLease()).toBeUndefined();
    expect(causesOf(test, 'lost')).toMatchObject([{ code: 'ERR_CLIENT_LOST', cause: { message: 'gone' } }]);
    await test.pool.dispose();
  });

  it('a subscriber that suspends the pool when a dead client is found gets no connection lent by that pick', async () => {
    const test = await openRig(2, { alive: ({ isReady }) => isReady }, { heal: false });
    test.pool.broken$.subscribe(({ length }) => length > 0 && test.pool.suspend());
    for (const client of test.clients) client.die();
    test.clients[1]?.accept();
    const leases = [test.pool.tryLease(), test.pool.tryLease()];
    expect(test.pool.health).toMatchObject({ suspended: true, broken: 1 });
    // The first may have been picked before the dead one was found.
    expect(leases[1]).toBeUndefined();
    await test.pool.dispose();
  });
});

describe('adapt(): ping and classify', () => {
  it('validateIdle() without a question asks ping, which is given the client and a signal', async () => {
    const asked: [Client, boolean][] = [];
    const test = rig(1, {
      ping: async (client, { signal }) => asked.push([client, signal.aborted]),
    });
    await test.pool.setup();
    const validating = test.pool.connected$
      .pipe(validateIdle(undefined, () => {}, { interval: 1_000, scheduler: test.clock.scheduler }))
      .subscribe();
    await test.clock.advance(2_000);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked[0]).toEqual([test.clients[0], false]);
    validating.unsubscribe();
    await test.pool.dispose();
  });

  it('a connection has ping, classify and capacity$ only where its adapter has ping, classify and watch', () => {
    const { ping, classify, capacity$ } = adapt({ create: () => 1, connect: () => {}, close: () => {} })();
    expect([ping, classify, capacity$]).toEqual([undefined, undefined, undefined]);
  });

  it('ping() rejects where the adapter throws, where the client is dead, and where there is no client', async () => {
    let isAlive = true;
    const connection = adapt({
      create: () => new Client(),
      connect: () => {},
      close: () => {},
      alive: () => isAlive,
      ping: () => {
        throw new Error('thrown by ping');
      },
    })();
    const ping = (): Promise<unknown> =>
      connection.ping?.({ signal: new AbortController().signal }) ?? Promise.resolve();
    await expect(ping()).rejects.toThrow(/idle/);
    await connection.connect();
    await expect(ping()).rejects.toThrow('thrown by ping');
    isAlive = false;
    await expect(ping()).rejects.toMatchObject({ code: 'ERR_CLIENT_LOST' });
    expect(connection.state).toBe('broken');
  });

  it('classify is given the error and the client; fatal invalidates the connection, undefined is the default', async () => {
    const given: unknown[] = [];
    const test = await openRig(
      1,
      {
        classify: (error, client) => {
          given.push([(error as Error).message, client]);
          return (error as Error).message === 'MOVED' ? 'fatal' : undefined;
        },
      },
      { heal: false },
    );
    const fail = (message: string): Promise<unknown> =>
      test.pool.use(() => Promise.reject(new Error(message))).catch(() => {});
    await fail('no such key');
    expect(test.pool.health.connected).toBe(1);
    await fail('MOVED');
    expect(given).toEqual([
      ['no such key', test.clients[0]],
      ['MOVED', test.clients[0]],
    ]);
    expect(test.pool.health.broken).toBe(1);
    await test.pool.dispose();
  });

  it('the option classify of the pool, where it returns undefined, leaves the error to that of the connection', async () => {
    const test = await openRig(1, { classify: () => 'fatal' }, { classify: () => undefined, heal: false });
    await test.pool.use(() => Promise.reject(new Error('any'))).catch(() => {});
    expect(test.pool.health.broken).toBe(1);
    await test.pool.dispose();
  });
});

describe('adapt(): errors that its functions throw', () => {
  const boom = (): never => {
    throw new Error('boom');
  };

  it.each<[keyof CreatingAdapter<Client>, Partial<CreatingAdapter<Client>>]>([
    ['create', { create: boom }],
    ['connect', { connect: boom }],
    ['watch', { watch: boom }],
  ])('%s: the dial fails with the error, and a client that was made is closed', async (member, changes) => {
    const test = rig(1, changes, { heal: false });
    await test.pool.setup();
    expect(causesOf(test, 'connect-failed')).toMatchObject([{ message: 'boom' }]);
    expect(closedOf(test)).toBe(member === 'create' ? '' : '1');
    await test.pool.dispose();
  });

  it.each<[string, Partial<CreatingAdapter<Client>>]>([
    ['close throws', { close: boom }],
    ['close rejects', { close: () => Promise.reject(new Error('boom')) }],
    ['the teardown of watch throws', { watch: () => boom }],
  ])('%s: the connection is closed, and events$ tells close-failed', async (_, changes) => {
    const test = await openRig(1, changes);
    test.pool.removeConnections(test.pool.connections);
    await settle();
    expect(test.events.filter(({ type }) => type === 'close-failed')).toMatchObject([{ cause: { message: 'boom' } }]);
    await test.pool.dispose();
  });

  it('close hangs: close() of the pool resolves after closeTimeout', async () => {
    const test = await openRig(1, { close: () => new Promise(() => {}) }, { closeTimeout: 300 });
    let isClosed = false;
    const closing = test.pool.close().then(() => (isClosed = true));
    await test.clock.advance(299);
    expect(isClosed).toBe(false);
    await test.clock.advance(1);
    await closing;
    await test.pool.dispose();
  });

  it('close throws for the client of a dial that failed or was aborted: the cause is that of the dial', async () => {
    const test = rig(1, { close: boom }, { heal: false });
    test.verdict = 'refuse';
    await test.pool.setup();
    expect(causesOf(test, 'connect-failed')).toMatchObject([{ message: 'refused by the script' }]);
    test.verdict = 'wait';
    const again = test.pool.reconnect();
    await settle();
    await test.pool.close();
    await again;
    expect(test.events.filter(({ type }) => type === 'close-failed')).toEqual([]);
    await test.pool.dispose();
  });
});

describe('adapt(): arguments', () => {
  const right = { create: () => 1, connect: () => {}, close: () => {} };
  const { create: _, ...withoutCreate } = right;

  it.each<[string, unknown, RegExp, string]>([
    ['nothing', undefined, /^adapter must be an object, got undefined/, 'ERR_INVALID_ARG_TYPE'],
    ['no create', withoutCreate, /^adapter\.create must be a function, got undefined/, 'ERR_INVALID_ARG_TYPE'],
    ['no close', { open: () => 1 }, /^adapter\.close must be a function, got undefined/, 'ERR_INVALID_ARG_TYPE'],
    ['no connect', { ...right, connect: undefined }, /^adapter\.connect must be a function/, 'ERR_INVALID_ARG_TYPE'],
    ['open and create', { ...right, open: () => 1 }, /^adapter\.create must be left out/, 'ERR_INVALID_ARG_TYPE'],
    [
      'a text for alive',
      { ...right, alive: 'yes' },
      /^adapter\.alive must be a function, got "yes"/,
      'ERR_INVALID_ARG_TYPE',
    ],
    ['an empty name', { ...right, name: '' }, /^adapter\.name must be a non-empty string/, 'ERR_OUT_OF_RANGE'],
    [
      'a number for endpoint',
      { ...right, endpoint: 6379 },
      /^adapter\.endpoint must be a string/,
      'ERR_INVALID_ARG_TYPE',
    ],
    [
      'a misspelt member',
      { ...right, wacth: () => {} },
      /^adapter\.wacth is no option; did you mean watch\?/,
      'ERR_UNKNOWN_OPTION',
    ],
  ])('adapt() with %s throws an error that names the member', (_title, adapter, message, code) => {
    const error = thrownBy(() => adapt(adapter as never));
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
  });

  it('an endpoint function that returns no text fails the factory, which the pool tells as ConnectionFactoryError', async () => {
    const test = rig(1, { endpoint: () => 7 as never });
    await expect(test.pool.setup()).rejects.toMatchObject({
      code: 'ERR_CONNECTION_FACTORY',
      cause: { code: 'ERR_INVALID_ARG_TYPE' },
    });
    await test.pool.dispose();
  });

  it('what is changed in the adapter after adapt() changes no connection', async () => {
    const adapter = { ...right, name: 'before' };
    const factory = adapt(adapter);
    adapter.name = 'after';
    expect(factory().name).toBe('before');
  });
});
