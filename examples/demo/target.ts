import { startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import type { Address } from './options.js';

/** What the pool connects to, and whoever cuts its connections. */
export interface Target extends Address {
  readonly name: string;
  /** Clients connected now. */
  readonly connections: number;
  /** Resets this many connections, the oldest first. Returns how many there were to reset. */
  cut(count: number): number;
  close(): Promise<void>;
}

/** A zcached server in this process. */
export async function startEmbedded(options: ZcachedServerOptions): Promise<Target> {
  const server = await startZcachedServer(options);
  return {
    name: 'a zcached server in this process',
    host: server.host,
    port: server.port,
    get connections() {
      return server.connections;
    },
    cut: (count) => server.cutConnections(count),
    close: () => server.close(),
  };
}
