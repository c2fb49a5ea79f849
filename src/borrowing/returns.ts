import type { SchedulerLike } from 'rxjs';
import { clockOf } from '../clock.js';
import type { Connection, ErrorClass } from '../connection/connection.js';
import { type ConnectionHook, runHook } from '../connection/hook.js';
import { ResetError } from '../errors.js';
import type { Member } from '../membership/member.js';
import type { Membership } from '../membership/membership.js';
import type { CheckoutReturns } from './acquirer.js';
import type { Checkout, WorkFailure } from './checkout.js';
import { type Classify, classifyError } from './classify.js';
import { LostLeases } from './lost-leases.js';

/** The options that released connections depend on. */
export interface ReturnsOptions<C> {
  readonly classify: false | Classify<C>;
  readonly reset: false | ConnectionHook<C>;
  readonly resetTimeout: number;
  readonly lostGrace: number;
  readonly scheduler: SchedulerLike;
}

/** What a pool does about released connections. */
export interface ReturnsOwner<C extends Connection> {
  /** Work has shown that a member is bad. */
  invalidate(member: Member<C>, cause: unknown): void;
  /** The user's `classify` threw. */
  classifyFailed(cause: unknown): void;
  /** Leases of a lost session were written off. */
  leasesLost(member: Member<C>, count: number): void;
}

/**
 * Handles checkouts that end. Tells listeners how the work went, resets an exclusive connection, and frees its slot.
 * Leases of a lost session that are not released are written off.
 */
export class Returns<C extends Connection> implements CheckoutReturns<C> {
  readonly #options: ReturnsOptions<C>;
  readonly #membership: Membership<C>;
  readonly #owner: ReturnsOwner<C>;
  readonly #lost: LostLeases<C>;
  readonly #now: () => number;

  constructor(options: ReturnsOptions<C>, membership: Membership<C>, owner: ReturnsOwner<C>) {
    this.#options = options;
    this.#membership = membership;
    this.#owner = owner;
    this.#now = clockOf(options.scheduler).now;
    this.#lost = new LostLeases(options, (member, count) => owner.leasesLost(member, count));
  }

  /** A connection with open leases was lost. */
  sessionLost(member: Member<C>): void {
    this.#lost.sessionLost(member);
  }

  /** All leases on a member were written off. */
  leasesEnded(member: Member<C>): void {
    this.#lost.forget(member);
  }

  /** Tells the listeners of the connection how the work on it went. */
  workEnded({ member, isLost, acquiredAt }: Checkout<C>, failure: WorkFailure | undefined): void {
    const { record } = member;
    // Work of a lost session says nothing about the next.
    if (isLost || (failure === undefined && record.listeners === undefined)) return;
    const says = failure === undefined ? 'answer' : this.#classify(failure.error, record.connection);
    record.workEnded(says === 'answer', acquiredAt === undefined ? undefined : this.#now() - acquiredAt);
    if (says === 'fatal') this.#owner.invalidate(member, failure?.error);
  }

  #classify(error: unknown, connection: C): ErrorClass {
    const { classify } = this.#options;
    try {
      const says = classify ? classify(error, connection) : undefined;
      return says ?? connection.classify?.(error) ?? classifyError(error);
    } catch (cause) {
      this.#owner.classifyFailed(cause);
      return classifyError(error);
    }
  }

  /** Releases a member. If a single borrower had it exclusively, it is reset first, and stays acquired until then. */
  release(member: Member<C>, session: number): void {
    if (!this.#lost.released(member, session)) return;
    const { reset } = this.#options;
    // Lowering the limit meanwhile does not make a use exclusive.
    const isExclusive = member.limit === 1 && member.leased === 1;
    // A leaving or broken member is not lent again without a redial.
    const isInService = member.phase === 'serving' || member.phase === 'ejected';
    if (reset && isExclusive && isInService) void this.#reset(member, reset);
    else member.release();
  }

  /** The reset takes over the slot of the lease, in the current session. */
  async #reset(member: Member<C>, reset: ConnectionHook<C>): Promise<void> {
    const { resetTimeout: timeout, scheduler } = this.#options;
    const { session } = member;
    const endReservation = this.#membership.reserve(member);
    try {
      await runHook(member.record, reset, { name: 'reset', timeout, scheduler, ErrorType: ResetError });
    } catch (failure) {
      // A connection that was lost meanwhile is redialled anyway, and may be up again.
      if (member.session === session) this.#membership.invalidate(member, failure);
    }
    if (this.#lost.released(member, session)) member.release();
    endReservation();
  }
}
