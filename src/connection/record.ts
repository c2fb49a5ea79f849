import { Observable } from 'rxjs';
import { type Connection, type ConnectionState, isUpState } from './connection.js';

/** The load of a connection whose own count is impossible: it ranks behind every other. */
export const UNKNOWN_LOAD = 2 ** 30;

/** More requests than any transport carries: such a count is a mistake. */
const MAX_PENDING = 1_000_000;

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
  /** The pool works on the connection for itself, until the function returned is called. */
  reserve(): () => void;
  /** Whether it is not lent meanwhile. */
  readonly isReserved: boolean;
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

  /** Has the connection look at itself, before and after work. Replaced where it cannot be told of everything. */
  check(): void {}

  /** The larger of the requests in flight and the leases open on it; `load` everywhere. */
  get load(): number {
    return this.stay === undefined ? this.pending : this.stay.load;
  }

  setState(state: ConnectionState, cause?: unknown): void {
    const from = this.state;
    if (state === from) return;
    this.state = state;
    // A copy: a listener that is added meanwhile, by a subscriber for example, was not there when the state changed.
    const listeners = this.listeners && [...this.listeners];
    this.stay?.stateChanged(state, from, cause);
    if (!listeners) return;
    for (const listener of listeners) {
      // A listener changed the state again; the nested call has notified all of them.
      if (this.state !== state) return;
      if (this.listeners?.has(listener)) listener.onState?.(state, cause);
    }
  }

  /** All requests in flight, those that the pool sends for itself included. */
  get inFlight(): number {
    return this.pending + (ownRequests.get(this)?.count ?? 0);
  }

  begin(): void {
    if (ownRequests.size > 0 && ownRequests.has(this)) {
      this.setPending(this.inFlight + 1);
      return;
    }
    this.pending++;
    if (this.stay !== undefined) this.stay.pendingRose();
    if (this.listeners !== undefined) this.pendingChanged(this.pending - 1);
  }

  end(): void {
    if (ownRequests.size > 0 && ownRequests.has(this)) {
      this.setPending(Math.max(0, this.inFlight - 1));
      return;
    }
    if (this.pending === 0) return;
    this.pending--;
    if (this.stay !== undefined) this.stay.pendingFell();
    if (this.listeners !== undefined) this.pendingChanged(this.pending + 1);
  }

  setPending(inFlight: number): void {
    const own = ownRequests.get(this);
    const total = this.inFlight;
    own?.changed(total, inFlight);
    const before = this.pending;
    this.pending = inFlight - (own?.count ?? 0);
    if (this.pending !== before) {
      this.stay?.pendingMoved(before);
      if (this.listeners) this.pendingChanged(before);
    } else if (inFlight !== total) this.notifyPending();
  }

  /** Takes a count over that may be impossible; returns whether it is not. */
  report(inFlight: unknown): boolean {
    const isPossible = Number.isInteger(inFlight) && (inFlight as number) >= 0 && (inFlight as number) <= MAX_PENDING;
    this.setPending(isPossible ? (inFlight as number) : UNKNOWN_LOAD);
    return isPossible;
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

  // Methods with `#` would add a word to each record.

  private pendingChanged(before: number): void {
    const leased = this.stay?.leased ?? 0;
    this.loadChanged(Math.max(before, leased), this.load);
    this.notifyPending();
  }

  private notifyPending(): void {
    for (const listener of this.listeners ?? []) listener.onPending?.(this.inFlight);
  }
}

/** Whether a connection is up: in the eyes of its pool, if it has one, or else as it says. */
export const isUp = ({ state, stay }: ConnectionRecord): boolean => (stay?.isMember ? stay.isUp : isUpState(state));

/** Whether a connection is neither up nor being dialled, in the same eyes. */
export const isDown = (record: ConnectionRecord): boolean =>
  !isUp(record) && !(record.stay?.isMember ? record.stay.isDialling : record.state === 'connecting');

/** Whether a connection is being dialled, or queued by its pool to be dialled again after a closing. */
export const isBeingDialled = ({ state, stay }: ConnectionRecord): boolean =>
  state === 'connecting' || (stay?.isDialling === true && state !== 'connected');

/** Requests that the pool sends for itself on one connection: they are no load. */
export interface OwnRequests {
  /** How many of those in flight. */
  readonly count: number;
  /** The requests in flight have become another number. */
  changed(before: number, inFlight: number): void;
  end(): void;
}

/** Beside the records: at most a few connections are validated, warmed up or reset at one moment. */
export const ownRequests = new Map<ConnectionRecord, OwnRequests>();

/** Beside the records: the streams of most connections are never read. */
const streams = {
  state: new WeakMap<ConnectionRecord, Observable<ConnectionState>>(),
  pending: new WeakMap<ConnectionRecord, Observable<number>>(),
  load: new WeakMap<ConnectionRecord, Observable<number>>(),
};

/** The state of a connection as a stream; the same one at each call. */
export const stateStreamOf = (record: ConnectionRecord): Observable<ConnectionState> =>
  streamOf(streams.state, record, () => record.state, 'onState');

/** The requests in flight on a connection as a stream; the same one at each call. */
export const pendingStreamOf = (record: ConnectionRecord): Observable<number> =>
  streamOf(streams.pending, record, () => record.inFlight, 'onPending');

/** The load of a connection as a stream; the same one at each call. */
export const loadStreamOf = (record: ConnectionRecord): Observable<number> =>
  streamOf(streams.load, record, () => record.load, 'onLoad');

/** The current value, then each other one. */
function streamOf<T>(
  known: WeakMap<ConnectionRecord, Observable<T>>,
  record: ConnectionRecord,
  read: () => T,
  event: 'onState' | 'onPending' | 'onLoad',
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
