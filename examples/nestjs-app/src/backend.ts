import { type DynamicModule, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { startZcachedServer, type ZcachedServer } from 'rxpool/testing/node';
import type { Settings } from './settings.js';

/** The zcached server of the application: one elsewhere, or one in this process, which can be stopped. */
@Injectable()
export class Backend implements OnApplicationShutdown {
  #server: ZcachedServer | undefined;
  readonly #latency: () => number;

  private constructor(
    readonly host: string,
    public port: number,
    latency: () => number,
  ) {
    this.#latency = latency;
  }

  static async start({ zcached, latency }: Settings): Promise<Backend> {
    if (zcached) {
      const { hostname, port } = new URL(zcached);
      return new Backend(hostname, Number(port || 7556), latency);
    }
    const backend = new Backend('127.0.0.1', 0, latency);
    await backend.start();
    return backend;
  }

  /** Starts the server in this process, at the port where it was before. */
  async start(): Promise<void> {
    const { port } = this;
    this.#server ??= await startZcachedServer({ port, flaws: false, latency: this.#latency });
    this.port = this.#server.port;
  }

  /** Stops it: it hangs up on every connection, and forgets what it stored. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  /** Hangs up on the connection that came first. */
  cut(): void {
    this.#server?.cutConnections(1);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
  }
}

@Module({})
class BackendModule {}

export const backendModule = (settings: Settings): DynamicModule => ({
  module: BackendModule,
  providers: [{ provide: Backend, useFactory: () => Backend.start(settings) }],
  exports: [Backend],
});
