import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** A request by id, and what the server answers. */
export interface Ask {
  readonly ask: string;
}

export interface Answer {
  readonly id?: number;
  readonly answer?: string;
  readonly error?: string;
  readonly news?: string;
}

/** A server that answers `{ id, ask }` by `{ id, answer }`, unless a test has it do something else. */
export class EchoServer {
  /** What it has received, as text. */
  readonly received: string[] = [];
  /** What it does with a message. */
  onMessage: (socket: WebSocket, text: string) => void = (socket, text) => {
    const { id, ask } = JSON.parse(text) as Ask & { readonly id: number };
    socket.send(JSON.stringify({ id, answer: ask }));
  };
  /** What it does with a new connection. */
  onConnection: (socket: WebSocket, url: string) => void = () => {};

  private constructor(readonly server: WebSocketServer) {
    server.on('connection', (socket, request) => {
      socket.on('error', () => {});
      socket.on('message', (data) => {
        this.received.push(String(data));
        this.onMessage(socket, String(data));
      });
      this.onConnection(socket, request.url ?? '');
    });
  }

  static async start(): Promise<EchoServer> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new EchoServer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get sockets(): readonly WebSocket[] {
    return [...this.server.clients];
  }

  /** Sends to all. */
  send(message: unknown): void {
    for (const socket of this.sockets) socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async close(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
