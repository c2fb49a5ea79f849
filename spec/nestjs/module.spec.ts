import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { expectTypeOf } from 'expect-type';
import { ConnectionPool, type ConnectionPoolOptions } from 'rxpool';
import {
  ConnectionPoolModule,
  type ConnectionPoolModuleOptions,
  type ConnectionPoolOptionsFactory,
  getPoolToken,
  InjectPool,
  PoolStartError,
} from 'rxpool/nestjs';
import type { ScriptedConnection } from 'rxpool/testing';
import { ZcachedConnection } from 'rxpool/zcached';
import { compile, Factory, failureOf } from './apps.js';

type Scripted = ConnectionPool<ScriptedConnection>;

abstract class ScriptedPool extends ConnectionPool<ScriptedConnection> {}

@Injectable()
class Users {
  constructor(@InjectPool('users') readonly pool: Scripted) {}
}

const quiet = { log: false } as const;

describe('ConnectionPoolModule.forRoot', () => {
  it('@InjectPool() gives the pool, with at least one connection up, without an import of the module where it is used', async () => {
    @Injectable()
    class Service {
      @InjectPool() readonly property!: Scripted;
      constructor(@InjectPool() readonly parameter: Scripted) {}
    }
    @Module({ providers: [Service] })
    class Feature {}
    const { make, made } = new Factory();
    const forRoot = ConnectionPoolModule.forRoot({ poolSize: 3, connectionFactory: make, ...quiet });
    const app = await compile({ imports: [forRoot, Feature] });
    const { parameter, property } = app.get(Service, { strict: false });
    expect(parameter).toBeInstanceOf(ConnectionPool);
    expect(property).toBe(parameter);
    expect(parameter.isWorking()).toBe(true);
    expect(made).toHaveLength(3);
  });

  it('the name is that of the pool, "default" without one; `options.name` wins', async () => {
    const make = (extras: { readonly name?: string; readonly options?: ConnectionPoolOptions<ScriptedConnection> }) =>
      ConnectionPoolModule.forRoot({ poolSize: 1, connectionFactory: new Factory().make, ...quiet, ...extras });
    const app = await compile({
      imports: [make({}), make({ name: 'users' }), make({ name: 'orders', options: { name: 'main orders' } })],
    });
    const names = [undefined, 'users', 'orders'].map((name) => app.get<Scripted>(getPoolToken(name)).health.name);
    expect(names).toEqual(['default', 'users', 'main orders']);
  });

  it('two modules of one name: the application does not start, and the error says the name', async () => {
    const users = () =>
      ConnectionPoolModule.forRoot({ name: 'users', poolSize: 1, connectionFactory: new Factory().make, ...quiet });
    const error = await failureOf(compile({ imports: [users(), users()] }));
    expect(error).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
      message: 'name must be a name that no other ConnectionPoolModule of the application has, got "users"',
    });
  });

  it('one module that is imported twice is one pool', async () => {
    const { make, made } = new Factory();
    const users = ConnectionPoolModule.forRoot({ name: 'users', poolSize: 1, connectionFactory: make, ...quiet });
    @Module({ imports: [users], providers: [Users] })
    class Feature {}
    await compile({ imports: [users, Feature] });
    expect(made).toHaveLength(1);
  });

  it('with isGlobal: false, modules that do not import it cannot inject the pool', async () => {
    const connectionFactory = new Factory().make;
    const users = () =>
      ConnectionPoolModule.forRoot({ name: 'users', isGlobal: false, poolSize: 1, connectionFactory, ...quiet });
    @Module({ providers: [Users] })
    class Without {}
    @Module({ imports: [users()], providers: [Users] })
    class With {}
    const error = await failureOf(compile({ imports: [users(), Without] }));
    expect(error.message).toContain('"ConnectionPool:users"');
    const app = await compile({ imports: [With] });
    expect(app.get(Users, { strict: false }).pool.isWorking()).toBe(true);
  });

  it('a class as token gives the same pool, whose connections keep their type', async () => {
    @Injectable()
    class Service {
      constructor(@Inject(ScriptedPool) readonly pool: ScriptedPool) {}
    }
    const { make } = new Factory();
    const forRoot = ConnectionPoolModule.forRoot({
      name: 'users',
      token: ScriptedPool,
      poolSize: 1,
      connectionFactory: make,
      ...quiet,
    });
    const app = await compile({ imports: [forRoot], providers: [Service] });
    const { pool } = app.get(Service);
    expect(pool).toBe(app.get(getPoolToken('users')));
    expectTypeOf(pool.connections).toEqualTypeOf<readonly ScriptedConnection[]>();
    expectTypeOf(pool.use((connection) => connection.dials)).toEqualTypeOf<Promise<number>>();
    const connectionFactory = (): ZcachedConnection => new ZcachedConnection();
    // @ts-expect-error: the factory makes connections of another type than the token says.
    const wrong = (): unknown => ConnectionPoolModule.forRoot({ token: ScriptedPool, poolSize: 1, connectionFactory });
    expect(wrong).not.toThrow();
  });

  it.each<[what: string, options: object, code: string, message: string]>([
    ['poolsize', { poolsize: 1 }, 'ERR_UNKNOWN_OPTION', 'options.poolsize is no option; did you mean poolSize?'],
    [
      'minConnected above poolSize',
      { minConnected: 3 },
      'ERR_OUT_OF_RANGE',
      'options.minConnected must be at most poolSize, which is 2, got 3',
    ],
    ['startTimeout: 0', { startTimeout: 0 }, 'ERR_OUT_OF_RANGE', 'options.startTimeout must be above 0'],
    ['log: 1', { log: 1 }, 'ERR_INVALID_ARG_TYPE', 'options.log must be a boolean, got 1'],
    [
      'maxsize in options',
      { options: { maxsize: 1 } },
      'ERR_UNKNOWN_OPTION',
      'options.maxsize is no option; did you mean maxSize?',
    ],
  ])('with %s the application does not start, and the error names the option', async (_, wrong, code, message) => {
    const { make, made } = new Factory();
    const options = { poolSize: 2, connectionFactory: make, ...wrong };
    const error = await failureOf(compile({ imports: [ConnectionPoolModule.forRoot(options)] }));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(made).toEqual([]);
  });

  it.each<[what: string, extras: object]>([
    ['name: 5', { name: 5 }],
    ["name: ''", { name: '' }],
    ['isGlobal: 1', { isGlobal: 1 }],
  ])('with %s it throws', (_, extras) => {
    expect(() =>
      ConnectionPoolModule.forRoot({ poolSize: 1, connectionFactory: new Factory().make, ...extras }),
    ).toThrow(`options.${Object.keys(extras)[0]} must be`);
  });
});

