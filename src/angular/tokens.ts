import { assertInInjectionContext, InjectionToken, inject } from '@angular/core';
import { type Connection, ConnectionPool } from 'rxpool';
import { checkText } from '../checks.js';
import { wrongType } from '../errors.js';

/** The names of tokens, which are also the names of their pools. */
const names = new WeakMap<object, string>();

/**
 * A token for one of several pools. It keeps the type of the connections. Each call returns a new token, so make it
 * once and export it to the code that injects the pool.
 *
 * @param name - the name of the pool in errors, `health` and metrics.
 * @throws TypeError, RangeError for a name that is empty or not a text.
 * @example
 * ```ts
 * const USERS = connectionPoolToken<ZcachedConnection>('users');
 *
 * const providers = [
 *   provideConnectionPool({ poolSize: 2, connectionFactory: () => new ZcachedConnection({ port: 7556 }) }, USERS),
 * ];
 * ```
 */
export function connectionPoolToken<C extends Connection, K = void>(
  name: string,
): InjectionToken<ConnectionPool<C, K>> {
  checkText('name', name);
  const token = new InjectionToken<ConnectionPool<C, K>>(`ConnectionPool ${name}`);
  names.set(token, name);
  return token;
}

/**
 * The token of a single pool is the class itself, which exists once in a program, even if this entry is loaded twice.
 */
export function checkToken(token: unknown): void {
  if (token !== ConnectionPool && !(token instanceof InjectionToken))
    throw wrongType('token', 'an InjectionToken', token);
}

export const nameOf = (token: object): string | undefined => names.get(token);

/**
 * Injects the pool that {@link provideConnectionPool} provides. It is made at its first injection.
 *
 * @param token - the token of one of several pools. @default the class `ConnectionPool`
 * @throws Angular's error outside an injection context, or if no such pool is provided.
 * @example
 * ```ts
 * class Users {
 *   readonly #pool = injectConnectionPool<ZcachedConnection>();
 *
 *   count(): Promise<unknown> {
 *     return this.#pool.use((connection) => connection.send('DBSIZE'));
 *   }
 * }
 * ```
 */
export function injectConnectionPool<C extends Connection, K = void>(
  token: InjectionToken<ConnectionPool<C, K>> = ConnectionPool as never,
): ConnectionPool<C, K> {
  assertInInjectionContext(injectConnectionPool);
  return inject(token);
}
