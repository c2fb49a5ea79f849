import { type Deferred, deferred } from '../deferred.js';
import { ConnectionClosedError } from '../errors.js';
import { NotConnectedError, RequestQueueFullError, RequestTimeoutError } from '../request/errors.js';
import { Request, type RequestEnding } from '../request/request.js';
import { type RequestHost, RequestTable } from '../request/table.js';
import {
  WebSocketClosedError,
  WebSocketEncodingError,
  WebSocketProtocolError,
  WebSocketRequestTooLargeError,
  type WebSocketViolation,
} from './errors.js';
import type { WebSocketSettings } from './options.js';
import { CLOSED, OPEN, sizeOf, type WebSocketData, type WebSocketEvent, type WebSocketLike } from './socket.js';

/** Is told what happens on a transport. */
export interface TransportOwner<M> {
  /** A request of a caller is no longer in flight. */
  ended(): void;
  /** A request of a caller has settled. */
  settled(since: number, ending: RequestEnding): void;
  /** A message that answers no request was received. */
  message(message: M): void;
  /** The server takes no new requests. */
  draining(transport: object): void;
  /** The transport has failed. Called once, and not after `close()`. */
  lost(transport: object, cause: unknown): void;
}

/** The data of a request. */
interface Frame {
  readonly data: WebSocketData;
  readonly id: number;
  /** Whether it is the connection's own request, which is not counted. */
  readonly isOwn: boolean;
}

/** Options of a request. */
export interface RequestTerms {
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether it is the connection's own request. @default false */
  readonly isOwn?: boolean;
}

/** Milliseconds between checks of the buffered bytes, because a WebSocket has no event for them. */
const LOOK = 10;

/** How many forgotten requests are remembered by their ids, in case a reply comes after all. */
const MAX_FORGOTTEN = 1000;

/** The close code of a connection closed by its user. */
const NORMAL = 1000;

/** The close code of an end without a code. */
const ABNORMAL = 1006;

/**
 * One WebSocket. Sends the frames of its request table, and settles the request that a message answers. A failure calls
 * {@link TransportOwner.lost}, once.
 */
export class Transport<Q, M, R> implements RequestHost<Frame, R> {
  readonly table: RequestTable<Frame, R>;
  readonly #socket: WebSocketLike;
  readonly #opened: Deferred<void> = deferred();
  /** The requests by their ids, including those in the queue. */
  readonly #requests = new Map<number, Request<Frame, R>>();
  readonly #forgotten = new Set<number>();
  /** When the last message was received, in milliseconds of the clock. */
  #heardAt: number;
  #id = 0;
  #isAttached = false;
  #isFull = false;
  #lost: { readonly cause: unknown } | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  /** Whether sending and receiving have stopped. */
  #isStopped = false;
  #cancelLook = ignore;
  #cancelPing = ignore;

