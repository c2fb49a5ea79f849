import { PoolError, type PoolErrorOptions } from 'rxpool';

/**
 * A pool was not ready when the application started. The message names the pool, its endpoints and the failure; `cause`
 * is the error behind it. This pool and all others of the application have been disposed of.
 * @example
 * ```ts
 * NestFactory.create(AppModule, { abortOnError: false }).catch((error) => {
 *   if (error instanceof PoolStartError) console.error(error.pool, error.endpoints, error.cause);
 * });
 * ```
 */
export class PoolStartError extends PoolError {
  override readonly name: string = 'PoolStartError';
  readonly code = 'ERR_POOL_START';
  /** The servers that the pool was to connect to, if its connections name them. */
  readonly endpoints: readonly string[];

  constructor(message: string, options: PoolErrorOptions & { readonly endpoints?: readonly string[] } = {}) {
    super(message, options);
    this.endpoints = options.endpoints ?? [];
  }
}
