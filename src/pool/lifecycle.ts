import { onAbort } from '../abort.js';
import { MAX_TIMER_DELAY } from '../checks.js';
import { type Connection, textOf } from '../connection/connection.js';
import { RenewalError } from '../errors.js';
import { selectForEviction } from '../membership/eviction-order.js';
import type { Member } from '../membership/member.js';
import type { RenewOptions } from './call-options.js';
import type { PoolContext } from './context.js';
import { EndpointPolicy } from './endpoint-policy.js';
import { clampSize, type ResolvedOptions } from './options.js';
import { invalidateUnresponsive } from './ping-idle.js';
import { type PolicyEntry, PolicySubscriptions } from './policies.js';
import type { PolicyPool } from './policy.js';
import { policyEntries } from './policy-entries.js';
import type { ReplacementPlan } from './rolling-update.js';

/** Chooses the members to dial after some have joined. */
type MembersToDial<C extends Connection> = (joined: readonly Member<C>[]) => readonly Member<C>[];

const joinedOnly = <C extends Connection>(joined: readonly Member<C>[]): readonly Member<C>[] => joined;

/** Opens a pool, sizes it, reconfigures it and closes it. Arguments have been checked. */
export class Lifecycle<C extends Connection, K> {
  readonly #context: PoolContext<C, K>;
  readonly #endpoints: EndpointPolicy<C, K>;
  readonly #policies: PolicySubscriptions;

