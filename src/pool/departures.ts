import type { SchedulerLike } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
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
  readonly done: Promise<void>;
  finish(): void;
}

/** Somebody who holds it without end, as a lease may be held, has to know that time is running. */
function wantBack(cell: Cell, drainTimeout: number): void {
  if (drainTimeout < LONGEST_WAIT) cell.recall(new ConnectionClosedError('The pool wants it back'));
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

  /** Settles when a connection that is leaving is closed, or has been called back. */
  async of(cell: Cell<C>): Promise<void> {
    await this.#leaving.get(cell)?.done;
  }

  /** Everybody who is leaving now: `done` when all of them are closed; `cut` ends their draining. */
  underWay(drainTimeout: number): { readonly done: Promise<unknown>; cut(): void } {
    const departures = [...this.#leaving.values()];
    // They may have had all the time in the world until now.
    for (const [cell, { drain }] of this.#leaving) if (drain) wantBack(cell, drainTimeout);
    return {
      done: Promise.all(departures.map(({ done }) => done)),
      cut: () => {
        for (const { drain } of departures) drain?.cut();
      },
    };
  }

  #begin(cell: Cell<C>, drainTimeout: number): void {
    const busy = cell.load > 0 && cell.state === 'connected' && drainTimeout > 0;
    let finish!: () => void;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const draining = busy ? drain(cell, drainTimeout, this.scheduler) : undefined;
    const departure: Departure = { drain: draining, done, finish };
    this.#leaving.set(cell, departure);
    if (draining) wantBack(cell, drainTimeout);
    if (draining) void draining.done.then(() => this.#drained(cell, departure));
    else void this.#close(cell, departure);
  }

  #drained(cell: Cell<C>, departure: Departure): void {
    departure.drain = undefined;
    if (this.#leaving.get(cell) === departure) void this.#close(cell, departure);
    else departure.finish();
  }

  async #close(cell: Cell<C>, departure: Departure): Promise<void> {
    const closed = this.closer.close(cell);
    cell.retire(new ConnectionClosedError('The connection left the pool'));
    await closed;
    if (this.#leaving.get(cell) === departure) this.#leaving.delete(cell);
    releaseCell(cell.connection);
    departure.finish();
  }
}
