import { type Observable, Subscription } from 'rxjs';
import { ConnectionStreamError } from '../errors.js';
import { CELL, Cell, type ReportingMember, UNKNOWN_LOAD } from './cell.js';
import { type Connection, causeOf, isConnectionState } from './connection.js';

/** More requests than any transport carries: such a count is a mistake. */
const MOST_PENDING = 1_000_000;

/** Feeds the cell of a connection that is not of the library's own, while somebody uses it. */
class Feed<C extends Connection> {
  readonly cell: Cell<C>;
  #users = 0;
  #ended: ConnectionStreamError | undefined = undefined;
  #subscription = new Subscription();

  constructor(connection: C) {
    this.cell = new Cell(connection);
  }

  acquire(): void {
    if (this.#users++ === 0) this.#open();
  }

  release(): void {
    if (--this.#users === 0) this.#subscription.unsubscribe();
  }

  /** Listens again; returns what has ended the streams once more, if they have. */
  revive(): ConnectionStreamError | undefined {
    if (this.#ended && this.#users > 0) this.#open();
    return this.#ended;
  }

  #open(): void {
    this.#ended = undefined;
    this.#subscription = new Subscription();
    this.#listen('state$', (state) => {
      if (!isConnectionState(state)) return false;
      this.cell.setState(state, state === 'broken' ? causeOf(this.cell.connection) : undefined);
      return true;
    });
    this.#listen('pending$', (pending) => {
      const believable = Number.isInteger(pending) && (pending as number) >= 0 && (pending as number) <= MOST_PENDING;
      this.cell.setPending(believable ? (pending as number) : UNKNOWN_LOAD);
      return believable;
    });
  }

  #listen(member: 'state$' | 'pending$', take: (value: unknown) => boolean): void {
    const { cell } = this;
    if (this.#ended) return;
    try {
      const source: Observable<unknown> = cell.connection[member];
      const subscription = source.subscribe({
        next: (value) => {
          if (!this.#ended && !take(value)) misreported(cell, member, value);
        },
        error: (cause: unknown) => this.#end(new ConnectionStreamError(`${member} of a connection failed`, { cause })),
        complete: () => this.#end(new ConnectionStreamError(`${member} of a connection completed while in use`)),
      });
      this.#subscription.add(subscription);
    } catch (cause) {
      this.#end(new ConnectionStreamError(`${member} of a connection cannot be subscribed to`, { cause }));
    }
  }

  #end(cause: ConnectionStreamError): void {
    if (this.#ended) return;
    this.#ended = cause;
    this.#subscription.unsubscribe();
    if (this.cell.state !== 'closed') this.cell.setState('broken', cause);
  }
}

/** What could not be believed while there was no owner to tell, the latest by member. */
const unheard = new WeakMap<Cell, Map<ReportingMember, unknown>>();

function misreported(cell: Cell, member: ReportingMember, value: unknown): void {
  if (cell.owner) cell.owner.misreported(cell, member, value);
  else unheard.set(cell, new Map(unheard.get(cell)).set(member, value));
}

/** Tells a cell's new owner what was said before anybody was there to hear it. */
export function hearCell(cell: Cell): void {
  const reports = unheard.get(cell);
  unheard.delete(cell);
  for (const [member, value] of reports ?? []) cell.owner?.misreported(cell, member, value);
}

const feeds = new WeakMap<Connection, Feed<Connection>>();

const ownCell = <C extends Connection>(connection: C): Cell<C> | undefined =>
  (connection as { readonly [CELL]?: Cell<C> })[CELL];

function feedOf<C extends Connection>(connection: C): Feed<C> {
  let feed = feeds.get(connection) as Feed<C> | undefined;
  if (!feed) {
    feed = new Feed(connection);
    feeds.set(connection, feed as unknown as Feed<Connection>);
  }
  return feed;
}

/** The one cell of a connection. It is kept up to date between {@link acquireCell} and {@link releaseCell}. */
export const cellOf = <C extends Connection>(connection: C): Cell<C> => ownCell(connection) ?? feedOf(connection).cell;

/** The cell of a connection, fed until it is released as often as it was acquired. */
export function acquireCell<C extends Connection>(connection: C): Cell<C> {
  const own = ownCell(connection);
  if (own) return own;
  const feed = feedOf(connection);
  feed.acquire();
  return feed.cell;
}

export function releaseCell(connection: Connection): void {
  if (!ownCell(connection)) feedOf(connection).release();
}

/** Listens again to a connection whose streams had ended, before it is dialled again; returns why that failed. */
export const reviveCell = (connection: Connection): ConnectionStreamError | undefined =>
  ownCell(connection) ? undefined : feedOf(connection).revive();
