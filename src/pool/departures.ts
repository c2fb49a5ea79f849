import type { SchedulerLike } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
import type { Cell } from '../connection/cell.js';
import { releaseCell } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { type Drain, drain, recall } from '../connection/shut.js';
import { ConnectionClosedError } from '../errors.js';
import type { LeaveReason, Registry } from '../registry/registry.js';
import type { Closer } from './closer.js';
import type { Dialer } from './dialer.js';

interface Departure<C extends Connection> {
  readonly cell: Cell<C>;
  readonly drain: Drain | undefined;
  /** Until then the connection may still be called back. */
  isClosing: boolean;
  readonly done: Promise<void>;
  finish(): void;
}

/** Members on their way out: out of the lists at once, then drained, then closed. */
export class Departures<C extends Connection> {
  readonly #leaving = new Map<Cell<C>, Departure<C>>();

  constructor(
    readonly registry: Registry<C>,
    readonly dialer: Dialer<C>,
    readonly closer: Closer<C>,
    readonly scheduler: SchedulerLike,
  ) {}

  /** Takes members out; returns how many they were. The closing goes on behind. */
  dismiss(cells: readonly Cell<C>[], reason: LeaveReason, drainTimeout: number): number {
    const left = this.registry.leave(cells, reason);
    if (left.length === 0) return 0;
    this.dialer.abandon(left);
    const departures = left.map((cell) => this.#enter(cell, drainTimeout));
    // All of them can be called back before anybody is told, who may do so.
    for (const departure of departures) this.#begin(departure, drainTimeout);
    this.dialer.pump();
    return left.length;
  }

  /** Lets a connection stay that has joined again before it was closed. */
  recall(cell: Cell<C>): void {
    const departure = this.#leaving.get(cell);
    if (!departure) return;
    if (departure.isClosing) {
      this.closer.claim(cell);
      this.registry.move(cell, 'idle');
    } else this.#callOff(departure);
  }

  /** Tells everybody who holds one that is leaving, whatever time they were given. */
  hurry(): void {
    for (const { cell, drain } of [...this.#leaving.values()]) if (drain) recall(cell);
  }

  /** Settles when a connection that is leaving is closed, or has been called back. */
  async of(cell: Cell<C>): Promise<void> {
    await this.#leaving.get(cell)?.done;
  }

  /** Everybody who is leaving now: `done` when all of them are closed; `cut` ends their draining. */
  underWay(): { readonly done: Promise<unknown>; cut(): void } {
    const departures = [...this.#leaving.values()];
    return {
      done: Promise.all(departures.map(({ done }) => done)),
      cut: () => {
        for (const { drain } of departures) drain?.cut();
      },
    };
  }

  #callOff({ cell, drain, finish }: Departure<C>): void {
    this.#leaving.delete(cell);
    drain?.cut();
    releaseCell(cell.connection);
    finish();
  }

  #enter(cell: Cell<C>, drainTimeout: number): Departure<C> {
    const before = this.#leaving.get(cell);
    if (before && !before.isClosing) this.#callOff(before);
    const busy = cell.load > 0 && cell.state === 'connected' && drainTimeout > 0;
    let finish!: () => void;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const draining = busy ? drain(cell, drainTimeout, this.scheduler) : undefined;
    const departure: Departure<C> = { cell, drain: draining, isClosing: false, done, finish };
    this.#leaving.set(cell, departure);
    this.closer.forget(cell);
    return departure;
  }

  #begin(departure: Departure<C>, drainTimeout: number): void {
    const { cell, drain } = departure;
    if (this.#leaving.get(cell) !== departure) return;
    if (!drain) {
      void this.#close(departure);
      return;
    }
    void drain.done.then(() => {
      if (this.#leaving.get(cell) === departure) void this.#close(departure);
    });
    if (drainTimeout < LONGEST_WAIT) recall(cell);
  }

  async #close(departure: Departure<C>): Promise<void> {
    const { cell } = departure;
    departure.isClosing = true;
    await this.closer.close(cell, new ConnectionClosedError('The connection left the pool'));
    if (this.#leaving.get(cell) === departure) this.#leaving.delete(cell);
    releaseCell(cell.connection);
    departure.finish();
  }
}
