import { LeakDetector } from '../borrowing/leaks.js';
import { Lender } from '../borrowing/lender.js';
import { Resets } from '../borrowing/resets.js';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { EventLog } from '../health/events.js';
import { HealthStreams } from '../health/health-streams.js';
import { Limits } from '../registry/limits.js';
import { MembershipStreams } from '../registry/membership-streams.js';
import { Registry } from '../registry/registry.js';
import { Selector } from '../selection/selector.js';
import { Rounds } from '../streams/rounds.js';
import { Breaker } from './breaker.js';
import { Crew } from './crew.js';
import { Lifecycle } from './lifecycle.js';
import type { Settings } from './options.js';
import { Refusals } from './refusals.js';

/** What a pool is made of, and who hears whom. */
export class Parts<C extends Connection, K> {
  readonly lifecycle = new Lifecycle();
  readonly rounds = new Rounds();
  readonly registry = new Registry<C>(this.rounds);
  readonly selector: Selector<C, K>;
  readonly limits: Limits<C>;
  readonly membership: MembershipStreams<C>;
  readonly health: HealthStreams<C>;
  readonly events: EventLog<C>;
  readonly refusals: Refusals<C>;
  readonly breaker: Breaker;
  readonly crew: Crew<C>;
  readonly lender: Lender<C, K>;
  readonly leaks: LeakDetector<C>;

  /** @param settings - they may change, and are looked at when they matter. */
  constructor(
    public poolSize: number,
    connectionFactory: () => C,
    readonly settings: Settings<C, K>,
  ) {
    const { registry, rounds } = this;
    const condemn = (cell: Cell<C>, cause: unknown): void => void this.crew.condemn(cell, cause);
    this.selector = new Selector(registry, settings.select, rounds);
    // Before those that ask whom it would choose.
    registry.observe(this.selector);
    this.membership = new MembershipStreams(registry, rounds);
    this.health = this.#makeHealth();
    this.events = new EventLog(registry, rounds);
    this.refusals = this.#makeRefusals();
    this.breaker = this.#makeBreaker();
    this.crew = new Crew(registry, connectionFactory, {
      rounds,
      settings,
      events: this.events,
      breaker: this.breaker,
      figures: () => this.refusals.figures(),
    });
    this.limits = new Limits(registry, condemn);
    this.limits.maxPending = settings.maxPending;
    const resets = new Resets<C>(settings, {
      freeze: (cell) => this.limits.freeze(cell),
      thaw: (cell) => this.limits.thaw(cell),
      condemn,
    });
    this.lender = new Lender(this.selector, resets, this.refusals, settings, () => registry.index.onLoad?.());
    this.leaks = new LeakDetector(settings, (leak) => this.events.emit({ type: 'leak-suspected', ...leak }));
    registry.observe({
      joined: (cells) => {
        if (cells.some(({ standing }) => standing === 'connected')) this.#upWithoutDial();
      },
      left: () => this.lender.review(),
      moved: ({ standing }, from) => {
        if (from === 'ejected' && standing === 'connected') this.#upWithoutDial();
        this.lender.review();
      },
    });
  }

  /** The breaker hears of dials; of what comes into service otherwise it has to be told. */
  #upWithoutDial(): void {
    if (this.breaker.state !== 'closed') this.breaker.report({ ok: true, connected: this.registry.census.connected });
  }

  #makeHealth(): HealthStreams<C> {
    const source = {
      isClosed: () => this.lifecycle.isClosed,
      poolSize: () => this.poolSize,
      waiting: () => this.lender.waiting,
      peek: () => (this.lender.suspended ? undefined : this.selector.peek(undefined as K)),
    };
    return new HealthStreams(this.registry, source, this.rounds);
  }

  #makeRefusals(): Refusals<C> {
    const { registry, settings, lifecycle } = this;
    return new Refusals({
      registry,
      settings,
      lifecycle,
      isSuspended: () => this.lender.suspended,
      isCircuitClosed: () => this.breaker.state === 'closed',
      lastFailure: () => this.crew.dialer.lastFailure,
      waiting: () => this.lender.waiting,
    });
  }

  #makeBreaker(): Breaker {
    return new Breaker({
      changed: (state) => {
        this.events.emit({ type: 'breaker-changed', state });
        this.lender.review();
        this.crew.dialer.pump();
      },
      failed: (cause) => this.events.emit({ type: 'policy-failed', cause }),
    });
  }
}
