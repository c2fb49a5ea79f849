import type { Observable } from 'rxjs';
import { ConnectionClosedError } from '../errors.js';
import { CELL, Cell } from './cell.js';
import type { Connection, ConnectionState } from './connection.js';

interface Attempt {
  readonly controller: AbortController;
  readonly promise: Promise<void>;
}

/** What is left of the last transport: why it broke, or its closing. */
interface Aftermath {
  readonly cause?: unknown;
  readonly closing?: Promise<void>;
}

/**
 * The state machine and the accounting of a connection; a subclass says how to open and shut one transport,
 * and marks where a request begins and ends. Costs nothing for whoever does not subscribe.
 *
 * @typeParam T - the transport: a socket, or an object that holds one.
 * @example
 * ```ts
 * class EchoConnection extends BaseConnection<Socket> {
 *   protected open(signal: AbortSignal) { return dialEcho(signal, (socket, cause) => this.lost(socket, cause)); }
 *   protected shut(socket: Socket) { socket.destroy(); }
 *   async echo(text: string) {
 *     this.begin();
 *     try { return await exchange(this.transport, text); } finally { this.end(); }
 *   }
 * }
 * ```
 */
export abstract class BaseConnection<T extends object> implements Connection {
  readonly [CELL]: Cell<this> = new Cell(this);
  /** The attempt while it connects, the transport while it is connected, then what is left of either. */
  #current: Attempt | T | Aftermath | undefined = undefined;

  /** Emits the current state, then every change. Never errors; completes never. */
  get state$(): Observable<ConnectionState> {
    return this[CELL].state$();
  }

  /** Emits the requests in flight, then every change. Never errors; completes never. */
  get pending$(): Observable<number> {
    return this[CELL].pending$();
  }

  /** The current state. */
  get state(): ConnectionState {
    return this[CELL].state;
  }

  /** Requests in flight now. */
  get pending(): number {
    return this[CELL].pending;
  }

  /** Why it is broken; undefined in every other state. */
  get cause(): unknown {
    return this.#aftermath?.cause;
  }

  /** The open transport, where there is one. */
  protected get transport(): T | undefined {
    return this.state === 'connected' ? (this.#current as T) : undefined;
  }

  /**
   * Opens a transport and resolves once a request may be sent over it; rejects with the cause.
   * `signal` aborts when nobody wants it any more; a transport that opens all the same is shut.
   */
  protected abstract open(signal: AbortSignal): Promise<T>;

  /**
   * Shuts a transport and fails what is in flight on it. Called once for each that was opened, lost ones included,
   * when the state says so already. `close()` settles when this does: it has to be bounded.
   */
  protected abstract shut(transport: T): Promise<void> | void;

  connect(): Promise<void> {
    if (this.state === 'connected') return Promise.resolve();
    const attempt = this.#attempt ?? this.#startAttempt();
    return attempt.promise;
  }

  close(): Promise<void> {
    if (this.state === 'closed') return this.#aftermath?.closing ?? Promise.resolve();
    const attempt = this.#attempt;
    const { transport } = this;
    const underWay = this.#aftermath?.closing;
    const { closing, shut } = announceClosing();
    this.#current = { closing };
    // Out of service before its requests fail: whoever repeats one at once must not be sent here again.
    this[CELL].setState('closed');
    attempt?.controller.abort(new ConnectionClosedError('The connection was closed while it was being dialled.'));
    shut(transport ? this.#shut(transport) : underWay);
    return closing;
  }

  /** Tells that a transport has failed: the connection is broken, unless it has moved on to another transport. */
  protected lost(transport: T, cause: unknown): void {
    if (transport !== this.#current) {
      if (this.#attempt) stillborn.set(transport, cause);
      return;
    }
    const { closing, shut } = announceClosing();
    this.#current = { cause, closing };
    this[CELL].setState('broken', cause);
    shut(this.#shut(transport).catch(ignore));
  }

  /** One more request is in flight. */
  protected begin(): void {
    this[CELL].begin();
  }

  /** One request has settled, whichever way. */
  protected end(): void {
    this[CELL].end();
  }

  get #attempt(): Attempt | undefined {
    return this.state === 'connecting' ? (this.#current as Attempt) : undefined;
  }

  get #aftermath(): Aftermath | undefined {
    return this.state === 'broken' || this.state === 'closed' ? (this.#current as Aftermath) : undefined;
  }

  #startAttempt(): Attempt {
    const controller = new AbortController();
    const { signal } = controller;
    let settle!: { resolve(): void; reject(cause: unknown): void };
    const promise = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const attempt: Attempt = { controller, promise };
    this.#current = attempt;
    signal.addEventListener('abort', () => settle.reject(signal.reason), { once: true });
    this[CELL].setState('connecting');
    // A subscriber may have closed it by now.
    if (!signal.aborted) this.#open(attempt, settle);
    return attempt;
  }

  #open(attempt: Attempt, settle: { resolve(): void; reject(cause: unknown): void }): void {
    const failed = (cause: unknown): void => {
      if (this.#current !== attempt) return;
      this.#current = { cause };
      settle.reject(cause);
      this[CELL].setState('broken', cause);
    };
    const opened = (transport: T): void => {
      if (this.#current !== attempt) {
        this.#discard(transport);
        return;
      }
      if (stillborn.has(transport)) {
        this.#discard(transport);
        failed(stillborn.get(transport));
        return;
      }
      this.#current = transport;
      settle.resolve();
      this[CELL].setState('connected');
    };
    new Promise<T>((resolve) => resolve(this.open(attempt.controller.signal))).then(opened, failed);
  }

  async #shut(transport: T): Promise<void> {
    await this.shut(transport);
  }

  /** Shuts a transport that nobody waits for. */
  #discard(transport: T): void {
    void this.#shut(transport).catch(ignore);
  }
}

/** A closing that others may wait for before it has begun: first the state changes, then the transport is shut. */
function announceClosing(): { closing: Promise<void>; shut: (closing: Promise<void> | undefined) => void } {
  let shut!: (closing: Promise<void> | undefined) => void;
  const closing = new Promise<void>((resolve) => {
    shut = resolve;
  });
  return { closing, shut };
}

/** Transports that were lost before their dial had settled, with the cause. */
const stillborn = new WeakMap<object, unknown>();

const ignore = (): void => {};
