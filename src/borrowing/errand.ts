import type { SchedulerLike, Subscription } from 'rxjs';
import { onAbort } from '../abort.js';
import type { Connection } from '../connection/connection.js';
import { deadline } from '../streams/deadline.js';
import type { Borrowing } from './borrowing.js';
import type { Lender } from './lender.js';

/** What a caller asks for, and how patient it is. */
export interface Terms<K> {
  readonly key: K;
  /** Milliseconds in the queue. */
  readonly waitTimeout: number;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds for everything, the queue included. */
  readonly timeout: number | undefined;
  readonly scheduler: SchedulerLike;
  /** What a caller whose time is up is told, whether its work has begun or not. */
  timedOut(begun: boolean): Error;
}

/** Whoever sends somebody on an errand. One of the two is called, and `refused` perhaps after `granted`. */
export interface Sender<C extends Connection, K> {
  granted(borrowing: Borrowing<C>, errand: Errand<C, K>): void;
  refused(error: unknown): void;
}

/**
 * A caller on its way to a connection and back. When its signal aborts or its time is up it is refused, and what
 * it may have borrowed by then is told to stop.
 */
export class Errand<C extends Connection, K> {
  #leave: (() => void) | undefined;
  #borrowing: Borrowing<C> | undefined;
  #timer: Subscription | undefined;
  #unlisten: (() => void) | undefined;
  #over = false;

  constructor(lender: Lender<C, K>, terms: Terms<K>, sender: Sender<C, K>) {
    const { signal, timeout, scheduler } = terms;
    const giveUp = (reason: unknown): void => {
      this.end();
      this.#borrowing?.abort(reason);
      sender.refused(reason);
    };
    this.#unlisten = onAbort(signal, () => giveUp(signal?.reason));
    if (timeout !== undefined)
      this.#timer = deadline(scheduler, timeout, () => giveUp(terms.timedOut(this.#borrowing !== undefined)));
    // A scheduler and a strategy may be anybody's: the caller may have given up when they answer.
    if (!this.#over) {
      this.#leave = lender.borrow(terms.key, terms.waitTimeout, {
        granted: (borrowing) => {
          if (this.#over) {
            borrowing.end();
            return;
          }
          this.#borrowing = borrowing;
          sender.granted(borrowing, this);
        },
        refused: (error) => {
          if (this.#over) return;
          this.end();
          sender.refused(error);
        },
      });
    }
    if (this.#over) this.end();
  }

  /** Whether it has been refused, or has come to an end. */
  get over(): boolean {
    return this.#over;
  }

  /** Stops listening to the clock and the signal, and leaves the queue. */
  end(): void {
    this.#over = true;
    this.#leave?.();
    this.#timer?.unsubscribe();
    this.#unlisten?.();
  }
}
