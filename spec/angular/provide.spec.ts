import { ErrorHandler, InjectionToken, type Injector, PLATFORM_ID } from '@angular/core';
import { firstValueFrom, NEVER, of } from 'rxjs';
import { ConnectionPool, type ConnectionPoolOptions, PoolDisposedError } from 'rxpool';
import { connectionPoolToken, injectConnectionPool, provideConnectionPool, ServerRenderingError } from 'rxpool/angular';
import { ScriptedConnection } from 'rxpool/testing';
import { turns, until } from '../support/until.js';
import { destroyInjectors, makeInjector, Wires, within } from './injectors.js';

const pooled = (): ConnectionPool<ScriptedConnection> => injectConnectionPool<ScriptedConnection>();

afterEach(destroyInjectors);

describe('provideConnectionPool', () => {
  it('makes and dials the pool when it is first injected, not before', async () => {
    const { connections, connectionFactory } = new Wires();
    const injector = makeInjector([provideConnectionPool({ poolSize: 3, connectionFactory })]);
    expect(connections).toEqual([]);
    const pool = within(injector, pooled);
    expect(pool).toBeInstanceOf(ConnectionPool);
    expect(pool.health.status).toBe('starting');
    await pool.ready({ min: 3 });
    expect(pool.connectedConnections).toEqual(connections);
  });

  it('gives every class of the injector and of its children the one pool, also as ConnectionPool', () => {
    const { connectionFactory } = new Wires();
    const parent = makeInjector([provideConnectionPool({ poolSize: 1, connectionFactory })]);
    const child = makeInjector([], parent);
    const pool = within(parent, pooled);
    expect(within(child, pooled)).toBe(pool);
    expect(child.get(ConnectionPool)).toBe(pool);
  });

  it('given a function, calls it when the pool is injected, and it can inject', () => {
    const SIZE = new InjectionToken<number>('SIZE');
    const { connectionFactory } = new Wires();
    const settings = jest.fn(() => ({ poolSize: Injected.size(), connectionFactory }));
    const Injected = { size: (): number => within(injector, () => injector.get(SIZE)) };
    const injector = makeInjector([{ provide: SIZE, useValue: 5 }, provideConnectionPool(settings)]);
    expect(settings).not.toHaveBeenCalled();
    expect(within(injector, pooled).poolSize).toBe(5);
    expect(settings).toHaveBeenCalledTimes(1);
  });

  it('destroying the injector disposes of the pool: connections are closed, and use rejects', async () => {
    const { connections, connectionFactory } = new Wires();
    const parent = makeInjector([]);
    const injector = makeInjector([provideConnectionPool({ poolSize: 2, connectionFactory })], parent);
    const pool = within(injector, pooled);
    await pool.ready({ min: 2 });
    injector.destroy();
    await until(() => connections.every(({ shuts }) => shuts === 1));
    await expect(pool.use(async () => 1)).rejects.toBeInstanceOf(PoolDisposedError);
  });

  it('destroying an injector that has not made its pool makes none', () => {
    const { connections, connectionFactory } = new Wires();
    makeInjector([provideConnectionPool({ poolSize: 2, connectionFactory })]).destroy();
    expect(connections).toEqual([]);
  });

  it('tells the ErrorHandler of a factory that throws, and injecting the pool does not throw', async () => {
    const handleError = jest.fn();
    const cause = new Error('no more sockets');
    const connectionFactory = (): never => {
      throw cause;
    };
    const injector = makeInjector([
      { provide: ErrorHandler, useValue: { handleError } },
      provideConnectionPool({ poolSize: 1, connectionFactory }),
    ]);
    within(injector, pooled);
    await until(() => handleError.mock.calls.length > 0);
    expect(handleError.mock.calls).toEqual([[expect.objectContaining({ code: 'ERR_CONNECTION_FACTORY', cause })]]);
  });

  it('tells the ErrorHandler nothing where the injector is destroyed before the pool could be dialled', async () => {
    const handleError = jest.fn();
    const { connectionFactory } = new Wires();
    const injector = makeInjector([
      { provide: ErrorHandler, useValue: { handleError } },
      provideConnectionPool({ poolSize: 1, connectionFactory, options: { endpoints: NEVER } }),
    ]);
    const pool = within(injector, pooled);
    injector.destroy();
    await pool.dispose();
    await turns(3);
    expect(handleError).not.toHaveBeenCalled();
  });

  it.each<[string, object, string]>([
    ['no poolSize', { connectionFactory: () => new ScriptedConnection() }, 'settings.poolSize must be a number'],
    ['a negative poolSize', { poolSize: -1, connectionFactory: () => 1 }, 'settings.poolSize must be a non-negative'],
    ['no connectionFactory', { poolSize: 1 }, 'settings.connectionFactory must be a function, got undefined'],
    ['an option that is none', { poolSize: 1, conectionFactory: 1 }, 'did you mean connectionFactory?'],
    ['a text for dialOnServer', { poolSize: 1, dialOnServer: 'no' }, 'settings.dialOnServer must be a boolean'],
  ])('with %s throws at the call; a function that returns it throws when the pool is injected', (_, given, message) => {
    expect(() => provideConnectionPool(given as never)).toThrow(message);
    const injector = makeInjector([provideConnectionPool((() => given) as never)]);
    expect(() => within(injector, pooled)).toThrow(message);
  });

  it.each([[null], ['users'], [7]])('with the token %p throws a TypeError', (token) => {
    const { connectionFactory } = new Wires();
    const settings = { poolSize: 1, connectionFactory };
    expect(() => provideConnectionPool(settings, token as never)).toThrow('token must be an InjectionToken');
  });

  it('options that the pool refuses throw when it is injected', () => {
    const options = { maxDails: 3 } as ConnectionPoolOptions<ScriptedConnection>;
    const { connectionFactory } = new Wires();
    const injector = makeInjector([provideConnectionPool({ poolSize: 1, connectionFactory, options })]);
    expect(() => within(injector, pooled)).toThrow('did you mean maxDials?');
  });
});

