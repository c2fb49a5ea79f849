import { inspect } from 'node:util';
import { BehaviorSubject, NEVER } from 'rxjs';
import {
  type Connection,
  ConnectionPool,
  type ConnectionState,
  describe as describeEvent,
  type PoolEvent,
  PoolNotConnectedError,
} from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { VirtualClock } from '../support/virtual-clock.js';

const SECRET = 'hunter2';

/** A connection of the library that keeps a password in a field. */
class LoggedIn extends ScriptedConnection {
  readonly password = SECRET;
  readonly config = { auth: { password: SECRET } };
}

/** A connection that is a plain object, with a password in it. */
function plain(name: string): Connection & { readonly password: string; break(cause: unknown): void } {
  const state$ = new BehaviorSubject<ConnectionState>('idle');
  const self = {
    state$,
    pending$: new BehaviorSubject(0),
    connect: async () => state$.next('connected'),
    close: async () => state$.next('closed'),
    name,
    endpoint: 'db:5432',
    password: SECRET,
    cause: undefined as unknown,
    break: (cause: unknown) => {
      self.cause = cause;
      state$.next('broken');
    },
  };
  return self;
}

type Any = Connection & { readonly password: string };

const KINDS: [kind: string, make: () => Any][] = [
  ["the library's own connections", () => new LoggedIn({ name: 'db-1', endpoint: 'db:5432' })],
  ['plain objects', () => plain('db-1')],
];

const lose = (connection: Any, cause: unknown): void => {
  if (connection instanceof LoggedIn) connection.lose(cause);
  else (connection as ReturnType<typeof plain>).break(cause);
};