describe('ConnectionPoolModule.forRootAsync', () => {
  const SIZE = 'SIZE';

  @Module({ providers: [{ provide: SIZE, useValue: 2 }], exports: [SIZE] })
  class Config {}

  const { make } = new Factory();

  @Injectable()
  class Options implements ConnectionPoolOptionsFactory<ScriptedConnection> {
    constructor(@Inject(SIZE) private readonly poolSize: number) {}

    async createConnectionPoolOptions(): Promise<ConnectionPoolModuleOptions<ScriptedConnection>> {
      return { poolSize: this.poolSize, connectionFactory: make, log: false };
    }
  }

  @Module({ imports: [Config], providers: [Options], exports: [Options] })
  class Prepared {}

  it.each([
    [
      'useFactory with inject and imports',
      ConnectionPoolModule.forRootAsync({
        name: 'users',
        token: ScriptedPool,
        imports: [Config],
        inject: [SIZE],
        useFactory: async (poolSize: number) => ({ poolSize, connectionFactory: make, log: false }),
      }),
    ],
    ['useClass', ConnectionPoolModule.forRootAsync({ name: 'users', imports: [Config], useClass: Options })],
    ['useExisting', ConnectionPoolModule.forRootAsync({ name: 'users', imports: [Prepared], useExisting: Options })],
  ])('%s: the pool has the options that it gives', async (_, module) => {
    const app = await compile({ imports: [module], providers: [Users] });
    expect(app.get(Users).pool.health).toMatchObject({ name: 'users', poolSize: 2, status: 'healthy' });
  });

  it('forRoot() and forRootAsync() called on a subclass make a module of the subclass', () => {
    class Own extends ConnectionPoolModule {}
    const options = { poolSize: 1, connectionFactory: make };
    expect(Own.forRoot(options).module).toBe(Own);
    expect(Own.forRootAsync({ useFactory: () => options }).module).toBe(Own);
  });
});

