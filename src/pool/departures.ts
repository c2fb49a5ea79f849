import type { SchedulerLike } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import { releaseCell } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { type Drain, drain } from '../connection/shut.js';
import { ConnectionClosedError } from '../errors.js';
import type { LeaveReason, Registry } from '../registry/registry.js';
import type { Closer } from './closer.js';
import type { Dialer } from './dialer.js';

interface Departure {
  /** While there is one, the connection may still be called back. */
  drain: Drain | undefined;
  done?: Promise<void>;
}

/** Members on their way out: out of the lists at once, then drained, then closed. */
export class Departures<C extends Connection> {
  readonly #leaving = new Map<Cell<C>, Departure>();

  constructor(
    readonly registry: Registry<C>,
    readonly dialer: Dialer<C>,
    readonly closer: Closer<C>,
    readonly scheduler: SchedulerLike,
  ) {}

  /** Takes members out; returns how many they were. The closing goes on behind. */
  dismiss(cells: readonly Cell<C>[], reason: LeaveReason, drainTimeout: number): number {
    const left = this.registry.leave(cells, reason);
    for (const cell of left) {
      this.dialer.abandon(cell);
      this.closer.forget(cell);
      this.#begin(cell, drainTimeout);
    }
    return left.length;
  }

  /** Lets a connection stay that has joined again before it was closed. */
  recall(cell: Cell<C>): void {
    const departure = this.#leaving.get(cell);
    if (!departure) return;
    if (departure.drain) {
      this.#leaving.delete(cell);
      departure.drain.cut();
      releaseCell(cell.connection);
    } else {
      this.closer.claim(cell);
      this.registry.move(cell, 'idle');
    }
  }

  /** Closes now what is still being drained. */
  cut(): void {
    for (const { drain } of this.#leaving.values()) drain?.cut();
  }

  /** Resolves once everything that is leaving now is closed. */
  async settled(): Promise<void> {
    await Promise.all([...this.#leaving.values()].map(({ done }) => done));
  }

  #begin(cell: Cell<C>, drainTimeout: number): void {
    const busy = cell.load > 0 && cell.state === 'connected' && drainTimeout > 0;
    const departure: Departure = { drain: busy ? drain(cell, drainTimeout, this.scheduler) : undefined };
    this.#leaving.set(cell, departure);
    departure.done = departure.drain ? this.#closeDrained(cell, departure) : this.#close(cell, departure);
  }

  async #closeDrained(cell: Cell<C>, departure: Departure): Promise<void> {
    await departure.drain?.done;
    if (this.#leaving.get(cell) !== departure) return;
    departure.drain = undefined;
    await this.#close(cell, departure);
  }

  async #close(cell: Cell<C>, departure: Departure): Promise<void> {
    const closed = this.closer.close(cell);
    cell.retire(new ConnectionClosedError('The connection left the pool'));
    await closed;
    if (this.#leaving.get(cell) === departure) this.#leaving.delete(cell);
    releaseCell(cell.connection);
  }
}
