import type { Socket } from 'node:net';
import { NetConnection } from '../support/net-connection.js';

/** A client that asks one line at a time of each connection's server, and may have many in flight. */
export class LineConnection extends NetConnection {
  readonly #waiting: { resolve(): void; reject(error: Error): void }[] = [];

  /** Rejects when the connection is lost; when the signal aborts, the answer is awaited but not told. */
  ask(signal: AbortSignal): Promise<void> {
    this.begin();
    this.transport?.write('hello\n');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  protected override async open(signal: AbortSignal): Promise<Socket> {
    const socket = await super.open(signal);
    socket.setNoDelay(true).on('data', (data: Buffer) => {
      for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) {
        this.end();
        this.#waiting.shift()?.resolve();
      }
    });
    socket.once('close', () => {
      for (const waiting of this.#waiting.splice(0)) {
        this.end();
        waiting.reject(new Error('The connection is lost'));
      }
    });
    return socket;
  }
}
