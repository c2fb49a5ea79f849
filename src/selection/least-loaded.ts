import { Observable } from 'rxjs';
import { type Cell, type CellWatcher, type Ranked, UNLIMITED } from '../connection/cell.js';
import { acquireCell, releaseCell } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { changesOf } from '../streams/changes.js';
import { LoadIndex } from './load-index.js';
import type { Picker, Strategy } from './picker.js';

/** A connection's place in an index of somebody who does not own it. */
class Seat<C extends Connection> implements Ranked, CellWatcher {
  position = -1;
  /** Limits are its owner's affair. */
  readonly limit = UNLIMITED;
  readonly cell: Cell<C>;
  readonly #unwatch: () => void;

  constructor(
    connection: C,
    readonly index: LoadIndex<Seat<C>>,
  ) {
    this.cell = acquireCell(connection);
    this.#unwatch = this.cell.watch(this);
    index.add(this);
  }

  get load(): number {
    return this.cell.load;
  }

  onLoad(from: number, to: number): void {
    this.index.move(this, from, to);
  }

  leave(): void {
    this.#unwatch();
    this.index.remove(this);
    releaseCell(this.cell.connection);
  }
}

class LeastLoadedPicker<C extends Connection> implements Picker<C> {
  readonly #index = new LoadIndex<Seat<C>>();
  readonly #seats = new Map<C, Seat<C>>();

  get size(): number {
    return this.#index.size;
  }

  add(connection: C): void {
    if (!this.#seats.has(connection)) this.#seats.set(connection, new Seat(connection, this.#index));
  }

  remove(connection: C): void {
    this.#seats.get(connection)?.leave();
    this.#seats.delete(connection);
  }

  clear(): void {
    for (const seat of this.#seats.values()) seat.leave();
    this.#seats.clear();
  }

  pick(_key: unknown, accepts?: (connection: C) => boolean): C | undefined {
    return this.#index.pick(accepts && ((seat) => accepts(seat.cell.connection)))?.cell.connection;
  }

  peek(): C | undefined {
    return this.#index.peek()?.cell.connection;
  }
}

/** By this mark a pool knows that the index it keeps anyway is all that is asked for. */
export const LEAST_LOADED: unique symbol = Symbol('rxpool.leastLoaded');

/**
 * Least outstanding requests: emits a picker that always answers with a connection of the smallest load,
 * equals in turn. Exact, and in constant time. The picker is one object that stays current; it is emitted
 * again for each array. Completes and errors with its source; after that, and after unsubscription, `pick`
 * answers `undefined`.
 *
 * ```text
 * source:        --[a]------[a,b]------[b]--|
 * leastLoaded(): --P--------P----------P----|
 * P.pick():        a        b, a, b    b
 * ```
 *
 * @example
 * ```ts
 * const inEurope = map((all: readonly Replica[]) => all.filter((replica) => replica.zone === 'eu'));
 * pool.connected$.pipe(inEurope, leastLoaded()).subscribe((picker) => picker.pick()?.query('select 1'));
 * ```
 */
export function leastLoaded<C extends Connection>(): Strategy<C> {
  const strategy: Strategy<C> = (source) =>
    new Observable((subscriber) => {
      const picker = new LeastLoadedPicker<C>();
      subscriber.add(() => picker.clear());
      return changesOf(source).subscribe({
        next: ({ added, removed }) => {
          for (const connection of removed) picker.remove(connection);
          for (const connection of added) picker.add(connection);
          subscriber.next(picker);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
  return Object.assign(strategy, { [LEAST_LOADED]: true as const });
}
