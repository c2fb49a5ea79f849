import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** How many requests a connection may carry, as the server says in its greeting. */
export const CAPACITY = 7;

/** Answers each line with itself; greets each connection that has said HELLO with its capacity. */
export class LineServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async open(): Promise<LineServer> {
    const server = new LineServer();
    await once(server.#server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Says on each connection that it takes nothing new. */
  drain(): void {
    for (const socket of this.#sockets) socket.write('DRAIN\n');
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    for (const lines = linesOf(socket); lines; ) {
      lines.on('line', (line: string) => socket.write(line === 'HELLO' ? `HELLO ${CAPACITY}\n` : `${line}\n`));
      return;
    }
  }
}

/** Emits `line` for each line that arrives. */
export function linesOf(socket: Socket): EventEmitter {
  const lines = new EventEmitter();
  let begun = '';
  socket.setEncoding('utf8').on('data', (data: string) => {
    const parts = (begun + data).split('\n');
    begun = parts.pop() ?? '';
    for (const line of parts) lines.emit('line', line);
  });
  return lines;
}
