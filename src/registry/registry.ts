import {
  type Cell,
  type CellOwner,
  type DialResult,
  type ReportingMember,
  type Standing,
  UNLIMITED,
} from '../connection/cell.js';
import { acquireCell, cellOf, hearCell, releaseCell } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { counted } from '../selection/levels.js';
import { LoadIndex } from '../selection/load-index.js';
import type { Rounds } from '../streams/rounds.js';
import { OrderOfJoining } from './order-of-joining.js';
import { Roster } from './roster.js';

/** Why a connection left the pool. */
export type LeaveReason = 'removed' | 'reduced' | 'cleanup' | 'renewed' | 'closed-by-owner' | 'pool-closed';

/** How many members stand where. */
export type Census = Record<Standing, number>;

/** Told of each change at once, when the fields have changed and before the next change. */
export interface RegistryObserver<C extends Connection> {
  joined?(cells: readonly Cell<C>[]): void;
  left?(cells: readonly Cell<C>[], reason: LeaveReason): void;
  moved?(cell: Cell<C>, from: Standing, cause: unknown): void;
  misreported?(cell: Cell<C>, member: ReportingMember, value: unknown): void;
}

/** Who is told of what, in order: most observers hear of some changes only. */
type Listeners<C extends Connection> = {
  readonly [Kind in keyof RegistryObserver<C>]-?: NonNullable<RegistryObserver<C>[Kind]>[];
};

/** What the registry leaves to its owner. */
export interface Keeper<C extends Connection> {
  /** A member has reported another state. */
  stateChanged(cell: Cell<C>, cause: unknown): void;
  dial(cell: Cell<C>): Promise<DialResult>;
}

/** One that has joined a pool while it was subscribed to is not free any more. */
function isFree(cell: Cell): boolean {
  if (cell.owner) releaseCell(cell.connection);
  return !cell.owner;
}

/** Who is a member, where each one stands, and what they carry. Turns cells into changes. */
export class Registry<C extends Connection> implements CellOwner {
  readonly connections: Roster<C>;
  readonly connected: Roster<C>;
  readonly broken: Roster<C>;
  readonly census: Census = { idle: 0, connecting: 0, connected: 0, draining: 0, ejected: 0, broken: 0 };
  /** What each member carries, and those in service ranked by that. */
  readonly index = new LoadIndex<Cell<C>>();
  readonly #observers = { joined: [], left: [], moved: [], misreported: [] } as Listeners<C>;
  /** The limit of a member that does not know of a smaller one. */
  maxPending = UNLIMITED;
  /** Those whose limits stay what they are for a while, though they leave and join again meanwhile. */
  readonly frozen = new Set<Cell<C>>();
  keeper!: Keeper<C>;
  /** Called before the members or their standings change. */
  beforeChange: () => void = () => {};
  readonly #rounds: Rounds;
  readonly #members = new OrderOfJoining<Cell<C>>((cell) => cell.seq);
  #seq = 0;

  constructor(rounds: Rounds) {
    this.#rounds = rounds;
    const seqOf = (connection: C): number => cellOf(connection).seq;
    const roster = (standing?: Standing): Roster<C> => new Roster(seqOf, () => this.#select(standing));
    this.connections = roster();
    this.connected = roster('connected');
    this.broken = roster('broken');
  }

  get size(): number {
    return this.#members.items.length;
  }

  /** In order of joining. */
  get members(): readonly Cell<C>[] {
    return this.#members.items;
  }

  has(cell: Cell): boolean {
    return cell.owner === this;
  }

  /** Tells somebody of every change from now on, after those who came before. */
  observe(observer: RegistryObserver<C>): void {
    const { joined, left, moved, misreported } = this.#observers;
    if (observer.joined) joined.push(observer.joined.bind(observer));
    if (observer.left) left.push(observer.left.bind(observer));
    if (observer.moved) moved.push(observer.moved.bind(observer));
    if (observer.misreported) misreported.push(observer.misreported.bind(observer));
  }

  /** Takes connections in that belong to nobody yet. */
  join(connections: readonly C[]): Cell<C>[] {
    const cells = connections.map(acquireCell).filter(isFree);
    this.beforeChange();
    for (const cell of cells) this.#enter(cell);
    if (cells.length > 0) for (const tell of this.#observers.joined) tell(cells);
    for (const cell of cells) hearCell(cell);
    return cells;
  }

  /** Lets members go. Their cells stay acquired for whoever closes them. */
  leave(cells: readonly Cell<C>[], reason: LeaveReason): Cell<C>[] {
    const leaving = cells.filter((cell) => this.has(cell));
    this.beforeChange();
    // The latest first: the end of a list is where removing is cheap.
    for (const cell of [...leaving].reverse()) this.#exit(cell);
    if (leaving.length > 0) for (const tell of this.#observers.left) tell(leaving, reason);
    return leaving;
  }

  move(cell: Cell<C>, to: Standing, cause?: unknown): void {
    const from = cell.standing;
    if (from === to || !this.has(cell)) return;
    this.beforeChange();
    this.#unlist(cell);
    cell.standing = to;
    this.#list(cell);
    // All observers have kept what they will show before any of it is shown.
    const taken = this.#rounds.take();
    for (const tell of this.#observers.moved) tell(cell, from, cause);
    if (taken) this.#rounds.letGo();
  }

  stateChanged(cell: Cell<C>, cause: unknown): void {
    this.keeper.stateChanged(cell, cause);
  }

  misreported(cell: Cell<C>, member: ReportingMember, value: unknown): void {
    for (const tell of this.#observers.misreported) tell(cell, member, value);
  }

  dial(cell: Cell<C>): Promise<DialResult> {
    return this.keeper.dial(cell);
  }

  #enter(cell: Cell<C>): void {
    cell.owner = this;
    cell.seq = ++this.#seq;
    if (!this.frozen.has(cell)) cell.limit = this.maxPending;
    cell.standing = cell.state === 'closed' ? 'idle' : cell.state;
    this.#members.add(cell);
    this.connections.add(cell.connection);
    cell.ledger = this.index;
    this.index.load += counted(cell.load);
    this.#list(cell);
  }

  #exit(cell: Cell<C>): void {
    this.#unlist(cell);
    this.index.load -= counted(cell.load);
    this.connections.delete(cell.connection);
    this.#members.delete(cell);
    cell.owner = undefined;
    cell.ledger = undefined;
  }

  #list(cell: Cell<C>): void {
    this.census[cell.standing]++;
    if (cell.standing === 'connected') {
      this.connected.add(cell.connection);
      this.index.add(cell);
    } else if (cell.standing === 'broken') this.broken.add(cell.connection);
  }

  #unlist(cell: Cell<C>): void {
    this.census[cell.standing]--;
    if (cell.standing === 'connected') {
      this.connected.delete(cell.connection);
      this.index.remove(cell);
    } else if (cell.standing === 'broken') this.broken.delete(cell.connection);
  }

  #select(standing?: Standing): C[] {
    const found: C[] = [];
    for (const cell of this.members) {
      if (standing === undefined || cell.standing === standing) found.push(cell.connection);
    }
    return found;
  }
}
