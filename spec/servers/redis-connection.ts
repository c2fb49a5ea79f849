import { createClient, ErrorReply } from 'redis';
import { BaseConnection, type ErrorClass, UseTimeoutError } from 'rxpool';
import { abortable, type RealConnection, type Target } from './real-connection.js';

/** Making a client compiles its commands, but for a duplicate. */
const template = createClient();

type Client = typeof template;

/** A client that neither reconnects nor keeps commands for a later connection: the pool does that. */
function makeClient({ port, password }: Target): Client {
  const socket = { host: '127.0.0.1', port, reconnectStrategy: false, connectTimeout: 0 } as const;
  return template.duplicate({ password, socket, disableOfflineQueue: true });
}

/** Replies of a server that is no place for work any more: it has become a replica, or takes another password. */
const WRONG_SERVER = /^(READONLY|MASTERDOWN|NOAUTH)/;

/** A client of the package redis, in a pool. */
export class RedisConnection extends BaseConnection<Client> implements RealConnection {
  constructor(readonly target: Target) {
    super();
  }

  echo(text: string): Promise<string> {
    return this.client.echo(text);
  }

  get client(): Client {
    if (!this.transport) throw new Error('The connection is not connected');
    return this.transport;
  }

  ping({ signal }: { readonly signal: AbortSignal }): Promise<unknown> {
    return this.client.withAbortSignal(signal).ping();
  }

  classify(error: unknown): ErrorClass {
    if (error instanceof ErrorReply) return WRONG_SERVER.test(error.message) ? 'fatal' : 'answer';
    return error instanceof UseTimeoutError ? 'failure' : 'fatal';
  }

  protected override async open(signal: AbortSignal): Promise<Client> {
    const client = makeClient(this.target);
    client.on('error', (cause) => this.lost(client, cause));
    await abortable(signal, client.connect(), () => client.destroy());
    return client;
  }

  protected override shut(client: Client): void {
    client.destroy();
  }
}
