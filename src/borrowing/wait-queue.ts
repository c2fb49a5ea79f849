import type { SchedulerLike, Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { Link, List } from '../list.js';
import { deadline } from '../streams/deadline.js';
import type { Borrowing } from './borrowing.js';

/** Whoever has asked for a connection. One of the two is called, once. */
export interface Borrower<C extends Connection> {
  granted(borrowing: Borrowing<C>): void;
  refused(error: unknown): void;
}

/** How long a caller waits, in milliseconds, and what it is told then. */
export interface WaitLimit {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
  late(): Error;
}

/** Who is told of the queue. */
export interface QueueListener {
  /** Somebody has come or gone. */
  changed(): void;
  /** Somebody has gone who was not served. */
  gaveUp(): void;
}

/** A caller in the queue. It goes on in the async context it came in, whoever gives way to it. */
class Waiter<C extends Connection, K> {
  readonly place = new Link<Waiter<C, K>>(this);
  timer: Subscription | undefined;
  grant!: (borrowing: Borrowing<C>) => void;
  refuse!: (error: unknown) => void;
  #gone = false;

  constructor(
    readonly key: K,
    borrower: Borrower<C>,
  ) {
    const turn = new Promise<Borrowing<C>>((grant, refuse) => {
      this.grant = grant;
      this.refuse = refuse;
    });
    turn.then(
      (borrowing) => {
        if (this.#gone) borrowing.end();
        else borrower.granted(borrowing);
      },
      (error: unknown) => {
        if (!this.#gone) borrower.refused(error);
      },
    );
  }

  /** Wants nothing any more, granted or not. */
  giveUp(): void {
    this.#gone = true;
  }
}

/** First come, first served. Whoever gives up leaves from the middle, and costs nothing after that. */
export class WaitQueue<C extends Connection, K> {
  readonly #waiters = new List<Waiter<C, K>>();
  readonly #listener: QueueListener;

  constructor(listener: QueueListener) {
    this.#listener = listener;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Joins the end of the queue; the function returned gives up. */
  enter(key: K, limit: WaitLimit, borrower: Borrower<C>): () => void {
    const waiter = new Waiter(key, borrower);
    this.#waiters.push(waiter.place);
    waiter.timer = deadline(limit.scheduler, limit.timeout, () => this.#refuse(waiter, limit.late()));
    this.#listener.changed();
    return () => {
      waiter.giveUp();
      if (this.#dismiss(waiter)) this.#listener.gaveUp();
    };
  }

  /** Serves from the head on for as long as `lend` answers; whom it throws at is refused. */
  serve(lend: (key: K) => Borrowing<C> | undefined): void {
    for (let head = this.#waiters.first; head; head = this.#waiters.first) {
      const waiter = head.value;
      try {
        const borrowing = lend(waiter.key);
        if (!borrowing) return;
        // A strategy that was asked may have had everybody refused.
        if (this.#dismiss(waiter)) waiter.grant(borrowing);
        else borrowing.end();
      } catch (error) {
        this.#refuse(waiter, error);
      }
    }
  }

  /** Refuses everybody, each with an error of its own. */
  refuseAll(reason: () => unknown): void {
    for (let head = this.#waiters.first; head; head = this.#waiters.first) this.#refuse(head.value, reason());
  }

  #refuse(waiter: Waiter<C, K>, error: unknown): void {
    if (!this.#dismiss(waiter)) return;
    waiter.refuse(error);
    this.#listener.gaveUp();
  }

  /** Whether it was there. */
  #dismiss(waiter: Waiter<C, K>): boolean {
    waiter.timer?.unsubscribe();
    const wasThere = this.#waiters.remove(waiter.place);
    if (wasThere) this.#listener.changed();
    return wasThere;
  }
}
