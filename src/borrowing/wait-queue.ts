import { type SchedulerLike, Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { LinkedList, ListNode } from '../linked-list.js';
import type { Checkout } from './checkout.js';

/** What becomes of a waiter: one of the two is called, once. */
export interface WaiterCallbacks<C extends Connection> {
  onAcquired(checkout: Checkout<C>): void;
  onRejected(error: unknown): void;
}

/** What the queue asks of its owner, and tells it. */
export interface WaitQueueOwner<C extends Connection, K> {
  /** A connection for the key, if one can be lent now. */
  tryAcquire(key: K): Checkout<C> | undefined;
  /** Why callers may not wait any more; undefined while they may. */
  refusal(): Error | undefined;
  timeoutError(waitTimeout: number): Error;
  sizeChanged(size: number): void;
  /** A waiter has left without a connection, or has come back: another one may be served. */
  serveSoon(): void;
}

/** A caller in the queue. Its work goes on in the async context that it came in. */
export class Waiter<C extends Connection, K> {
  readonly node = new ListNode<Waiter<C, K>>(this);
  grant!: (checkout: Checkout<C>) => void;
  reject!: (error: unknown) => void;
  isCancelled = false;

  constructor(
    readonly key: K,
    /** Its place in the order of arrival. */
    readonly sequence: number,
    readonly waitTimeout: number,
    /** When its time is up, by the scheduler's clock. */
    readonly deadline: number,
    readonly callbacks: WaiterCallbacks<C>,
  ) {}
}

/** First come, first served, with one timer for the deadlines of all. */
export class WaitQueue<C extends Connection, K> {
  readonly #waiters = new LinkedList<Waiter<C, K>>();
  readonly #owner: WaitQueueOwner<C, K>;
  readonly #scheduler: SchedulerLike;
  #timer: Subscription | undefined;
  /** When the timer fires: never later than the first deadline of those who wait. */
  #timerDue = Number.POSITIVE_INFINITY;
  #sequence = 0;

  constructor(owner: WaitQueueOwner<C, K>, scheduler: SchedulerLike) {
    this.#owner = owner;
    this.#scheduler = scheduler;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Joins the end of the queue. */
  enter(key: K, waitTimeout: number, callbacks: WaiterCallbacks<C>): Waiter<C, K> {
    const deadline = this.#scheduler.now() + waitTimeout;
    const waiter = new Waiter<C, K>(key, ++this.#sequence, waitTimeout, deadline, callbacks);
    this.#awaitGrant(waiter);
    this.#waiters.push(waiter.node);
    this.#arm(deadline);
    this.#owner.sizeChanged(this.#waiters.size);
    return waiter;
  }

  /** Takes a waiter out whose caller has given up; a connection that it was granted is given back. */
  cancel(waiter: Waiter<C, K>): void {
    waiter.isCancelled = true;
    if (this.#remove(waiter)) this.#owner.serveSoon();
  }

  /** Serves from the head for as long as connections can be lent. */
  serve(): void {
    for (let head = this.#waiters.first; head; head = this.#waiters.first) {
      const waiter = head.value;
      try {
        const checkout = this.#owner.tryAcquire(waiter.key);
        if (!checkout) return;
        // A user's strategy that was asked may have had the waiter rejected.
        if (this.#remove(waiter)) waiter.grant(checkout);
        else checkout.release();
      } catch (error) {
        this.#reject(waiter, error);
      }
    }
  }

  /** Rejects all waiters, each with an error of its own. */
  rejectAll(errorFor: () => unknown): void {
    for (let head = this.#waiters.first; head; head = this.#waiters.first) this.#reject(head.value, errorFor());
  }

  /** A promise carries the grant: its reaction runs in the caller's async context, after the release that granted. */
  #awaitGrant(waiter: Waiter<C, K>): void {
    const granted = new Promise<Checkout<C>>((grant, reject) => {
      waiter.grant = grant;
      waiter.reject = reject;
    });
    granted.then(
      (checkout) => {
        if (waiter.isCancelled) checkout.release();
        else if (checkout.isStale) this.#requeue(waiter, checkout);
        else waiter.callbacks.onAcquired(checkout);
      },
      (error: unknown) => {
        if (!waiter.isCancelled) waiter.callbacks.onRejected(error);
      },
    );
  }

  /** The connection was lost between grant and start: the caller waits on, in its old place and with the time left. */
  #requeue(waiter: Waiter<C, K>, checkout: Checkout<C>): void {
    const isLate = this.#scheduler.now() >= waiter.deadline;
    const error = this.#owner.refusal() ?? (isLate ? this.#owner.timeoutError(waiter.waitTimeout) : undefined);
    if (error) waiter.callbacks.onRejected(error);
    else {
      this.#awaitGrant(waiter);
      let next = this.#waiters.first;
      while (next && next.value.sequence < waiter.sequence) next = next.next;
      this.#waiters.insert(waiter.node, next);
      this.#arm(waiter.deadline);
      this.#owner.sizeChanged(this.#waiters.size);
    }
    checkout.release();
    this.#owner.serveSoon();
  }

  #reject(waiter: Waiter<C, K>, error: unknown): void {
    if (!this.#remove(waiter)) return;
    waiter.reject(error);
    this.#owner.serveSoon();
  }

  #remove(waiter: Waiter<C, K>): boolean {
    const wasWaiting = this.#waiters.remove(waiter.node);
    if (wasWaiting) {
      if (this.#waiters.size === 0) this.#disarm();
      this.#owner.sizeChanged(this.#waiters.size);
    }
    return wasWaiting;
  }

  #disarm(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  #arm(deadline: number): void {
    if (deadline >= this.#timerDue) return;
    this.#timer?.unsubscribe();
    const timer = new Subscription();
    this.#timer = timer;
    this.#timerDue = deadline;
    const scheduler = this.#scheduler;
    const fire = (): void => {
      // Connections that came free by then are lent first: the event loop may have stood still.
      const firedAt = Math.max(scheduler.now(), deadline);
      timer.add(scheduler.schedule(() => this.#expire(firedAt)));
    };
    timer.add(scheduler.schedule(fire, Math.max(0, deadline - scheduler.now())));
  }

  #expire(firedAt: number): void {
    this.#disarm();
    let earliest = Number.POSITIVE_INFINITY;
    const late: Waiter<C, K>[] = [];
    for (let node = this.#waiters.first; node; node = node.next) {
      const waiter = node.value;
      if (waiter.deadline <= firedAt) late.push(waiter);
      else earliest = Math.min(earliest, waiter.deadline);
    }
    if (earliest < Number.POSITIVE_INFINITY) this.#arm(earliest);
    for (const waiter of late) this.#reject(waiter, this.#owner.timeoutError(waiter.waitTimeout));
  }
}
