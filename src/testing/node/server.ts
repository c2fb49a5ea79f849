import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { checkChoice, checkOptions } from '../../checks.js';
import { systemClock } from '../../clock.js';
import { type AsyncDisposal, makeDisposable } from '../../disposal.js';
import { next } from './delay-line.js';
import type { ZcachedGeneration } from './dialect.js';
import { DIALECTS } from './dialect.js';
import { resolveFlaws, type ZcachedFlaws } from './flaws.js';
import type { ZcachedServerOptions } from './options.js';
import { reset, Session, type SessionHost } from './session.js';
import { Store } from './store.js';

/** Milliseconds before the second part of an error: 40 for a delayed acknowledgement, and a little more. */
const ACKNOWLEDGEMENT = 44;
/** The part of an error that is sent at once; a key or a command follows. */
const HEAD_OF_ERROR = /^-ERR [a-z ]*'/;
const WORKERS = 4;

/** Seconds since 1970, by a monotonic clock. */
const unixTime = (): number => Math.floor((performance.timeOrigin + systemClock.now()) / 1000);

/** How many sockets are kept half-open for clients that have gone; beyond that, the oldest are closed. */
const MAX_ABANDONED = 256;

const SERVER_OPTIONS = [
  'generation',
  'host',
  'port',
  'path',
  'tls',
  'latency',
  'maxClients',
  'maxRequestBytes',
  'flaws',
  'onRequest',
];

/** Types for `await using`. */
export interface ZcachedServer extends AsyncDisposal {}

