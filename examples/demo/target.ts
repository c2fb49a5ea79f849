import { startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import type { ZcachedConnection } from 'rxpool/zcached';

/** What the pool connects to, and what cuts its connections. */
export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly generation: ZcachedConnection['generation'];
  /** Clients connected now. */
  readonly connections: number;
  /** Resets this many connections, the oldest first. Returns how many there were to reset. */
  cut(count: number): number;
  close(): Promise<void>;
}

/** A zcached server in this process. */
export async function startEmbedded(options: ZcachedServerOptions): Promise<Target> {
  const server = await startZcachedServer(options);
  const { host, port, generation } = server;
  return {
    name: 'a zcached server in this process',
    host,
    port,
    generation,
    get connections() {
      return server.connections;
    },
    cut: (count) => server.cutConnections(count),
    close: () => server.close(),
  };
}
