import type { Socket } from 'node:net';
import { ConnectionClosedError } from '../errors.js';
import { RequestTimeoutError } from '../request/errors.js';
import type { Request, RequestEnding } from '../request/request.js';
import type { RequestHost } from '../request/table.js';
import { RequestTable } from '../request/table.js';
import { Decoder } from './decoder.js';
import { ZcachedDisconnectedError, ZcachedProtocolError } from './errors.js';
import { type Exchange, writeAll } from './exchange.js';
import type { Generation } from './generation.js';
import type { ZcachedSettings } from './options.js';
import { serverError } from './server-error.js';
import { openSocket } from './socket.js';
import { ErrorReply, type Reply, type ZcachedValue } from './value.js';

/** Is told what happens on a transport. */
export interface TransportOwner {
  /** A request is no longer in flight. */
  ended(): void;
  /** A request has settled. */
  settled(request: ZcachedRequest, ending: RequestEnding): void;
  /** The transport has failed. Called once, and not after `close()`. */
  lost(transport: Transport, cause: unknown): void;
}

export type ZcachedRequest = Request<Exchange, ZcachedValue>;

/**
 * One socket. Writes the frames of its request table, decodes what it receives and settles the oldest request in flight
 * with each reply. A failure calls {@link TransportOwner.lost}, once.
 */
export class Transport implements RequestHost<Exchange, ZcachedValue> {
  readonly table: RequestTable<Exchange, ZcachedValue>;
  readonly #socket: Socket;
  readonly #decoder: Decoder;
  #isFull = false;
  /** Known after the handshake. */
  #generation: Generation | undefined = undefined;
  #lost: { readonly cause: unknown } | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  /** Whether reading and writing have stopped. */
  #isClosed = false;

  constructor(
    private readonly settings: ZcachedSettings,
    private owner: TransportOwner,
  ) {
    const { clock, maxQueue, requestTimeout: usualTimeout } = settings;
    this.table = new RequestTable(this, { clock, usualTimeout, inOrder: true, maxQueue, maxInFlight: 1 });
    this.#decoder = new Decoder(settings.limits);
    // Writes are paused until the socket is connected and, with TLS, the certificate is verified.
    this.table.hold();
    this.#socket = openSocket(settings, { ready: () => this.table.release(), received: this.#received })
      .on('drain', this.#drained)
      .on('error', this.#failed)
      .on('end', this.#ended)
      .on('close', this.#ended);
  }

  get generation(): Generation {
    return this.#generation ?? (this.#decoder.endsFrames ? '2025' : '2024');
  }

  /** Why the transport was lost; undefined if it was not. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#lost;
  }

  /** Sets the owner after the handshake, when the generation of the server is known. */
  attach(owner: TransportOwner): void {
    this.owner = owner;
    this.#generation = this.generation;
    if (this.#generation !== '2024') this.table.maxInFlight = this.settings.pipelining;
  }

  write(exchanges: readonly Exchange[]): void {
    const socket = this.#socket;
    // A 2024 server needs no 0x03, and fails on one that arrives apart from its request.
    writeAll(socket, exchanges, this.#generation !== '2024');
    if (!socket.writableNeedDrain || this.#isFull) return;
    this.#isFull = true;
    this.table.hold();
  }

  ended(): void {
    this.owner.ended();
  }

  settled(request: ZcachedRequest, ending: RequestEnding): void {
    this.owner.settled(request, ending);
    if (this.#closing) this.#closeWhenIdle();
  }

  overdue(request: ZcachedRequest): void {
    const waited = Math.round(this.settings.clock.now() - request.since);
    this.#fail(new RequestTimeoutError(request.name, 'maybe', waited));
  }

  /**
   * Lets outstanding requests finish within `closeTimeout`, and then closes the socket. Requests fail at once on a
   * transport that was lost or whose reply is overdue. The socket stays half-closed for a reply that is merely late,
   * because a reset in answer to it takes a server with TLS down.
   */
  close(): Promise<void> {
    if (this.#closing) return this.#closing;
    const socket = this.#socket;
    this.#closing = new Promise((resolve) => {
      if (socket.closed) resolve();
      else socket.once('close', () => resolve());
    });
    const isOverdue = this.#lost ? this.#lost.cause instanceof RequestTimeoutError : this.#owesReply;
    if (this.#lost && !isOverdue) {
      this.destroy();
      return this.#closing;
    }
    const cancel = this.settings.clock.after(this.settings.closeTimeout, () => this.destroy());
    socket.once('close', cancel);
    if (isOverdue) {
      this.#stop();
      socket.end();
    } else {
      this.#closeWhenIdle();
    }
    return this.#closing;
  }

  /** Fails outstanding requests and closes the socket at once. */
  destroy(): void {
    this.#stop();
    this.#socket.destroy();
  }

  /** Whether the oldest request in flight has timed out: the others would wait for a silent server. */
  get #owesReply(): boolean {
    const { oldest } = this.table;
    if (oldest?.state !== 'tombstone') return false;
    return this.settings.clock.now() - oldest.since >= oldest.timeout;
  }

  #closeWhenIdle(): void {
    if (this.#isClosed || this.table.pending > 0) return;
    this.#stop();
    // The server never closes its own side.
    this.#socket.destroySoon();
  }

  #stop(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket
      .off('drain', this.#drained)
      .off('error', this.#failed)
      .off('end', this.#ended)
      .off('close', this.#ended)
      // Without a listener, a late error would end the process.
      .on('error', ignore);
    this.table.close(this.#lost ? this.#lost.cause : new ConnectionClosedError('The connection was closed.'));
  }

  #fail(cause: unknown): void {
    if (this.#lost || this.#isClosed) return;
    this.#lost = { cause };
    if (this.#closing) this.destroy();
    else this.owner.lost(this, cause);
  }

  readonly #drained = (): void => {
    this.#isFull = false;
    this.table.release();
  };

  readonly #failed = (cause: Error): void => this.#fail(new ZcachedDisconnectedError(cause));

  readonly #ended = (): void => this.#fail(new ZcachedDisconnectedError());

  /** Pauses writes while received bytes are matched, so that no reply settles a request that was written after it. */
  readonly #received = (buffer: Buffer, length: number): void => {
    if (this.#isClosed) return;
    this.#decoder.push(buffer, length);
    this.table.hold();
    try {
      this.#match();
    } catch (error) {
      if (!(error instanceof ZcachedProtocolError)) throw error;
      const { oldest } = this.table;
      if (oldest) this.table.refuse(oldest, error, 'failed');
      this.#fail(error);
    } finally {
      this.table.release();
    }
  };

  #match(): void {
    while (!this.#lost && !this.#isClosed && !this.#decoder.drained()) {
      const { oldest } = this.table;
      if (!oldest) throw new ZcachedProtocolError('A reply came without a request', this.#decoder.offset);
      const reply = this.#decoder.next(oldest.frame.form);
      if (reply === undefined) return;
      this.#answer(oldest, reply);
    }
  }

  #answer(request: ZcachedRequest, reply: Reply): void {
    if (!(reply instanceof ErrorReply)) {
      this.table.answer(request, reply);
      return;
    }
    const error = serverError(request.name, reply);
    this.table.refuse(request, error);
    // The request was well-formed, so the server has lost the frame boundary. It may also reply to the rest of the
    // frame.
    if (error.kind === 'BAD_REQUEST') this.#fail(error);
  }
}

const ignore = (): void => {};
