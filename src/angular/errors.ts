import { PoolError } from 'rxpool';

/**
 * The page is being rendered on a server, where the pool dials nothing: `dialOnServer` was not set. What a page needs of its
 * data while it is rendered comes from elsewhere, or waits until the page runs in the browser.
 *
 * @example
 * ```ts
 * const users = pool.use((connection) => connection.send('DBSIZE')).catch((error) => {
 *   if (error instanceof ServerRenderingError) return undefined; // the browser asks again
 *   throw error;
 * });
 * ```
 */
export class ServerRenderingError extends PoolError {
  override readonly name: string = 'ServerRenderingError';
  readonly code = 'ERR_SERVER_RENDERING';
  /** Nothing was handed to a connection. */
  readonly sent = 'never';
}
