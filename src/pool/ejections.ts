import type { SchedulerLike, Subscription } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import type { Registry, RegistryObserver } from '../registry/registry.js';

/** Members out of service for bad behaviour. Each comes back when its time is over, unless it has broken by then. */
export class Ejections<C extends Connection> implements RegistryObserver<C> {
  readonly #registry: Registry<C>;
  readonly #scheduler: SchedulerLike;
  readonly #timers = new Map<Cell<C>, Subscription>();

  constructor(registry: Registry<C>, scheduler: SchedulerLike) {
    this.#registry = registry;
    this.#scheduler = scheduler;
    registry.observe(this);
  }

  /** Takes one that is in service out of it; one ejected already stays so for the new time. */
  eject(cell: Cell<C>, duration: number): boolean {
    if (!this.#registry.has(cell) || (cell.standing !== 'connected' && cell.standing !== 'ejected')) return false;
    this.#forget(cell);
    this.#timers.set(
      cell,
      this.#scheduler.schedule(() => this.#return(cell), duration),
    );
    this.#registry.move(cell, 'ejected');
    return true;
  }

  moved(cell: Cell<C>): void {
    if (this.#timers.size > 0 && cell.standing !== 'ejected') this.#forget(cell);
  }

  left(cells: readonly Cell<C>[]): void {
    for (const cell of cells) this.#forget(cell);
  }

  #return(cell: Cell<C>): void {
    this.#timers.delete(cell);
    this.#registry.move(cell, 'connected');
  }

  #forget(cell: Cell<C>): void {
    this.#timers.get(cell)?.unsubscribe();
    this.#timers.delete(cell);
  }
}