describe('connectionPoolToken', () => {
  const USERS = connectionPoolToken<ScriptedConnection>('users');
  const CHATS = connectionPoolToken<ScriptedConnection>('chats');

  it('tells pools apart, and names them unless their options do', () => {
    const { connectionFactory } = new Wires();
    const injector = makeInjector([
      provideConnectionPool({ poolSize: 1, connectionFactory }),
      provideConnectionPool({ poolSize: 2, connectionFactory }, USERS),
      provideConnectionPool({ poolSize: 3, connectionFactory, options: { name: 'talks' } }, CHATS),
    ]);
    const pools = within(injector, () => [pooled(), injectConnectionPool(USERS), injectConnectionPool(CHATS)]);
    expect(pools.map(({ poolSize, health }) => [poolSize, health.name])).toEqual([
      [1, undefined],
      [2, 'users'],
      [3, 'talks'],
    ]);
    expect(injector.get(USERS)).toBe(pools[1]);
  });

  it('names the token in the error of Angular where its pool is not provided', () => {
    const injector = makeInjector([]);
    expect(() => within(injector, () => injectConnectionPool(USERS))).toThrow('ConnectionPool users');
    expect(() => within(injector, pooled)).toThrow('ConnectionPool');
  });

  it.each([[''], [7], [undefined]])('with the name %p throws', (name) => {
    expect(() => connectionPoolToken(name as string)).toThrow('name must be');
  });
});

describe('injectConnectionPool', () => {
  it('called where nothing can be injected, says so by its name', () => {
    expect(pooled).toThrow('injectConnectionPool() can only be used within an injection context');
  });

  it('a value provided for the class or for a token is what a test injects', () => {
    const USERS = connectionPoolToken<ScriptedConnection>('users');
    const fake = { use: async () => 'Ada' };
    const injector = makeInjector([
      { provide: ConnectionPool, useValue: fake },
      { provide: USERS, useValue: fake },
    ]);
    expect(within(injector, pooled)).toBe(fake);
    expect(within(injector, () => injectConnectionPool(USERS))).toBe(fake);
  });
});

describe('provideConnectionPool on a server that renders a page', () => {
  const onServer = { provide: PLATFORM_ID, useValue: 'server' };

  function makePool(dialOnServer?: boolean): { pool: ConnectionPool<ScriptedConnection>; wires: Wires } {
    const wires = new Wires();
    const { connectionFactory } = wires;
    const options = { name: 'users' };
    const settings = { poolSize: 2, connectionFactory, options, dialOnServer };
    return { pool: within(makeInjector([onServer, provideConnectionPool(settings)]), pooled), wires };
  }

  const requests: Record<string, (pool: ConnectionPool<ScriptedConnection>) => Promise<unknown>> = {
    use: (pool) => pool.use(async () => 1),
    withConnection: (pool) => firstValueFrom(pool.withConnection(() => of(1))),
    lease: (pool) => pool.lease(),
    ready: (pool) => pool.ready(),
    extendPoolBySize: (pool) => pool.extendPoolBySize(1),
    extendPoolByConnections: (pool) => pool.extendPoolByConnections([new ScriptedConnection()]),
    getLeastLoadedConnection: async (pool) => pool.getLeastLoadedConnection(),
  };

  it.each(Object.keys(requests))(
    '%s is refused at once with a ServerRenderingError, and nothing is made',
    async (name) => {
      const { pool, wires } = makePool();
      const error = await requests[name]?.(pool).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ServerRenderingError);
      expect(error).toMatchObject({
        name: 'ServerRenderingError',
        code: 'ERR_SERVER_RENDERING',
        sent: 'never',
        pool: 'users',
        message: expect.stringContaining(`${name}() of the pool users`),
      });
      expect(wires.connections).toEqual([]);
    },
  );

  it('setup resolves, reconnect and renew find nothing, tryLease gives nothing, and the pool is empty', async () => {
    const { pool, wires } = makePool();
    await pool.setup();
    expect([await pool.reconnect(), await pool.reconnect(false), await pool.renew()]).toEqual([0, 0, 0]);
    expect(pool.tryLease()).toBeUndefined();
    pool.reconfigure({ poolSize: 3 });
    expect(pool.health.status).toBe('empty');
    expect(wires.connections).toEqual([]);
    await pool.dispose();
  });

  it('with dialOnServer the pool is dialled, and serves requests', async () => {
    const { pool, wires } = makePool(true);
    expect(await pool.use(async ({ name }) => name)).toMatch(/^c/);
    await pool.ready({ min: 2 });
    expect(wires.dials).toBe(2);
  });

  it('in a browser the pool is dialled, and serves requests', async () => {
    const { connectionFactory } = new Wires();
    const browser = { provide: PLATFORM_ID, useValue: 'browser' };
    const injector = makeInjector([browser, provideConnectionPool({ poolSize: 1, connectionFactory })]);
    expect(await within(injector as Injector, pooled).use(async ({ name }) => name)).toBe('c0');
  });
});