describe('The start of an application with a ConnectionPoolModule', () => {
  it('waits until minConnected connections are up, and not for the others', async () => {
    const factory = new Factory({ onDial: 'wait' });
    const starting = compile({
      imports: [
        ConnectionPoolModule.forRoot({ poolSize: 3, connectionFactory: factory.make, minConnected: 2, ...quiet }),
      ],
    });
    let hasStarted = false;
    void starting.then(() => {
      hasStarted = true;
    });
    await new Promise(setImmediate);
    factory.made[0]?.accept();
    await new Promise(setImmediate);
    expect(hasStarted).toBe(false);
    factory.made[1]?.accept();
    const app = await starting;
    expect(app.get<Scripted>(getPoolToken()).health.connected).toBe(2);
  });

  it('with minConnected: 0 dials nothing before the first use', async () => {
    const { make, made } = new Factory();
    const app = await compile({
      imports: [ConnectionPoolModule.forRoot({ poolSize: 2, connectionFactory: make, minConnected: 0, ...quiet })],
    });
    expect(made).toEqual([]);
    await app.get<Scripted>(getPoolToken()).use(() => {});
    expect(made).toHaveLength(2);
  });

  it('a pool that is not ready within startTimeout: the error names pool, endpoint and cause, and every pool is disposed of', async () => {
    const [users, orders] = [new Factory(), new Factory({ onDial: 'refuse', endpoint: 'replica:7556' })];
    const error = await failureOf(
      compile({
        imports: [
          ConnectionPoolModule.forRoot({ name: 'users', poolSize: 1, connectionFactory: users.make, ...quiet }),
          ConnectionPoolModule.forRoot({
            name: 'orders',
            poolSize: 2,
            connectionFactory: orders.make,
            startTimeout: 50,
            ...quiet,
          }),
        ],
      }),
    );
    expect(error).toBeInstanceOf(PoolStartError);
    expect(error).toMatchObject({
      name: 'PoolStartError',
      code: 'ERR_POOL_START',
      pool: 'orders',
      endpoints: ['replica:7556'],
      cause: { message: 'refused by the script' },
      figures: { total: 2, connected: 0 },
    });
    expect(error.message).toBe(
      'The pool orders (replica:7556) did not start. Fewer than 1 connections of the pool orders were connected within 50 ms: 0 of 2: refused by the script',
    );
    expect([users.states, orders.states]).toEqual(['closed', 'closed closed']);
  });

  it('a factory that throws fails the start at once, with its error as the cause', async () => {
    const cause = new Error('no address');
    const connectionFactory = (): ScriptedConnection => {
      throw cause;
    };
    const error = await failureOf(
      compile({ imports: [ConnectionPoolModule.forRoot({ poolSize: 1, connectionFactory, ...quiet })] }),
    );
    expect(error).toMatchObject({ code: 'ERR_POOL_START', cause });
  });
});

describe('A test of an application with a ConnectionPoolModule', () => {
  it('overrideProvider(getPoolToken()) with a fake: nothing is dialled, and the fake is not closed', async () => {
    const { make, made } = new Factory();
    const fake = { use: async () => 'Ada' };
    const users = ConnectionPoolModule.forRoot({ name: 'users', poolSize: 1, connectionFactory: make, ...quiet });
    const app = await Test.createTestingModule({ imports: [users], providers: [Users] })
      .overrideProvider(getPoolToken('users'))
      .useValue(fake)
      .compile();
    await app.init();
    expect(app.get(Users).pool).toBe(fake);
    await app.close();
    expect(made).toEqual([]);
  });
});

describe('The end of an application with a ConnectionPoolModule', () => {
  it('app.close() closes the connections, and use() rejects with ERR_POOL_DISPOSED', async () => {
    const factory = new Factory();
    const app = await compile({
      imports: [ConnectionPoolModule.forRoot({ poolSize: 2, connectionFactory: factory.make, ...quiet })],
    });
    const pool = app.get<Scripted>(getPoolToken());
    await app.close();
    expect(factory.states).toBe('closed closed');
    await expect(pool.use(() => {})).rejects.toMatchObject({ code: 'ERR_POOL_DISPOSED' });
  });
});
