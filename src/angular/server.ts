import { throwError } from 'rxjs';
import type { Connection, ConnectionPool } from 'rxpool';
import { ServerRenderingError } from './errors.js';

/**
 * Keeps a pool from dialling on a server that renders a page. Calls that need a connection are refused at once, because
 * a waiting caller would delay the page until `waitTimeout`. `setup()` resolves, so that a page may call it anywhere.
 */
export function dialNothing<C extends Connection, K>(pool: ConnectionPool<C, K>): void {
  const refusal = (method: string): ServerRenderingError => {
    const { health: figures } = pool;
    const { name } = figures;
    const which = name === undefined ? 'the pool' : `the pool ${name}`;
    const message = `${method}() of ${which} was called while a page is rendered on a server, where it dials nothing`;
    return new ServerRenderingError(`${message} unless dialOnServer is true`, { pool: name, figures });
  };
  const reject = (method: string) => (): Promise<never> => Promise.reject(refusal(method));
  Object.assign(pool, {
    setup: () => Promise.resolve(),
    use: reject('use'),
    lease: reject('lease'),
    ready: reject('ready'),
    extendPoolBySize: reject('extendPoolBySize'),
    extendPoolByConnections: reject('extendPoolByConnections'),
    withConnection: () => throwError(() => refusal('withConnection')),
    getLeastLoadedConnection: () => {
      throw refusal('getLeastLoadedConnection');
    },
  } satisfies Partial<ConnectionPool<C, K>>);
}
