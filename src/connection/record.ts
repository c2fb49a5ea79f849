import { Observable } from 'rxjs';
import type { Connection, ConnectionState } from './connection.js';

/** The load of a connection whose own count is impossible: it ranks behind every other. */
export const UNKNOWN_LOAD = 2 ** 30;

/** The members by which a connection reports about itself. */
export type ReportingMember = 'state$' | 'pending$' | 'capacity$';

/** How a dial ended. */
export type DialResult = { readonly ok: true } | { readonly ok: false; readonly cause: unknown };

/** A stay in a pool, as the record of its connection sees it. Told of every change at once, before the listeners. */
export interface Stay {
  readonly load: number;
  /** Leases open on the connection. */
  readonly leased: number;
  /** Whether it goes on: not once the connection is leaving the pool. */
  readonly isMember: boolean;
  /** Whether the connection is up in the pool's eyes, in service or not. */
  readonly isUp: boolean;
  /** Whether the pool is dialling the connection. */
  readonly isDialling: boolean;
  /** Whether the pool lends it to no caller, whatever its load: it is suspended, or the capacity is 0. */
  readonly isHeld: boolean;
  /** Whether the pool has closed it and keeps it as a member, to dial it again. */
  readonly isClosedByPool: boolean;
  /** Keeps an exclusive connection from being lent, until the function returned is called. */
  reserve(): (() => void) | undefined;
  stateChanged(state: ConnectionState, from: ConnectionState, cause: unknown): void;
  pendingRose(): void;
  pendingFell(): void;
  pendingMoved(from: number): void;
  misreported(member: ReportingMember, value: unknown): void;
  /** Dials within the limits of the pool; an attempt under way is shared. */
  dial(): Promise<DialResult>;
  /** The connection is given up, for this cause, until it is dialled again. */
  giveUp(cause: unknown): void;
}

/** Listens to one connection. */
export interface RecordListener {
  onState?(state: ConnectionState, cause: unknown): void;
  onPending?(pending: number): void;
  onLoad?(from: number, to: number): void;
  /** Work of the pool's callers has ended; the duration is undefined where it was not measured. */
  onOutcome?(ok: boolean, durationMs: number | undefined): void;
  /** The pool lends it no more, or again, whatever its load. */
  onHeld?(): void;
  /** The pool wants the connection back before long. */
  onReleaseRequested?(reason: unknown): void;
  /** The pool has closed the connection. */
  onRetired?(reason: unknown): void;
}

/**
 * What a connection says of itself, kept up to date, and the stay in a pool that hears of it. One for each connection;
 * written by the connection itself, or by the observer of one that is not of the library's own kind.
 */
export class ConnectionRecord<C extends Connection = Connection> {
  pending = 0;
  stay: Stay | undefined = undefined;
  listeners: Set<RecordListener> | undefined = undefined;
  state: ConnectionState = 'idle';
  readonly connection: C;

  constructor(connection: C) {
    this.connection = connection;
  }

  /** The larger of the requests in flight and the leases open on it; `load` everywhere. */
  get load(): number {
    return this.stay === undefined ? this.pending : this.stay.load;
  }

  setState(state: ConnectionState, cause?: unknown): void {
    const from = this.state;
    if (state === from) return;
    this.state = state;
    this.stay?.stateChanged(state, from, cause);
    if (!this.listeners) return;
    // A copy: a listener that is added meanwhile was not there when the state changed.
    for (const listener of [...this.listeners]) {
      // A listener changed the state again; the nested call has notified all of them.
      if (this.state !== state) return;
      if (this.listeners?.has(listener)) listener.onState?.(state, cause);
    }
  }

  /** All requests in flight, those that the pool sends for itself included. */
  get inFlight(): number {
    return this.pending + (ownWork.get(this)?.requests ?? 0);
  }

