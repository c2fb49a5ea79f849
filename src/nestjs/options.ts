import type { Abstract, ConfigurableModuleAsyncOptions } from '@nestjs/common';
import type { Connection, ConnectionFactory, ConnectionPool, ConnectionPoolOptions } from 'rxpool';
import { checkBoolean, checkFunction, checkOptions, checkSize, checkTimeout } from '../checks.js';
import { outOfRange } from '../errors.js';

/** How a pool is made, and how the application waits for it. */
export interface ConnectionPoolModuleOptions<C extends Connection, K = void> {
  /** How many connections the pool aims for. */
  readonly poolSize: number;
  /** Returns a new connection at each call. */
  readonly connectionFactory: ConnectionFactory<C>;
  /** The options of the pool. Its `name` is that of the module, unless it is given here. @default none */
  readonly options?: ConnectionPoolOptions<C, K> | undefined;
  /**
   * How many connections have to be up before the application starts; at most `poolSize`. With 0 nothing is dialled
   * before the first use. @default 1, or 0 where `poolSize` is 0
   */
  readonly minConnected?: number | undefined;
  /** Milliseconds that the start may take before it fails. @default 10000 */
  readonly startTimeout?: number | undefined;
  /**
   * Whether the pool is logged: changes of its status by `warn` and `log`, single connections by `debug`.
   * @default true
   */
  readonly log?: boolean | undefined;
}

/** How a pool is injected. These are given beside the options, and are known before those of `forRootAsync`. */
export interface ConnectionPoolModuleExtras<C extends Connection = Connection, K = void> {
  /** What the pool is called, in `@InjectPool(name)`, logs and metrics. Each name can be given once. @default 'default' */
  readonly name?: string | undefined;
  /** A class that the pool can be injected by as well, which keeps the type of its connections. @default none */
  readonly token?: Abstract<ConnectionPool<C, K>> | undefined;
  /** Whether every module can inject the pool, or those alone that import this one. @default true */
  readonly isGlobal?: boolean | undefined;
}

/** What a class given as `useClass` or `useExisting` has. */
export interface ConnectionPoolOptionsFactory<C extends Connection, K = void> {
  /** Returns the options of the pool. */
  createConnectionPoolOptions(): ConnectionPoolModuleOptions<C, K> | Promise<ConnectionPoolModuleOptions<C, K>>;
}

/** Where the options of a pool come from: `useFactory` with `inject`, `useClass` or `useExisting`; and `imports`. */
export type ConnectionPoolModuleAsyncOptions<C extends Connection, K = void> = ConfigurableModuleAsyncOptions<
  ConnectionPoolModuleOptions<C, K>,
  'createConnectionPoolOptions'
>;

/** Every option of the start, with its default where none was given. */
export interface ResolvedStart {
  readonly minConnected: number;
  readonly startTimeout: number;
  readonly log: boolean;
}

const NAMES = ['poolSize', 'connectionFactory', 'options', 'minConnected', 'startTimeout', 'log'];

/** Checks what the pool itself does not check. */
export function resolveStart<C extends Connection, K>(options: ConnectionPoolModuleOptions<C, K>): ResolvedStart {
  checkOptions('options', options, NAMES);
  const {
    poolSize,
    connectionFactory,
    minConnected = Math.min(1, poolSize),
    startTimeout = 10_000,
    log = true,
  } = options;
  checkSize('options.poolSize', poolSize);
  checkFunction('options.connectionFactory', connectionFactory);
  checkSize('options.minConnected', minConnected);
  if (minConnected > poolSize) {
    throw outOfRange('options.minConnected', `at most poolSize, which is ${poolSize}`, minConnected);
  }
  checkTimeout('options.startTimeout', startTimeout);
  checkBoolean('options.log', log);
  return { minConnected, startTimeout, log };
}
