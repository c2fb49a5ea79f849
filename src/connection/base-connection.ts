import type { Observable } from 'rxjs';
import { type Deferred, deferred } from '../deferred.js';
import { ConnectionClosedError } from '../errors.js';
import { INSPECT } from '../inspect.js';
import { type Connection, type ConnectionState, isUpState, RECORD, textOf } from './connection.js';
import { ConnectionRecord, pendingStreamOf, stateStreamOf } from './record.js';

interface Attempt {
  readonly controller: AbortController;
  readonly result: Deferred<void>;
}

/** What is left of the last transport: why it broke, or the promise of its closing. */
interface LastSession {
  readonly cause?: unknown;
  readonly closing?: Promise<void>;
}

/**
 * The state machine and request count of a connection. A subclass opens and closes one transport, and calls `begin` and
 * `end` for each request.
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
  /** The record of the connection. @hidden */
  readonly [RECORD]: ConnectionRecord<this> = new ConnectionRecord(this);
  /** The attempt while connecting, the transport while connected, and afterwards the last session. */
  #current: Attempt | T | LastSession | undefined = undefined;

  /** Emits the current state, then every change. Never errors and never completes. */
  get state$(): Observable<ConnectionState> {
    return stateStreamOf(this[RECORD]);
  }

  /** Emits the requests in flight, then every change. Never errors and never completes. */
  get pending$(): Observable<number> {
    return pendingStreamOf(this[RECORD]);
  }

  /** The current state. */
  get state(): ConnectionState {
    return this[RECORD].state;
  }

  /** How many requests are in flight now. */
  get pending(): number {
    return this[RECORD].inFlight;
  }

  /** Why the connection is broken; undefined in every other state. */
  get cause(): unknown {
    return lastSessionOf(this.state, this.#current)?.cause;
  }

  /** The open transport, if there is one. */
  protected get transport(): T | undefined {
    return isUpState(this.state) ? (this.#current as T) : undefined;
  }

  /**
   * Opens a transport. Resolves once a request may be sent over it, and rejects with the cause. If the transport opens
   * after `signal` has aborted, it is passed to `shut`. Listen to the signal if opening may hang.
   */
  protected abstract open(signal: AbortSignal): Promise<T>;

  /**
   * Closes a transport and fails its requests in flight. Called once for each opened transport, lost ones included,
   * after the state has changed. `close()` waits for this, so it must settle within a bound.
   */
  protected abstract shut(transport: T): Promise<void> | void;

  /** Dials. Shares an attempt under way, and resolves at once while connected. Rejects with the cause. */
  connect(): Promise<void> {
    if (isUpState(this.state)) return Promise.resolve();
    const underWay = attemptOf(this.state, this.#current);
    if (underWay) return underWay.result.promise;
    const attempt: Attempt = { controller: new AbortController(), result: deferred() };
    const { signal } = attempt.controller;
    this.#current = attempt;
    signal.addEventListener('abort', () => attempt.result.reject(signal.reason), { once: true });
    this[RECORD].setState('connecting');
    // A subscriber of `state$` may have closed the connection by now.
    if (!signal.aborted) BaseConnection.#open(this, attempt);
    return attempt.result.promise;
  }

  /**
   * Closes the connection. The state is `closed` when this returns; the promise resolves when the transport is closed.
   */
  close(): Promise<void> {
    const lastClosing = lastSessionOf(this.state, this.#current)?.closing;
    if (this.state === 'closed') return lastClosing ?? Promise.resolve();
    const attempt = attemptOf(this.state, this.#current);
    const { transport } = this;
    // The promise is stored first; then the state changes, and then the transport is closed.
    const closing = deferred();
    this.#current = { closing: closing.promise };
    // The state changes before the requests fail, so that a request that is retried at once is not sent here again.
    this[RECORD].setState('closed');
    attempt?.controller.abort(new ConnectionClosedError('The connection was closed while it was being dialled.'));
    closing.resolve(transport ? settled(() => this.shut(transport)) : lastClosing);
    return closing.promise;
  }

  /** Reports that a transport has failed. The connection becomes broken, unless it has another transport by now. */
  protected lost(transport: T, cause: unknown): void {
    if (transport !== this.#current) {
      if (this.state === 'connecting') lostBeforeOpen.set(transport, cause);
      return;
    }
    const closing = deferred();
    this.#current = { cause, closing: closing.promise };
    this[RECORD].setState('broken', cause);
    closing.resolve(settled(() => this.shut(transport)).catch(ignore));
  }

  /** Reports that a transport takes no new requests and finishes those it has. */
  protected draining(transport: T): void {
    if (transport === this.#current && this.state === 'connected') this[RECORD].setState('draining');
  }

  /** Counts a request that begins. */
  protected begin(): void {
    this[RECORD].begin();
  }

  /** Counts a request that ends. */
  protected end(): void {
    this[RECORD].end();
  }

  /** Static, because a private method would add a word to each connection's memory. */
  static #open<T extends object>(connection: BaseConnection<T>, attempt: Attempt): void {
    const failed = (cause: unknown): void => {
      if (connection.#current !== attempt) return;
      connection.#current = { cause };
      attempt.result.reject(cause);
      connection[RECORD].setState('broken', cause);
    };
    const opened = (transport: T): void => {
      const isInTime = connection.#current === attempt;
      if (!isInTime || lostBeforeOpen.has(transport)) {
        void settled(() => connection.shut(transport)).catch(ignore);
        if (isInTime) failed(lostBeforeOpen.get(transport));
        return;
      }
      connection.#current = transport;
      attempt.result.resolve();
      connection[RECORD].setState('connected');
    };
    settled(() => connection.open(attempt.controller.signal)).then(opened, failed);
  }
}

// Defined on the prototype, so that the types of the class do not show it.
Object.defineProperty(BaseConnection.prototype, INSPECT, {
  value(this: BaseConnection<object>): string {
    const names = [this.constructor.name, textOf(this, 'name'), textOf(this, 'endpoint')];
    return `${names.filter(Boolean).join(' ')} (${this.state}, ${this.pending} pending)`;
  },
});

const attemptOf = (state: ConnectionState, current: object | undefined): Attempt | undefined =>
  state === 'connecting' ? (current as Attempt) : undefined;

const lastSessionOf = (state: ConnectionState, current: object | undefined): LastSession | undefined =>
  state === 'broken' || state === 'closed' ? (current as LastSession) : undefined;

/** The result of a subclass's method as a promise, also if it returns or throws synchronously. */
const settled = async <R>(call: () => Promise<R> | R): Promise<R> => await call();

/** The causes of transports that were lost before their dial had settled. */
const lostBeforeOpen = new WeakMap<object, unknown>();

const ignore = (): void => {};
