import type { ZcachedConnection } from 'rxpool/zcached';

/** Sends a nonce and resolves with what came back for it. Leaves nothing behind. */
export type Exchange = (connection: ZcachedConnection, nonce: string) => Promise<unknown>;

export const echo: Exchange = (connection, nonce) => connection.send('ECHO', nonce);

/** For servers without ECHO: asks for a key that does not exist, which the reply names. */
export const askInVain: Exchange = async (connection, nonce) => {
  const key = `rxpool:demo:${nonce}`;
  const reply = await connection.request({ command: 'MGET', args: [key], maps: 'map' });
  return reply instanceof Map && reply.get(key) === null ? nonce : undefined;
};

/** What a server of this generation has. */
export const exchangeWith = (generation: ZcachedConnection['generation']): Exchange =>
  generation === '2024' ? askInVain : echo;
