import { Socket } from 'node:net';
import { Client, DatabaseError } from 'pg';
import { BaseConnection, type ErrorClass, UseTimeoutError } from 'rxpool';
import { USER } from './postgres-server.js';
import { abortable, type RealConnection, type Target } from './real-connection.js';

/** Admin shutdown, crash of another session, and not yet or no longer accepting: the session is over. */
const SESSION_OVER = /^57P0/;

interface Session {
  readonly client: Client;
  readonly socket: Socket;
}

/** A client of the package pg, in a pool. */
export class PgConnection extends BaseConnection<Session> implements RealConnection {
  constructor(readonly target: Target) {
    super();
  }

  async echo(text: string): Promise<string> {
    const { rows } = await this.client.query<{ echo: string }>('SELECT $1::text AS echo', [text]);
    return rows[0]?.echo as string;
  }

  get client(): Client {
    if (!this.transport) throw new Error('The connection is not connected');
    return this.transport.client;
  }

  ping(): Promise<unknown> {
    return this.client.query('SELECT 1');
  }

  classify(error: unknown): ErrorClass {
    if (error instanceof DatabaseError) return SESSION_OVER.test(error.code ?? '') ? 'fatal' : 'answer';
    return error instanceof UseTimeoutError ? 'failure' : 'fatal';
  }

  protected override async open(signal: AbortSignal): Promise<Session> {
    const socket = new Socket();
    const { port, password } = this.target;
    const client = new Client({
      host: '127.0.0.1',
      port,
      user: USER,
      password,
      database: 'postgres',
      stream: () => socket,
    });
    const session = { client, socket };
    client.on('error', (cause) => this.lost(session, cause));
    try {
      await abortable(signal, client.connect(), () => socket.destroy());
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return session;
  }

  /** Says goodbye where the server listens; a server that does not is not waited for. */
  protected override shut({ client, socket }: Session): void {
    client.end().catch(() => {});
    socket.destroySoon();
  }
}