  begin(): void {
    if (ownWork.size > 0 && this.#beginOwn()) return;
    this.pending++;
    if (this.stay !== undefined) this.stay.pendingRose();
    if (this.listeners !== undefined) this.#pendingChanged(this.pending - 1);
  }

  end(): void {
    if (ownWork.size > 0 && this.#endOwn()) return;
    if (this.pending === 0) return;
    this.pending--;
    if (this.stay !== undefined) this.stay.pendingFell();
    if (this.listeners !== undefined) this.#pendingChanged(this.pending + 1);
  }

  setPending(inFlight: number): void {
    const own = ownWork.get(this);
    if (own) {
      const more = inFlight - this.inFlight;
      if (own.isOpen) {
        own.requests = Math.max(0, own.requests + more);
        own.most = Math.max(own.most, own.requests);
      } else if (more > 0) own.requests += Math.min(more, own.most - own.requests);
      // Requests of callers end first: which of those in flight has ended is not known.
      else own.requests = Math.min(own.requests, inFlight);
    }
    this.#setPending(inFlight - (own?.requests ?? 0));
  }

  #setPending(pending: number): void {
    const before = this.pending;
    if (pending === before) return;
    this.pending = pending;
    this.stay?.pendingMoved(before);
    if (this.listeners) this.#pendingChanged(before);
  }

  /**
   * The pool works on the connection for itself: it validates it, warms it up or resets it. Requests that begin from now
   * on are no load, as {@link OwnWork} tells them apart; those that are in flight at its end are load again.
   */
  beginOwnWork(): OwnWork {
    const work: OwnWork = {
      requests: 0,
      most: 0,
      isOpen: true,
      end: () => {
        if (ownWork.get(this) !== work) return;
        ownWork.delete(this);
        if (work.requests > 0) this.#setPending(this.pending + work.requests);
      },
    };
    ownWork.get(this)?.end();
    ownWork.set(this, work);
    return work;
  }

  #beginOwn(): boolean {
    const work = ownWork.get(this);
    if (!work || (!work.isOpen && work.requests >= work.most)) return false;
    work.requests++;
    if (work.isOpen) work.most = Math.max(work.most, work.requests);
    this.#notifyPending();
    return true;
  }

  /** Which request has ended is not known: one of the callers', where there is one and the work is not alone. */
  #endOwn(): boolean {
    const work = ownWork.get(this);
    if (!work || work.requests === 0 || (!work.isOpen && this.pending > 0)) return false;
    work.requests--;
    this.#notifyPending();
    return true;
  }

  loadChanged(from: number, to: number): void {
    if (from === to || !this.listeners) return;
    for (const listener of this.listeners) listener.onLoad?.(from, to);
  }

  workEnded(ok: boolean, durationMs: number | undefined): void {
    for (const listener of this.listeners ?? []) listener.onOutcome?.(ok, durationMs);
  }

  heldChanged(): void {
    for (const listener of this.listeners ?? []) listener.onHeld?.();
  }

  requestRelease(reason: unknown): void {
    for (const listener of this.listeners ?? []) listener.onReleaseRequested?.(reason);
  }

  retired(reason: unknown): void {
    for (const listener of this.listeners ?? []) listener.onRetired?.(reason);
  }

  /** Starts notifying `listener`; the function returned stops it. */
  listen(listener: RecordListener): () => void {
    this.listeners ??= new Set();
    this.listeners.add(listener);
    return () => {
      this.listeners?.delete(listener);
      if (this.listeners?.size === 0) this.listeners = undefined;
    };
  }

  #pendingChanged(before: number): void {
    const leased = this.stay?.leased ?? 0;
    this.loadChanged(Math.max(before, leased), this.load);
    this.#notifyPending();
  }

  #notifyPending(): void {
    for (const listener of this.listeners ?? []) listener.onPending?.(this.inFlight);
  }
}

/** Work of the pool's own on one connection. */
export interface OwnWork {
  /** How many requests in flight are its own. */
  requests: number;
  /** The most that have been in flight while it was open. */
  most: number;
  /** Whether any request that begins now is its own. Otherwise so many are as have been before: it may ask again. */
  isOpen: boolean;
  end(): void;
}

/** Beside the records: at most a few connections are validated, warmed up or reset at one moment. */
const ownWork = new Map<ConnectionRecord, OwnWork>();

/** Beside the records: the streams of most connections are never read. */
const streams = {
  state: new WeakMap<ConnectionRecord, Observable<ConnectionState>>(),
  pending: new WeakMap<ConnectionRecord, Observable<number>>(),
};

/** The state of a connection as a stream; the same one at each call. */
export const stateStreamOf = (record: ConnectionRecord): Observable<ConnectionState> =>
  streamOf(streams.state, record, () => record.state, 'onState');

/** The requests in flight on a connection as a stream; the same one at each call. */
export const pendingStreamOf = (record: ConnectionRecord): Observable<number> =>
  streamOf(streams.pending, record, () => record.inFlight, 'onPending');

/** The current value, then each other one. */
function streamOf<T>(
  known: WeakMap<ConnectionRecord, Observable<T>>,
  record: ConnectionRecord,
  read: () => T,
  event: 'onState' | 'onPending',
): Observable<T> {
  const stream =
    known.get(record) ??
    new Observable<T>((subscriber) => {
      let emitted: T | undefined;
      const emit = (): void => {
        const value = read();
        if (emitted === value) return;
        emitted = value;
        subscriber.next(value);
      };
      // Listening starts first: a subscriber may change the value while it is given the first one.
      const stop = record.listen({ [event]: emit });
      emit();
      return stop;
    });
  known.set(record, stream);
  return stream;
}
