import type { Cell, DialResult, Standing } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import type { PoolFigures } from '../errors.js';
import type { EventLog } from '../health/events.js';
import type { Keeper, LeaveReason, Registry } from '../registry/registry.js';
import { chooseLeavers } from '../sizing/choose-leavers.js';
import type { Rounds } from '../streams/rounds.js';
import type { Breaker } from './breaker.js';
import { Closer } from './closer.js';
import { Departures } from './departures.js';
import { Dialer, type DialerSettings, UP } from './dialer.js';
import { Ejections } from './ejections.js';
import { Recruiter } from './recruiter.js';
import { Renewals } from './renewals.js';

/** The part of the options that members are handled by. */
export type CrewSettings<C> = DialerSettings<C> & {
  readonly closeTimeout: number;
  readonly drainTimeout: number;
};

/** What else members are handled with. */
export interface CrewTools<C extends Connection> {
  readonly rounds: Rounds;
  readonly events: EventLog<C>;
  readonly breaker: Breaker;
  readonly settings: CrewSettings<C>;
  figures(): PoolFigures;
}

/** The members as the pool handles them: made, dialled, renewed, let go, and heard. */
export class Crew<C extends Connection> implements Keeper<C> {
  readonly registry: Registry<C>;
  readonly recruiter: Recruiter<C>;
  readonly dialer: Dialer<C>;
  readonly departures: Departures<C>;
  readonly ejections: Ejections<C>;
  readonly renewals: Renewals<C>;
  readonly #rounds: Rounds;
  readonly #closer: Closer<C>;
  readonly #settings: CrewSettings<C>;

  constructor(registry: Registry<C>, factory: () => C, { rounds, events, breaker, settings, figures }: CrewTools<C>) {
    this.registry = registry;
    this.#rounds = rounds;
    this.#settings = settings;
    this.recruiter = new Recruiter(registry, factory, settings, figures);
    this.#closer = new Closer(events, settings);
    this.dialer = new Dialer(registry, this.#closer, events, breaker, settings);
    this.departures = new Departures(registry, this.dialer, this.#closer, settings.scheduler);
    this.ejections = new Ejections(registry, settings.scheduler);
    const { recruiter, dialer, departures } = this;
    const closer = this.#closer;
    this.renewals = new Renewals({
      registry,
      recruiter,
      dialer,
      closer,
      departures,
      rounds,
      settings,
      admit: (connections) => this.admit(connections),
      dismiss: (cells, reason, drainTimeout) => this.dismiss(cells, reason, drainTimeout),
    });
    registry.keeper = this;
  }

  /** How many members there are, without one that is about to take another's place. */
  get size(): number {
    return this.registry.size - this.renewals.extra;
  }

  /** Takes in connections that belong to nobody. Those that were on their way out of this pool are called back. */
  admit(connections: readonly C[]): Cell<C>[] {
    const cells = this.registry.join(connections);
    for (const cell of cells) {
      // Being told of its joining, somebody may have had it removed again.
      if (!this.registry.has(cell)) continue;
      this.departures.recall(cell);
      if (cell.standing === 'connecting') this.dialer.adopt(cell);
    }
    return cells;
  }

  standing(...standings: readonly Standing[]): Cell<C>[] {
    return this.registry.members.filter((cell) => standings.includes(cell.standing));
  }

  /** Dials those that are not up; resolves when every attempt has settled. */
  async dialAll(cells: readonly Cell<C>[]): Promise<void> {
    await Promise.all(cells.map((cell) => this.dialer.dial(cell)));
  }

  /** Lets members go. Returns how many left; their closing goes on behind. */
  dismiss(cells: readonly Cell<C>[], reason: LeaveReason, drainTimeout = this.#settings.drainTimeout): number {
    return this.#rounds.hold(() => this.departures.dismiss(cells, reason, drainTimeout));
  }

  /** Takes a member out of use: broken in the pool's eyes, closed behind it, and dialled anew by whoever heals. */
  condemn(cell: Cell<C>, cause: unknown): boolean {
    if (!this.registry.has(cell) || !UP.has(cell.standing)) return false;
    return this.#rounds.hold(() => {
      // Out of the index first: whoever is told may ask for another at once.
      this.registry.move(cell, 'broken', cause);
      void this.#closer.closeMember(cell, cause);
      return true;
    });
  }

  /** Dials those that are not up, and redials those that are, at most half of the pool at a time. */
  async reconnectAll(stopped: () => boolean): Promise<void> {
    const dials = this.dialAll(this.standing('broken', 'idle', 'connecting'));
    const atOnce = Math.max(1, Math.floor(this.registry.size / 2));
    const up = this.standing('connected', 'draining', 'ejected');
    await Promise.all([dials, this.renewals.redial(up, atOnce, stopped)]);
  }

  /** Those too many for a pool of `target`; busy ones only where asked for. */
  surplus(target: number, busyToo: boolean): Cell<C>[] {
    const { members, size } = this.registry;
    return this.size > target ? chooseLeavers(members, size - target, busyToo) : [];
  }

  dial(cell: Cell<C>): Promise<DialResult> {
    return this.dialer.dial(cell);
  }

  stateChanged(cell: Cell<C>, cause: unknown): void {
    const { state } = cell;
    // A dial that was given up does not begin anew: somebody else is at it.
    if (state === 'connecting' && cell.standing === 'broken') this.#closer.forget(cell);
    if (this.#closer.closed(cell)) {
      if (state === 'connected') void this.#closer.closeMember(cell);
    } else if (state === 'closed') {
      this.dismiss([cell], 'closed-by-owner', 0);
    } else if (state === 'connecting') {
      this.#adopt(cell);
    } else if (state !== 'connected' || !this.dialer.isWarming(cell)) {
      // Whoever is refused because of it is told why.
      if (state === 'broken' && cell.standing === 'connecting') this.dialer.lastFailure = cause;
      this.registry.move(cell, state, cause);
    }
  }

  /** Somebody else dials it: the pool's deadline holds all the same. */
  #adopt(cell: Cell<C>): void {
    this.#rounds.hold(() => {
      this.registry.move(cell, 'connecting');
      this.dialer.adopt(cell);
    });
  }
}
