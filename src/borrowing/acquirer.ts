import type { SchedulerLike } from 'rxjs';
import { clockOf } from '../clock.js';
import type { Connection } from '../connection/connection.js';
import { Deadlines } from '../deadlines.js';
import type { Member } from '../membership/member.js';
import type { LoadIndex } from '../selection/load-index.js';
import type { Selector } from '../selection/selector.js';
import type { CallLimits } from './call-limits.js';
import { traceCaller, withoutCaller } from './caller-stack.js';
import { Checkout, type CheckoutOwner, type WorkFailure } from './checkout.js';
import { Waiter, WaitQueue, type WaitQueueOwner } from './wait-queue.js';

/** The key of a call, and how many milliseconds it may wait in the queue. */
export interface AcquireTerms<K> {
  readonly key: K;
  readonly waitTimeout: number;
  readonly priority: number;
}

/** The options that acquiring depends on. */
export interface AcquirerOptions {
  readonly maxWaiting: number;
  readonly scheduler: SchedulerLike;
}

/** The errors of refused callers. */
export interface AdmissionErrors {
  /** Why a caller that would have to wait is refused; undefined if it may wait. */
  admissionError(): Error | undefined;
  queueFullError(): Error;
  waitTimeoutError(waitTimeout: number): Error;
}

/** What happens when a checkout ends. */
export type CheckoutReturns<C extends Connection> = Pick<CheckoutOwner<C>, 'workEnded' | 'release'>;

const microtask = Promise.resolve();

/** Lends connections, first come, first served. Callers wait while none can be lent. */
export class Acquirer<C extends Connection, K> implements WaitQueueOwner<C, K>, CheckoutOwner<C> {
  /** The deadlines of the callers in the queue, and of those with a `timeout`. */
  readonly deadlines: Deadlines;
  readonly now: () => number;
  readonly #selector: Selector<C, K, Member<C>>;
  readonly #index: LoadIndex<Member<C>>;
  readonly #errors: AdmissionErrors;
  readonly #options: AcquirerOptions;
  readonly #queue: WaitQueue<C, K>;
  readonly #returns: CheckoutReturns<C>;
  #isSuspended = false;
  #isDispatching = false;

  constructor(
    selector: Selector<C, K, Member<C>>,
    index: LoadIndex<Member<C>>,
    errors: AdmissionErrors,
    options: AcquirerOptions,
    returns: CheckoutReturns<C>,
  ) {
    this.#selector = selector;
    this.#index = index;
    this.#errors = errors;
    this.#options = options;
    const clock = clockOf(options.scheduler);
    this.deadlines = new Deadlines(clock);
    this.#queue = new WaitQueue(this, this.deadlines);
    this.#returns = returns;
    this.now = clock.now;
  }

  workEnded(checkout: Checkout<C>, failure: WorkFailure | undefined): void {
    this.#returns.workEnded(checkout, failure);
  }

  release(member: Member<C>, session: number): void {
    member.check();
    this.#returns.release(member, session);
    // The strategy may have refused connections for its own reasons, and may accept them now.
    if (this.#queue.size > 0) this.serveSoon();
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Lends a connection at once, if one is free. The caller overtakes only waiters whose key gets no connection. */
  acquireNow(key: K): Checkout<C> | undefined {
    return this.#acquireNow(key);
  }

  #acquireNow(key: K): Checkout<C> | undefined {
    return this.#queue.size > 0 && !this.#mayOvertake(key) ? undefined : this.tryAcquire(key);
  }

  /** Whether a caller of this key may overtake: all waiters have other keys, and the last pass served none of them. */
  #mayOvertake(key: K): boolean {
    return this.#selector.hasStrategy && !this.#isDispatching && !this.#queue.hasKey(key);
  }

  tryAcquire(key: K): Checkout<C> | undefined {
    const member = this.pick(key);
    return member && this.lend(member);
  }

