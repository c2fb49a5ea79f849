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
 * Provides a pool to an application, a route or an environment injector. The pool is made and dialled when it is first
 * injected, and disposed of with the injector.
 *
 * While a page is rendered on a server the pool dials nothing, unless `dialOnServer` is true: a request there is answered
 * with a {@link ServerRenderingError} at once. Where the application has zone.js, all that the pool does runs outside its
 * zone, work that it is given included: use signals there, or go on with what `use()` resolves with.
 *
 * @param settings - how the pool is made; or a function that returns it, in an injection context.
 * @param token - what the pool is injected by, where there are several. @default the class `ConnectionPool`
 * @throws TypeError, RangeError for settings that cannot be: here, or when the pool is injected.
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

/** Called in an injection context. */
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
  // It does not reject: connections that do not close are told of in `events$`.
  inject(DestroyRef).onDestroy(() => void pool.dispose());
  if (inject(PLATFORM_ID, { optional: true }) === 'server' && !dialOnServer) dialNothing(pool);
  else {
    callOutside(pool, outside);
    const errors = inject(ErrorHandler, { optional: true });
    pool.setup().catch((error: unknown) => errors?.handleError(error));
  }
  return pool;
}
