import { createClient, ErrorReply } from 'redis';
import { adapt } from 'rxpool';

/** Replies of a server that is no place for work any more: it has become a replica, or takes another password. */
const WRONG_SERVER = /^(READONLY|MASTERDOWN|NOAUTH)/;

/**
 * Clients of the package redis. Options of its own that a pool needs off:
 *
 * - `socket.reconnectStrategy`: the client would reconnect by itself, and look connected to the pool during an outage.
 * - `disableOfflineQueue`: commands would be kept for a later connection instead of failing.
 * - `socket.connectTimeout`: the pool has one. `pingInterval` is what `resilient()` does for idle connections.
 *
 * Making a client compiles its commands (100 ms each), making a duplicate of it does not.
 */
export function redis(url: string) {
  const socket = { reconnectStrategy: false, connectTimeout: 0 } as const;
  const template = createClient({ url, socket, disableOfflineQueue: true });
  return adapt({
    create: () => template.duplicate(),
    name: 'redis',
    endpoint: url,
    connect: (client) => client.connect(),
    watch: (client, { lost }) => client.on('error', lost),
    close: (client) => client.destroy(),
    alive: (client) => client.isReady,
    ping: (client, { signal }) => client.withAbortSignal(signal).ping(),
    classify: (error) => (error instanceof ErrorReply && WRONG_SERVER.test(error.message) ? 'fatal' : undefined),
  });
}