  /**
   * The member to use now. A dead connection that this finds goes out of service; its subscribers may suspend the pool.
   */
  pick(key: K): Member<C> | undefined {
    while (!this.#isSuspended) {
      const member = this.#selector.pick(key);
      member?.check();
      if (member === undefined || member.position >= 0) return member;
    }
    return undefined;
  }

  protected lend(member: Member<C>): Checkout<C> {
    return new Checkout(member, this);
  }

  /**
   * Acquires a connection, at once or in turn, and begins work on it. If the connection is lost before the work begins,
   * the caller waits again at its old place. One async function does it all, because each promise costs time here.
   *
   * @param work - passed to `begin`: a closure for each call would cost more.
   * @param settled - called when the work has settled, with its failure if it failed.
   */
  async acquire<W, T>(
    terms: AcquireTerms<K>,
    limits: CallLimits<C> | undefined,
    begin: (checkout: Checkout<C>, work: W) => T | PromiseLike<T>,
    work: W,
    settled?: (checkout: Checkout<C>, failure: WorkFailure | undefined) => void,
  ): Promise<T> {
    let checkout = this.#admit(terms, limits);
    if (checkout instanceof Waiter) {
      const waiter = checkout;
      try {
        await waiter.granted;
        checkout = waiter.checkout as Checkout<C>;
        while (checkout.isStale && !limits?.end) {
          this.#queue.requeue(waiter, checkout);
          await waiter.granted;
          checkout = waiter.checkout as Checkout<C>;
        }
      } catch (error) {
        // With limits, the caller has another promise.
        throw limits ? error : traceCaller(error);
      }
    }
    limits?.begins(checkout);
    let failure: WorkFailure | undefined;
    try {
      return await begin(checkout, work);
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      settled?.(checkout, failure);
    }
  }

  /** Returns a connection, or a waiter in the queue. If the caller may not wait, its limits end, and this throws. */
  #admit(
    { key, waitTimeout, priority }: AcquireTerms<K>,
    limits: CallLimits<C> | undefined,
  ): Checkout<C> | Waiter<C, K> {
    try {
      const checkout = this.#acquireNow(key);
      if (checkout) return checkout;
      // The user's strategy may have aborted the signal.
      if (limits?.end) throw limits.end.reason;
      const error = this.#admissionError();
      if (error) throw error;
      const waiter = this.#queue.enter(key, waitTimeout, priority);
      limits?.waits((reason) => this.#queue.reject(waiter, reason));
      return waiter;
    } catch (error) {
      limits?.settle();
      throw error;
    }
  }

  mayServeOtherKeys(): boolean {
    return this.#selector.hasStrategy && this.#index.size > 0 && !this.#isSuspended;
  }

  refusal(): Error | undefined {
    return this.#errors.admissionError();
  }

  timeoutError(waitTimeout: number): Error {
    return this.#errors.waitTimeoutError(waitTimeout);
  }

  sizeChanged(size: number): void {
    this.#index.onRoom = size > 0 ? this.serveSoon : undefined;
    this.#index.onLoad?.();
  }

  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    this.#isSuspended = false;
    this.serveSoon();
  }

  /** Rejects the waiters if waiting has become useless, and otherwise serves them. */
  recheckWaiters(): void {
    if (this.#queue.size === 0) return;
    if (this.refusal()) this.#queue.rejectAll(this.#refusalInQueue);
    else this.serveSoon();
  }

  readonly #refusalInQueue = (): Error | undefined => {
    const error = this.refusal();
    return error && withoutCaller(error);
  };

  #admissionError(): Error | undefined {
    const isFull = this.#queue.size >= this.#options.maxWaiting;
    return this.refusal() ?? (isFull ? this.#errors.queueFullError() : undefined);
  }

  /** Serves waiters in a microtask, at most once, after the synchronous release has finished. */
  readonly serveSoon = (): void => {
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    void microtask.then(this.#dispatch);
  };

  readonly #dispatch = (): void => {
    this.#isDispatching = false;
    this.#queue.serve();
  };
}
