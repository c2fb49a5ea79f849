import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { checkOptions, checkText, checkWithin } from '../../checks.js';
import { type Clock, systemClock } from '../../clock.js';
import { type AsyncDisposal, makeDisposable } from '../../disposal.js';
import { FaultPipe, type FaultPipeOptions } from './fault-pipe.js';
import { reset } from './session.js';

/** The address of the server, and how bytes travel to it and back. */
export interface FaultProxyOptions {
  /** The port of the server. */
  readonly port: number;
  /** The host of the server. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** How requests travel. @default unchanged */
  readonly toServer?: FaultPipeOptions | undefined;
  /** How replies travel. @default unchanged */
  readonly toClient?: FaultPipeOptions | undefined;
  /** The clock of the delays. @default the system's */
  readonly clock?: Clock | undefined;
}

/** One client's connection through a proxy, both directions. */
export class FaultLink {
  /** Requests. */
  readonly toServer: FaultPipe;
  /** Replies. */
  readonly toClient: FaultPipe;
  readonly #over = new AbortController();

  /** Use {@link FaultProxy.links}. */
  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    { toServer = {}, toClient = {}, clock = systemClock }: FaultProxyOptions,
    gone: (link: FaultLink) => void,
  ) {
    const { signal } = this.#over;
    this.toServer = new FaultPipe(client, server, toServer, clock, signal);
    this.toClient = new FaultPipe(server, client, toClient, clock, signal);
    let open = 2;
    for (const socket of [client, server]) {
      socket.on('close', () => {
        if (--open > 0) return;
        this.#over.abort();
        gone(this);
      });
    }
  }

  /** Holds all bytes in both directions from now on, until each direction is resumed. */
  hold(): void {
    this.toServer.hold();
    this.toClient.hold();
  }

  /** Resets both ends at once. */
  reset(): void {
    this.#over.abort();
    for (const socket of [this.client, this.server]) reset(socket);
  }
}

/** Types for `await using`. */
export interface FaultProxy extends AsyncDisposal {}

/** A proxy between a client and a server, on loopback. It passes every byte on, unless told otherwise. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: makeDisposable() below keeps what the interface promises.
export class FaultProxy {
  /** The host that it listens at. */
  readonly host = '127.0.0.1';
  readonly #server: Server;
  readonly #links = new Set<FaultLink>();
  #port = 0;
  #isHolding = false;

  /** Use {@link startFaultProxy}. */
  private constructor(private readonly options: FaultProxyOptions) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#link(client));
  }

  /** For {@link startFaultProxy}. */
  static start(options: FaultProxyOptions): Promise<FaultProxy> {
    return new FaultProxy(options).#listen();
  }

  /** The port that it listens at. */
  get port(): number {
    return this.#port;
  }

  /** The open connections (links), the oldest first; a snapshot. */
  get links(): readonly FaultLink[] {
    return [...this.#links];
  }

  /** How many connections (links) are open. */
  connections(): number {
    return this.#links.size;
  }

  /** Resets every connection. */
  cut(): void {
    for (const link of this.#links) link.reset();
  }

  /** Holds all bytes in both directions from now on, also of new connections, until {@link resume}. */
  hold(): void {
    this.#isHolding = true;
    for (const link of this.#links) link.hold();
  }

  /** Passes the held bytes on, in order. */
  resume(): void {
    this.#isHolding = false;
    for (const { toServer, toClient } of this.#links) {
      toServer.resume();
      toClient.resume();
    }
  }

  /** Refuses new connections until {@link accept}. */
  async refuse(): Promise<void> {
    // Open connections keep the server from closing.
    if (this.#server.listening) this.#server.close();
  }

  /** Listens again at the same port. Rejects with the socket's error if the port is taken. */
  async accept(): Promise<void> {
    if (!this.#server.listening) await this.#listen();
  }

  #listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#port, this.host, () => {
        this.#server.off('error', reject);
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve(this);
      });
    });
  }

  /** Stops listening and resets every connection. Idempotent. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut();
    return closed;
  }

  #link(client: Socket): void {
    const { port, host = '127.0.0.1' } = this.options;
    const server = connect({ port, host, allowHalfOpen: true, noDelay: true });
    const link = new FaultLink(client, server, this.options, (gone) => this.#links.delete(gone));
    if (this.#isHolding) link.hold();
    this.#links.add(link);
  }
}

makeDisposable(FaultProxy.prototype, 'asyncDispose', 'close');

/**
 * Starts a proxy in front of a server. It can delay and cut the bytes that pass, and hold, silence, half-close or reset
 * each of its links. If the server cannot be reached, the client is reset. It buffers at most a mebibyte in each
 * direction. Rejects with the socket's error if it cannot listen.
 * @example
 * ```ts
 * const server = await startZcachedServer();
 * const proxy = await startFaultProxy({ port: server.port, toClient: { delay: () => 20 * random(), cut: 1 } });
 * const connection = new ZcachedConnection({ port: proxy.port });
 * await connection.connect();
 * proxy.links[0]?.toClient.swallow(); // a silent peer
 * // ...
 * await proxy.close();
 * ```
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  checkOptions('options', options, ['port', 'host', 'toServer', 'toClient', 'clock']);
  for (const way of ['toServer', 'toClient'] as const) {
    if (options[way]) checkOptions(`options.${way}`, options[way], ['delay', 'cut']);
  }
  checkWithin('options.port', options.port, 1, 65_535);
  if (options.host !== undefined) checkText('options.host', options.host);
  return FaultProxy.start(options);
}
