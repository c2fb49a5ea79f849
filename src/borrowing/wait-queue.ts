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
  /** Somebody has gone who was not served, or is back. */
  unserved(): void;
  /** Why nobody may wait any more; undefined while they may. */
  refusal(): Error | undefined;
}

/** A caller in the queue. It goes on in the async context it came in, whoever gives way to it. */
class Waiter<C extends Connection, K> {
  readonly place = new Link<Waiter<C, K>>(this);
  timer: Subscription | undefined;
  /** Whether its time was up after its turn had come. */
  isLate = false;
  grant!: (borrowing: Borrowing<C>) => void;
  refuse!: (error: unknown) => void;
  #gone = false;

  constructor(
    readonly key: K,
    /** Orders those who come by when they did. */
    readonly ticket: number,
    readonly limit: WaitLimit,
    readonly borrower: Borrower<C>,
  ) {}

  /** @param sentBack - called where its connection is gone before the work has begun. */
  awaitTurn(sentBack: (waiter: this, borrowing: Borrowing<C>) => void): void {
    const turn = new Promise<Borrowing<C>>((grant, refuse) => {
      this.grant = grant;
      this.refuse = refuse;
    });
    turn.then(
      (borrowing) => {
        if (this.#gone) borrowing.end();
        else if (borrowing.stale) sentBack(this, borrowing);
        else {
          this.timer?.unsubscribe();
          this.borrower.granted(borrowing);
        }
      },
      (error: unknown) => {
        if (!this.#gone) this.borrower.refused(error);
      },
    );
  }

  /** Wants nothing any more, granted or not. */
  giveUp(): void {
    this.#gone = true;
    this.timer?.unsubscribe();
  }
}

/** First come, first served. Whoever gives up leaves from the middle, and costs nothing after that. */
export class WaitQueue<C extends Connection, K> {
  readonly #waiters = new List<Waiter<C, K>>();
  readonly #listener: QueueListener;
  #tickets = 0;

  constructor(listener: QueueListener) {
    this.#listener = listener;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Joins the end of the queue; the function returned gives up. */
  enter(key: K, limit: WaitLimit, borrower: Borrower<C>): () => void {
    const waiter = new Waiter(key, ++this.#tickets, limit, borrower);
    waiter.awaitTurn(this.#takeBack);
    this.#waiters.push(waiter.place);
    waiter.timer = deadline(limit.scheduler, limit.timeout, () => {
      waiter.isLate = true;
      this.#refuse(waiter, limit.late());
    });
    this.#listener.changed();
    return () => {
      waiter.giveUp();
      if (this.#dismiss(waiter)) this.#listener.unserved();
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
    waiter.timer?.unsubscribe();
    waiter.refuse(error);
    this.#listener.unserved();
  }

  /** Has it wait on for the rest of its time, where there is something to wait for. */
  readonly #takeBack = (waiter: Waiter<C, K>, borrowing: Borrowing<C>): void => {
    const refusal = this.#listener.refusal() ?? (waiter.isLate ? waiter.limit.late() : undefined);
    if (refusal) {
      borrowing.end();
      waiter.timer?.unsubscribe();
      waiter.borrower.refused(refusal);
      return;
    }
    waiter.awaitTurn(this.#takeBack);
    this.#insert(waiter);
    borrowing.end();
    this.#listener.unserved();
  };

  /** Where it stood: others may have been sent back before it. */
  #insert(waiter: Waiter<C, K>): void {
    let next = this.#waiters.first;
    while (next && next.value.ticket < waiter.ticket) next = next.next;
    this.#waiters.insert(waiter.place, next);
    this.#listener.changed();
  }

  /** Whether it was there. */
  #dismiss(waiter: Waiter<C, K>): boolean {
    const wasThere = this.#waiters.remove(waiter.place);
    if (wasThere) this.#listener.changed();
    return wasThere;
  }
}
