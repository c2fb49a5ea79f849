import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Clock } from '../../request/clock.js';
import { systemClock } from '../../request/clock.js';
import type { ZcachedGeneration } from './dialect.js';
import { DIALECTS } from './dialect.js';
import type { SessionHost } from './session.js';
import { Session } from './session.js';
import { Store } from './store.js';

/** Seconds since 1970, unmoved by whoever sets the clock. */
const unixTime = (): number => Math.floor((performance.timeOrigin + systemClock.now()) / 1000);

/** What kind of server to start. */
export interface ZcachedServerOptions {
  /** @default '2025' */
  readonly generation?: ZcachedGeneration | undefined;
  /** @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** 0 takes a free one. @default 0 */
  readonly port?: number | undefined;
  /** Milliseconds from a request to its reply. @default 0 */
  readonly latency?: number | undefined;
  /** Clients at once; one more is accepted and hung up on, as the real one does it. @default Infinity */
  readonly maxClients?: number | undefined;
  /** A larger request is answered with a reset. @default 10485760 */
  readonly maxRequestBytes?: number | undefined;
}

/** A zcached server in this process, in memory; for tests. */
export class ZcachedServer implements SessionHost {
  readonly generation: ZcachedGeneration;
  readonly maxRequestBytes: number;
  readonly #server: Server;
  readonly #sessions = new Set<Session>();
  readonly #store: Store;
  readonly #clock: Clock = systemClock;
  #requests = 0;
  /** Replies that wait for {@link resume}; undefined while it is not paused. */
  #waiting: (() => void)[] | undefined = undefined;

  /** Use {@link startZcachedServer}. */
  constructor(private readonly options: ZcachedServerOptions) {
    this.generation = options.generation ?? '2025';
    this.maxRequestBytes = options.maxRequestBytes ?? 10 * 2 ** 20;
    this.#store = new Store(DIALECTS[this.generation], unixTime);
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get host(): string {
    return this.options.host ?? '127.0.0.1';
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Clients connected now. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** Requests received since the start, each client's first PING included. */
  get requests(): number {
    return this.#requests;
  }

  /** Resolves once it listens. */
  listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(this.options.port ?? 0, this.host, () => resolve(this));
    });
  }

  /** Resets this many connections, the oldest first, or all of them. Returns how many there were to reset. */
  cutConnections(count = Number.POSITIVE_INFINITY): number {
    const cut = [...this.#sessions].slice(0, count);
    for (const { socket } of cut) socket.resetAndDestroy();
    return cut.length;
  }

  /** From now on requests are taken in and nothing is answered: a silent peer. */
  pause(): void {
    this.#waiting ??= [];
  }

  /** Answers what came in meanwhile, in order. */
  resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const reply of waiting) reply();
  }

  /** Stops listening and resets every connection. Idempotent. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cutConnections();
    return closed;
  }

  /** For the sessions. */
  request(session: Session, request: string): void {
    this.#requests++;
    const reply = this.#store.answer(request);
    const { latency = 0 } = this.options;
    if (latency > 0) this.#clock.after(latency, () => this.#reply(session, reply));
    else this.#reply(session, reply);
  }

  #reply(session: Session, reply: string): void {
    if (this.#waiting) this.#waiting.push(() => session.reply(reply));
    else session.reply(reply);
  }

  #accept(socket: Socket): void {
    if (this.#sessions.size >= (this.options.maxClients ?? Number.POSITIVE_INFINITY)) {
      socket.destroy();
      return;
    }
    const session = new Session(socket, this);
    this.#sessions.add(session);
    socket.on('close', () => this.#sessions.delete(session));
  }
}

/**
 * Starts a zcached server in this process: in memory, on loopback, either generation. Rejects with the socket's
 * error if it cannot listen.
 *
 * @example
 * ```ts
 * const server = await startZcachedServer({ generation: '2024' });
 * const connection = new ZcachedConnection({ port: server.port });
 * // ...
 * await server.close();
 * ```
 */
export const startZcachedServer = (options: ZcachedServerOptions = {}): Promise<ZcachedServer> =>
  new ZcachedServer(options).listen();
