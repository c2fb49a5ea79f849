import type { SchedulerLike, Subscription } from 'rxjs';
import { onAbort } from '../abort.js';
import type { Connection } from '../connection/connection.js';
import { deadline } from '../streams/deadline.js';
import type { Borrowing } from './borrowing.js';
import type { Lender } from './lender.js';
import type { Borrower } from './wait-queue.js';

/** What a caller asks for, and how patient it is. */
export interface Terms<K> {
  readonly key: K;
  /** Milliseconds in the queue. */
  readonly waitTimeout: number;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds for everything, the queue included. */
  readonly timeout: number | undefined;
  readonly scheduler: SchedulerLike;
  /** What a caller whose time is up is told. */
  timedOut(): Error;
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

  constructor(lender: Lender<C, K>, terms: Terms<K>, borrower: Borrower<C>) {
    const { signal, timeout, scheduler } = terms;
    const giveUp = (reason: unknown): void => {
      this.end();
      this.#borrowing?.abort(reason);
      borrower.refused(reason);
    };
    this.#unlisten = onAbort(signal, () => giveUp(signal?.reason));
    if (timeout !== undefined) this.#timer = deadline(scheduler, timeout, () => giveUp(terms.timedOut()));
    const leave = lender.borrow(terms.key, terms.waitTimeout, {
      granted: (borrowing) => {
        this.#borrowing = borrowing;
        borrower.granted(borrowing);
      },
      refused: (error) => {
        this.end();
        borrower.refused(error);
      },
    });
    if (this.#over) leave();
    else this.#leave = leave;
  }

  /** Stops listening to the clock and the signal, and leaves the queue. */
  end(): void {
    this.#over = true;
    this.#leave?.();
    this.#timer?.unsubscribe();
    this.#unlisten?.();
  }
}
