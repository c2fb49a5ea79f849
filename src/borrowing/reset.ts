import type { SchedulerLike } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { type ConnectionHook, runHook } from '../connection/hook.js';
import { ResetError } from '../errors.js';
import type { Member } from '../membership/member.js';
import type { Membership } from '../membership/membership.js';
import type { LostLeases } from './lost-leases.js';

/** The part of the pool's options that releasing goes by. */
export interface ResetOptions<C> {
  readonly reset: false | ConnectionHook<C>;
  readonly resetTimeout: number;
  readonly scheduler: SchedulerLike;
}

/** Takes members back. One that a single borrower had to itself is reset first, and stays acquired until then. */
export class ResetOnRelease<C extends Connection> {
  readonly #options: ResetOptions<C>;
  readonly #membership: Membership<C>;
  readonly #lost: LostLeases<C>;

  constructor(options: ResetOptions<C>, membership: Membership<C>, lost: LostLeases<C>) {
    this.#options = options;
    this.#membership = membership;
    this.#lost = lost;
  }

  release(member: Member<C>, session: number): void {
    if (!this.#lost.released(member, session)) return;
    const { reset } = this.#options;
    // A limit that was lowered meanwhile does not make a borrowing exclusive.
    const isExclusive = member.limit === 1 && member.leased === 1;
    // One on its way out, or broken, is dialled anew before it is lent again.
    const isInService = member.phase === 'serving' || member.phase === 'ejected';
    if (reset && isExclusive && isInService) void this.#reset(member, reset);
    else member.release();
  }

  /** The reset holds the place of the lease, as one of the current session. */
  async #reset(member: Member<C>, reset: ConnectionHook<C>): Promise<void> {
    const { resetTimeout: timeout, scheduler } = this.#options;
    const { session } = member;
    const endReservation = this.#membership.reserve(member);
    try {
      await runHook(member.record, reset, { name: 'reset', timeout, scheduler, ErrorType: ResetError });
    } catch (failure) {
      // A connection that was lost meanwhile is dialled anew anyway, and may be up again.
      if (member.session === session) this.#membership.invalidate(member, failure);
    }
    if (this.#lost.released(member, session)) member.release();
    endReservation();
  }
}
