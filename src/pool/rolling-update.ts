import type { SchedulerLike } from 'rxjs';
import { abortable } from '../abort.js';
import { MAX_TIMER_DELAY } from '../checks.js';
import { type Connection, causeOf, textOf } from '../connection/connection.js';
import type { DialResult } from '../connection/record.js';
import { deferred } from '../deferred.js';
import type { Member } from '../membership/member.js';
import type { LeaveReason, Membership } from '../membership/membership.js';
import type { ConnectionMaker } from './connection-factory.js';

/** How members are replaced. */
export interface ReplacementPlan {
  /** Why the old member leaves. */
  readonly reason: LeaveReason;
  /** Whether the old member is removed before the new one is up. */
  readonly removesFirst: boolean;
  /** Milliseconds in which the old member may finish its work; unlimited if undefined. */
  readonly drainTimeout: number | undefined;
  /** An abort ends the waiting for old members that drain. */
  readonly signal: AbortSignal | undefined;
  /** Whether the pool has been closed since the update began. */
  wasClosed(): boolean;
  notConnectedError(cause: unknown): Error;
}

/** The update of one member; the next may begin before `done` has resolved. */
interface Update {
  /** Whether it was updated. */
  readonly done: boolean | Promise<boolean>;
}

/** Updates one member; resolves when the next one may follow. */
type UpdateStep<C extends Connection> = (member: Member<C>) => Promise<Update>;

/** The options that updates depend on. */
export interface RollingUpdateOptions {
  readonly maxSize: number;
  readonly drainTimeout: number;
  readonly scheduler: SchedulerLike;
}

/** Renews members, a few at a time: redials the same connections, or replaces them by others. */
export class RollingUpdate<C extends Connection> {
  readonly #membership: Membership<C>;
  readonly #maker: ConnectionMaker<C>;
  readonly #options: RollingUpdateOptions;
  #latest: Promise<unknown> | undefined;
  /** The replacement that exceeds `poolSize` until the old member has left. */
  #surge: { readonly member: Member<C>; readonly replaces: Member<C> } | undefined;

  constructor(membership: Membership<C>, maker: ConnectionMaker<C>, options: RollingUpdateOptions) {
    this.#membership = membership;
    this.#maker = maker;
    this.#options = options;
  }

  /** How many members exceed `poolSize` until the old member has left: 0 or 1. */
  get surge(): number {
    const { members } = this.#membership;
    return this.#surge && members.has(this.#surge.member) && members.has(this.#surge.replaces) ? 1 : 0;
  }

  /** Redials the same connections: takes them out of service, drains, closes and dials them. */
  redial(members: readonly Member<C>[], concurrency: number, isStopped: () => boolean): Promise<number> {
    const step: UpdateStep<C> = async (member) => {
      const { ok } = await this.#membership.redial(member);
      return { done: ok };
    };
    return this.#enqueue(members, concurrency, step, isStopped).then(countDone);
  }

  /** Replaces connections by others. */
  replace(
    members: readonly Member<C>[],
    concurrency: number,
    plan: ReplacementPlan,
    isStopped: () => boolean,
  ): Promise<number> {
    return this.#enqueue(members, concurrency, (member) => this.#replace(member, plan), isStopped).then(countDone);
  }

  /** Replaces one member; resolves when the next update may begin. */
  async move(member: Member<C>, plan: ReplacementPlan): Promise<void> {
    await this.#enqueue([member], 1, () => this.#replace(member, plan), plan.wasClosed);
  }

