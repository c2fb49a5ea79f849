import type { Connection } from '../connection/connection.js';
import { UseTimeoutError } from '../errors.js';
import type { Member } from '../membership/member.js';
import { Acquirer, type AcquireTerms } from './acquirer.js';
import type { CallLimits } from './call-limits.js';
import { Checkout, type CheckoutOwner, type WorkFailure } from './checkout.js';

/** How the use of a connection ended; `aborted` if its caller gave up before that. */
export type UseOutcome = 'ok' | 'error' | 'timeout' | 'aborted';

/** Is told of waits and uses. */
export interface BorrowingObserver<C extends Connection> {
  /** Whether to measure anything. May change at any time. */
  readonly isActive: boolean;
  /** A caller was given a connection, after `durationMs`. */
  acquired(connection: C, durationMs: number): void;
  /** A caller was refused. */
  refused(error: unknown, isAborted: boolean, durationMs: number): void;
  /** A connection was released. */
  used(connection: C, outcome: UseOutcome, error: unknown, durationMs: number): void;
}

/** A checkout that reports its use, if it began and was not released before. */
class ObservedCheckout<C extends Connection> extends Checkout<C> {
  #since: number | undefined;
  #outcome: UseOutcome | undefined;
  #error: unknown = undefined;
  readonly #clock: CheckoutOwner<C>;
  readonly #observer: BorrowingObserver<C>;

  constructor(member: Member<C>, owner: CheckoutOwner<C>, observer: BorrowingObserver<C>) {
    super(member, owner);
    this.#clock = owner;
    this.#observer = observer;
  }

  begin(waited: number): void {
    this.#since = this.#clock.now();
    this.#observer.acquired(this.member.connection, waited);
  }

  override report(failure: WorkFailure | undefined): void {
    if (this.#outcome === undefined) {
      this.#outcome = outcomeOf(failure);
      this.#error = failure?.error;
    }
    super.report(failure);
  }

  override dismiss(): void {
    this.#outcome ??= 'aborted';
    super.dismiss();
  }

  override release(): void {
    const isFirst = !this.hasEnded;
    super.release();
    if (!isFirst || this.#since === undefined) return;
    const { connection } = this.member;
    this.#observer.used(connection, this.#outcome ?? 'ok', this.#error, this.#clock.now() - this.#since);
  }
}

function outcomeOf(failure: WorkFailure | undefined): UseOutcome {
  if (!failure) return 'ok';
  return failure.error instanceof UseTimeoutError ? 'timeout' : 'error';
}

/** Reports each wait and use to an observer. Measures nothing while the observer is not active. */
export class ObservedAcquirer<C extends Connection, K> extends Acquirer<C, K> {
  readonly #observer: BorrowingObserver<C>;

  constructor(observer: BorrowingObserver<C>, ...rest: ConstructorParameters<typeof Acquirer<C, K>>) {
    super(...rest);
    this.#observer = observer;
  }

  override acquireNow(key: K): Checkout<C> | undefined {
    const checkout = super.acquireNow(key);
    if (checkout instanceof ObservedCheckout) checkout.begin(0);
    return checkout;
  }

  override acquire<W, T>(
    terms: AcquireTerms<K>,
    limits: CallLimits<C> | undefined,
    begin: (checkout: Checkout<C>, work: W) => T | PromiseLike<T>,
    work: W,
    settled?: (checkout: Checkout<C>, failure: WorkFailure | undefined) => void,
  ): Promise<T> {
    if (this.#observer.isActive) return this.#acquire(terms, limits, begin, work, settled);
    return super.acquire(terms, limits, begin, work, settled);
  }

  async #acquire<W, T>(
    terms: AcquireTerms<K>,
    limits: CallLimits<C> | undefined,
    begin: (checkout: Checkout<C>, work: W) => T | PromiseLike<T>,
    work: W,
    settled?: (checkout: Checkout<C>, failure: WorkFailure | undefined) => void,
  ): Promise<T> {
    const since = this.now();
    let hasBegun = false;
    const beginObserved = (checkout: Checkout<C>): T | PromiseLike<T> => {
      hasBegun = true;
      if (checkout instanceof ObservedCheckout) checkout.begin(this.now() - since);
      return begin(checkout, work);
    };
    try {
      return await super.acquire(terms, limits, beginObserved, undefined, settled);
    } catch (error) {
      if (!hasBegun) this.#observer.refused(error, limits?.end !== undefined, this.now() - since);
      throw error;
    }
  }

  protected override lend(member: Member<C>): Checkout<C> {
    return this.#observer.isActive ? new ObservedCheckout(member, this, this.#observer) : super.lend(member);
  }
}
