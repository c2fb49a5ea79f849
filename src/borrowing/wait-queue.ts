import type { Connection } from '../connection/connection.js';
import type { Deadlines, Expirable } from '../deadlines.js';
import { LinkedList, ListNode } from '../linked-list.js';
import { withoutCaller } from './caller-stack.js';
import type { Checkout } from './checkout.js';
import { KeyTurn } from './key-turn.js';

/** What the queue asks of its owner, and reports to it. */
export interface WaitQueueOwner<C extends Connection, K> {
  /** Lends a connection for the key, if one is free. */
  tryAcquire(key: K): Checkout<C> | undefined;
  /** Whether another key may get a connection after one key got none. */
  mayServeOtherKeys(): boolean;
  /** Why callers may no longer wait; undefined while they may. */
  refusal(): Error | undefined;
  timeoutError(waitTimeout: number): Error;
  sizeChanged(size: number): void;
  /** A waiter left without a connection, or came back: another one may be served. */
  serveSoon(): void;
}

/** A caller in the queue. */
export class Waiter<C extends Connection, K> implements Expirable {
  readonly place = new ListNode<Waiter<C, K>>(this);
  readonly due: ListNode<Expirable> = new ListNode<Expirable>(this);
  deadline = 0;
  /** The turn of the waiter's key, set when it enters the queue. */
  turn!: KeyTurn;
  /**
   * A promise, so that the caller continues in its own async context, after the `release()` that served it has
   * returned.
   */
  granted!: Promise<void>;
  /** The granted checkout. It is not the value of the promise, which would look for a method `then` on it. */
  checkout: Checkout<C> | undefined = undefined;
  resolve!: () => void;
  reject!: (error: unknown) => void;

  constructor(
    readonly queue: WaitQueue<C, K>,
    readonly key: K,
    /** Its position in the order of arrival. */
    readonly sequence: number,
    readonly waitTimeout: number,
    readonly priority: number,
  ) {
    this.awaitGrant();
  }

  /** Whether its position is before that of another. */
  precedes(other: Waiter<C, K>): boolean {
    return this.priority === other.priority ? this.sequence < other.sequence : this.priority > other.priority;
  }

  awaitGrant(): void {
    this.granted = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  grant(checkout: Checkout<C>): void {
    this.checkout = checkout;
    this.resolve();
  }

  expired(): void {
    this.queue.expired(this);
  }
}

/** Milliseconds after which all keys are asked for, if a pass has skipped some and connections are free. */
const SWEEP_AFTER = 10;

/**
 * Serves higher priorities first, and equal ones in the order of arrival. A key that gets no connection does not hold
 * up others; waiters of one key stay in order.
 */
export class WaitQueue<C extends Connection, K> {
  readonly #waiters = new LinkedList<Waiter<C, K>>();
  readonly #owner: WaitQueueOwner<C, K>;
  readonly #deadlines: Deadlines;
  /** The keys of the waiters, except `undefined`. */
  readonly #turns = new Map<K, KeyTurn>();
  readonly #keyless = new KeyTurn();
  #sequence = 0;
  #pass = 0;
  #cancelSweep: (() => void) | undefined;

