import type { Cell, CellOwner, DialResult, ReportingMember, Standing } from '../connection/cell.js';
import { acquireCell, cellOf } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { counted, LoadIndex } from '../selection/load-index.js';
import { Roster } from './roster.js';

/** Why a connection left the pool. */
export type LeaveReason = 'removed' | 'reduced' | 'cleanup' | 'closed-by-owner' | 'pool-closed';

/** How many members stand where. */
export type Census = Record<Standing, number>;

/** Told of each change at once, when the fields have changed and before the next change. */
export interface RegistryObserver<C extends Connection> {
  joined?(cells: readonly Cell<C>[]): void;
  left?(cells: readonly Cell<C>[], reason: LeaveReason): void;
  moved?(cell: Cell<C>, from: Standing, cause: unknown): void;
  misreported?(cell: Cell<C>, member: ReportingMember, value: unknown): void;
}

/** What the registry leaves to its owner. */
export interface Keeper<C extends Connection> {
  /** A member has reported another state. */
  stateChanged(cell: Cell<C>, cause: unknown): void;
  dial(cell: Cell<C>): Promise<DialResult>;
}

/** Who is a member, where each one stands, and what they carry. Turns cells into changes. */
export class Registry<C extends Connection> implements CellOwner {
  readonly connections: Roster<C>;
  readonly connected: Roster<C>;
  readonly broken: Roster<C>;
  readonly census: Census = { idle: 0, connecting: 0, connected: 0, draining: 0, ejected: 0, broken: 0 };
  /** What each member carries, and those in service ranked by that. */
  readonly index = new LoadIndex<Cell<C>>();
  readonly observers: RegistryObserver<C>[] = [];
  keeper!: Keeper<C>;
  readonly #members = new Set<Cell<C>>();
  #seq = 0;

  constructor() {
    const seqOf = (connection: C): number => cellOf(connection).seq;
    const roster = (standing?: Standing): Roster<C> => new Roster(seqOf, () => this.#select(standing));
    this.connections = roster();
    this.connected = roster('connected');
    this.broken = roster('broken');
  }

  get size(): number {
    return this.#members.size;
  }

  /** In order of joining. */
  get members(): Iterable<Cell<C>> {
    return this.#members;
  }

  has(cell: Cell): boolean {
    return cell.owner === this;
  }

  /** Takes connections in that belong to nobody yet. */
  join(connections: readonly C[]): Cell<C>[] {
    const cells = connections.map((connection) => this.#enter(acquireCell(connection)));
    if (cells.length > 0) for (const observer of this.observers) observer.joined?.(cells);
    return cells;
  }

  /** Lets members go. Their cells stay acquired for whoever closes them. */
  leave(cells: readonly Cell<C>[], reason: LeaveReason): Cell<C>[] {
    const leaving = cells.filter((cell) => this.has(cell));
    for (const cell of leaving) this.#exit(cell);
    if (leaving.length > 0) for (const observer of this.observers) observer.left?.(leaving, reason);
    return leaving;
  }

  move(cell: Cell<C>, to: Standing, cause?: unknown): void {
    const from = cell.standing;
    if (from === to || !this.has(cell)) return;
    this.#unlist(cell);
    cell.standing = to;
    this.#list(cell);
    for (const observer of this.observers) observer.moved?.(cell, from, cause);
  }

  stateChanged(cell: Cell<C>, cause: unknown): void {
    this.keeper.stateChanged(cell, cause);
  }

  misreported(cell: Cell<C>, member: ReportingMember, value: unknown): void {
    for (const observer of this.observers) observer.misreported?.(cell, member, value);
  }

  dial(cell: Cell<C>): Promise<DialResult> {
    return this.keeper.dial(cell);
  }

  #enter(cell: Cell<C>): Cell<C> {
    cell.owner = this;
    cell.seq = ++this.#seq;
    cell.standing = cell.state === 'closed' ? 'idle' : cell.state;
    this.#members.add(cell);
    this.connections.add(cell.connection);
    cell.ledger = this.index;
    this.index.load += counted(cell.load);
    this.#list(cell);
    return cell;
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
    for (const cell of this.#members) {
      if (standing === undefined || cell.standing === standing) found.push(cell.connection);
    }
    return found;
  }
}
