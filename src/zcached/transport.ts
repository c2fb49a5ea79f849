import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { ConnectionClosedError } from '../errors.js';
import { RequestTimeoutError } from '../request/errors.js';
import type { Request, RequestEnding } from '../request/request.js';
import type { RequestHost } from '../request/table.js';
import { RequestTable } from '../request/table.js';
import { Decoder } from './decoder.js';
import type { Frame } from './encode.js';
import { ZcachedDisconnectedError, ZcachedProtocolError } from './errors.js';
import type { ZcachedSettings } from './options.js';
import { serverError } from './server-error.js';
import { ErrorReply, type Reply, type ZcachedValue } from './value.js';

/** Whoever owns a transport. */
export interface TransportOwner {
  settled(request: ZcachedRequest, ending: RequestEnding): void;
  lost(transport: Transport, cause: unknown): void;
}

export type ZcachedRequest = Request<Frame, ZcachedValue>;

const KEEP_ALIVE_DELAY = 30_000;

/**
 * One socket in lock-step: frames go out one at a time, what comes in is decoded and matched with the request
 * that is out. Whatever is wrong on the way ends in {@link TransportOwner.lost}, once.
 */
export class Transport implements RequestHost<Frame, ZcachedValue> {
  readonly table: RequestTable<Frame, ZcachedValue>;
  readonly #socket: Socket;
  readonly #decoder: Decoder;
  #lost: { readonly cause: unknown } | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;

  constructor(
    private readonly settings: ZcachedSettings,
    private owner: TransportOwner,
  ) {
    const { host, port, clock, maxQueue, requestTimeout: usualTimeout } = settings;
    this.table = new RequestTable(this, { clock, usualTimeout, maxQueue, maxInFlight: 1 });
    this.#decoder = new Decoder(settings.limits);
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY })
      .on('data', this.#received)
      .on('error', this.#failed)
      .on('end', this.#ended)
      .on('close', this.#ended);
  }

  get generation(): '2024' | '2025' {
    return this.#decoder.endsFrames ? '2025' : '2024';
  }

  /** Why it was lost, if it was. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#lost;
  }

  handOver(owner: TransportOwner): void {
    this.owner = owner;
  }

  write(frame: Frame): void {
    this.#socket.write(frame.text, frame.encoding);
  }

  settled(request: ZcachedRequest, ending: RequestEnding): void {
    this.owner.settled(request, ending);
  }

  overdue(request: ZcachedRequest): void {
    this.#lose(new RequestTimeoutError(request.name, 'maybe', request.timeout * 2));
  }

  /** Fails what is outstanding and lets go of the socket, at once if it was lost. Settles within `closeTimeout`. */
  close(): Promise<void> {
    if (this.#closing) return this.#closing;
    const socket = this.#socket;
    const closing = new Promise<void>((resolve) => {
      if (socket.closed) resolve();
      else socket.once('close', () => resolve());
    });
    this.#closing = closing;
    socket.off('data', this.#received).off('error', this.#failed).off('end', this.#ended).off('close', this.#ended);
    // Without a listener a late error would take the process down.
    socket.on('error', ignore);
    this.table.close(this.#lost ? this.#lost.cause : new ConnectionClosedError('The connection was closed.'));
    if (this.#lost || socket.connecting) socket.destroy();
    else this.#hangUp();
    return closing;
  }

  /** The server never closes its own side, and may not even read. */
  #hangUp(): void {
    const socket = this.#socket;
    const cancel = this.settings.clock.after(this.settings.closeTimeout, () => socket.destroy());
    socket.once('close', cancel);
    socket.destroySoon();
  }

  #lose(cause: unknown): void {
    if (this.#lost || this.#closing) return;
    this.#lost = { cause };
    this.owner.lost(this, cause);
  }

  readonly #failed = (cause: Error): void => this.#lose(new ZcachedDisconnectedError(cause));

  readonly #ended = (): void => this.#lose(new ZcachedDisconnectedError());

  /** Everything received is matched before anything more is written: it cannot answer what was not yet asked. */
  readonly #received = (chunk: Buffer): void => {
    this.#decoder.push(chunk);
    this.table.hold();
    try {
      this.#match();
    } catch (error) {
      if (!(error instanceof ZcachedProtocolError)) throw error;
      const { oldest } = this.table;
      if (oldest) this.table.refuse(oldest, error, 'failed');
      this.#lose(error);
    }
    this.table.release();
  };

  #match(): void {
    while (!this.#lost && !this.#decoder.drained()) {
      const { oldest } = this.table;
      if (!oldest) throw new ZcachedProtocolError('Something came that nobody asked for', this.#decoder.offset);
      const reply = this.#decoder.next();
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
    // What was sent was well-formed: the server has lost its place, and may answer the rest of it as well.
    if (error.kind === 'BAD_REQUEST') this.#lose(error);
  }
}

const ignore = (): void => {};
