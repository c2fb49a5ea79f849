import type { Connection } from '../connection/connection.js';
import { LinkedList, ListNode } from '../linked-list.js';
import type { Deadlines, Expirable } from '../streams/deadlines.js';
import type { Checkout } from './checkout.js';

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

/** A caller in the queue. */
export class Waiter<C extends Connection, K> implements Expirable {
  readonly place = new ListNode<Waiter<C, K>>(this);
  readonly due: ListNode<Expirable> = new ListNode<Expirable>(this);
  deadline = 0;
  /**
   * A promise carries the grant: what awaits it goes on in its own async context, after the release that granted has
   * returned.
   */
  granted!: Promise<Checkout<C>>;
  grant!: (checkout: Checkout<C>) => void;
  reject!: (error: unknown) => void;

  constructor(
    readonly queue: WaitQueue<C, K>,
    readonly key: K,
    /** Its place in the order of arrival. */
    readonly sequence: number,
    readonly waitTimeout: number,
  ) {
    this.awaitGrant();
  }

  awaitGrant(): void {
    this.granted = new Promise((grant, reject) => {
      this.grant = grant;
      this.reject = reject;
    });
  }

  expired(): void {
    this.queue.expired(this);
  }
}

/** First come, first served. */
export class WaitQueue<C extends Connection, K> {
  readonly #waiters = new LinkedList<Waiter<C, K>>();
  readonly #owner: WaitQueueOwner<C, K>;
  readonly #deadlines: Deadlines;
  #sequence = 0;

  constructor(owner: WaitQueueOwner<C, K>, deadlines: Deadlines) {
    this.#owner = owner;
    this.#deadlines = deadlines;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Joins the end of the queue. */
  enter(key: K, waitTimeout: number): Waiter<C, K> {
    const waiter = new Waiter(this, key, ++this.#sequence, waitTimeout);
    this.#insert(waiter, undefined, waitTimeout);
    return waiter;
  }

  /** Rejects a waiter. Does nothing where it has left the queue already. */
  reject(waiter: Waiter<C, K>, error: unknown): void {
    if (!this.#remove(waiter)) return;
    waiter.reject(error);
    this.#owner.serveSoon();
  }

  expired(waiter: Waiter<C, K>): void {
    this.reject(waiter, this.#owner.timeoutError(waiter.waitTimeout));
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
        this.reject(waiter, error);
      }
    }
  }

  /** Rejects all waiters, each with an error of its own. */
  rejectAll(errorFor: () => unknown): void {
    for (let head = this.#waiters.first; head; head = this.#waiters.first) this.reject(head.value, errorFor());
  }

  /** The connection was lost between grant and start: the caller waits on, in its old place and with the time left. */
  requeue(waiter: Waiter<C, K>, checkout: Checkout<C>): void {
    const timeLeft = this.#deadlines.timeLeft(waiter);
    const isLate = timeLeft <= 0;
    waiter.awaitGrant();
    const error = this.#owner.refusal() ?? (isLate ? this.#owner.timeoutError(waiter.waitTimeout) : undefined);
    if (error) waiter.reject(error);
    else {
      let next = this.#waiters.first;
      while (next && next.value.sequence < waiter.sequence) next = next.next;
      this.#insert(waiter, next, timeLeft);
    }
    checkout.release();
    this.#owner.serveSoon();
  }

  #insert(waiter: Waiter<C, K>, next: ListNode<Waiter<C, K>> | undefined, timeout: number): void {
    this.#waiters.insert(waiter.place, next);
    this.#deadlines.add(waiter, timeout);
    this.#owner.sizeChanged(this.#waiters.size);
  }

  #remove(waiter: Waiter<C, K>): boolean {
    if (!this.#waiters.remove(waiter.place)) return false;
    this.#deadlines.remove(waiter);
    this.#owner.sizeChanged(this.#waiters.size);
    return true;
  }
}
