import { ConfigurableModuleBuilder, type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import type { Connection } from 'rxpool';
import { checkBoolean, checkText } from '../checks.js';
import type {
  ConnectionPoolModuleAsyncOptions,
  ConnectionPoolModuleExtras,
  ConnectionPoolModuleOptions,
} from './options.js';
import { PoolOwner } from './pool-owner.js';
import { PoolRegistry } from './pool-registry.js';
import { PoolStreams } from './pool-streams.js';
import { DEFAULT_NAME, getPoolToken, POOL_OPTIONS } from './tokens.js';

/** The providers that all pools of an application share. */
class ConnectionPoolCoreModule {}

Module({ providers: [PoolRegistry, PoolStreams], exports: [PoolRegistry, PoolStreams] })(ConnectionPoolCoreModule);
Global()(ConnectionPoolCoreModule);

const OWNER = 'ConnectionPoolOwner';

function withPool(definition: DynamicModule, extras: ConnectionPoolModuleExtras): DynamicModule {
  const { name = DEFAULT_NAME, token, isGlobal = true } = extras;
  checkText('options.name', name);
  checkBoolean('options.isGlobal', isGlobal);
  const pool = getPoolToken(name);
  const providers: Provider[] = [
    {
      provide: OWNER,
      useFactory: (options: ConnectionPoolModuleOptions<Connection, unknown>, registry: PoolRegistry) =>
        new PoolOwner(name, options, registry),
      inject: [POOL_OPTIONS, PoolRegistry],
    },
    { provide: pool, useFactory: (owner: PoolOwner<Connection, unknown>) => owner.start(), inject: [OWNER] },
    ...(token ? [{ provide: token, useExisting: pool }] : []),
  ];
  return {
    ...definition,
    global: isGlobal,
    imports: [...(definition.imports ?? []), ConnectionPoolCoreModule],
    providers: [...(definition.providers ?? []), ...providers],
    exports: [pool, ...(token ? [token] : [])],
  };
}

/** The class that Nest's builder returns. Nest's own types cannot take the type of a connection. */
interface ConfigurableModule {
  new (): object;
  forRoot(options: object): DynamicModule;
  forRootAsync(options: object): DynamicModule;
}

const builder = new ConfigurableModuleBuilder<object>({ optionsInjectionToken: POOL_OPTIONS })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createConnectionPoolOptions')
  .setExtras<ConnectionPoolModuleExtras>({ name: undefined, token: undefined, isGlobal: undefined }, withPool);

const Configurable = builder.build().ConfigurableModuleClass as unknown as ConfigurableModule;

/**
 * A pool for a Nest application. The application makes the pool and waits for it at its start, and disposes of it once
 * the HTTP server has closed. Each name is a separate pool.
 * @example
 * ```ts
 * abstract class UsersPool extends ConnectionPool<ZcachedConnection> {}
 *
 * const module = ConnectionPoolModule.forRoot({
 *   name: 'users',
 *   token: UsersPool,
 *   poolSize: 4,
 *   connectionFactory: () => new ZcachedConnection({ port: 7556 }),
 *   options: { policies: resilient() },
 * });
 * ```
 */
export class ConnectionPoolModule extends Configurable {
  /**
   * A pool with options that are known now.
   *
   * @throws TypeError, RangeError for a wrong `name` or `isGlobal`. The start of the application fails for other wrong
   * options, for a name that is taken (`RangeError`), and for a pool that is not ready in time
   * ({@link PoolStartError}).
   */
  static override forRoot<C extends Connection, K = void>(
    options: ConnectionPoolModuleOptions<C, K> & ConnectionPoolModuleExtras<C, K>,
  ): DynamicModule {
    // biome-ignore lint/complexity/noThisInStatic: the class's own name would change which module is made.
    return super.forRoot(options);
  }

  /**
   * A pool with options from a factory, a class or a provider. Give `name`, `token` and `isGlobal` here.
   *
   * @throws as `forRoot` does.
   * @example
   * ```ts
   * const module = ConnectionPoolModule.forRootAsync({
   *   name: 'users',
   *   useFactory: () => ({ poolSize: 4, connectionFactory: () => new ZcachedConnection({ port: 7556 }) }),
   * });
   * ```
   */
  static override forRootAsync<C extends Connection, K = void>(
    options: ConnectionPoolModuleAsyncOptions<C, K> & ConnectionPoolModuleExtras<C, K>,
  ): DynamicModule {
    // biome-ignore lint/complexity/noThisInStatic: the class's own name would change which module is made.
    return super.forRootAsync(options);
  }
}

Module({})(ConnectionPoolModule);
