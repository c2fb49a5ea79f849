import type { Connection, ConnectionFactory, ConnectionPoolOptions } from 'rxpool';
import { anything, checkBoolean, checkEach, checkFunction, checkSize } from '../checks.js';

/** How the pool of an application is made. */
export interface PoolSettings<C extends Connection, K = void> {
  /** How many connections the pool aims for. */
  readonly poolSize: number;
  /** Returns a new connection at each call. */
  readonly connectionFactory: ConnectionFactory<C>;
  /** The options of the pool. Its `name` is that of the token, unless it is given here. @default none */
  readonly options?: ConnectionPoolOptions<C, K> | undefined;
  /**
   * Whether the pool is used while a page is rendered on a server. Without it nothing is dialled there, and a request is
   * answered with a {@link ServerRenderingError} at once. @default false
   */
  readonly dialOnServer?: boolean | undefined;
}

const CHECKS = {
  poolSize: checkSize,
  connectionFactory: checkFunction,
  options: anything, // The pool checks them.
  dialOnServer: checkBoolean,
};

/** @throws TypeError, RangeError for settings that cannot be. */
export function checkSettings<C extends Connection, K>(settings: PoolSettings<C, K>): void {
  checkEach('settings', settings, CHECKS);
  checkSize('settings.poolSize', settings.poolSize);
  checkFunction('settings.connectionFactory', settings.connectionFactory);
}
