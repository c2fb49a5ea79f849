import { type Observable, Subject } from 'rxjs';
import { BaseConnection } from '../connection/base-connection.js';
import type { Outcome } from '../connection/connection.js';
import { wrongType } from '../errors.js';
import { NotConnectedError } from '../request/errors.js';
import { Request, type RequestEnding } from '../request/request.js';
import { dial } from './dial.js';
import { encodeRequest } from './encode.js';
import type { ZcachedOptions, ZcachedSettings } from './options.js';
import { duration, resolveOptions } from './options.js';
import type { Transport, TransportOwner, ZcachedRequest } from './transport.js';
import type { ZcachedArgument, ZcachedValue } from './value.js';

/** A request with everything that can be said about it. */
export interface ZcachedCall {
  /** As the server names it, `GET` for example. */
  readonly command: string;
  readonly args?: readonly ZcachedArgument[] | undefined;
  /** Aborting it rejects the request; what is still queued is then never sent. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the reply, time in the queue included. @default the connection's `requestTimeout` */
  readonly timeout?: number | undefined;
  /** How maps come. @default the connection's `maps` */
  readonly maps?: 'map' | 'object' | undefined;
  /** How strings come. @default the connection's `strings` */
  readonly strings?: 'text' | 'bytes' | undefined;
}

/**
 * A connection to one zcached server, over TCP. Takes any number of requests and has them answered one after
 * the other, as the server wants it. It does not redial by itself, and never repeats a request: that is left to
 * a pool, and to the caller.
 *
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
  readonly #settings: ZcachedSettings;
  /** Made when somebody first asks for it, and fed while somebody listens. */
  #outcomes: Subject<Outcome> | undefined = undefined;
  readonly #owner: TransportOwner = {
    settled: (request, ending) => this.#settled(request, ending),
    lost: (transport, cause) => this.lost(transport, cause),
  };

  /** Throws a `TypeError` or a `RangeError` that names the option. */
  constructor(options?: ZcachedOptions) {
    super();
    this.#settings = resolveOptions(options);
  }

  get host(): string {
    return this.#settings.host;
  }

  get port(): number {
    return this.#settings.port;
  }

  /**
   * Which generation of server answered: the 2025 one ends a reply with 0x03. Undefined while not connected;
   * settled for good once the first 0x03 was seen.
   */
  get generation(): '2024' | '2025' | undefined {
    return this.transport?.generation;
  }

  /**
   * One value for each request that settled: `ok` if it was answered, be it with an error, and not if it timed
   * out or the connection went. What its caller aborted says nothing of the server and is left out. Hot; never
   * errors, never completes.
   */
  get outcomes$(): Observable<Outcome> {
    this.#outcomes ??= new Subject();
    return this.#outcomes.asObservable();
  }

  /**
   * Sends a command and resolves with the reply; the short form of {@link request}.
   *
   * @example
   * ```ts
   * await connection.send('MGET', 'a', 'b'); // Map { 'a' => 1, 'b' => null }
   * ```
   */
  send(command: string, ...args: ZcachedArgument[]): Promise<ZcachedValue> {
    return this.#exchange(command, args, undefined, this.#settings.requestTimeout);
  }

  /**
   * Sends a command and resolves with the reply. Rejects with a `RequestError`, whose `sent` says whether the
   * command may have taken effect: `ZcachedServerError`, `ZcachedArgumentError`, `ZcachedRequestTooLargeError`,
   * `RequestTimeoutError`, `RequestAbortedError`, `RequestQueueFullError`, `NotConnectedError`,
   * `ConnectionLostError`; or with a `ZcachedProtocolError`, if what came back was no reply.
   *
   * @example
   * ```ts
   * await connection.request({ command: 'KEYS', timeout: 30_000, signal });
   * ```
   */
  request(call: ZcachedCall): Promise<ZcachedValue> {
    try {
      const { command, args = [], signal, timeout = this.#settings.requestTimeout } = checkCall(call);
      return this.#exchange(command, args, signal, duration('timeout', timeout));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  protected open(signal: AbortSignal): Promise<Transport> {
    return dial(this.#settings, signal, this.#owner);
  }

  protected shut(transport: Transport): Promise<void> {
    return transport.close();
  }

  #settled({ since }: ZcachedRequest, ending: RequestEnding): void {
    this.end();
    if (!this.#outcomes?.observed || ending === 'cancelled') return;
    this.#outcomes.next({ ok: ending === 'answered', durationMs: this.#settings.clock.now() - since });
  }

  #exchange(
    command: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    timeout: number,
  ): Promise<ZcachedValue> {
    // What is thrown in here rejects the promise.
    return new Promise((resolve, reject) => {
      const frame = encodeRequest(command, args, this.#settings.maxRequestBytes);
      const transport = this.transport;
      if (!transport) throw new NotConnectedError(command, this.cause);
      transport.table.add(new Request(command, frame, timeout, signal, resolve, reject));
      this.begin();
    });
  }
}

/** Only the shape of the call is looked at, and only types are named: arguments stay out of messages. */
function checkCall(call: ZcachedCall): ZcachedCall {
  if (typeof call !== 'object' || call === null) throw wrongType('call', 'an object', typeof call);
  const { args, signal } = call;
  if (args !== undefined && !Array.isArray(args)) throw wrongType('args', 'an array', typeof args);
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw wrongType('signal', 'an AbortSignal', typeof signal);
  }
  return call;
}