describe.each(KINDS)('events and errors of a pool of %s', (_, make) => {
  async function open() {
    const clock = new VirtualClock();
    const events: PoolEvent<Any>[] = [];
    const pool = new ConnectionPool<Any>(1, make, { heal: false, scheduler: clock.scheduler, name: 'orders' });
    pool.events$.subscribe((event) => events.push(event));
    await clock.advance(1_000);
    await pool.setup();
    return { pool, clock, events, connection: pool.connections[0] as Any };
  }

  const code = (message: string): Error => Object.assign(new Error(message), { code: 'ECONNRESET' });

  it('every event about a connection has the time of the scheduler, the name and the endpoint', async () => {
    const { pool, clock, events, connection } = await open();
    await clock.advance(500);
    lose(connection, code('reset'));
    pool.suspend();
    const about = { connection, name: 'db-1', endpoint: 'db:5432' };
    expect(events.map((event) => ({ ...event }))).toEqual([
      { type: 'joined', at: 1_000, ...about },
      { type: 'connecting', at: 1_000, ...about },
      { type: 'connected', at: 1_000, ...about },
      { type: 'lost', at: 1_500, ...about, cause: expect.any(Error) },
      { type: 'suspended', at: 1_500 },
    ]);
    expect(events.at(-1)).not.toHaveProperty('name');
  });

  it('describe(event) and JSON have neither the connection nor its secrets, and the cause by name, code and message', async () => {
    const { events, connection } = await open();
    lose(connection, Object.assign(code('reset'), { password: SECRET, connection }));
    const lost = {
      type: 'lost',
      at: 1_000,
      name: 'db-1',
      endpoint: 'db:5432',
      cause: { name: 'Error', code: 'ECONNRESET', message: 'reset' },
    };
    const event = events.at(-1) as PoolEvent<Any>;
    expect(describeEvent(event)).toEqual(lost);
    expect(JSON.parse(JSON.stringify(event))).toEqual(lost);
    expect(JSON.stringify(events)).not.toContain(SECRET);
  });

  it.each<[cause: unknown, described: unknown]>([
    ['text', 'text'],
    [42, '42'],
    [10n, '10'],
    [Number.NaN, 'NaN'],
    [Symbol('why'), 'Symbol(why)'],
    [{ password: SECRET }, 'object'],
    [() => SECRET, 'function'],
    [null, 'object'],
  ])('describe(event) has a cause that is no error in a form that JSON keeps: %p', async (cause, described) => {
    const { pool, events, connection } = await open();
    pool.invalidateConnections([connection], { cause });
    const lost = events.at(-1) as PoolEvent<Any>;
    const inner = { ...lost, cause } as PoolEvent<Any>;
    expect(describeEvent(inner)['cause']).toEqual(described);
    expect(JSON.parse(JSON.stringify(describeEvent(inner)))).toEqual(describeEvent(inner));
  });

  it('inspecting a connection, a lease, an event or an error is short, tells the name, and shows no secret', async () => {
    const { pool, clock, events, connection } = await open();
    const lease = await pool.lease();
    lose(connection, code('reset'));
    const waiting = pool.use(() => 1).catch((reason: unknown) => reason);
    await clock.advance(5_000);
    const error = await waiting;
    for (const value of [lease, events.at(-1), { lease, events }, error]) {
      const text = inspect(value, { depth: 10 });
      expect(text).not.toContain(SECRET);
      if (value !== error) expect(text).not.toMatch(/Subject|Observable|Symbol\(/);
    }
    expect(inspect(lease)).toBe('Lease of db-1 db:5432');
    const lost = inspect(events.find(({ type }) => type === 'lost'));
    expect(lost).toMatch(/^{\s+type: 'lost',\s+connection|^{\s+type: 'lost'/);
    expect(lost.length).toBeLessThan(300);
    expect(inspect(error)).toContain("pool: 'orders'");
    expect(inspect(error)).toMatch(/^WaitTimeoutError: /);
  });
});

describe('errors and connections of the library', () => {
  it('inspecting a connection of a subclass gives its class, name, endpoint, state and load', async () => {
    const connection = new LoggedIn({ name: 'db-1', endpoint: 'db:5432' });
    await connection.connect();
    connection.send();
    expect(inspect(connection)).toBe('LoggedIn db-1 db:5432 (connected, 1 pending)');
    expect(inspect([{ connection }], { depth: 10 })).not.toContain(SECRET);
  });

  it('describe(event) has no name, no endpoint and no code where there is none', async () => {
    const pool = new ConnectionPool(1, () => new ScriptedConnection(), { heal: false });
    const events: PoolEvent<Connection>[] = [];
    pool.events$.subscribe((event) => events.push(event));
    await pool.setup();
    pool.connections[0]?.lose(new TypeError('odd'));
    expect(Object.entries(describeEvent(events.at(-1) as PoolEvent<Connection>))).toEqual([
      ['type', 'lost'],
      ['cause', { name: 'TypeError', message: 'odd' }],
      ['at', expect.any(Number)],
    ]);
    expect(Object.keys(describeEvent(events.at(-1) as PoolEvent<Connection>)['cause'] as object)).toEqual([
      'name',
      'message',
    ]);
  });

  it('an event that has a bigint or a number that JSON does not know keeps it as text', async () => {
    const connection = plain('odd');
    const pool = new ConnectionPool(1, () => connection, { heal: false });
    const events: PoolEvent<Connection>[] = [];
    pool.events$.subscribe((event) => events.push(event));
    await pool.setup();
    for (const value of [Number.NaN, 5n, -1]) (connection.pending$ as BehaviorSubject<unknown>).next(value);
    const reports = JSON.parse(JSON.stringify(events)).filter(({ type }: { type: string }) => type === 'misreported');
    expect(reports.map(({ value }: { value: unknown }) => value)).toEqual(['NaN', '5', -1]);
  });

  it('an error has its name as a property of its own, the name of the pool, and that of the connection it is about', async () => {
    const pool = new ConnectionPool(1, () => new LoggedIn({ name: 'db-1' }), {
      name: 'orders',
      heal: false,
      maxWaiting: 0,
    });
    const events: PoolEvent<Connection>[] = [];
    pool.events$.subscribe((event) => events.push(event));
    await pool.setup();
    pool.invalidateConnections(pool.connections, { cause: new Error('bad') });
    expect(events.at(-1)).toMatchObject({
      type: 'lost',
      cause: { name: 'ConnectionInvalidatedError', pool: 'orders', connection: 'db-1' },
    });
    const error = (await pool.use(() => NEVER).catch((reason: unknown) => reason)) as PoolNotConnectedError;
    expect(error).toBeInstanceOf(PoolNotConnectedError);
    expect(Object.hasOwn(error, 'name')).toBe(true);
    expect([error.name, error.pool, error.figures?.total]).toEqual(['PoolNotConnectedError', 'orders', 1]);
  });
});
