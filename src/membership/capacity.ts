import { Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { ConnectionStreamError } from '../errors.js';
import { UNLIMITED } from '../selection/load-buckets.js';
import type { Member, Phase } from './member.js';
import type { Membership } from './membership.js';

/** The capacity that one connection reports. */
class Capacity {
  requests = UNLIMITED;
  /** Whether its stream has ended. A stream may last for one session, so the next dial subscribes again. */
  hasEnded = false;
  failure: ConnectionStreamError | undefined;
  readonly subscription = new Subscription();
}

const isCapacity = (value: unknown): value is number =>
  (Number.isInteger(value) && (value as number) >= 0) || value === Number.POSITIVE_INFINITY;

/** Keeps the limit of each member: the pool's `maxPending`, or the connection's `capacity$` if that is smaller. */
export class CapacityLimits<C extends Connection> {
  readonly #membership: Membership<C>;
  /** The limit of a member that has no smaller one of its own. */
  #maxPending = UNLIMITED;
  readonly #capacities = new Map<Member<C>, Capacity>();

  constructor(membership: Membership<C>) {
    this.#membership = membership;
  }

  setMaxPending(limit: number): void {
    this.#maxPending = Math.min(limit, UNLIMITED);
    for (const member of this.#membership.members) this.#apply(member);
  }

  changed(member: Member<C>, from: Phase | undefined, to: Phase): void {
    if (from === undefined) this.#joined(member);
    const capacity = this.#capacities.get(member);
    if (capacity) this.#stepped(member, capacity, to);
  }

  #joined(member: Member<C>): void {
    this.#apply(member);
    this.#membership.turns.after(() => this.#subscribe(member));
  }

  #stepped(member: Member<C>, capacity: Capacity, to: Phase): void {
    const { turns } = this.#membership;
    if (to === 'leaving') {
      this.#capacities.delete(member);
      turns.after(() => unsubscribe(capacity));
    } else if (capacity.hasEnded && to === 'dialling') turns.after(() => this.#subscribe(member, capacity));
    else if (to === 'serving') turns.after(() => this.#invalidate(member, capacity));
  }

  #subscribe(member: Member<C>, former?: Capacity): void {
    // Earlier effects may have removed the member or have subscribed.
    if (!this.#membership.members.has(member) || this.#capacities.get(member) !== former) return;
    const capacity = new Capacity();
    const end = (cause?: unknown): void => {
      capacity.hasEnded = true;
      if (cause !== undefined)
        capacity.failure = new ConnectionStreamError('capacity$ of a connection failed', { cause });
      this.#invalidate(member, capacity);
    };
    try {
      const { capacity$ } = member.connection;
      if (capacity$ === undefined) return;
      if (former) capacity.requests = former.requests;
      this.#capacities.set(member, capacity);
      capacity.subscription.add(
        capacity$.subscribe({
          next: (value: unknown) => this.#accept(member, capacity, value),
          error: (cause: unknown) => end(cause ?? new Error('capacity$ errored without a cause')),
          complete: () => end(),
        }),
      );
    } catch (cause) {
      this.#capacities.set(member, capacity);
      end(cause);
    }
  }

  #accept(member: Member<C>, capacity: Capacity, value: unknown): void {
    if (this.#capacities.get(member) !== capacity) return;
    if (!isCapacity(value)) {
      this.#membership.misreported(member, 'capacity$', value);
      return;
    }
    capacity.requests = Math.min(value, UNLIMITED);
    this.#apply(member);
  }

  /** Invalidates a member whose stream has failed: now if it is up, otherwise once it is. */
  #invalidate(member: Member<C>, { failure }: Capacity): void {
    if (failure) this.#membership.invalidate(member, failure);
  }

  #limitOf(member: Member<C>): number {
    return Math.min(this.#maxPending, this.#capacities.get(member)?.requests ?? UNLIMITED);
  }

  #apply(member: Member<C>): void {
    this.#membership.setLimit(member, this.#limitOf(member));
  }
}

/** An error in the teardown of a removed connection's stream is ignored. */
function unsubscribe({ subscription }: Capacity): void {
  try {
    subscription.unsubscribe();
  } catch {
    // The connection has left.
  }
}
