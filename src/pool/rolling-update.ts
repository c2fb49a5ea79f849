import { MAX_TIMER_DELAY } from '../checks.js';
import { type Connection, causeOf, textOf } from '../connection/connection.js';
import { CONNECTED_PHASES, type Member } from '../membership/member.js';
import type { Membership } from '../membership/membership.js';
import { abortable } from './abortable.js';
import type { ConnectionMaker } from './connection-factory.js';

/** How members are replaced. */
export interface ReplacementPlan {
  /** Whether the old one is removed before the new one is up. */
  readonly removesFirst: boolean;
  /** Milliseconds for the old one to finish what it carries; unlimited if not given. */
  readonly drainTimeout: number | undefined;
  /** When it aborts, the draining of old ones is not waited for any more. */
  readonly signal: AbortSignal | undefined;
  /** Whether the pool has been closed since. */
  isOvertaken(): boolean;
  notConnectedError(cause: unknown): Error;
}

/** Updates one member; resolves with whether it was updated. */
type UpdateStep<C extends Connection> = (member: Member<C>) => Promise<boolean>;

/** Members made new, a few at a time: the same connections dialled anew, or others in their place. */
export class RollingUpdate<C extends Connection> {
  readonly #membership: Membership<C>;
  readonly #maker: ConnectionMaker<C>;
  readonly #options: { readonly maxSize: number };
  #latest: Promise<unknown> | undefined;
  /** The replacement that exceeds `poolSize` until the old member has left. */
  #surge: { readonly member: Member<C>; readonly replaces: Member<C> } | undefined;

  constructor(membership: Membership<C>, maker: ConnectionMaker<C>, options: { readonly maxSize: number }) {
    this.#membership = membership;
    this.#maker = maker;
    this.#options = options;
  }

  /** How many members there are besides those that they are to replace: none or one. */
  get surge(): number {
    const { members } = this.#membership;
    return this.#surge && members.has(this.#surge.member) && members.has(this.#surge.replaces) ? 1 : 0;
  }

  /** The same connections anew: out of service, drained, closed and dialled. */
  redial(members: readonly Member<C>[], concurrency: number, isStopped: () => boolean): Promise<number> {
    const step: UpdateStep<C> = async (member) => {
      const { ok } = await this.#membership.redial(member);
      return ok;
    };
    return this.#enqueue(members, concurrency, step, isStopped);
  }

  /** Other connections in their place. */
  replace(
    members: readonly Member<C>[],
    concurrency: number,
    plan: ReplacementPlan,
    isStopped: () => boolean,
  ): Promise<number> {
    return this.#enqueue(members, concurrency, (member) => this.#replace(member, plan), isStopped);
  }

  /** One update follows another: two at a time would have the whole pool out of service. */
  #enqueue(
    members: readonly Member<C>[],
    concurrency: number,
    step: UpdateStep<C>,
    isStopped: () => boolean,
  ): Promise<number> {
    const former = this.#latest;
    let finish!: () => void;
    // Registered before it starts: a factory may ask for another update.
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.#latest = finished;
    const isMember = (member: Member<C>): boolean => this.#membership.members.has(member);
    const start = (): Promise<number> => rollingUpdate(members, concurrency, step, isMember, isStopped);
    return (former ? former.then(start) : start()).finally(() => {
      finish();
      if (this.#latest === finished) this.#latest = undefined;
    });
  }

  async #replace(member: Member<C>, plan: ReplacementPlan): Promise<boolean> {
    const membership = this.#membership;
    const { drainTimeout = MAX_TIMER_DELAY } = plan;
    // Without room for two the old one is closed before the new one is dialled.
    const removesFirst = plan.removesFirst || membership.size >= this.#options.maxSize;
    // Made before the old one is removed: a factory may throw.
    const made = this.#maker.create(1, requestFor(member.connection));
    const claimed = membership.claim(made);
    if (!membership.members.has(member) || plan.isOvertaken()) {
      this.#discard(made, claimed);
      return false;
    }
    const dialling = membership.turns.run(() => {
      if (removesFirst) membership.remove([member], 'renewed', drainTimeout);
      const [replacement] = membership.join(claimed);
      if (!replacement) return undefined;
      if (!removesFirst) this.#surge = { member: replacement, replaces: member };
      return { replacement, result: membership.dial(replacement) };
    });
    if (!dialling) return false;
    const { replacement } = dialling;
    const result = await dialling.result;
    this.#surge = undefined;
    if (!membership.members.has(replacement)) return false;
    // It may have been lost again by now.
    if (!CONNECTED_PHASES.has(replacement.phase)) {
      const error = plan.notConnectedError(result.ok ? causeOf(replacement.connection) : result.cause);
      // Where the old one has been removed already, what heals the pool has to bring this one up.
      if (!removesFirst) membership.remove([replacement], 'removed', 0);
      throw error;
    }
    membership.remove([member], 'renewed', drainTimeout);
    await abortable(membership.whenLeft(member), plan.signal).catch(() => {});
    return true;
  }

  #discard(made: readonly C[], claimed: ReturnType<Membership<C>['claim']>): void {
    this.#membership.unclaim(claimed);
    this.#maker.destroyUnused(made);
  }
}

const requestFor = <C extends Connection>(replaces: C): { replaces: C; endpoint?: string } => {
  const endpoint = textOf(replaces, 'endpoint');
  return endpoint === undefined ? { replaces } : { replaces, endpoint };
};

/**
 * Updates members, no more than `concurrency` at a time, and resolves with how many. One that has left is skipped; a
 * step that fails, and `isStopped`, leave the rest as they are.
 */
async function rollingUpdate<C extends Connection>(
  members: readonly Member<C>[],
  concurrency: number,
  step: UpdateStep<C>,
  isMember: (member: Member<C>) => boolean,
  isStopped: () => boolean,
): Promise<number> {
  const waiting = [...members];
  let updated = 0;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !isStopped(); next = waiting.shift()) {
      if (isMember(next) && (await step(next))) updated++;
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, members.length) }, () =>
    worker().catch((error: unknown) => {
      waiting.length = 0;
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
  return updated;
}
