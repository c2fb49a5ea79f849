import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';

/** A server that does just what a test says. */
export interface RawServer {
  readonly port: number;
  readonly sockets: readonly Socket[];
  /** Connections accepted, TLS handshakes that failed included. */
  readonly accepted: number;
  close(): Promise<void>;
}

export interface RawServerOptions {
  readonly tls?: TlsOptions | undefined;
  /** Listens on a Unix socket instead of a port. */
  readonly path?: string | undefined;
}

export const PONG = '+PONG\r\n\x03';

type Serve = (socket: Socket, requests: (onRequest: (frame: string) => void) => void) => void;

/** `serve` gets every socket, and the requests on it, one frame each. Like the real one, it never closes its side. */
export function startRawServer(serve: Serve, { tls, path }: RawServerOptions = {}): Promise<RawServer> {
  const sockets: Socket[] = [];
  const accepted: Socket[] = [];
  const accept = (socket: Socket): void => {
    sockets.push(socket);
    socket.setNoDelay(true).on('error', () => {});
    serve(socket, (onRequest) => {
      let begun = '';
      socket.setEncoding('latin1').on('data', (data) => {
        const frames = (begun + data).split('\x03');
        begun = frames.pop() ?? '';
        for (const frame of frames) onRequest(frame);
      });
    });
  };
  const options = { allowHalfOpen: true };
  const server = tls ? createTlsServer({ ...options, ...tls }, accept) : createServer(options, accept);
  server.on('connection', (socket: Socket) => accepted.push(socket)).on('tlsClientError', () => {});
  const started: RawServer = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    get accepted() {
      return accepted.length;
    },
    sockets,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of [...sockets, ...accepted]) socket.destroy();
      }),
  };
  return new Promise((resolve) => {
    const listening = (): void => resolve(started);
    if (path === undefined) server.listen(0, '127.0.0.1', listening);
    else server.listen(path, listening);
  });
}

/** Answers PING as a 2025 server; everything else is the test's. */
export const startScript = (
  script: (socket: Socket, frame: string, count: number) => void,
  options?: RawServerOptions,
): Promise<RawServer> =>
  startRawServer((socket, requests) => {
    let count = 0;
    requests((frame) => {
      if (frame.includes('PING')) socket.write(PONG);
      else script(socket, frame, count++);
    });
  }, options);

/** Whether the client has closed its side, or all of it. */
export const isGone = ({ readableEnded, destroyed }: Socket): boolean => readableEnded || destroyed;
