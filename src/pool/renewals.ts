import type { SchedulerLike } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
import type { Cell, Standing } from '../connection/cell.js';
import { type Connection, causeOf } from '../connection/connection.js';
import { drain, recall } from '../connection/shut.js';
import { ConnectionClosedError } from '../errors.js';
import type { LeaveReason, Registry } from '../registry/registry.js';
import type { Rounds } from '../streams/rounds.js';
import { abortable } from './abortable.js';
import type { Closer } from './closer.js';
import type { Departures } from './departures.js';
import { type Dialer, UP } from './dialer.js';
import type { Recruiter } from './recruiter.js';
import { isPresent, roll, type Step, type Tenant } from './rolling.js';

/** What renewing members takes. */
export interface RenewalTools<C extends Connection> {
  readonly registry: Registry<C>;
  readonly recruiter: Recruiter<C>;
  readonly dialer: Dialer<C>;
  readonly closer: Closer<C>;
  readonly departures: Departures<C>;
  readonly rounds: Rounds;
  readonly settings: { readonly drainTimeout: number; readonly scheduler: SchedulerLike };
  admit(connections: readonly C[]): Cell<C>[];
  dismiss(cells: readonly Cell<C>[], reason: LeaveReason, drainTimeout: number): number;
}

/** How members are replaced. */
export interface ReplacementPlan {
  /** Whether the old one goes before the new one is up. */
  readonly goesFirst: boolean;
  /** Milliseconds for the old one to finish what it carries; unlimited if not given. */
  readonly drainTimeout: number | undefined;
  /** When it aborts, nobody waits any more for the old ones to finish. */
  readonly signal: AbortSignal | undefined;
  /** Whether the pool was closed meanwhile. */
  isOvertaken(): boolean;
  notConnected(cause: unknown): Error;
}

/** Members made new, a few at a time: the same connections dialled anew, or others in their place. */
export class Renewals<C extends Connection> {
  readonly #tools: RenewalTools<C>;
  #latest: Promise<unknown> | undefined;
  /** One that is there besides the member it is to replace. */
  #extra: (Tenant<C> & { readonly isNeeded: () => boolean }) | undefined;

  constructor(tools: RenewalTools<C>) {
    this.#tools = tools;
  }

  /** How many members there are besides those that they are to replace: none or one. */
  get extra(): number {
    const extra = this.#extra;
    return extra && isPresent(this.#tools.registry, extra) && extra.isNeeded() ? 1 : 0;
  }

  /** The same connections anew: out of service, drained, closed and dialled. */
  redial(cells: readonly Cell<C>[], atOnce: number, stopped: () => boolean): Promise<number> {
    return this.#begin(cells, atOnce, (cell, isStill) => this.#redial(cell, isStill), stopped);
  }

  /** Other connections in their place. */
  replace(cells: readonly Cell<C>[], atOnce: number, plan: ReplacementPlan, stopped: () => boolean): Promise<number> {
    return this.#begin(cells, atOnce, (cell, isStill) => this.#replace(cell, isStill, plan), stopped);
  }

  /** One renewal follows another: two at a time would have the whole pool out of service. */
  #begin(cells: readonly Cell<C>[], atOnce: number, step: Step<C>, stopped: () => boolean): Promise<number> {
    // Those of this moment: the members of a pool that was closed and opened meanwhile are no concern of it.
    const members = cells.map((cell) => ({ cell, seq: cell.seq }));
    const before = this.#latest;
    let finish!: () => void;
    // Known before it begins: a factory may ask for another one.
    const over = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.#latest = over;
    const rolled = (): Promise<number> => roll(this.#tools.registry, members, atOnce, step, stopped);
    return (before ? before.then(rolled) : rolled()).finally(() => {
      finish();
      if (this.#latest === over) this.#latest = undefined;
    });
  }

  async #redial(cell: Cell<C>, isStill: () => boolean): Promise<boolean> {
    const { registry, dialer, closer, settings } = this.#tools;
    if (cell.standing === 'connected' || cell.standing === 'ejected') {
      registry.move(cell, 'draining');
      if (isStill()) await this.#drained(cell, settings.drainTimeout);
      // By now it may have broken, and so be back in the hands of whoever mends it.
      if (isStill() && (cell.standing as Standing) === 'draining') {
        // Closed before anybody is told that it is being dialled.
        void closer.closeMember(cell, new ConnectionClosedError('The connection was closed to be dialled anew'));
        registry.move(cell, 'connecting');
      }
    }
    return isStill() && (await dialer.dial(cell)).ok;
  }

  #drained(cell: Cell<C>, timeout: number): Promise<void> {
    const { done } = drain(cell, timeout, this.#tools.settings.scheduler);
    if (timeout < LONGEST_WAIT) recall(cell);
    return done;
  }

  async #replace(cell: Cell<C>, isStill: () => boolean, plan: ReplacementPlan): Promise<boolean> {
    const { registry, dialer, departures, dismiss } = this.#tools;
    const { goesFirst, drainTimeout = LONGEST_WAIT } = plan;
    const newcomer = this.#recruit(cell, isStill, plan);
    if (!newcomer) return false;
    const tenant = { cell: newcomer, seq: newcomer.seq };
    const dialled = await dialer.dial(newcomer);
    this.#extra = undefined;
    if (!isPresent(registry, tenant)) return false;
    // It may have been lost again by now.
    if (!UP.has(newcomer.standing)) {
      const failure = plan.notConnected(dialled.ok ? causeOf(newcomer.connection) : dialled.cause);
      // Where the old one has gone already, whoever heals the pool has to bring this one up.
      if (!goesFirst) dismiss([newcomer], 'removed', 0);
      throw failure;
    }
    if (isStill()) dismiss([cell], 'renewed', drainTimeout);
    await abortable(departures.of(cell), plan.signal).catch(() => {});
    return true;
  }

  /** Made before anybody goes: a factory may throw. */
  #recruit(cell: Cell<C>, isStill: () => boolean, plan: ReplacementPlan): Cell<C> | undefined {
    const { recruiter, rounds, admit, dismiss } = this.#tools;
    const { goesFirst, drainTimeout = LONGEST_WAIT } = plan;
    const made = recruiter.make(1);
    return rounds.hold(() => {
      const isWanted = isStill();
      if (isWanted && goesFirst) dismiss([cell], 'renewed', drainTimeout);
      if (!isWanted || plan.isOvertaken()) {
        recruiter.discard(made);
        return undefined;
      }
      const [newcomer] = admit(made);
      // Known before anybody is told, who may ask for the size.
      if (newcomer && !goesFirst) this.#extra = { cell: newcomer, seq: newcomer.seq, isNeeded: isStill };
      return newcomer;
    });
  }
}
