import { Observable } from 'rxjs';
import { type Connection, type ConnectionState, isUpState } from './connection.js';

/** The load of a connection that reports an impossible count: it ranks behind every other. */
export const UNKNOWN_LOAD = 2 ** 30;

/** No transport carries more requests: a larger count is a mistake. */
const MAX_PENDING = 1_000_000;

/** The members by which a connection reports its condition. */
export type ReportingMember = 'state$' | 'pending$' | 'capacity$';

/** How a dial ended. */
export type DialResult = { readonly ok: true } | { readonly ok: false; readonly cause: unknown };

/** A stay in a pool, as the connection's record sees it. It is told of every change at once, before the listeners. */
export interface Stay {
  readonly load: number;
  /** Leases open on the connection. */
  readonly leased: number;
  /** Whether the stay goes on: false once the connection is leaving the pool. */
  readonly isMember: boolean;
  /** Whether the pool considers the connection up, in service or not. */
  readonly isUp: boolean;
  /** Whether the pool is dialling the connection. */
  readonly isDialling: boolean;
  /** Whether the pool lends it to no caller whatever its load, because the pool is suspended or its capacity is 0. */
  readonly isHeld: boolean;
  /** Whether the pool has closed the connection and keeps it as a member, to dial it again. */
  readonly isClosedByPool: boolean;
  /** Reserves the connection for the pool's own work, until the returned function is called. */
  reserve(): () => void;
  /** Whether the connection is reserved, and therefore not lent. */
  readonly isReserved: boolean;
  stateChanged(state: ConnectionState, from: ConnectionState, cause: unknown): void;
  pendingRose(): void;
  pendingFell(): void;
  pendingMoved(from: number): void;
  misreported(member: ReportingMember, value: unknown): void;
  /** Dials within the limits of the pool; shares an attempt under way. */
  dial(): Promise<DialResult>;
  /** Abandons the connection for this cause until it is dialled again. */
  giveUp(cause: unknown): void;
}

/** Listens to one connection. */
export interface RecordListener {
  onState?(state: ConnectionState, cause: unknown): void;
  onPending?(pending: number): void;
  onLoad?(from: number, to: number): void;
  /** Work of the pool's callers has ended; the duration is undefined if it was not measured. */
  onOutcome?(ok: boolean, durationMs: number | undefined): void;
  /** The pool stopped lending the connection, or started again, whatever its load. */
  onHeld?(): void;
  /** The pool asks for the connection to be released soon. */
  onReleaseRequested?(reason: unknown): void;
  /** The pool has closed the connection. */
  onRetired?(reason: unknown): void;
}

/**
 * The latest reports of a connection, and the stay in a pool that is told of them. Each connection has one record. The
 * connection itself writes it, or the observer of a connection that is not of the library's own classes.
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

  /**
   * Makes the connection check its own condition, before and after work. Replaced for a connection that is not told of
   * every change.
   */
  check(): void {}

  /** The larger of the requests in flight and the open leases: what `load` means everywhere. */
  get load(): number {
    return this.stay === undefined ? this.pending : this.stay.load;
  }

  setState(state: ConnectionState, cause?: unknown): void {
    const from = this.state;
    if (state === from) return;
    this.state = state;
    // A copy, without listeners that are added meanwhile, for example by a subscriber.
    const listeners = this.listeners && [...this.listeners];
    this.stay?.stateChanged(state, from, cause);
    if (!listeners) return;
    for (const listener of listeners) {
      // A listener changed the state again; the nested call has notified all of them.
      if (this.state !== state) return;
      if (this.listeners?.has(listener)) listener.onState?.(state, cause);
    }
  }

  /** All requests in flight, including the pool's own. */
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

  /** Takes over a count if it is possible; returns whether it is. */
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

  /** Adds a listener; the returned function removes it. */
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

/** Whether a connection is up: as its pool sees it, if it has one, or else as it reports. */
export const isUp = ({ state, stay }: ConnectionRecord): boolean => (stay?.isMember ? stay.isUp : isUpState(state));

/** Whether a connection is neither up nor being dialled, by the same rule. */
export const isDown = (record: ConnectionRecord): boolean =>
  !isUp(record) && !(record.stay?.isMember ? record.stay.isDialling : record.state === 'connecting');

/** Whether a connection is being dialled, or waits for its closing in order to be dialled again. */
export const isBeingDialled = ({ state, stay }: ConnectionRecord): boolean =>
  state === 'connecting' || (stay?.isDialling === true && state !== 'connected');

/** Requests that the pool itself sends on one connection; they do not count as load. */
export interface OwnRequests {
  /** How many of the requests in flight are the pool's own. */
  readonly count: number;
  /** The number of requests in flight changed. */
  changed(before: number, inFlight: number): void;
  end(): void;
}

/** Kept outside the records: few connections are validated, warmed up or reset at one moment. */
export const ownRequests = new Map<ConnectionRecord, OwnRequests>();

/** Kept outside the records: the streams of most connections are never read. */
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

/** Emits the current value, then each different one. */
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
      // Listening starts first: a subscriber may change the value while it receives the first one.
      const stop = record.listen({ [event]: emit });
      emit();
      return stop;
    });
  known.set(record, stream);
  return stream;
}
