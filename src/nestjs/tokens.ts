import { Inject, type InjectionToken } from '@nestjs/common';

/** The name of a pool without a name. */
export const DEFAULT_NAME = 'default';

/** The token of a pool's options, inside its module. */
export const POOL_OPTIONS = 'ConnectionPoolModuleOptions';

/**
 * The injection token of a pool, for `overrideProvider`, `moduleRef.get` and `inject`. It is a string, so that it is
 * the same in every copy of this entry.
 *
 * @param name - the name given to `forRoot` or `forRootAsync`. @default 'default'
 * @example
 * ```ts
 * const useFactory = (pool: ConnectionPool<ZcachedConnection>) => new Users(pool);
 * const provider = { provide: Users, useFactory, inject: [getPoolToken('users')] };
 * ```
 */
export function getPoolToken(name: string = DEFAULT_NAME): InjectionToken {
  return name === DEFAULT_NAME ? 'ConnectionPool' : `ConnectionPool:${name}`;
}

/**
 * Injects a pool by its name: a decorator for constructor parameters and properties.
 *
 * @param name - the name given to `forRoot` or `forRootAsync`. @default 'default'
 * @example
 * ```ts
 * class UsersService {
 *   constructor(@InjectPool('users') private readonly pool: ConnectionPool<ZcachedConnection>) {}
 * }
 * ```
 */
export function InjectPool(name: string = DEFAULT_NAME): ParameterDecorator & PropertyDecorator {
  return Inject(getPoolToken(name));
}
