import { createClient, ErrorReply } from 'redis';
import { adapt } from 'rxpool';

/** Replies of a server that is no place for work any more: it has become a replica, or takes another password. */
const WRONG_SERVER = /^(READONLY|MASTERDOWN|NOAUTH)/;

const FOR_A_POOL = { reconnectStrategy: false, connectTimeout: 0 } as const;

/** Making a client compiles its commands, which takes 100 ms; making a duplicate does not. */
const template = createClient();

/**
 * Clients of the package redis. Options of its own that a pool needs off:
 *
 * - `socket.reconnectStrategy`: the client would reconnect by itself, and look connected to the pool during an outage.
 * - `disableOfflineQueue`: commands would be kept for a later connection instead of failing.
 * - `socket.connectTimeout`: the pool has one. `pingInterval` is what `resilient()` does for idle connections.
 */
export const redis = (url: string) =>
  adapt({
    create: () => template.duplicate({ url, disableOfflineQueue: true, socket: { ...FOR_A_POOL } }),
    name: 'redis',
    endpoint: url,
    connect: (client) => client.connect(),
    watch: (client, { lost }) => client.on('error', lost),
    close: (client) => client.destroy(),
    alive: (client) => client.isReady,
    ping: (client, { signal }) => client.withAbortSignal(signal).ping(),
    classify: (error) => (error instanceof ErrorReply && WRONG_SERVER.test(error.message) ? 'fatal' : undefined),
  });
