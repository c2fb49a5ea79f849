import { PoolError } from 'rxpool';

/**
 * The page is being rendered on a server, where the pool does not dial unless `dialOnServer` is set. Get the data of a
 * rendered page from elsewhere, or wait until the page runs in the browser.
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
  /** No work was handed to a connection. */
  readonly sent = 'never';
}
