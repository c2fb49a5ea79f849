import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type Settings } from 'node:http2';
import type { Socket } from 'node:net';
import { adapt } from 'rxpool';

const sockets = new WeakMap<ClientHttp2Session, Pick<Socket, 'destroy'>>();

function open(origin: string): ClientHttp2Session {
  const session = connect(origin);
  return session.once('connect', (_session, socket) => sockets.set(session, socket));
}

/** A session that has had GOAWAY waits for the server to hang up. Destroying its socket does not. */
const close = (session: ClientHttp2Session) => [session.destroy(), sockets.get(session)?.destroy()];

const limit =
  (capacity: (streams: number) => void) =>
  ({ maxConcurrentStreams = Number.POSITIVE_INFINITY }: Settings): void =>
    capacity(maxConcurrentStreams);

/**
 * Sessions of node:http2. The server says how many streams it allows, which becomes the limit of the connection, and says
 * GOAWAY when the session is to end: the pool lets the streams in flight finish and dials another session. A session
 * does not reconnect, so no option has to be switched off. Set no `session.setTimeout()`: `resilient()` looks after idle
 * ones.
 */
export const http2 = (origin: string) =>
  adapt({
    create: () => open(origin),
    name: 'http2',
    endpoint: origin,
    connect: (session) => once(session, 'remoteSettings'),
    watch: (session, { lost, draining, capacity }) =>
      session.on('remoteSettings', limit(capacity)).on('goaway', draining).on('error', lost).on('close', lost),
    close,
    alive: (session) => !session.closed && !session.destroyed,
    ping: (session) => new Promise((pong, fail) => session.ping((error) => (error ? fail(error) : pong(undefined)))),
  });

/**
 * The body that the server answers a GET with. Node ends the streams of a session that was hung up on like complete ones:
 * only the code tells.
 */
export async function get(session: ClientHttp2Session, path: string): Promise<string> {
  const stream = session.request({ ':path': path });
  let body = '';
  for await (const chunk of stream.setEncoding('utf8')) body += chunk;
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`The stream ended with code ${stream.rstCode}`);
  return body;
}
