import { Subscription } from 'rxjs';
import { type Cell, UNLIMITED } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { ConnectionStreamError } from '../errors.js';
import type { Registry, RegistryObserver } from './registry.js';

/** What one member says that it can carry. */
class Capacity {
  requests = UNLIMITED;
  /** Whether it has said all it will. */
  ended = false;
  failure: ConnectionStreamError | undefined;
  readonly subscription = new Subscription();

  end(cause?: unknown): void {
    this.ended = true;
    if (cause !== undefined) this.failure = new ConnectionStreamError('capacity$ of a connection failed', { cause });
  }
}

const isCapacity = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY);

/** Keeps each member's limit: what the pool allows, or what the connection can carry where that is less. */
export class Limits<C extends Connection> implements RegistryObserver<C> {
  readonly #registry: Registry<C>;
  readonly #failed: (cell: Cell<C>, cause: ConnectionStreamError) => void;
  readonly #capacities = new Map<Cell<C>, Capacity>();

  /** @param failed - what becomes of a member in service whose `capacity$` has errored. */
  constructor(registry: Registry<C>, failed: (cell: Cell<C>, cause: ConnectionStreamError) => void) {
    this.#registry = registry;
    this.#failed = failed;
    // After the others: one that is subscribed to may be removed by that, and they have to know of its joining first.
    registry.observe(this);
  }

  /** What the pool allows any member to carry. */
  set maxPending(limit: number) {
    this.#registry.maxPending = Math.min(limit, UNLIMITED);
    for (const cell of this.#registry.members) this.#apply(cell);
  }

  /** Keeps a member's limit as it is until it is thawed. */
  freeze(cell: Cell<C>): void {
    this.#registry.frozen.add(cell);
  }

  thaw(cell: Cell<C>): void {
    // One that has left may be another pool's.
    if (this.#registry.frozen.delete(cell) && this.#registry.has(cell)) this.#apply(cell);
  }

  joined(cells: readonly Cell<C>[]): void {
    for (const cell of cells) {
      // Those before it may have had it removed, and even taken in again.
      if (this.#registry.has(cell) && !this.#capacities.has(cell)) this.#follow(cell, new Capacity());
    }
  }

  moved(cell: Cell<C>): void {
    if (this.#capacities.size === 0) return;
    const capacity = this.#capacities.get(cell);
    if (!capacity?.ended) return;
    // A stream may be that of one session.
    if (cell.standing === 'connecting') this.#follow(cell, new Capacity());
    else this.#condemn(cell, capacity);
  }

  left(cells: readonly Cell<C>[]): void {
    for (const cell of cells) {
      const capacity = this.#capacities.get(cell);
      this.#capacities.delete(cell);
      try {
        capacity?.subscription.unsubscribe();
      } catch {
        // It is gone: what it makes of that is its own affair.
      }
    }
  }

  #follow(cell: Cell<C>, capacity: Capacity): void {
    const isCurrent = (): boolean => this.#capacities.get(cell) === capacity;
    const end = (cause?: unknown): void => {
      capacity.end(cause);
      if (isCurrent()) this.#condemn(cell, capacity);
    };
    try {
      const { capacity$ } = cell.connection;
      if (capacity$ === undefined) return;
      capacity.requests = this.#capacities.get(cell)?.requests ?? UNLIMITED;
      this.#capacities.set(cell, capacity);
      const subscription = capacity$.subscribe({
        next: (value) => {
          if (isCurrent()) this.#take(cell, capacity, value);
        },
        error: (cause: unknown) => end(cause ?? new Error('capacity$ errored without a cause')),
        complete: () => end(),
      });
      capacity.subscription.add(subscription);
    } catch (cause) {
      if (this.#registry.has(cell)) this.#capacities.set(cell, capacity);
      end(cause);
    }
  }

  /** Where it is not in service it will be told again when it is. */
  #condemn(cell: Cell<C>, { failure }: Capacity): void {
    if (failure) this.#failed(cell, failure);
  }

  #take(cell: Cell<C>, capacity: Capacity, value: unknown): void {
    if (!isCapacity(value)) {
      this.#registry.misreported(cell, 'capacity$', value);
      return;
    }
    capacity.requests = Math.min(value, UNLIMITED);
    this.#apply(cell);
  }

  #apply(cell: Cell<C>): void {
    const limit = Math.min(this.#registry.maxPending, this.#capacities.get(cell)?.requests ?? UNLIMITED);
    if (cell.limit === limit || this.#registry.frozen.has(cell)) return;
    cell.limit = limit;
    this.#registry.index.relimit(cell);
    this.#registry.index.onLoad?.();
  }
}
