import type { Acquirer } from '../borrowing/acquirer.js';
import { LeakDetector } from '../borrowing/leaks.js';
import { ObservedAcquirer } from '../borrowing/observed-acquirer.js';
import { Returns } from '../borrowing/returns.js';
import { clockOf } from '../clock.js';
import { type Connection, textOf } from '../connection/connection.js';
import { ConnectionInvalidatedError } from '../errors.js';
import { EventStream } from '../health/events.js';
import type { HealthSource } from '../health/health.js';
import { HealthStreams } from '../health/health-streams.js';
import { CapacityLimits } from '../membership/capacity.js';
import { Endpoints } from '../membership/endpoints.js';
import type { Member, Phase } from '../membership/member.js';
import { Membership } from '../membership/membership.js';
import { Selector } from '../selection/selector.js';
import { Turns } from '../streams/turns.js';
import { Breaker } from './breaker.js';
import { type ConnectionFactory, ConnectionMaker } from './connection-factory.js';
import { LifecycleState } from './lifecycle-state.js';
import { Observation } from './observer.js';
import type { ResolvedOptions } from './options.js';
import { PoolErrors } from './pool-errors.js';
import { RollingUpdate } from './rolling-update.js';

/** The parts of a pool, and the order in which its streams are flushed. */
export class PoolContext<C extends Connection, K> implements HealthSource {
  readonly state = new LifecycleState();
  readonly turns = new Turns(() => this.#flush());
  readonly breaker: Breaker;
  readonly membership: Membership<C>;
  readonly endpoints: Endpoints<C>;
  readonly selector: Selector<C, K, Member<C>>;
  readonly limits: CapacityLimits<C>;
  readonly health: HealthStreams<C>;
  readonly events: EventStream<C>;
  readonly errors: PoolErrors<C>;
  readonly acquirer: Acquirer<C, K>;
  readonly observation: Observation<C>;
  readonly leaks: LeakDetector<C>;
  readonly maker: ConnectionMaker<C>;
  readonly rolling: RollingUpdate<C>;
  #membershipHasChanged = false;

  /** @param options - may change, so they are read when needed. */
  constructor(
    public poolSize: number,
    factory: ConnectionFactory<C>,
    readonly options: ResolvedOptions<C, K>,
  ) {
    const { turns } = this;
    this.events = new EventStream(turns, options.scheduler);
    this.breaker = new Breaker({
      changed: (breakerState, from) => {
        this.events.emit({ type: 'breaker-changed', state: breakerState });
        this.acquirer.recheckWaiters();
        turns.run(() => {
          // What held dials back is over, and no dial has succeeded that would have woken the others.
          const wakes = options.heal && from === 'open' && breakerState === 'closed';
          if (wakes) void this.membership.dialAll(this.membership.inPhase('broken', 'abandoned'));
          this.membership.dialer.pump();
        });
      },
      failed: (cause) => this.events.emit({ type: 'policy-failed', cause }),
      connected: () => this.membership.counts.serving,
    });
    this.membership = new Membership(turns, options, this.breaker, {
      changed: (member, from, to, why) => {
        this.#membershipHasChanged = true;
        if (options.endpoints) this.#endpointsChanged(from, to);
        this.limits.changed(member, from, to);
        this.events.changed(member, from, to, why);
        this.observation.changed(member, to, why, turns);
        this.#reportServing(from, to);
      },
      sessionLost: (member) => returns.sessionLost(member),
      leasesEnded: (member) => returns.leasesEnded(member),
      misreported: ({ connection }, member, value) =>
        this.events.emit({ type: 'misreported', connection, member, value }),
      closeFailed: (connection, cause) => this.events.emit({ type: 'close-failed', connection, cause }),
    });
    const { membership } = this;
    this.endpoints = new Endpoints(membership.members);
    if (Array.isArray(options.endpoints)) this.endpoints.use(options.endpoints);
    this.selector = new Selector(membership.index, membership.lists.candidates.observable);
    this.errors = new PoolErrors(this);
    this.limits = new CapacityLimits(membership);
    this.limits.setMaxPending(options.maxPending);
    const returns = new Returns(options, membership, {
      invalidate: (member, cause) => void this.invalidate(member, cause),
      classifyFailed: (cause) => this.events.emit({ type: 'policy-failed', cause }),
      leasesLost: ({ connection }, count) => {
        this.events.emit({ type: 'leases-lost', connection, count });
        this.acquirer.serveSoon();
      },
    });
    const { observer, name, scheduler } = options;
    const observerFailed = (cause: unknown): void => this.events.emit({ type: 'observer-failed', cause });
    this.observation = new Observation<C>(name, clockOf(scheduler).now, observerFailed);
    if (observer) this.observation.add(observer);
    this.acquirer = new ObservedAcquirer(
      this.observation,
      this.selector,
      membership.index,
      this.errors,
      options,
      returns,
    );
    this.health = new HealthStreams(membership, this, () =>
      this.acquirer.isSuspended ? undefined : this.selector.peek(undefined as K),
    );
    this.leaks = new LeakDetector(options, (leak) => this.events.emit({ type: 'leak-suspected', ...leak }));
    this.maker = new ConnectionMaker(factory, options, membership, this.endpoints, this.errors);
    this.rolling = new RollingUpdate(membership, this.maker, options);
    this.selector.use(options.select);
  }

  /** Invalidates a member that is up, and reports the cause. */
  invalidate(member: Member<C>, cause: unknown): boolean {
    const connection = textOf(member.connection, 'name');
    const options = { ...this.errors.context(), connection, cause };
    return this.membership.invalidate(
      member,
      new ConnectionInvalidatedError('The connection was invalidated', options),
    );
  }

  // The sources of the figures

  get name(): string | undefined {
    return this.options.name;
  }

  get endpointSource(): Endpoints<C> | undefined {
    return this.options.endpoints ? this.endpoints : undefined;
  }

  get isClosed(): boolean {
    return this.state.isClosed;
  }

  get waiting(): number {
    return this.acquirer.waiting;
  }

  get isSuspended(): boolean {
    return this.acquirer.isSuspended;
  }

  /** The members that count towards `poolSize`, without a replacement whose old member is still there. */
  get size(): number {
    return this.membership.size - this.rolling.surge;
  }

  /**
   * The strategy comes first, so that subscribers can pick among the connections that they are shown; then figures,
   * lists and events.
   */
  #flush(): void {
    const { turns } = this;
    this.membership.lists.flushCandidates();
    this.health.flushFigures();
    this.membership.lists.flush();
    this.health.leastLoaded.emit();
    this.events.flush();
    if (this.#membershipHasChanged) this.acquirer.recheckWaiters();
    this.#membershipHasChanged = false;
    // If a subscriber disposes of the pool within a flush, the next flush emits the last values.
    if (this.state.phase === 'disposed' && !turns.isFlushDue) this.#end();
  }

  #end(): void {
    this.selector.end();
    this.membership.lists.end();
    this.health.end();
    this.events.end();
  }

  #endpointsChanged(from: Phase | undefined, to: Phase): void {
    this.endpoints.revision++;
    if (from === undefined || to === 'leaving') this.turns.after(() => this.endpoints.changed$.next());
  }

  /** Tells the breaker of members that came into service without a dial. */
  #reportServing(from: Phase | undefined, to: Phase): void {
    if (to !== 'serving' || from === 'dialling' || this.breaker.state === 'closed') return;
    this.turns.after(() => this.breaker.report(true));
  }
}
