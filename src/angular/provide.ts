import {
  DestroyRef,
  type EnvironmentProviders,
  ErrorHandler,
  type InjectionToken,
  inject,
  makeEnvironmentProviders,
  PLATFORM_ID,
} from '@angular/core';
import { type Connection, ConnectionPool } from 'rxpool';
import { dialNothing } from './server.js';
import { checkSettings, type PoolSettings } from './settings.js';
import { checkToken, nameOf } from './tokens.js';
import { callOutside, connectOutside, injectOutside } from './zone.js';

/**
 * Provides a pool to an application, a route or an environment injector. The pool is made and dialled at its first
 * injection, and disposed of with the injector.
 *
 * While a page is rendered on a server, the pool does not dial, and a request fails at once with a
 * {@link ServerRenderingError}. Set `dialOnServer` to change that. With zone.js, everything that the pool does runs
 * outside Angular's zone, including your work: use signals there, or continue after the promise of `use()`.
 *
 * @param settings - how the pool is made, or a function that returns this in an injection context.
 * @param token - the token that injects the pool, if there are several. @default the class `ConnectionPool`
 * @throws TypeError, RangeError for invalid settings: at once, or when the pool is injected.
 * @example
 * ```ts
 * const appConfig = {
 *   providers: [
 *     provideConnectionPool({
 *       poolSize: 4,
 *       connectionFactory: () => new ZcachedConnection({ port: 7556 }),
 *       options: { policies: resilient() },
 *     }),
 *   ],
 * };
 * ```
 */
export function provideConnectionPool<C extends Connection, K = void>(
  settings: PoolSettings<C, K> | (() => PoolSettings<C, K>),
  token: InjectionToken<ConnectionPool<C, K>> = ConnectionPool as never,
): EnvironmentProviders {
  checkToken(token);
  if (typeof settings !== 'function') checkSettings(settings);
  const useFactory = (): ConnectionPool<C, K> => {
    const known = typeof settings === 'function' ? settings() : settings;
    checkSettings(known);
    return createPool(known, nameOf(token));
  };
  return makeEnvironmentProviders([{ provide: token, useFactory }]);
}

/** Must be called in an injection context. */
function createPool<C extends Connection, K>(
  { poolSize, connectionFactory, options, dialOnServer = false }: PoolSettings<C, K>,
  name: string | undefined,
): ConnectionPool<C, K> {
  const outside = injectOutside();
  const factory: typeof connectionFactory = (request) =>
    connectOutside(
      outside(() => connectionFactory(request)),
      outside,
    );
  const pool = new ConnectionPool<C, K>(poolSize, factory, { name, ...options });
  // It does not reject; `events$` reports connections that fail to close.
  inject(DestroyRef).onDestroy(() => void pool.dispose());
  if (inject(PLATFORM_ID, { optional: true }) === 'server' && !dialOnServer) dialNothing(pool);
  else {
    callOutside(pool, outside);
    const errors = inject(ErrorHandler, { optional: true });
    pool.setup().catch((error: unknown) => {
      if (pool.health.status !== 'closed') errors?.handleError(error);
    });
  }
  return pool;
}
