import type { Abstract, ConfigurableModuleAsyncOptions } from '@nestjs/common';
import type { Connection, ConnectionFactory, ConnectionPool, ConnectionPoolOptions } from 'rxpool';
import { checkBoolean, checkFunction, checkOptions, checkSize, checkTimeout } from '../checks.js';
import { outOfRange } from '../errors.js';

/** How the pool is made, and how the application waits for it. */
export interface ConnectionPoolModuleOptions<C extends Connection, K = void> {
  /** How many connections the pool aims for. */
  readonly poolSize: number;
  /** Returns a new connection at each call. */
  readonly connectionFactory: ConnectionFactory<C>;
  /** The options of the pool. Its `name` defaults to the name of the module. @default none */
  readonly options?: ConnectionPoolOptions<C, K> | undefined;
  /**
   * How many connections must be connected before the application starts; at most `poolSize`. With 0 nothing is dialled
   * before the first use. @default 1, or 0 if `poolSize` is 0
   */
  readonly minConnected?: number | undefined;
  /** Milliseconds after which the start fails. @default 10000 */
  readonly startTimeout?: number | undefined;
  /**
   * Whether to log the pool: changes of its status by `warn` and `log`, single connections by `debug`. @default true
   */
  readonly log?: boolean | undefined;
}

/** How the pool is injected. Given beside the options, and known before those of `forRootAsync`. */
export interface ConnectionPoolModuleExtras<C extends Connection = Connection, K = void> {
  /** The pool's name in `@InjectPool(name)`, logs and metrics; unique in the application. @default 'default' */
  readonly name?: string | undefined;
  /** A class that also injects the pool, and keeps the type of its connections. @default none */
  readonly token?: Abstract<ConnectionPool<C, K>> | undefined;
  /** Whether every module can inject the pool, or only modules that import this one. @default true */
  readonly isGlobal?: boolean | undefined;
}

/** The class for `useClass` or `useExisting`. */
export interface ConnectionPoolOptionsFactory<C extends Connection, K = void> {
  /** Returns the options of the pool. */
  createConnectionPoolOptions(): ConnectionPoolModuleOptions<C, K> | Promise<ConnectionPoolModuleOptions<C, K>>;
}

/** The source of the options of a pool: `useFactory` with `inject`, `useClass` or `useExisting`; and `imports`. */
export type ConnectionPoolModuleAsyncOptions<C extends Connection, K = void> = ConfigurableModuleAsyncOptions<
  ConnectionPoolModuleOptions<C, K>,
  'createConnectionPoolOptions'
>;

/** The options of the start, with the defaults of those not given. */
export interface ResolvedStart {
  readonly minConnected: number;
  readonly startTimeout: number;
  readonly log: boolean;
}

const NAMES = ['poolSize', 'connectionFactory', 'options', 'minConnected', 'startTimeout', 'log'];

/** Checks the options that the pool itself does not check. */
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
