import type { Cell, DialResult, Standing } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import type { PoolFigures } from '../errors.js';
import type { EventLog } from '../health/events.js';
import type { Keeper, LeaveReason, Registry } from '../registry/registry.js';
import type { Rounds } from '../streams/rounds.js';
import { Closer } from './closer.js';
import { Departures } from './departures.js';
import { Dialer } from './dialer.js';
import type { ResolvedOptions } from './options.js';
import { Recruiter } from './recruiter.js';
import { renew, type Tenant } from './renewal.js';

/** The part of the options that members are handled by. */
export type CrewOptions = Omit<ResolvedOptions<never, never>, 'select' | 'heal'>;

/** The members as the pool handles them: made, dialled, renewed, let go, and heard. */
export class Crew<C extends Connection> implements Keeper<C> {
  readonly registry: Registry<C>;
  readonly recruiter: Recruiter<C>;
  readonly dialer: Dialer<C>;
  readonly departures: Departures<C>;
  readonly #rounds: Rounds;
  readonly #closer: Closer<C>;
  #renewal: Promise<void> | undefined;
  readonly #options: CrewOptions;

  constructor(
    registry: Registry<C>,
    rounds: Rounds,
    factory: () => C,
    events: EventLog<C>,
    options: CrewOptions,
    figures: () => PoolFigures,
  ) {
    const { closeTimeout, scheduler } = options;
    this.registry = registry;
    this.#rounds = rounds;
    this.#options = options;
    this.recruiter = new Recruiter(registry, factory, options, figures);
    this.#closer = new Closer(events, closeTimeout, scheduler);
    this.dialer = new Dialer(registry, this.#closer, events, options);
    this.departures = new Departures(registry, this.dialer, this.#closer, scheduler);
    registry.keeper = this;
  }

  /** Takes in connections that belong to nobody. Those that were on their way out of this pool are called back. */
  admit(connections: readonly C[]): Cell<C>[] {
    const cells = this.registry.join(connections);
    for (const cell of cells) {
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
  dismiss(cells: readonly Cell<C>[], reason: LeaveReason, drainTimeout = this.#options.drainTimeout): number {
    return this.#rounds.hold(() => this.departures.dismiss(cells, reason, drainTimeout));
  }

  /** Dials those that are not up, and redials those that are, at most half of the pool at a time. */
  async reconnectAll(stopped: () => boolean): Promise<void> {
    const dials = this.dialAll(this.standing('broken', 'idle', 'connecting'));
    await Promise.all([dials, this.#renewAll(stopped)]);
  }

  /** One renewal follows another: two at a time would have the whole pool out of service. */
  #renewAll(stopped: () => boolean): Promise<void> {
    // Those of this moment: the members of a pool that was closed and opened meanwhile are no concern of it.
    const members = this.standing('connected', 'draining').map((cell) => ({ cell, seq: cell.seq }));
    const begin = (): Promise<void> => this.#renew(members, stopped);
    const renewal = this.#renewal ? this.#renewal.then(begin) : begin();
    this.#renewal = renewal;
    return renewal.finally(() => {
      if (this.#renewal === renewal) this.#renewal = undefined;
    });
  }

  #renew(members: readonly Tenant<C>[], stopped: () => boolean): Promise<void> {
    const { scheduler, drainTimeout } = this.#options;
    const { registry, dialer } = this;
    const atOnce = Math.max(1, Math.floor(registry.size / 2));
    const tools = { registry, dialer, closer: this.#closer, scheduler, drainTimeout };
    return renew(members, atOnce, tools, stopped);
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
    } else {
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