  constructor(owner: WaitQueueOwner<C, K>, deadlines: Deadlines) {
    this.#owner = owner;
    this.#deadlines = deadlines;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Joins the queue behind the waiters of the same and of higher priorities. */
  enter(key: K, waitTimeout: number, priority: number): Waiter<C, K> {
    const waiter = new Waiter(this, key, ++this.#sequence, waitTimeout, priority);
    const { last } = this.#waiters;
    const isLast = last === undefined || last.value.priority >= priority;
    this.#insert(waiter, isLast ? undefined : this.#successor(waiter), waitTimeout);
    return waiter;
  }

  /** Rejects a waiter. Does nothing if it has left the queue. */
  reject(waiter: Waiter<C, K>, error: unknown): void {
    if (!this.#remove(waiter)) return;
    waiter.reject(error);
    this.#owner.serveSoon();
  }

  expired(waiter: Waiter<C, K>): void {
    this.reject(waiter, withoutCaller(this.#owner.timeoutError(waiter.waitTimeout)));
  }

  /** Whether callers of this key wait. */
  hasKey(key: K): boolean {
    return key === undefined ? this.#keyless.size > 0 : this.#turns.has(key);
  }

  /** Serves waiters in order while connections can be lent. */
  serve(): void {
    this.#serve(0);
  }

  /** @param asked - how many keys the pass counts as asked for at its beginning. */
  #serve(asked: number): void {
    const waiters = this.#waiters;
    const pass = ++this.#pass;
    let hasSkipped = false;
    let place = waiters.first;
    while (place) {
      const waiter = place.value;
      const { turn } = waiter;
      const isSkipped = !turn.hasMissed(pass) && turn.isSkipped(pass, asked);
      if (isSkipped || turn.hasMissed(pass)) {
        hasSkipped ||= isSkipped;
        place = place.next;
        continue;
      }
      let checkout: Checkout<C> | undefined;
      let failure: { readonly error: unknown } | undefined;
      try {
        checkout = this.#owner.tryAcquire(waiter.key);
      } catch (error) {
        failure = { error };
      }
      // The user's strategy may have caused this waiter and others to be rejected.
      const next: ListNode<Waiter<C, K>> | undefined = place.list ? place.next : waiters.first;
      if (failure) this.reject(waiter, failure.error);
      else if (checkout) {
        turn.served();
        if (this.#remove(waiter)) waiter.grant(checkout);
        else checkout.release();
      } else {
        turn.missed(pass);
        asked++;
        if (turn.size === waiters.size || !this.#owner.mayServeOtherKeys()) return;
      }
      place = next;
    }
    if (hasSkipped) this.#sweepSoon();
  }

  /** Rejects all waiters, each with an error of its own. */
  rejectAll(errorFor: () => unknown): void {
    for (let head = this.#waiters.first; head; head = this.#waiters.first) this.reject(head.value, errorFor());
  }

  /**
   * The connection was lost before the work began: the caller waits again, at its old position and with the time left.
   */
  requeue(waiter: Waiter<C, K>, checkout: Checkout<C>): void {
    const timeLeft = this.#deadlines.timeLeft(waiter);
    const isLate = timeLeft <= 0;
    waiter.awaitGrant();
    const error = this.#owner.refusal() ?? (isLate ? this.#owner.timeoutError(waiter.waitTimeout) : undefined);
    if (error) waiter.reject(error);
    else this.#insert(waiter, this.#successor(waiter), timeLeft);
    checkout.release();
    this.#owner.serveSoon();
  }

  #turnOf(key: K): KeyTurn {
    if (key === undefined) return this.#keyless;
    const turn = this.#turns.get(key) ?? new KeyTurn();
    this.#turns.set(key, turn);
    return turn;
  }

  /** Asks for all keys soon: a skipped one may get a connection now, without another release. */
  #sweepSoon(): void {
    this.#cancelSweep ??= this.#deadlines.clock.after(SWEEP_AFTER, () => {
      this.#cancelSweep = undefined;
      this.#serve(Number.NEGATIVE_INFINITY);
    });
  }

  #endSweep(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  /** The first waiter that this one precedes. */
  #successor(waiter: Waiter<C, K>): ListNode<Waiter<C, K>> | undefined {
    let next = this.#waiters.first;
    while (next && !waiter.precedes(next.value)) next = next.next;
    return next;
  }

  #insert(waiter: Waiter<C, K>, next: ListNode<Waiter<C, K>> | undefined, timeout: number): void {
    waiter.turn = this.#turnOf(waiter.key);
    waiter.turn.size++;
    this.#waiters.insert(waiter.place, next);
    this.#deadlines.add(waiter, timeout);
    this.#owner.sizeChanged(this.#waiters.size);
  }

  #remove(waiter: Waiter<C, K>): boolean {
    if (!this.#waiters.remove(waiter.place)) return false;
    this.#deadlines.remove(waiter);
    if (--waiter.turn.size === 0 && waiter.key !== undefined) this.#turns.delete(waiter.key);
    if (this.#waiters.size === 0) this.#endSweep();
    this.#owner.sizeChanged(this.#waiters.size);
    return true;
  }
}
