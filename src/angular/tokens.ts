import { assertInInjectionContext, InjectionToken, inject } from '@angular/core';
import { type Connection, ConnectionPool } from 'rxpool';
import { checkText } from '../checks.js';
import { wrongType } from '../errors.js';

/** The names that tokens were made with, which are those of their pools. */
const names = new WeakMap<object, string>();

/**
 * A token for one of several pools. It keeps the type of the connections. Each call makes a token of its own, so make it
 * once, where those that inject the pool can import it.
 *
 * @param name - what errors, `health` and metrics call the pool.
 * @throws TypeError, RangeError for a name that is no text or empty.
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

/** The token of the only pool is the class, which is one in a program, however often this entry is loaded. */
export function checkToken(token: unknown): void {
  if (token !== ConnectionPool && !(token instanceof InjectionToken))
    throw wrongType('token', 'an InjectionToken', token);
}

export const nameOf = (token: object): string | undefined => names.get(token);

/**
 * The pool that {@link provideConnectionPool} provides. It is made when it is first injected.
 *
 * @param token - the token of one of several pools. @default the class `ConnectionPool`
 * @throws what Angular throws outside an injection context, and where no such pool is provided.
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
