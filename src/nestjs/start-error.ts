import { PoolError, type PoolErrorOptions } from 'rxpool';

/**
 * A pool was not ready when the application started. The message names the pool, its endpoints and what went wrong; `cause`
 * is the error behind it. The pool has been disposed of, and so have the other pools of the application.
 *
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
  /** The servers that the pool was to be connected to, where its connections name them. */
  readonly endpoints: readonly string[];

  constructor(message: string, options: PoolErrorOptions & { readonly endpoints?: readonly string[] } = {}) {
    super(message, options);
    this.endpoints = options.endpoints ?? [];
  }
}
