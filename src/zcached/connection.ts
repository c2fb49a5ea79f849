import { type Observable, Subject } from 'rxjs';
import { checkTimeout } from '../checks.js';
import { BaseConnection } from '../connection/base-connection.js';
import type { Outcome } from '../connection/connection.js';
import { wrongType } from '../errors.js';
import { NotConnectedError } from '../request/errors.js';
import { Request, type RequestEnding } from '../request/request.js';
import { nameOf } from './address.js';
import { dial } from './dial.js';
import { encodeRequest } from './encode.js';
import type { Generation } from './generation.js';
import { MAX_REQUEST_BYTES } from './generation.js';
import type { ZcachedOptions, ZcachedSettings } from './options.js';
import { resolveForm, resolveOptions } from './options.js';
import type { Transport, TransportOwner, ZcachedRequest } from './transport.js';
import { isUrl, withUrl } from './url.js';
import type { ReplyForm, ZcachedArgument, ZcachedValue } from './value.js';

/** A request with all its options. */
export interface ZcachedCall {
  /** The command as the server names it, for example `GET`. */
  readonly command: string;
  /** The arguments of the command. @default none */
  readonly args?: readonly ZcachedArgument[] | undefined;
  /** An abort rejects the request; a request that is still queued is then never sent. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the reply, including time in the queue. @default the connection's `requestTimeout` */
  readonly timeout?: number | undefined;
  /** The form of maps in the reply. @default the connection's `maps` */
  readonly maps?: ReplyForm['maps'] | undefined;
  /** The form of strings in the reply. @default the connection's `strings` */
  readonly strings?: ReplyForm['strings'] | undefined;
}

/**
 * A connection to one zcached server, over TCP, TLS or a Unix socket. It takes any number of requests and sends them
 * one after another, as the server requires. It neither redials nor retries by itself: a pool redials, and the caller
 * retries. After `close()` it refuses new requests, and outstanding ones may finish within `closeTimeout`; `close()`
 * resolves when the socket is closed.
 * @example
 * ```ts
 * const connection = new ZcachedConnection({ port: 7556 });
 * await connection.connect();
 * await connection.send('SET', 'greeting', 'hello');
 * await connection.send('GET', 'greeting'); // 'hello'
 * await connection.close();
 * ```
 */
export class ZcachedConnection extends BaseConnection<Transport> {
  /** The name in logs, events, errors and metrics. */
  readonly name: string;
  readonly #settings: ZcachedSettings;
  /** Created when `outcomes$` is first read; gets values while it has subscribers. */
  #outcomes: Subject<Outcome> | undefined = undefined;
  readonly #owner: TransportOwner = {
    ended: () => this.end(),
    settled: (request, ending) => this.#settled(request, ending),
    lost: (transport, cause) => this.lost(transport, cause),
  };

  /** Throws a `TypeError` or a `RangeError` that names the option. */
  constructor(options?: ZcachedOptions);
  /** Takes options from a URL, such as `zcached://cache.example:7556`; those in `options` take precedence. */
  constructor(url: string | URL, options?: ZcachedOptions);
  constructor(target?: ZcachedOptions | string | URL, options: ZcachedOptions = {}) {
    super();
    this.#settings = resolveOptions(isUrl(target) ? withUrl(target, options) : target);
    this.name = this.#settings.name;
  }

  /** The server: `host:port`, or the path of a Unix socket. */
  get endpoint(): string {
    return nameOf(this.#settings.address);
  }

  /** The host; undefined for a Unix socket. */
  get host(): string | undefined {
    return this.#settings.address.host;
  }

  /** The port; undefined for a Unix socket. */
  get port(): number | undefined {
    return this.#settings.address.port;
  }

  /** The path of the Unix socket; undefined for TCP. */
  get path(): string | undefined {
    return this.#settings.address.path;
  }

  /** The generation of the server. `'2025'` and later end a reply with 0x03. Undefined while not connected. */
  get generation(): Generation | undefined {
    return this.transport?.generation;
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
   * Sends a command and resolves with the reply; the short form of {@link request}.
   * @example
   * ```ts
   * await connection.send('MGET', 'a', 'b'); // Map { 'a' => 1, 'b' => null }
   * ```
   */
  send(command: string, ...args: ZcachedArgument[]): Promise<ZcachedValue> {
    const { requestTimeout, form } = this.#settings;
    return this.#exchange(command, args, undefined, requestTimeout, form);
  }

  /**
   * Sends a command and resolves with the reply. Rejects with a `RequestError`, whose `sent` says whether the command
   * may have taken effect: `ZcachedServerError`, `ZcachedArgumentError`, `ZcachedRequestTooLargeError`,
   * `ZcachedUnsupportedError`, `RequestTimeoutError`, `RequestAbortedError`, `RequestQueueFullError`,
   * `NotConnectedError`, `ConnectionLostError`; or with a `ZcachedProtocolError` if the reply is malformed.
   * @example
   * ```ts
   * await connection.request({ command: 'KEYS', timeout: 30_000, signal });
   * ```
   */
  request(call: ZcachedCall): Promise<ZcachedValue> {
    try {
      const { command, args = [], signal, timeout = this.#settings.requestTimeout } = checkCall(call);
      checkTimeout('timeout', timeout);
      return this.#exchange(command, args, signal, timeout, resolveForm(call, this.#settings.form));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends a PING and resolves with its reply; rejects as {@link request} does. */
  ping(context: { readonly signal?: AbortSignal | undefined } = {}): Promise<ZcachedValue> {
    return this.request({ command: 'PING', signal: context.signal });
  }

  protected open(signal: AbortSignal): Promise<Transport> {
    return dial(this.#settings, signal, this.#owner);
  }

  protected shut(transport: Transport): Promise<void> {
    return transport.close();
  }

  #settled({ since }: ZcachedRequest, ending: RequestEnding): void {
    if (!this.#outcomes?.observed || ending === 'cancelled') return;
    this.#outcomes.next({ ok: ending === 'answered', durationMs: this.#settings.clock.now() - since });
  }

  #exchange(
    command: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    timeout: number,
    form: ReplyForm,
  ): Promise<ZcachedValue> {
    // An error thrown in here rejects the promise.
    return new Promise((resolve, reject) => {
      const { transport } = this;
      const generation = transport?.generation ?? '2025';
      const { maxRequestBytes = MAX_REQUEST_BYTES[generation] } = this.#settings;
      const frame = encodeRequest(command, args, maxRequestBytes, generation);
      if (!transport) throw new NotConnectedError(command, this.cause);
      transport.table.add(new Request(command, { frame, form }, timeout, signal, resolve, reject));
      this.begin();
    });
  }
}

/** Checks the shape of the call. Errors name only types, so that no arguments get into messages. */
function checkCall(call: ZcachedCall): ZcachedCall {
  if (typeof call !== 'object' || call === null) throw wrongType('call', 'an object', typeof call);
  const { args, signal } = call;
  if (args !== undefined && !Array.isArray(args)) throw wrongType('args', 'an array', typeof args);
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw wrongType('signal', 'an AbortSignal', typeof signal);
  }
  return call;
}
