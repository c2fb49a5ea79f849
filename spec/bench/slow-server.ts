import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../support/net-connection.js';

/** A server that answers each line after a while. It can be taken down. */
export class SlowServer {
  readonly #sockets = new Set<Socket>();
  readonly #delay: number;
  #server: Server | undefined;
  port = 0;

  constructor(delay: number) {
    this.#delay = delay;
  }

  async up(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    if (this.port === 0) this.port = await listen(server);
    else await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
  }

  down(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true).on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('data', async (data: Buffer) => {
      await sleep(this.#delay);
      socket.write(data);
    });
  }
}