  /** @param pool - passed to policies. */
  constructor(context: PoolContext<C, K>, pool: PolicyPool<C>) {
    this.#context = context;
    this.#endpoints = new EndpointPolicy(context);
    const entries = (): PolicyEntry[] => policyEntries(context, pool, this.#endpoints);
    this.#policies = new PolicySubscriptions(() => (this.#isOpen ? entries() : []));
  }

  /** How many more members `maxSize` allows. */
  get remainingCapacity(): number {
    const { options, size, maker } = this.#context;
    return Math.max(0, options.maxSize - size - maker.creating);
  }

  /**
   * Opens the pool, adds missing members, and dials those that are not up. If the factory throws, the pool stays open.
   */
  fill(): Promise<void> {
    const { membership, poolSize, state } = this.#context;
    const down: MembersToDial<C> = () => membership.inPhase('fresh', 'broken', 'abandoned', 'dialling');
    const wasClosed = state.closedSince();
    if (!this.#openForList()) return this.#endpoints.whenListed(() => this.fill());
    try {
      return this.#createAndAdd(this.#deficit(poolSize), down);
    } catch (error) {
      if (!wasClosed()) void this.add([], down);
      throw error;
    }
  }

  /** Adds new connections, as many as `maxSize` allows. */
  extend(size: number): Promise<void> {
    if (!this.#openForList()) return this.#endpoints.whenListed(() => this.extend(size));
    return this.#createAndAdd(Math.min(size, this.remainingCapacity), joinedOnly);
  }

  /** Adds connections, opens the pool if necessary, and dials. Resolves when every dial has settled. */
  add(connections: readonly C[], membersToDial: MembersToDial<C> = joinedOnly): Promise<void> {
    const context = this.#context;
    const { state, membership, turns } = context;
    const wasClosed = state.closedSince();
    const claimed = membership.claim(connections);
    context.endpoints.admit(connections);
    if (wasClosed()) {
      // A connection closed the pool during the subscription.
      membership.unclaim(claimed);
      context.maker.destroyUnused(connections);
      return Promise.resolve();
    }
    return turns.run(() => {
      const isOpening = state.phase !== 'open';
      state.phase = 'open';
      if (isOpening) membership.hasDialled = false;
      const joined = membership.join(claimed);
      context.poolSize = Math.max(context.poolSize, context.size);
      if (isOpening) {
        turns.after(() => this.#policies.sync());
      }
      turns.requestFlush();
      return membership.dialAll(membersToDial(joined));
    });
  }

  /** Lowers `poolSize` and removes the surplus. Returns how many left. */
  reduce(amount: number, includeBusy: boolean): number {
    const context = this.#context;
    const { membership, options, turns } = context;
    return turns.run(() => {
      const target = Math.max(options.minSize, context.poolSize - amount);
      const surplus = this.#surplus(target, includeBusy);
      context.poolSize = Math.max(target, Math.min(context.size, membership.size - surplus.length));
      turns.requestFlush();
      return membership.remove(surplus, 'reduced');
    });
  }

  /** Dials the broken members, or redials all, half of the pool at a time. */
  reconnect(onlyBroken: boolean, signal: AbortSignal | undefined): Promise<unknown> {
    const { membership, rolling, turns } = this.#context;
    return turns.run(() => {
      if (onlyBroken) return membership.dialAll(membership.inPhase('broken', 'abandoned', 'dialling'));
      const down = membership.inPhase('broken', 'abandoned', 'fresh', 'dialling');
      const up = membership.inPhase('serving', 'draining', 'ejected');
      const concurrency = Math.max(1, Math.floor(membership.size / 2));
      return Promise.all([membership.dialAll(down), rolling.redial(up, concurrency, () => signal?.aborted === true)]);
    });
  }

  /** Replaces members by new ones; resolves with how many. */
  renew(members: readonly Member<C>[] | undefined, options: RenewOptions<C>): Promise<number> {
    const { state, membership, errors, rolling } = this.#context;
    const { maxUnavailable = 0, drainTimeout, signal } = options;
    const wasClosed = state.closedSince();
    const plan: ReplacementPlan = {
      reason: 'renewed',
      removesFirst: maxUnavailable > 0,
      drainTimeout,
      signal,
      wasClosed,
      notConnectedError: (cause) => errors.renewalError(cause),
    };
    const chosen = members?.filter((member) => membership.members.has(member)) ?? [...membership.members];
    const isStopped = (): boolean => wasClosed() || signal?.aborted === true;
    return this.#withPings(rolling.replace(chosen, Math.max(1, maxUnavailable), plan, isStopped));
  }

  /** After a renewal: invalidates connections that have fallen silent, and names them in an error of the renewal. */
  async #withPings(renewal: Promise<number>): Promise<number> {
    const { errors } = this.#context;
    try {
      const renewed = await renewal;
      await invalidateUnresponsive(this.#context);
      return renewed;
    } catch (error) {
      const silent = await invalidateUnresponsive(this.#context);
      if (silent.length === 0 || !(error instanceof RenewalError)) throw error;
      const names = silent.map((connection) => textOf(connection, 'name') ?? 'a connection without a name');
      throw errors.renewalError(error.cause, names);
    }
  }

  /** Applies the given options, and the size if given. */
  reconfigure(given: Partial<ResolvedOptions<C, K>>, poolSize: number | undefined): void {
    const context = this.#context;
    const { state, membership, selector, maker, options, turns, endpoints } = context;
    const wasClosed = state.closedSince();
    const target = clampSize(poolSize ?? context.poolSize, { ...options, ...given });
    const grows = this.#isOpen && target > context.poolSize;
    const list = endpoints.listFor(given.endpoints ?? options.endpoints);
    const isAwaited = list !== false && list.length === 0;
    const made = maker.create(grows && !isAwaited ? this.#deficit(target) : 0, {}, list);
    const claimed = membership.claim(made);
    try {
      // Calls the user's strategy, which may throw or change the pool.
      if ('select' in given && given.select !== options.select) selector.use(given.select);
    } catch (error) {
      membership.unclaim(claimed);
      maker.destroyUnused(made);
      throw error;
    }
    if (given.endpoints === false) endpoints.use(undefined);
    else if (Array.isArray(given.endpoints)) this.#endpoints.goBy(given.endpoints);
    turns.run(() => {
      Object.assign(options, given);
      context.poolSize = clampSize(poolSize ?? context.poolSize, options);
      if (!wasClosed()) void membership.dialAll(membership.join(claimed));
      else {
        membership.unclaim(claimed);
        turns.after(() => maker.destroyUnused(made));
      }
      context.limits.setMaxPending(options.maxPending);
      membership.remove(this.#surplus(context.poolSize, true), 'reduced', MAX_TIMER_DELAY);
      turns.after(() => {
        this.#policies.sync();
        context.acquirer.recheckWaiters();
      });
      membership.dialer.pump();
      turns.requestFlush();
    });
    if (grows && isAwaited && !wasClosed()) this.fill().catch(() => {});
  }

  /** Stops lending, or starts again. */
  setSuspended(isSuspended: boolean): void {
    const { acquirer, events, membership, turns } = this.#context;
    if (acquirer.isSuspended === isSuspended) return;
    if (isSuspended) acquirer.suspend();
    else acquirer.resume();
    membership.hold(isSuspended);
    events.emit({ type: isSuspended ? 'suspended' : 'resumed' });
    turns.requestFlush();
  }

  /** Removes all members, and accepts no more work. */
  close(phase: 'closed' | 'disposed', drainTimeout: number): void {
    const { turns, state, membership, acquirer } = this.#context;
    turns.run(() => {
      state.close(phase);
      membership.remove(membership.members, 'pool-closed', drainTimeout);
      membership.hurryLeaving();
      turns.after(() => {
        this.#policies.sync();
        acquirer.recheckWaiters();
      });
      turns.requestFlush();
    });
  }

  /** Resolves when all leaving members are closed. Their draining ends after a time, or at the signal. */
  async whenClosed(drainTimeout: number, signal?: AbortSignal): Promise<void> {
    const { membership, options } = this.#context;
    const { done, stopDraining } = membership.leavingNow();
    if (signal?.aborted || drainTimeout === 0) stopDraining();
    const stopListening = onAbort(signal, stopDraining);
    const timer = options.scheduler.schedule(stopDraining, drainTimeout);
    await done;
    timer.unsubscribe();
    stopListening();
  }

  get #isOpen(): boolean {
    return this.#context.state.phase === 'open';
  }

  #deficit(poolSize: number): number {
    const { size, maker } = this.#context;
    return Math.max(0, poolSize - size - maker.creating);
  }

  /** The members that exceed `target`. */
  #surplus(target: number, includeBusy: boolean): Member<C>[] {
    const { membership, size, endpoints } = this.#context;
    if (size <= target) return [];
    return selectForEviction(membership.members, membership.size - target, includeBusy, endpoints);
  }

  /**
   * Opens a pool whose list of endpoints is missing. That subscribes to the observable, which may emit at once. Returns
   * whether connections can be made.
   */
  #openForList(): boolean {
    const { state, endpoints } = this.#context;
    if (this.#endpoints.isListed) return true;
    if (state.phase !== 'open') {
      endpoints.isAwaited = true;
      void this.add([]);
    }
    return this.#endpoints.isListed;
  }

  /** Makes and adds connections, unless the pool was closed meanwhile. */
  #createAndAdd(count: number, membersToDial: MembersToDial<C>): Promise<void> {
    const { state, maker } = this.#context;
    const wasClosed = state.closedSince();
    const made = maker.create(count);
    if (!wasClosed()) return this.add(made, membersToDial);
    maker.destroyUnused(made);
    return Promise.resolve();
  }
}
