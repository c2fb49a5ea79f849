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

/** What a caller asks for, and how many milliseconds it waits in the queue. */
export interface AcquireTerms<K> {
  readonly key: K;
  readonly waitTimeout: number;
  readonly priority: number;
}

/** The part of the pool's options that acquiring goes by. */
export interface AcquirerOptions {
  readonly maxWaiting: number;
  readonly scheduler: SchedulerLike;
}

/** Why callers are refused. */
export interface AdmissionErrors {
  /** Why a caller that would have to wait is refused; undefined where it may wait. */
  admissionError(): Error | undefined;
  queueFullError(): Error;
  waitTimeoutError(waitTimeout: number): Error;
}

/** What becomes of a checkout that has ended. */
export type CheckoutReturns<C extends Connection> = Pick<CheckoutOwner<C>, 'workEnded' | 'release'>;

const microtask = Promise.resolve();

/** Lends connections, first come, first served. Callers wait while none can be lent. */
export class Acquirer<C extends Connection, K> implements WaitQueueOwner<C, K>, CheckoutOwner<C> {
  /** The deadlines of the callers: those in the queue, and those with a `timeout`. */
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
    // A strategy that refused for reasons of its own may not do so any more.
    if (this.#queue.size > 0) this.serveSoon();
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** A connection at once, where one can be lent. A caller overtakes only waiters whose key gets no connection. */
  acquireNow(key: K): Checkout<C> | undefined {
    return this.#acquireNow(key);
  }

  #acquireNow(key: K): Checkout<C> | undefined {
    return this.#queue.size > 0 && !this.#mayOvertake(key) ? undefined : this.tryAcquire(key);
  }

  /** Whether a caller of this key may overtake: all waiters wait for other keys, and the last pass left them waiting. */
  #mayOvertake(key: K): boolean {
    return this.#selector.hasStrategy && !this.#isDispatching && !this.#queue.hasKey(key);
  }

  tryAcquire(key: K): Checkout<C> | undefined {
    const member = this.pick(key);
    return member && this.lend(member);
  }

  /** The member to use now. A dead one that is found goes out of service, which may have the pool suspended. */
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
   * Acquires a connection at once, or in turn, and begins some work on it. Where it is lost between grant and beginning,
   * another one is waited for, in the old place. One async function does it all, because each promise counts here.
   *
   * @param work - what `begin` is given: a closure for each call would cost more.
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
        // Under limits another promise is the caller's.
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

  /** A connection at once, or a place in the queue. Where neither is to be had the limits of the call end, and it throws. */
  #admit(
    { key, waitTimeout, priority }: AcquireTerms<K>,
    limits: CallLimits<C> | undefined,
  ): Checkout<C> | Waiter<C, K> {
    try {
      const checkout = this.#acquireNow(key);
      if (checkout) return checkout;
      // A user's strategy that was asked may have aborted the signal.
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

  /** Rejects the waiters when nothing can be waited for any more, and otherwise serves them. */
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
