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
 * The state machine and the request count of a connection. A subclass opens and closes one transport, and marks where
 * a request begins and ends.
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
  readonly [RECORD]: ConnectionRecord<this> = new ConnectionRecord(this);
  /** The attempt while it connects, the transport while it is connected, then what is left of either. */
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

  /** Requests in flight now. */
  get pending(): number {
    return this[RECORD].inFlight;
  }

  /** Why it is broken; undefined in every other state. */
  get cause(): unknown {
    return lastSessionOf(this.state, this.#current)?.cause;
  }

  /** The open transport, where there is one. */
  protected get transport(): T | undefined {
    return isUpState(this.state) ? (this.#current as T) : undefined;
  }

  /**
   * Opens a transport and resolves once a request may be sent over it; rejects with the cause. A transport that opens
   * after `signal` has aborted is closed by `shut`; heed the signal where opening may hang.
   */
  protected abstract open(signal: AbortSignal): Promise<T>;

  /**
   * Closes a transport and fails what is in flight on it. Called once for each transport that was opened, lost ones
   * included, after the state has changed. `close()` settles when this does: it has to be bounded.
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
    // A subscriber of `state$` may have closed it by now.
    if (!signal.aborted) BaseConnection.#open(this, attempt);
    return attempt.result.promise;
  }

  /** Closes. The state is `closed` when this returns; the promise resolves when the transport has been closed. */
  close(): Promise<void> {
    const lastClosing = lastSessionOf(this.state, this.#current)?.closing;
    if (this.state === 'closed') return lastClosing ?? Promise.resolve();
    const attempt = attemptOf(this.state, this.#current);
    const { transport } = this;
    // The promise comes before the closing: first the state changes, then the transport is closed.
    const closing = deferred();
    this.#current = { closing: closing.promise };
    // The state changes before the requests fail: a request that is repeated at once must not be sent here again.
    this[RECORD].setState('closed');
    attempt?.controller.abort(new ConnectionClosedError('The connection was closed while it was being dialled.'));
    closing.resolve(transport ? settled(() => this.shut(transport)) : lastClosing);
    return closing.promise;
  }

  /** Reports that a transport has failed: the connection is broken, unless it has another transport by now. */
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

  /** Reports that a transport takes nothing new and finishes what it carries. */
  protected draining(transport: T): void {
    if (transport === this.#current && this.state === 'connected') this[RECORD].setState('draining');
  }

  /** Counts one more request in flight. */
  protected begin(): void {
    this[RECORD].begin();
  }

  /** Counts one request less in flight. */
  protected end(): void {
    this[RECORD].end();
  }

  /** Static, because a private method would add a word to each connection. */
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

// On the prototype, so that it is no member of the class in its types.
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

/** What a subclass returns, throws or rejects with, as a promise. */
const settled = async <R>(call: () => Promise<R> | R): Promise<R> => await call();

/** Transports that were lost before their dial had settled, with the cause. */
const lostBeforeOpen = new WeakMap<object, unknown>();

const ignore = (): void => {};