  /**
   * Updates run one after another, because two at a time could take the whole pool out of service. The next one begins
   * when all members have been replaced, and does not wait for old ones that are still in use.
   */
  #enqueue(
    members: readonly Member<C>[],
    concurrency: number,
    step: UpdateStep<C>,
    isStopped: () => boolean,
  ): Promise<Update[]> {
    const former = this.#latest;
    // Registered before it starts, because a factory may request another update.
    const finished = deferred();
    this.#latest = finished.promise;
    const isMember = (member: Member<C>): boolean => this.#membership.members.has(member);
    const start = (): Promise<Update[]> => rollingUpdate(members, concurrency, step, isMember, isStopped);
    return (former ? former.then(start) : start()).finally(() => {
      finished.resolve();
      if (this.#latest === finished.promise) this.#latest = undefined;
    });
  }

  async #replace(member: Member<C>, plan: ReplacementPlan): Promise<Update> {
    const membership = this.#membership;
    const { drainTimeout = MAX_TIMER_DELAY } = plan;
    // Without room for two, the old connection is closed before the new one is dialled.
    const removesFirst = plan.removesFirst || Math.max(membership.size, membership.open) >= this.#options.maxSize;
    // Made before the old one is removed, because a factory may throw.
    const made = this.#maker.create(1, requestFor(member.connection));
    const claimed = membership.claim(made);
    if (!membership.members.has(member) || plan.wasClosed()) {
      this.#discard(made, claimed);
      return { done: false };
    }
    const dialling = membership.turns.run(() => {
      if (removesFirst) membership.remove([member], plan.reason, drainTimeout);
      const [replacement] = membership.join(claimed);
      if (!replacement) return undefined;
      if (!removesFirst) this.#surge = { member: replacement, replaces: member };
      return { replacement, result: membership.dial(replacement) };
    });
    if (!dialling) return { done: false };
    const { replacement, result } = dialling;
    const left = (): Promise<unknown> => abortable(membership.whenLeft(member), plan.signal).catch(() => {});
    const isUp = this.#comeUp(member, replacement, result, removesFirst, plan);
    const done = isUp.then((ok) => ok && left().then(() => true));
    // The await below or the caller handles the rejection. Meanwhile it must not count as unhandled.
    done.catch(() => {});
    if (removesFirst) await this.#waitBriefly(left());
    // If the old one is still in use and there is no room for two, the dial has not begun.
    if (removesFirst && replacement.phase === 'fresh' && membership.members.has(replacement)) return { done };
    if ((await isUp) && !removesFirst) await this.#waitBriefly(left());
    return { done };
  }

  /** Replaces a member once its replacement has been dialled; resolves with whether it was replaced. */
  async #comeUp(
    member: Member<C>,
    replacement: Member<C>,
    dialled: Promise<DialResult>,
    removesFirst: boolean,
    plan: ReplacementPlan,
  ): Promise<boolean> {
    const membership = this.#membership;
    const { drainTimeout = MAX_TIMER_DELAY } = plan;
    const result = await dialled;
    if (!removesFirst) this.#surge = undefined;
    if (!membership.members.has(replacement)) return false;
    // It may have been lost again.
    if (!replacement.isUp) {
      const error = plan.notConnectedError(result.ok ? causeOf(replacement.connection) : result.cause);
      // If the old one has been removed already, this one stays, and `heal` redials it.
      if (!removesFirst) membership.remove([replacement], 'removed', 0);
      throw error;
    }
    membership.remove([member], plan.reason, drainTimeout);
    return true;
  }

  /** An old connection that is in use for longer than `drainTimeout` does not delay the next replacement. */
  async #waitBriefly(left: Promise<unknown>): Promise<void> {
    const { drainTimeout, scheduler } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = scheduler.schedule(() => resolve(), drainTimeout);
      void left.then(() => {
        timer.unsubscribe();
        resolve();
      });
    });
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
 * Updates members, at most `concurrency` at a time. Resolves with the updates when no further one will begin. Skips
 * members that have left; a failed step and `isStopped` leave the rest unchanged.
 */
async function rollingUpdate<C extends Connection>(
  members: readonly Member<C>[],
  concurrency: number,
  step: UpdateStep<C>,
  isMember: (member: Member<C>) => boolean,
  isStopped: () => boolean,
): Promise<Update[]> {
  const waiting = [...members];
  const updates: Update[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !isStopped(); next = waiting.shift()) {
      if (isMember(next)) updates.push(await step(next));
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, members.length) }, () =>
    worker().catch((error: unknown) => {
      waiting.length = 0;
      throw error;
    }),
  );
  await allDone(workers);
  return updates;
}

/** How many members were updated, once all updates are over. */
async function countDone(updates: readonly Update[]): Promise<number> {
  const ended = await allDone(updates.map(async ({ done }) => done));
  return ended.filter(Boolean).length;
}

/** Waits for all, even if one fails. */
async function allDone<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
