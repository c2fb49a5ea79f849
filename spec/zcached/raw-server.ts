import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';

/** A server that does just what a test says. */
export interface RawServer {
  readonly port: number;
  readonly sockets: readonly Socket[];
  close(): Promise<void>;
}

export const PONG = '+PONG\r\n\x03';

/** `serve` gets every socket, and the requests on it, one frame each. Like the real one, it never closes its side. */
export function startRawServer(
  serve: (socket: Socket, requests: (onRequest: (frame: string) => void) => void) => void,
) {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
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
  });
  return new Promise<RawServer>((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        sockets,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.destroy();
          }),
      }),
    );
  });
}

/** Answers PING as a 2025 server; everything else is the test's. */
export const startScript = (script: (socket: Socket, frame: string, count: number) => void): Promise<RawServer> =>
  startRawServer((socket, requests) => {
    let count = 0;
    requests((frame) => {
      if (frame.includes('PING')) socket.write(PONG);
      else script(socket, frame, count++);
    });
  });

/** Resolves when `condition` holds; looks again after every turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
