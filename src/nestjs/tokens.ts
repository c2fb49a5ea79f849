import { Inject, type InjectionToken } from '@nestjs/common';

/** The name of the pool that has been given none. */
export const DEFAULT_NAME = 'default';

/** What the options of a pool are injected by, inside its module. */
export const POOL_OPTIONS = 'ConnectionPoolModuleOptions';

/**
 * The token that a pool is injected by, for `overrideProvider`, `moduleRef.get` and `inject`. It is a string, so that it
 * is the same in every copy of this entry.
 *
 * @param name - the name that `forRoot` or `forRootAsync` was given. @default 'default'
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
 * Injects a pool by its name: a decorator for parameters of constructors and for properties.
 *
 * @param name - the name that `forRoot` or `forRootAsync` was given. @default 'default'
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
