import { ZcachedConnection, ZcachedServerError } from 'rxpool/zcached';
import type { Address } from './options.js';

/** Sends a nonce and resolves with what came back for it. */
export type Exchange = (connection: ZcachedConnection, nonce: string) => Promise<unknown>;

export const echo: Exchange = (connection, nonce) => connection.send('ECHO', nonce);

/** For servers without ECHO. Asked again from the start it does the same: the key is the nonce's own. */
export const setAndGet: Exchange = async (connection, nonce) => {
  const key = `rxpool:demo:${nonce}`;
  await connection.send('SET', key, nonce);
  const [value] = await Promise.all([connection.send('GET', key), connection.send('DELETE', key)]);
  return value;
};

/** Asks a server what it can do. Rejects with why there is none. */
export async function chooseExchange(address: Address): Promise<Exchange> {
  const connection = new ZcachedConnection(address);
  try {
    await connection.connect();
    await echo(connection, 'hello');
    return echo;
  } catch (error) {
    if (error instanceof ZcachedServerError && error.kind === 'UNKNOWN_COMMAND') return setAndGet;
    throw error;
  } finally {
    await connection.close();
  }
}
