import { BehaviorSubject, filter, firstValueFrom } from 'rxjs';
import { type Connection, ConnectionFactoryError, ConnectionPool, type ConnectionState } from 'rxpool';
import { KINDS, SubjectConnection, type TestConnection } from '../support/connections.js';
import { figures, openRig, statesOf } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('a factory of $kind that fails', ({ make }) => {
  const cause = new Error('out of connections');

  const FAILURES = [
    {
      how: 'throws',
      last: () => {
        throw cause;
      },
      because: cause,
    },
    {
      how: 'returns nothing',
      last: () => undefined,
      because: expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    },
    { how: 'returns a promise', last: async () => make(), because: expect.any(TypeError) },
    { how: 'returns half a connection', last: () => ({ ...make(), connect: 5 }), because: expect.any(TypeError) },
    {
      how: 'returns the same one twice',
      last: (made: TestConnection[]) => made[0],
      because: undefined,
      // The first call has no connection to return again.
      calls: [2, 3],
    },
  ];

  describe.each(FAILURES)('it $how', ({ how, last, because, calls: failing = [1, 2, 3] }) => {
    it.each(failing)(
      `setup() and extending reject and close what was made when the factory ${how} at call %i`,
      async (nth) => {
        const made: TestConnection[] = [];
        let calls = 0;
        const pool = new ConnectionPool<TestConnection>(
          3,
          () => {
            if (++calls % nth === 0) return last(made) as TestConnection;
            made.push(make());
            return made.at(-1) as TestConnection;
          },
          { heal: false },
        );
        const attempts = [() => pool.setup(), () => pool.extendPoolBySize(3)];
        for (const attempt of attempts) {
          calls = 0;
          made.length = 0;
          const error = await attempt().catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(ConnectionFactoryError);
          expect(error).toMatchObject({ code: 'ERR_CONNECTION_FACTORY', figures: { total: 0, connected: 0 } });
          expect((error as Error).cause).toEqual(because);
          await settle();
          expect(calls).toBe(nth);
          expect(made).toHaveLength(nth - 1);
          expect(made.map(({ state, dials }) => [state, dials])).toEqual(made.map(() => ['closed', 0]));
          expect(figures(pool.health)).toEqual({ poolSize: 3 });
          expect(pool.health.status).toBe('empty');
        }
      },
    );
  });

  it('setup() rejects when the factory returns a member of another pool, which stays connected there', async () => {
    const { pool, made } = await openRig(make, 2);
    const second = new ConnectionPool<TestConnection>(1, () => made[0] as TestConnection);
    const third = new ConnectionPool<TestConnection>(1, () => pool.connections[0] as TestConnection);
    for (const other of [second, third]) {
      await expect(other.setup()).rejects.toThrow(ConnectionFactoryError);
      expect(other.isEmpty()).toBe(true);
    }
    expect(statesOf(made)).toBe('connected connected');
    expect(pool.connectedConnections).toEqual(made);
  });

  it('extendPoolBySize() rejects when the factory returns a member again, which stays connected', async () => {
    const connection = make();
    const pool = new ConnectionPool<TestConnection>(1, () => connection, { heal: false });
    await pool.setup();
    await expect(pool.extendPoolBySize(1)).rejects.toThrow(ConnectionFactoryError);
    expect(pool.connectedConnections).toEqual([connection]);
    expect([pool.poolSize, connection.closes]).toEqual([1, 0]);
    await pool.dispose();
  });

  it('setup() rejects when the factory adds its connection to another pool, where that stays connected', async () => {
    const made: TestConnection[] = [];
    const other = new ConnectionPool<TestConnection>(0, () => make(), { heal: false });
    const pool = new ConnectionPool<TestConnection>(
      2,
      () => {
        if (made[0]) void other.extendPoolByConnections([made[0]]);
        made.push(make());
        return made.at(-1) as TestConnection;
      },
      { heal: false },
    );
    await expect(pool.setup()).rejects.toThrow(ConnectionFactoryError);
    await settle();
    expect(pool.isEmpty()).toBe(true);
    expect(other.connectedConnections).toEqual([made[0]]);
    expect(statesOf(made)).toBe('connected closed');
    await other.dispose();
  });

  it('setup() called inside the factory creates no more connections than poolSize', async () => {
    const made: TestConnection[] = [];
    const pool: ConnectionPool<TestConnection> = new ConnectionPool<TestConnection>(
      3,
      () => {
        if (made.length < 10) void pool.setup();
        made.push(make());
        return made.at(-1) as TestConnection;
      },
      { heal: false },
    );
    await pool.setup();
    expect(made).toHaveLength(3);
    expect(pool.connectedConnections).toHaveLength(3);
    await pool.dispose();
    expect(statesOf(made)).toBe('closed closed closed');
  });

  it('setup() closes what was made before the factory threw, also when connection.close() throws', async () => {
    const connection = make();
    connection.onClose = 'throw';
    let calls = 0;
    const pool = new ConnectionPool<TestConnection>(2, () => {
      if (calls++ > 0) throw cause;
      return connection;
    });
    await expect(pool.setup()).rejects.toMatchObject({ cause });
    await settle();
    expect(connection.state).toBe('closed');
  });
});

describe('extendPoolByConnections() of a pool', () => {
  const complete = (): Record<string, unknown> => {
    const { state$, pending$ } = new SubjectConnection();
    return { state$, pending$, connect: async () => {}, close: async () => {} };
  };

  it('a connection whose connect() resolves while state$ never becomes connected: connect-failed says just that', async () => {
    const make = (): Connection => ({
      state$: new BehaviorSubject<ConnectionState>('idle'),
      pending$: new BehaviorSubject(0),
      connect: async () => {},
      close: async () => {},
    });
    const pool = new ConnectionPool(1, make, { connectTimeout: 20, heal: false });
    const failed = firstValueFrom(pool.events$.pipe(filter((event) => event.type === 'connect-failed')));
    await pool.setup();
    expect((await failed).cause).toMatchObject({
      code: 'ERR_CONNECT_TIMEOUT',
      message: 'connect() has resolved, but state$ is idle after 20 ms, and not connected',
    });
    await pool.dispose();
  });

  it('takes a plain object that has state$, pending$, connect() and close() and nothing else', async () => {
    const pool = new ConnectionPool<Connection>(0, () => new SubjectConnection(), { heal: false });
    await pool.setup();
    await pool.extendPoolByConnections([complete() as unknown as Connection]);
    expect(pool.connections).toHaveLength(1);
    await pool.dispose();
  });

  it.each(['state$', 'pending$', 'connect', 'close'])(
    'rejects an object without %s, and one whose getter of it throws, with ERR_INVALID_ARG_TYPE',
    async (member) => {
      const pool = new ConnectionPool<Connection>(0, () => new SubjectConnection(), { heal: false });
      await pool.setup();
      const lacking = { ...complete(), [member]: undefined };
      const throwing = Object.defineProperty(complete(), member, {
        get: () => {
          throw new Error('getter');
        },
      });
      for (const one of [lacking, throwing]) {
        await expect(pool.extendPoolByConnections([one as unknown as Connection])).rejects.toMatchObject({
          code: 'ERR_INVALID_ARG_TYPE',
        });
      }
      expect(pool.isEmpty()).toBe(true);
      await pool.dispose();
    },
  );
});
