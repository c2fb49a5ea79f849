import type { Subscription } from 'rxjs';
import { type Cell, UNLIMITED } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { ConnectionStreamError } from '../errors.js';
import type { Registry, RegistryObserver } from './registry.js';

/** What one member says that it can carry. */
interface Capacity {
  requests: number;
  subscription: Subscription | undefined;
}

const isCapacity = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY);

/** Keeps each member's limit: what the pool allows, or what the connection can carry where that is less. */
export class Limits<C extends Connection> implements RegistryObserver<C> {
  readonly #registry: Registry<C>;
  readonly #failed: (cell: Cell<C>, cause: ConnectionStreamError) => void;
  readonly #capacities = new Map<Cell<C>, Capacity>();
  /** What newcomers have given cause for, and what has to wait until they have been shown. */
  #belated: (() => void)[] | undefined;

  /** @param failed - what becomes of a member whose `capacity$` errors. */
  constructor(registry: Registry<C>, failed: (cell: Cell<C>, cause: ConnectionStreamError) => void) {
    this.#registry = registry;
    this.#failed = failed;
    // Before anybody is shown who may be picked.
    registry.observers.unshift(this);
    // After everybody has been shown who has joined.
    registry.observers.push({ joined: () => this.#tellBelated() });
  }

  /** What the pool allows any member to carry. */
  set maxPending(limit: number) {
    this.#registry.maxPending = Math.min(limit, UNLIMITED);
    for (const cell of this.#registry.members) this.#apply(cell);
  }

  joined(cells: readonly Cell<C>[]): void {
    this.#belated ??= [];
    for (const cell of cells) this.#follow(cell);
  }

  left(cells: readonly Cell<C>[]): void {
    for (const cell of cells) this.#forget(cell);
  }

  #follow(cell: Cell<C>): void {
    const { capacity$ } = cell.connection;
    if (capacity$ === undefined) return;
    const capacity: Capacity = { requests: UNLIMITED, subscription: undefined };
    const isCurrent = (): boolean => this.#capacities.get(cell) === capacity;
    const failed = (cause: unknown): void => {
      const error = new ConnectionStreamError('capacity$ of a connection failed', { cause });
      this.#whenShown(() => {
        if (isCurrent()) this.#failed(cell, error);
      });
    };
    this.#capacities.set(cell, capacity);
    try {
      const subscription = capacity$.subscribe({
        next: (value) => {
          if (isCurrent()) this.#take(cell, capacity, value);
        },
        error: failed,
      });
      // On being subscribed to, it may have had the connection removed.
      if (isCurrent()) capacity.subscription = subscription;
      else subscription.unsubscribe();
    } catch (cause) {
      failed(cause);
    }
  }

  #take(cell: Cell<C>, capacity: Capacity, value: unknown): void {
    if (!isCapacity(value)) {
      this.#whenShown(() => this.#registry.misreported(cell, 'capacity$', value));
      return;
    }
    capacity.requests = Math.min(value, UNLIMITED);
    this.#apply(cell);
  }

  #whenShown(tell: () => void): void {
    if (this.#belated) this.#belated.push(tell);
    else tell();
  }

  #tellBelated(): void {
    const belated = this.#belated ?? [];
    this.#belated = undefined;
    for (const tell of belated) tell();
  }

  #forget(cell: Cell<C>): void {
    this.#capacities.get(cell)?.subscription?.unsubscribe();
    this.#capacities.delete(cell);
  }

  #apply(cell: Cell<C>): void {
    const limit = Math.min(this.#registry.maxPending, this.#capacities.get(cell)?.requests ?? UNLIMITED);
    if (cell.limit === limit) return;
    cell.limit = limit;
    this.#registry.index.relimit(cell);
    this.#registry.index.onLoad?.();
  }
}
