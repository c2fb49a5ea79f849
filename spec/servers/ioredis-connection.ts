import { once } from 'node:events';
import { Redis, type RedisOptions, ReplyError } from 'ioredis';
import { BaseConnection, type ErrorClass, UseTimeoutError } from 'rxpool';
import { abortable, type RealConnection, type Target } from './real-connection.js';

/** Replies of a server that is no place for work any more: it has become a replica, or takes another password. */
const WRONG_SERVER = /^(READONLY|MASTERDOWN|NOAUTH)/;

/** A client of the package ioredis, in a pool. */
export class IoredisConnection extends BaseConnection<Redis> implements RealConnection {
  constructor(
    readonly target: Target,
    readonly options: Pick<RedisOptions, 'enableAutoPipelining'> = {},
  ) {
    super();
  }

  echo(text: string): Promise<string> {
    return this.client.echo(text);
  }

  get client(): Redis {
    if (!this.transport) throw new Error('The connection is not connected');
    return this.transport;
  }

  ping(): Promise<unknown> {
    return this.client.ping();
  }

  classify(error: unknown): ErrorClass {
    if (error instanceof ReplyError) return WRONG_SERVER.test((error as Error).message) ? 'fatal' : 'answer';
    return error instanceof UseTimeoutError ? 'failure' : 'fatal';
  }

  protected override async open(signal: AbortSignal): Promise<Redis> {
    const client = new Redis({
      ...this.options,
      ...this.target,
      host: '127.0.0.1',
      lazyConnect: true,
      // It neither reconnects nor keeps commands for a later connection: the pool does that.
      retryStrategy: null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      connectTimeout: 0,
    });
    let cause: unknown;
    client.on('error', (error) => {
      cause = error;
    });
    client.on('close', () => this.lost(client, cause ?? new Error('The server has closed the connection')));
    try {
      await abortable(signal, client.connect(), () => client.disconnect());
    } catch (error) {
      // What connect() rejects with says only that the connection is closed.
      throw cause ?? error;
    }
    return client;
  }

  protected override async shut(client: Redis): Promise<void> {
    if (client.status === 'end') return;
    const end = once(client, 'end');
    client.disconnect();
    // It closes its side and waits for the server's.
    client.stream?.destroy();
    await end;
  }
}
