import type { Observable } from 'rxjs';
import { cellStream } from './cell-stream.js';
import type { Connection, ConnectionState } from './connection.js';

/** A member of a pool as the pool sees it; `draining` and `ejected` are connected but out of service. */
export type Standing = 'idle' | 'connecting' | 'connected' | 'draining' | 'ejected' | 'broken';

/** The load of a connection whose own count cannot be believed: it ranks behind every other. */
export const UNKNOWN_LOAD = 2 ** 30;

/** The limit of what may carry any load. */
export const UNLIMITED = 2 ** 31 - 1;

/** Something ranked by its load. The index it is in alone writes `position`. */
export interface Ranked {
  /** Place in the index, negative while it has none. */
  position: number;
  readonly load: number;
  /** The load at which it is not to be chosen any more. */
  readonly limit: number;
}

/** Where loads are kept: told of every change of one, after it. */
export interface LoadLedger {
  up(item: Ranked, from: number): void;
  down(item: Ranked, from: number): void;
  move(item: Ranked, from: number, to: number): void;
}

/** Whoever keeps the cell: told of every change at once, after the fields have changed. */
export interface CellOwner {
  stateChanged(cell: Cell, cause: unknown): void;
  misreported(cell: Cell, member: ReportingMember, value: unknown): void;
  /** Dials within the owner's limits; an attempt under way is shared. */
  dial(cell: Cell): Promise<DialResult>;
}

/** The members by which a connection reports about itself. */
export type ReportingMember = 'state$' | 'pending$' | 'capacity$';

/** How a dial ended. */
export type DialResult = { readonly ok: true } | { readonly ok: false; readonly cause: unknown };

/** Somebody else who looks at a cell for a while. */
export interface CellWatcher {
  onState?(state: ConnectionState, cause: unknown): void;
  onPending?(pending: number): void;
  onLoad?(from: number, to: number): void;
  /** The pool wants the connection back before long: whoever holds it should come to an end. */
  onRecalled?(reason: unknown): void;
  /** The pool has let go of the connection and closed it. */
  onRetired?(reason: unknown): void;
}

/** Under this key a connection of the library's own hands over its cell. */
export const CELL: unique symbol = Symbol('rxpool.cell');

// Beside the cells: few of them are ever asked.
const states = new WeakMap<object, Observable<ConnectionState>>();
const counts = new WeakMap<object, Observable<number>>();

/**
 * All that is known of one connection, in one flat object: what the connection says of itself (state,
 * pending), what is borrowed of it, and its place in the pool that owns it. Its fields have one writer each:
 * the connection (or its feed), the borrowings, the owner.
 */
export class Cell<C extends Connection = Connection> implements Ranked {
  // What a request touches comes first: with many connections, memory is what it waits for.
  pending = 0;
  borrowed = 0;
  /** Place in the owner's index, negative while it is not to be chosen. */
  position = -1;
  /** The load at which its owner gives it out no more; written by the owner. */
  limit = UNLIMITED;
  /** The owner's books; apart from the owner, because a request looks into nothing else. */
  ledger: LoadLedger | undefined = undefined;
  watchers: Set<CellWatcher> | undefined = undefined;
  readonly connection: C;
  /** What the connection last said. */
  state: ConnectionState = 'idle';
  /** What its owner makes of that. */
  standing: Standing = 'idle';
  /** Order of joining, unique within the owner. */
  seq = 0;
  /** Borrowings of an earlier tenure ended when the connection was retired. */
  tenure = 0;
  /** How often it has ceased to be connected: what was set up on it before is gone. */
  losses = 0;
  owner: CellOwner | undefined = undefined;

  constructor(connection: C) {
    this.connection = connection;
  }

  /** A borrowing that has not sent yet counts, and one that has is not counted twice. */
  get load(): number {
    return this.pending > this.borrowed ? this.pending : this.borrowed;
  }

  setState(state: ConnectionState, cause?: unknown): void {
    if (state === this.state) return;
    if (this.state === 'connected') this.losses++;
    this.state = state;
    this.owner?.stateChanged(this, cause);
    if (this.watchers) this.tellState(state, cause);
  }

  begin(): void {
    const pending = ++this.pending;
    if (pending > this.borrowed && this.ledger !== undefined) this.ledger.up(this, pending - 1);
    if (this.watchers !== undefined) this.tellPending(pending - 1);
  }

  end(): void {
    if (this.pending === 0) return;
    const pending = --this.pending;
    if (pending >= this.borrowed && this.ledger !== undefined) this.ledger.down(this, pending + 1);
    if (this.watchers !== undefined) this.tellPending(pending + 1);
  }

  setPending(pending: number): void {
    const before = this.pending;
    if (pending === before) return;
    const from = this.load;
    this.pending = pending;
    if (from !== this.load) this.ledger?.move(this, from, this.load);
    if (this.watchers) this.tellPending(before);
  }

  borrow(): void {
    const borrowed = ++this.borrowed;
    if (borrowed <= this.pending) return;
    if (this.ledger) this.ledger.up(this, borrowed - 1);
    if (this.watchers) this.tellLoad(borrowed - 1);
  }

  giveBack(): void {
    const borrowed = --this.borrowed;
    if (borrowed < this.pending) return;
    if (this.ledger) this.ledger.down(this, borrowed + 1);
    if (this.watchers) this.tellLoad(borrowed + 1);
  }

  /** Tells whoever holds it that the pool wants it back. */
  recall(reason: unknown): void {
    // For whoever asks later. Where a member stands is its owner's to say.
    if (this.owner === undefined) this.standing = 'draining';
    for (const watcher of this.watchers ?? []) watcher.onRecalled?.(reason);
  }

  /** Ends every borrowing: the connection is gone and their work with it. */
  retire(reason: unknown): void {
    this.tenure++;
    const from = this.load;
    this.borrowed = 0;
    if (from !== this.load) this.ledger?.move(this, from, this.load);
    if (!this.watchers) return;
    this.tellLoad(from);
    for (const watcher of this.watchers ?? []) watcher.onRetired?.(reason);
  }

  /** Starts telling `watcher`; the function returned stops it. */
  watch(watcher: CellWatcher): () => void {
    this.watchers ??= new Set();
    this.watchers.add(watcher);
    return () => {
      this.watchers?.delete(watcher);
      if (this.watchers?.size === 0) this.watchers = undefined;
    };
  }

  /** The same observable at each call. */
  state$(): Observable<ConnectionState> {
    return cellStream(
      states,
      this,
      () => this.state,
      (tell) => this.watch({ onState: tell }),
    );
  }

  /** The same observable at each call. */
  pending$(): Observable<number> {
    return cellStream(
      counts,
      this,
      () => this.pending,
      (tell) => this.watch({ onPending: tell }),
    );
  }

  private tellState(state: ConnectionState, cause: unknown): void {
    for (const watcher of this.watchers ?? []) {
      // Somebody told before has changed it again, and everybody knows.
      if (this.state !== state) return;
      watcher.onState?.(state, cause);
    }
  }

  private tellPending(before: number): void {
    this.tellLoad(before > this.borrowed ? before : this.borrowed);
    if (this.watchers) for (const watcher of this.watchers) watcher.onPending?.(this.pending);
  }

  private tellLoad(from: number): void {
    const to = this.load;
    if (from !== to && this.watchers) for (const watcher of this.watchers) watcher.onLoad?.(from, to);
  }
}
