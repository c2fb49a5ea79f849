// What the examples in TSDoc take for granted.
import type { Observable } from 'rxjs';
import type { Connection, ConnectionPool } from 'rxpool';
import type { ConnectedZcachedClient, ZcachedConnection } from 'rxpool/zcached';

declare global {
  /** What is stored, and what keys are made of. */
  interface User {
    readonly id: string;
    readonly name: string;
    readonly notes: string;
  }

  /** A connection to one of several copies of a database. */
  interface Replica extends Connection {
    readonly host: string;
    readonly zone: string;
    readonly cores: number;
    query(sql: string, options?: { readonly signal?: AbortSignal }): Promise<unknown[]>;
    listen(channel: string): Observable<string>;
  }

  const user: User;
  const id$: Observable<string>;
  const signal: AbortSignal;
  const port: number;
  const random: () => number;
  const readFile: (file: string) => Promise<Uint8Array>;

  const connection: ZcachedConnection;
  const factory: () => ZcachedConnection;
  const pool: ConnectionPool<ZcachedConnection>;
  const client: ConnectedZcachedClient;

  const nextReplica: () => Replica;
  const replicas: ConnectionPool<Replica>;

  const migrate: () => Promise<void>;
  const transfer: (connection: ZcachedConnection, signal: AbortSignal) => Promise<void>;

  type Socket = import('node:net').Socket;
  const dialEcho: (signal: AbortSignal, lost: (socket: Socket, cause: Error) => void) => Promise<Socket>;
  const exchange: (socket: Socket | undefined, text: string) => Promise<string>;

  class Users {
    constructor(pool: ConnectionPool<ZcachedConnection>);
  }
  class AppModule {}
  class ConfigService {
    get(name: string): string;
  }
}
