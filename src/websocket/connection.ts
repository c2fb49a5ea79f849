import { type Observable, Subject } from 'rxjs';
import { checkEach, checkSignal, checkTimeout } from '../checks.js';
import { BaseConnection } from '../connection/base-connection.js';
import type { Outcome } from '../connection/connection.js';
import { NotConnectedError } from '../request/errors.js';
import type { RequestEnding } from '../request/request.js';
import { dial } from './dial.js';
import { type ReplyOf, resolveOptions, type WebSocketOptions, type WebSocketSettings } from './options.js';
import type { WebSocketData } from './socket.js';
import type { Transport, TransportOwner } from './transport.js';
import type { WebSocketUrl } from './url.js';

/** Options of a request. */
export interface WebSocketCallOptions {
  /** An abort rejects the request with a `RequestAbortedError`. A request that is still queued is then never sent. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the reply, including time in the queue. @default the connection's `requestTimeout` */
  readonly timeout?: number | undefined;
}

const CALL_OPTIONS = { signal: checkSignal, timeout: checkTimeout };

/**
 * A connection over a standard WebSocket: the browser's, Node's own from version 22 on, or that of the package `ws`. It
 * carries many requests at once, and matches replies to them by an id, or by their order. It neither redials nor
 * retries by itself: a pool redials, and the caller retries.
 *
 * A request that timed out or was aborted stays in flight until its reply comes, which is dropped. If no reply comes
 * for another `requestTimeout`, a protocol by id forgets the request. The connection is lost instead if replies come in
 * order, or if it received nothing at all.
 *
 * After `close()` it refuses new requests, and outstanding ones may finish within `closeTimeout`.
 *
 * @typeParam Q - a request.
 * @typeParam M - a message of the server.
 * @typeParam R - a reply: a message, or what the option `reply` makes of it.
 * @example
 * ```ts
 * const connection = new WebSocketConnection<{ method: string }, { id?: number; result: string }>('wss://api.example');
 * await connection.connect();
 * const { result } = await connection.request({ method: 'status' }, { timeout: 500 });
 * connection.messages$.subscribe((message) => console.log('not asked for', message));
 * await connection.close();
 * ```
 */
export class WebSocketConnection<Q = unknown, M = unknown, R = M> extends BaseConnection<object> {
  /** The name in logs, events, errors and metrics. */
  readonly name: string;
  /** The server: the URL without its secret parts. */
  declare readonly endpoint?: string;
  /**
   * Sends the request that the option `ping` makes, and resolves when it is answered; rejects like {@link request}.
   * Present only with that option.
   */
  declare readonly ping?: (context: { readonly signal: AbortSignal }) => Promise<void>;
  readonly #settings: WebSocketSettings<Q, M, R>;
  readonly #messages = new Subject<M>();
  /** Created when `outcomes$` is first read; gets values while it has subscribers. */
  #outcomes: Subject<Outcome> | undefined = undefined;
  readonly #owner: TransportOwner<M> = {
    ended: () => this.end(),
    settled: (since, ending) => this.#settled(since, ending),
    message: (message) => this.#messages.next(message),
    draining: (transport) => this.draining(transport),
    lost: (transport, cause) => this.lost(transport, cause),
  };

  /**
   * @param url - with the scheme ws, wss, http or https; in a page it may be relative. Or a function that returns a
   * URL, or a promise of one, for each dial.
   * @throws a `TypeError` or a `RangeError` that names the option, without any part of the URL
   */
  constructor(url: WebSocketUrl, options: WebSocketOptions<Q, M, R> & ReplyOf<M, R>);
  /** All options may be left out if the reply is the message itself. */
  constructor(url: [M] extends [R] ? WebSocketUrl : never);
  constructor(url: WebSocketUrl, options: WebSocketOptions<Q, M, R> = {}) {
    super();
    this.#settings = resolveOptions(url, options);
    const { name, endpoint, ping } = this.#settings;
    this.name = name;
    if (endpoint !== undefined) this.endpoint = endpoint;
    if (ping) {
      this.ping = async ({ signal }) => {
        await this.request(ping(), { signal });
      };
    }
  }

  /** Emits the messages that answer no request, also those received during a dial. Hot; never errors or completes. */
  get messages$(): Observable<M> {
    return this.#messages.asObservable();
  }

  /**
   * Emits one value for each settled request. `ok` means that the server answered, even with an error; false means a
   * timeout or a loss. Requests that their caller aborted are left out. Hot; never errors or completes.
   */
  get outcomes$(): Observable<Outcome> {
    this.#outcomes ??= new Subject();
    return this.#outcomes.asObservable();
  }

  /**
   * Sends a request and resolves with the reply. Rejects with a `RequestError`, whose `sent` says whether the request
   * may have had an effect: `WebSocketEncodingError`, `WebSocketRequestTooLargeError`, `RequestTimeoutError`,
   * `RequestAbortedError`, `RequestQueueFullError`, `NotConnectedError`, `ConnectionLostError`; or with the error of
   * the option `reply`.
   * @example
   * ```ts
   * const connection = new WebSocketConnection<{ method: string }, { result: string }>('wss://api.example');
   * const { result } = await connection.request({ method: 'status' }, { timeout: 500 });
   * ```
   */
  async request(request: Q, options: WebSocketCallOptions = {}): Promise<R> {
    checkEach('options', options, CALL_OPTIONS);
    const transport = this.#open;
    const { label, requestTimeout } = this.#settings;
    const { signal, timeout = requestTimeout } = options;
    if (!transport) throw new NotConnectedError(label(request), this.cause);
    const reply = transport.ask(request, { timeout, signal });
    this.begin();
    return reply;
  }

  /**
   * Sends text or bytes unchanged, without a reply. They overtake requests that wait in the queue.
   *
   * @throws `NotConnectedError`, `WebSocketRequestTooLargeError`, and `WebSocketEncodingError` for other types
   * @example
   * ```ts
   * const connection = new WebSocketConnection('wss://api.example');
   * await connection.connect();
   * connection.send(JSON.stringify({ type: 'typing' }));
   * ```
   */
  send(data: WebSocketData): void {
    const transport = this.#open;
    if (!transport) throw new NotConnectedError('send', this.cause);
    transport.send('send', () => data);
  }

  protected override open(signal: AbortSignal): Promise<object> {
    return dial(this.#settings, signal, this.#owner);
  }

  protected override shut(transport: object): Promise<void> {
    return (transport as Transport<Q, M, R>).close();
  }

  /** The open transport, if there is one. Its type is not public. */
  get #open(): Transport<Q, M, R> | undefined {
    return this.transport as Transport<Q, M, R> | undefined;
  }

  #settled(since: number, ending: RequestEnding): void {
    if (!this.#outcomes?.observed || ending === 'cancelled') return;
    this.#outcomes.next({ ok: ending === 'answered', durationMs: this.#settings.clock.now() - since });
  }
}
