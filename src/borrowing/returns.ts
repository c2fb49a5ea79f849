import { clockOf } from '../clock.js';
import type { Connection } from '../connection/connection.js';
import type { Member } from '../membership/member.js';
import type { Membership } from '../membership/membership.js';
import type { CheckoutReturns } from './acquirer.js';
import type { Checkout, WorkFailure } from './checkout.js';
import { LostLeases, type LostLeasesOptions } from './lost-leases.js';
import { ResetOnRelease, type ResetOptions } from './reset.js';
import { type Classify, WorkOutcomes } from './work-outcomes.js';

/** The part of the pool's options that returned connections go by. */
export interface ReturnsOptions<C> extends ResetOptions<C>, LostLeasesOptions {
  readonly classify: false | Classify<C>;
}

/** What a pool does about returned connections. */
export interface ReturnsOwner<C extends Connection> {
  /** Work has shown that a member is of no use any more. */
  invalidate(member: Member<C>, cause: unknown): void;
  /** The user's `classify` threw. */
  classifyFailed(cause: unknown): void;
  /** Leases of a lost session have been written off. */
  leasesLost(member: Member<C>, count: number): void;
}

/**
 * What becomes of a borrowing that ends: how its work went is told, the connection is reset where one borrower had it to
 * itself, and its place is free. Leases of a lost session that nothing gives back are written off.
 */
export class Returns<C extends Connection> implements CheckoutReturns<C> {
  readonly #outcomes: WorkOutcomes<C>;
  readonly #reset: ResetOnRelease<C>;
  readonly #lost: LostLeases<C>;

  constructor(options: ReturnsOptions<C>, membership: Membership<C>, owner: ReturnsOwner<C>) {
    this.#outcomes = new WorkOutcomes(options, {
      now: clockOf(options.scheduler).now,
      invalidate: ({ member }, cause) => owner.invalidate(member, cause),
      classifyFailed: (cause) => owner.classifyFailed(cause),
    });
    this.#lost = new LostLeases(options, (member, count) => owner.leasesLost(member, count));
    this.#reset = new ResetOnRelease(options, membership, this.#lost);
    membership.listeners.push({
      sessionLost: (member) => this.#lost.sessionLost(member),
      leasesEnded: (member) => this.#lost.forget(member),
    });
  }

  workEnded(checkout: Checkout<C>, failure: WorkFailure | undefined): void {
    this.#outcomes.workEnded(checkout, failure);
  }

  release(member: Member<C>, session: number): void {
    this.#reset.release(member, session);
  }
}
