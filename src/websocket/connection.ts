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

/** How a request is sent. */
export interface WebSocketCallOptions {
  /** Aborting it rejects the request with a `RequestAbortedError`; what is still queued is then never sent. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the reply, time in the queue included. @default the connection's `requestTimeout` */
  readonly timeout?: number | undefined;
}

const CALL_OPTIONS = { signal: checkSignal, timeout: checkTimeout };

/**
 * A connection over a standard WebSocket: that of a browser, Node's own from version 22 on, or that of the package `ws`.
 * It carries many requests at once, and tells their replies apart by an id, or by their order. It does not redial by
 * itself, and never repeats a request: that is left to a pool, and to the caller.
 *
 * A request that has been given up is in flight until its reply comes, which is dropped. Where the reply stays away for
 * `requestTimeout` more, the request is forgotten by id, and the connection is lost in order or where nothing came at all.
 *
 * Once `close()` was called it refuses what is new, and what is outstanding has `closeTimeout` to come to its end.
 *
 * @typeParam Q - a request.
 * @typeParam M - a message that the server sends.
 * @typeParam R - a reply: a message, or what the option `reply` makes of one.
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
  /** What logs, events and errors call it. */
  readonly name: string;
  /** The server, without what may be secret in its URL. */
  declare readonly endpoint?: string;
  /**
   * Sends the request that the option `ping` makes, and resolves with its reply; rejects as {@link request} does. There
   * only with that option.
   */
  declare readonly ping?: (context: { readonly signal: AbortSignal }) => Promise<void>;
  readonly #settings: WebSocketSettings<Q, M, R>;
  readonly #messages = new Subject<M>();
  /** Made when `outcomes$` is first read; gets values while it has subscribers. */
  #outcomes: Subject<Outcome> | undefined = undefined;
  readonly #owner: TransportOwner<M> = {
    ended: () => this.end(),
    settled: (since, ending) => this.#settled(since, ending),
    message: (message) => this.#messages.next(message),
    draining: (transport) => this.draining(transport),
    lost: (transport, cause) => this.lost(transport, cause),
  };

  /**
   * @param url - of the scheme ws or wss, http or https, and in a page relative to it; or a function that returns one, or
   * a promise of one, for each dial.
   * @throws a `TypeError` or a `RangeError` that names the option, and holds nothing of the URL
   */
  constructor(url: WebSocketUrl, options: WebSocketOptions<Q, M, R> & ReplyOf<M, R>);
  /** With a reply that is the message itself, every option may be left out. */
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

  /**
   * The messages that answer no request, as they come, also those that come while it is dialled. Hot; never errors,
   * never completes.
   */
  get messages$(): Observable<M> {
    return this.#messages.asObservable();
  }

  /**
   * One value for each request that settled: `ok` if it was answered, be it with an error, and not if it timed out or the
   * connection went. What its caller aborted says nothing of the server and is left out. Hot; never errors, never
   * completes.
   */
  get outcomes$(): Observable<Outcome> {
    this.#outcomes ??= new Subject();
    return this.#outcomes.asObservable();
  }

  /**
   * Sends a request and resolves with the reply. Rejects with a `RequestError`, whose `sent` says whether the request may
   * have had an effect: `WebSocketEncodingError`, `WebSocketRequestTooLargeError`, `RequestTimeoutError`,
   * `RequestAbortedError`, `RequestQueueFullError`, `NotConnectedError`, `ConnectionLostError`; or with what the option
   * `reply` throws.
   *
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
   * Sends text or bytes as they are, to which no reply belongs. They overtake requests that wait in the queue.
   *
   * @throws `NotConnectedError`, `WebSocketRequestTooLargeError`, and `WebSocketEncodingError` for what is neither
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

  /** The transport while it is open. Its type is none of the public ones. */
  get #open(): Transport<Q, M, R> | undefined {
    return this.transport as Transport<Q, M, R> | undefined;
  }

  #settled(since: number, ending: RequestEnding): void {
    if (!this.#outcomes?.observed || ending === 'cancelled') return;
    this.#outcomes.next({ ok: ending === 'answered', durationMs: this.#settings.clock.now() - since });
  }
}
