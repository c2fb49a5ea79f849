import { Redis } from 'ioredis';
import { adapt } from 'rxpool';

/** Replies of a server that is no place for work any more: it has become a replica, or takes another password. */
const WRONG_SERVER = /^(READONLY|MASTERDOWN|NOAUTH)/;

/** Neither reconnects nor keeps commands for a later connection, and dials when it is told to. */
const FOR_A_POOL = {
  lazyConnect: true,
  retryStrategy: null,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  connectTimeout: 0,
} as const;

/**
 * Clients of the package ioredis. Options of its own that a pool needs off:
 *
 * - `retryStrategy`: the client would reconnect by itself, and look connected to the pool during an outage.
 * - `enableOfflineQueue`, `autoResendUnfulfilledCommands`: commands would wait for a later connection, or be sent twice.
 * - `lazyConnect: true`, or the client dials when it is made; `connectTimeout`: the pool has one.
 *
 * What `connect()` rejects with hides the cause, which comes by the event `error` before. `disconnect()` waits for the
 * server to hang up; destroying the stream does not. `enableAutoPipelining` sends the commands of one turn of the event
 * loop in one write.
 */
export const ioredis = (url: string) =>
  adapt({
    create: () => new Redis(url, { ...FOR_A_POOL, enableAutoPipelining: true }),
    name: 'ioredis',
    endpoint: url,
    connect: (client) => client.connect(),
    watch: (client, { lost }) => client.on('error', lost).on('close', lost),
    close: (client) => [client.disconnect(), client.stream?.destroy()],
    alive: (client) => client.status === 'ready',
    ping: (client) => client.ping(),
    classify: (error) => (error instanceof Error && WRONG_SERVER.test(error.message) ? 'fatal' : undefined),
  });
