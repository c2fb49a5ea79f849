import { once } from 'node:events';
import { adapt } from 'rxpool';
import { WebSocket } from 'ws';

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (cause: unknown) => void;
}

/** Calls over one WebSocket, whose replies are told apart by an id. */
class Caller {
  readonly #calls = new Map<number, Call>();
  #id = 0;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const { id, result, error } = JSON.parse(String(data));
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error));
    });
    socket.on('close', (code) => {
      for (const { reject } of this.#calls.values()) reject(new Error(`The WebSocket was closed: ${code}`));
      this.#calls.clear();
    });
  }

  call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#id;
      this.#calls.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  async ping(signal: AbortSignal): Promise<void> {
    const pong = once(this.socket, 'pong', { signal });
    this.socket.ping();
    await pong;
  }
}

/**
 * WebSockets of the package ws, with requests and replies by id. Options of its own:
 *
 * - `handshakeTimeout`: the pool has `connectTimeout`; the client has none by default.
 * - A package that reconnects by itself (reconnecting-websocket, Socket.IO) would be a pool in the pool: use ws alone.
 *
 * `close()` of the socket waits up to 30 s for the server's goodbye; `terminate()` does not, and ends a handshake too.
 */
export const websocket = (url: string) =>
  adapt({
    create: () => new Caller(new WebSocket(url)),
    name: 'websocket',
    endpoint: url,
    connect: ({ socket }) => once(socket, 'open'),
    watch: ({ socket }, { lost }) => socket.on('error', lost).on('close', lost),
    close: ({ socket }) => socket.terminate(),
    alive: ({ socket }) => socket.readyState === WebSocket.OPEN,
    ping: (client, { signal }) => client.ping(signal),
  });