/** A zcached server in this process, in memory, for tests. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: makeDisposable() below keeps what the interface promises.
export class ZcachedServer {
  /** The generation of the server. */
  readonly generation: ZcachedGeneration;
  /** The host that it listens at. */
  readonly host: string;
  /** The server's flaws; may be changed at any time. */
  readonly flaws: ZcachedFlaws;
  readonly #server: Server;
  readonly #store: Store;
  readonly #host: SessionHost;
  /** Every socket, in order of arrival; for TLS the socket below it. */
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Session>();
  readonly #abandoned = new Set<Session>();
  #port = 0;
  #requests = 0;
  #accepted = 0;
  #paused = false;
  #crashed = false;

  /** Use {@link startZcachedServer}. */
  private constructor(private readonly options: ZcachedServerOptions) {
    this.generation = options.generation ?? '2025';
    this.host = options.host ?? '127.0.0.1';
    this.flaws = resolveFlaws(this.generation, options.flaws);
    const { generation, flaws } = this;
    const { maxRequestBytes = 10 * 2 ** 20 } = options;
    const heard = options.onRequest ?? (() => {});
    const crash = (): void => this.#crash();
    this.#store = new Store({ dialect: DIALECTS[generation], flaws, now: unixTime, heard, crash });
    this.#host = {
      generation,
      flaws,
      maxRequestBytes,
      request: (session, request) => this.#answer(session, request),
      left: (session) => this.#left(session),
      crash,
    };
    // Before any work begins on the socket.
    this.#server = this.#open().prependListener('connection', (socket: Socket) => this.#accept(socket));
  }

  /** For {@link startZcachedServer}. */
  static start(options: ZcachedServerOptions): Promise<ZcachedServer> {
    return new ZcachedServer(options).#listen();
  }

  /** The port that it listens at, or did before it was closed; 0 for a Unix domain socket. */
  get port(): number {
    return this.#port;
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** How many requests were received since the start. Each dial sends one PING, or two to a 2024 server. */
  get requests(): number {
    return this.#requests;
  }

  /**
   * Whether a flaw has crashed the server: all connections were reset, and the port is closed until another server
   * starts.
   */
  get crashed(): boolean {
    return this.#crashed;
  }

  #listen(): Promise<this> {
    const { port = 0, path } = this.options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(path === undefined ? { port, host: this.host } : { path }, () => {
        const address = this.#server.address();
        if (address !== null && typeof address === 'object') this.#port = address.port;
        resolve(this);
      });
    });
  }

  /**
   * Resets the oldest `count` connections, or all. Connections that their client has closed do not count. Returns how
   * many were reset.
   */
  cutConnections(count = Number.POSITIVE_INFINITY): number {
    const cut = [...this.#sockets].filter((socket) => !socket.readableEnded).slice(0, count);
    for (const socket of cut) reset(socket);
    return cut.length;
  }

  /** From now on requests are read and not answered: a silent peer. */
  pause(): void {
    this.#paused = true;
    for (const session of this.#sessions) session.hold();
  }

  /** Answers the requests that came meanwhile, in order. */
  resume(): void {
    this.#paused = false;
    for (const session of this.#sessions) session.resume();
  }

  /** Stops listening and resets every connection. Idempotent. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) reset(socket);
    return closed;
  }

  #answer(session: Session, request: string): void {
    this.#requests++;
    const { latency = 0 } = this.options;
    const reply = this.#store.answer(request);
    const delay = next(latency);
    const [head] = (this.flaws.slowErrors && HEAD_OF_ERROR.exec(reply)) || [];
    if (head === undefined) session.reply(reply, delay);
    else {
      session.reply(head, delay);
      session.reply(reply.slice(head.length), delay + ACKNOWLEDGEMENT);
    }
  }

  #left(session: Session): void {
    const newest = [...this.#sessions].filter(({ worker }) => worker === session.worker).at(-1);
    if (!this.#sessions.delete(session)) {
      this.#abandoned.delete(session);
      return;
    }
    if (this.flaws.silencesNeighbour && newest !== session) newest?.silence();
    if (session.socket.destroyed) return;
    this.#abandoned.add(session);
    const [oldest] = this.#abandoned;
    if (!oldest || this.#abandoned.size <= MAX_ABANDONED) return;
    this.#abandoned.delete(oldest);
    oldest.socket.destroy();
  }

  #crash(): void {
    this.#crashed = true;
    void this.close();
  }

  #open(): Server {
    const { tls } = this.options;
    const begin = (socket: Socket): void => this.#begin(socket);
    const shared = { allowHalfOpen: true, noDelay: true };
    if (!tls) return createServer(shared, begin);
    const { key, cert, ca, requestCert = false } = tls;
    const settings = { key, cert, ca, requestCert, rejectUnauthorized: requestCert, minVersion: 'TLSv1.3' as const };
    return createTlsServer({ ...shared, ...settings }, begin).on('tlsClientError', () => {});
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    const { maxClients = Number.POSITIVE_INFINITY } = this.options;
    if (this.flaws.hangsUpOnAccept || this.#sessions.size >= maxClients) socket.destroy();
  }

  #begin(socket: Socket): void {
    if (socket.destroyed) return;
    const session = new Session(socket, this.#host, this.#accepted++ % WORKERS);
    this.#sessions.add(session);
    if (this.#paused) session.hold();
  }
}

makeDisposable(ZcachedServer.prototype, 'asyncDispose', 'close');

/**
 * Starts a zcached server in this process: in memory, on loopback, of either generation, with the flaws of the real
 * ones. Some flaws have to be set: `flaws: { crashesAbove: 64 }`. With the `port` of a server that was closed or
 * crashed, it takes its place. Rejects with the socket's error if it cannot listen.
 * @example
 * ```ts
 * const server = await startZcachedServer({ generation: '2024' });
 * const connection = new ZcachedConnection({ port: server.port });
 * // ...
 * await server.close();
 * ```
 */
export async function startZcachedServer(options: ZcachedServerOptions = {}): Promise<ZcachedServer> {
  checkOptions('options', options, SERVER_OPTIONS);
  const { generation } = options;
  if (generation !== undefined) checkChoice('options.generation', generation, ['2024', '2025']);
  if (options.tls) checkOptions('options.tls', options.tls, ['key', 'cert', 'ca', 'requestCert']);
  return ZcachedServer.start(options);
}
