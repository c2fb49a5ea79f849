import { Socket } from 'node:net';
import { Client, type ClientConfig, DatabaseError } from 'pg';
import { adapt } from 'rxpool';

/** Admin shutdown, crash of another session, and not yet or no longer accepting: the session is over. */
const SESSION_OVER = /^57P0/;

/** A client whose socket is known, so that it can be destroyed in the middle of a dial. */
class PgClient extends Client {
  constructor(
    config: ClientConfig,
    readonly socket: Socket,
  ) {
    super({ ...config, stream: () => socket });
  }
}

/**
 * Clients of the package pg, for a pool with `maxPending: 1`: a session carries one statement at a time, and a
 * transaction needs it to itself. In place of `pg.Pool`, which would be a pool in the pool.
 *
 * - `connectionTimeoutMillis`: the pool has `connectTimeout`; the client has none by default.
 * - `query_timeout`: rejects the caller and leaves the session with a reply that is still owed. Give `use()` a `timeout`
 *   and the server a `statement_timeout` instead.
 */
export const pg = (config: ClientConfig) =>
  adapt({
    create: () => new PgClient(config, new Socket()),
    name: 'pg',
    endpoint: `${config.host}:${config.port}`,
    connect: (client) => client.connect(),
    watch: (client, { lost }) => client.on('error', lost).on('end', lost),
    // Says goodbye where the server listens; one that does not is not waited for.
    close: (client) => [client.end().catch(() => {}), client.socket.destroySoon()],
    alive: (client) => client.socket.writable,
    ping: (client) => client.query('SELECT 1'),
    classify: (error) => (error instanceof DatabaseError && SESSION_OVER.test(`${error.code}`) ? 'fatal' : undefined),
  });

/**
 * The option `reset` of the pool: ends a transaction that was left open. The server says with each reply whether there is
 * one, so that most borrowings need no ROLLBACK, which costs as much as a query.
 */
export async function endTransaction({ client }: { readonly client: Client }): Promise<void> {
  if (client.getTransactionStatus() !== 'I') await client.query('ROLLBACK');
}
