import type { Connection, ConnectionFactory, ConnectionPoolOptions } from 'rxpool';
import { anything, checkBoolean, checkEach, checkFunction, checkSize } from '../checks.js';

/** The settings of a provided pool. */
export interface PoolSettings<C extends Connection, K = void> {
  /** How many connections the pool aims for. */
  readonly poolSize: number;
  /** Returns a new connection at each call. */
  readonly connectionFactory: ConnectionFactory<C>;
  /** The options of the pool. Its `name` defaults to the name of the token. @default none */
  readonly options?: ConnectionPoolOptions<C, K> | undefined;
  /**
   * Whether the pool dials while a page is rendered on a server. If not, a request there fails at once with a
   * {@link ServerRenderingError}. @default false
   */
  readonly dialOnServer?: boolean | undefined;
}

const CHECKS = {
  poolSize: checkSize,
  connectionFactory: checkFunction,
  options: anything, // The pool checks them.
  dialOnServer: checkBoolean,
};

/** @throws TypeError, RangeError for invalid settings. */
export function checkSettings<C extends Connection, K>(settings: PoolSettings<C, K>): void {
  checkEach('settings', settings, CHECKS);
  checkSize('settings.poolSize', settings.poolSize);
  checkFunction('settings.connectionFactory', settings.connectionFactory);
}