  /** Throws the error of the class of WebSockets. */
  constructor(
    private readonly settings: WebSocketSettings<Q, M, R>,
    url: string,
    private readonly owner: TransportOwner<M>,
  ) {
    const { WebSocket, clock, protocols, isReply, maxInFlight, maxQueue, requestTimeout: usualTimeout } = settings;
    const socket = new WebSocket(url, [...protocols]);
    this.#socket = socket;
    this.#heardAt = clock.now();
    this.table = new RequestTable(this, { clock, usualTimeout, inOrder: isReply !== undefined, maxQueue, maxInFlight });
    // Writes are paused until the WebSocket is open.
    this.table.hold();
    this.#opened.promise.catch(ignore);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', this.#open);
    socket.addEventListener('message', this.#received);
    socket.addEventListener('error', this.#failed);
    socket.addEventListener('close', this.#closed);
    // Never removed: in Node, an error without a listener would end the process.
    socket.addEventListener('error', ignore);
  }

  /** Resolves when the WebSocket is open; rejects with the cause if it fails before. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Why it was lost, if it was. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#lost;
  }

  /** Ends the dial. From now on a failure is reported to the owner; before, it ended the transport. */
  attach(): void {
    if (this.#lost) throw this.#lost.cause;
    this.#isAttached = true;
  }

  /** Sends a request, and resolves with its reply. Throws if nothing was sent. */
  ask(request: Q, { timeout, signal, isOwn = false }: RequestTerms): Promise<R> {
    const name = this.settings.label(request);
    // One of the connection's own fails with what ends the WebSocket.
    if (!isOwn && this.#socket.readyState !== OPEN) throw new NotConnectedError(name, this.#lost?.cause);
    const id = ++this.#id;
    const data = encoded(name, () => this.settings.encode(request, id), this.settings);
    const { promise, resolve, reject } = deferred<R>();
    const added = new Request<Frame, R>(name, { data, id, isOwn }, timeout, signal, resolve, reject);
    this.table.add(added);
    this.#requests.set(id, added);
    return promise;
  }

  /** Sends data without a reply. */
  send(name: string, make: () => WebSocketData): void {
    if (this.#socket.readyState !== OPEN) throw new NotConnectedError(name, this.#lost?.cause);
    this.#socket.send(encoded(name, make, this.settings));
    this.#holdWhileFull();
  }

  write(frames: readonly Frame[]): void {
    for (const { data } of frames) this.#socket.send(data);
    this.#holdWhileFull();
  }

  ended({ frame }: Request<Frame, R>): void {
    this.#requests.delete(frame.id);
    if (!frame.isOwn) this.owner.ended();
  }

  settled({ frame, since }: Request<Frame, R>, ending: RequestEnding): void {
    if (!frame.isOwn) this.owner.settled(since, ending);
    if (this.#closing) this.#closeWhenIdle();
  }

  /** A reply is overdue. A protocol by id forgets the request, unless the server is silent. */
  overdue(request: Request<Frame, R>): void {
    const { clock, isReply, requestTimeout } = this.settings;
    const waited = clock.now() - request.since;
    const isSilent = clock.now() - this.#heardAt >= Math.max(request.timeout, requestTimeout);
    if (isReply || isSilent) {
      this.#fail(new RequestTimeoutError(request.name, 'maybe', Math.round(waited)));
      return;
    }
    this.#forgotten.add(request.frame.id);
    const [oldest] = this.#forgotten;
    if (this.#forgotten.size > MAX_FORGOTTEN) this.#forgotten.delete(oldest as number);
    this.table.forget(request);
  }

  /**
   * Lets outstanding requests finish, then closes the WebSocket and waits for the server's side, all within
   * `closeTimeout`. A lost one is ended at once.
   */
  close(): Promise<void> {
    if (this.#closing) return this.#closing;
    const { promise, resolve } = deferred();
    this.#closing = promise;
    const socket = this.#socket;
    const cancel = this.settings.clock.after(this.settings.closeTimeout, () => {
      this.destroy();
      over();
    });
    const over = (): void => {
      cancel();
      socket.removeEventListener('close', over);
      resolve();
    };
    if (socket.readyState === CLOSED) over();
    else socket.addEventListener('close', over);
    if (this.#lost) this.destroy();
    else this.#closeWhenIdle();
    return promise;
  }

  /** Fails outstanding requests and ends the WebSocket as soon as possible. */
  destroy(): void {
    this.#stop();
    const socket = this.#socket;
    if (socket.terminate) socket.terminate();
    else socket.close();
  }

  #closeWhenIdle(): void {
    if (this.#isStopped || this.table.pending > 0) return;
    this.#stop();
    this.#socket.close(NORMAL);
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelLook();
    this.#cancelPing();
    const socket = this.#socket;
    socket.removeEventListener('open', this.#open);
    socket.removeEventListener('message', this.#received);
    socket.removeEventListener('error', this.#failed);
    socket.removeEventListener('close', this.#closed);
    const cause = this.#lost ? this.#lost.cause : new ConnectionClosedError('The connection was closed.');
    this.#opened.reject(cause);
    this.table.close(cause);
  }

  #fail(cause: unknown): void {
    if (this.#lost || this.#isStopped) return;
    this.#lost = { cause };
    this.#opened.reject(cause);
    if (this.#isAttached && !this.#closing) this.owner.lost(this, cause);
    else this.destroy();
  }

  readonly #open = (): void => {
    this.#heardAt = this.settings.clock.now();
    this.#opened.resolve();
    this.table.release();
    this.#pingIn(this.settings.pingInterval || 0);
  };

  /** After an error a WebSocket closes without a code. In Node, its event `close` may be late. */
  readonly #failed = ({ error }: WebSocketEvent): void => this.#end(ABNORMAL, '', false, error ?? undefined);

  readonly #closed = ({ code = ABNORMAL, reason = '', wasClean = false }: WebSocketEvent): void =>
    this.#end(code, reason, wasClean);

  #end(code: number, reason: string, wasClean: boolean, cause?: unknown): void {
    const isTerminal = this.settings.terminalCodes.includes(code);
    this.#fail(new WebSocketClosedError(code, reason, wasClean, isTerminal, cause));
  }

  /** Pauses writes while a message is matched, so that it does not settle a request that was written after it. */
  readonly #received = ({ data }: WebSocketEvent): void => {
    this.#heardAt = this.settings.clock.now();
    const bytes = sizeOf(data) ?? 0;
    this.table.hold();
    try {
      if (bytes > this.settings.maxMessageBytes) throw new WebSocketProtocolError('TOO_LARGE', bytes);
      this.#match(data as string | ArrayBuffer, bytes);
    } catch (error) {
      const isOurs = error instanceof WebSocketProtocolError;
      this.#fail(isOurs ? error : new WebSocketProtocolError('UNDECODABLE', bytes, error));
    } finally {
      this.table.release();
    }
  };

  /** Throws if the message is invalid. */
  #match(data: string | ArrayBuffer, bytes: number): void {
    const { decode, isDraining } = this.settings;
    const message = decode(data);
    const request = this.#answeredBy(message, bytes);
    if (isDraining?.(message)) this.owner.draining(this);
    if (request === 'none') {
      if (!this.#closing) this.owner.message(message);
    } else if (request !== 'late') this.#answer(request, message);
  }

  /** The request that a message answers; `none`, or `late` if its reply is no longer expected. */
  #answeredBy(message: M, bytes: number): Request<Frame, R> | 'none' | 'late' {
    const { correlate, isReply, unknownId } = this.settings;
    const refuse = (violation: WebSocketViolation): never => {
      throw new WebSocketProtocolError(violation, bytes);
    };
    if (isReply) return isReply(message) ? (this.table.oldest ?? refuse('UNEXPECTED_REPLY')) : 'none';
    const id = correlate(message);
    if (id === undefined) return 'none';
    const request = this.#requests.get(id);
    if (request && request.state !== 'queued') return request;
    if (this.#forgotten.delete(id)) return 'late';
    return unknownId === 'message' ? 'none' : refuse('UNKNOWN_ID');
  }

  #answer(request: Request<Frame, R>, message: M): void {
    let reply: R;
    try {
      // The reply to a tombstone is dropped without a look at it.
      reply = request.state === 'sent' ? this.settings.reply(message) : (undefined as R);
    } catch (error) {
      if (!this.#isStopped) this.table.refuse(request, error);
      return;
    }
    // `reply` may have ended the transport.
    if (!this.#isStopped) this.table.answer(request, reply);
  }

  #holdWhileFull(): void {
    const { clock, maxBufferedBytes } = this.settings;
    if (this.#isFull || this.#isStopped || this.#socket.bufferedAmount <= maxBufferedBytes) return;
    this.#isFull = true;
    this.table.hold();
    const look = (): void => {
      if (this.#socket.bufferedAmount > maxBufferedBytes) {
        this.#cancelLook = clock.after(LOOK, look);
        return;
      }
      this.#isFull = false;
      this.table.release();
    };
    this.#cancelLook = clock.after(LOOK, look);
  }

  /** Sends a ping after `pingInterval` without a message. */
  #pingIn(delay: number): void {
    const { clock, ping, pingInterval } = this.settings;
    if (!ping || pingInterval === false || this.#isStopped) return;
    this.#cancelPing = clock.after(delay, () => {
      const left = this.#heardAt + pingInterval - clock.now();
      if (left > 0) this.#pingIn(left);
      else void this.#keepAlive(ping).then(() => this.#pingIn(pingInterval));
    });
  }

  /** Breaks the connection if a ping is not answered and nothing else was received meanwhile. */
  async #keepAlive(ping: () => Q): Promise<void> {
    const { clock, isReply, pingTimeout: timeout } = this.settings;
    // In order, a ping would wait for slow requests, which have their own deadlines.
    if (isReply && this.table.outstanding > 0) return;
    const since = clock.now();
    try {
      await this.ask(ping(), { timeout, isOwn: true });
    } catch (error) {
      if (this.#heardAt < since && !(error instanceof RequestQueueFullError)) this.#fail(error);
    }
  }
}

/** Encodes data, and throws if it must not be sent. */
function encoded<Q, M, R>(
  name: string,
  make: () => WebSocketData,
  { maxRequestBytes }: WebSocketSettings<Q, M, R>,
): WebSocketData {
  let data: WebSocketData;
  try {
    data = make();
  } catch (error) {
    throw new WebSocketEncodingError(name, 'encode() threw: see the member thrown', error);
  }
  const bytes = sizeOf(data);
  if (bytes === undefined) throw new WebSocketEncodingError(name, 'encode() must return text or bytes');
  if (bytes > maxRequestBytes) throw new WebSocketRequestTooLargeError(name, bytes, maxRequestBytes);
  return data;
}

const ignore = (): void => {};
