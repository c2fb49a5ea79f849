import {
  asyncScheduler,
  Observable,
  type OperatorFunction,
  type SchedulerLike,
  type Subscriber,
  Subscription,
} from 'rxjs';
import { type Check, checkEach, checkFunction, checkScheduler } from '../checks.js';
import type { Backoff } from '../healing/backoff.js';
import { BackoffGate } from '../healing/backoff-gate.js';
import { exponentialBackoff } from '../healing/exponential-backoff.js';
import type { Health } from '../health/health.js';
import { runCommand } from '../streams/run-command.js';
import { type AdditionEvent, AdditionFailure, type AdditionOptions } from './addition.js';

/**
 * Milliseconds after which an addition that `health$` does not show is dropped, and after which dials under way no
 * longer count.
 */
const STALLED_AFTER = 1_000;

/** What a size controller acts on. */
export interface Demand {
  /** How many connections these figures call for, those being dialled included. */
  missing(health: Health): number;
  /** Whether to add one at first, and the rest once a connection has come up. */
  readonly probes: boolean;
}

/** One call of `add`. It is over when it has settled and `health$` has shown its members. */
interface Addition {
  /** How many members it adds. */
  count: number;
  /** How many members have joined since, up to `count`. */
  shown: number;
  /** Whether a connection has come up since. */
  hasHelped: boolean;
  /** When it ended, in milliseconds of the scheduler. */
  endedAt: number | undefined;
}

/** Whether to wait for dials under way: not decided yet, waiting until the timer fires, or waited long enough. */
type Patience = 'unasked' | Subscription | 'over';

const dialling = ({ fresh, connecting }: Health): number => fresh + connecting;

/**
 * Calls `add` with the number of missing connections, less its own additions that `health$` has not shown yet. Each
 * call is made in a task of the scheduler, after all subscribers of `health$` got its latest value. After a call that
 * connected nothing, the next waits for the backoff. Losses and dials of other connections do not delay it.
 */
class SizeController {
  readonly #subscriber: Subscriber<AdditionEvent>;
  readonly #add: (count: number) => unknown;
  readonly #demand: Demand;
  readonly #scheduler: SchedulerLike;
  readonly #gate: BackoffGate;
  readonly #additions = new Set<Addition>();
  #health: Health | undefined;
  /** Whether a connection came up while connections were missing: the server accepts more. */
  #isProven = false;
  /** How many probes may not be up yet. */
  #probes = 0;
  #patience: Patience = 'unasked';
  /** The task of the scheduler that will call `add`. */
  #task: Subscription | undefined;

  constructor(
    subscriber: Subscriber<AdditionEvent>,
    add: (count: number) => unknown,
    demand: Demand,
    backoff: Backoff,
    scheduler: SchedulerLike,
  ) {
    this.#subscriber = subscriber;
    this.#add = add;
    this.#demand = demand;
    this.#scheduler = scheduler;
    this.#gate = new BackoffGate(backoff, scheduler, subscriber, () => this.#consider());
  }

  stop(): void {
    this.#task?.unsubscribe();
    this.#resetPatience();
    this.#gate.cancel();
  }

  update(health: Health): void {
    const { connected, total } = this.#health ?? health;
    this.#health = health;
    if (health.connected > connected) this.#cameUp(health.connected - connected);
    if (this.#missing <= 0) {
      this.#isProven = false;
      this.#resetPatience();
    }
    this.#probes = Math.min(this.#probes, dialling(health) + health.broken);
    this.#show(health.total - total);
    this.#consider();
  }

  #cameUp(count: number): void {
    for (const addition of this.#additions) addition.hasHelped = true;
    this.#probes = Math.max(0, this.#probes - count);
    this.#isProven = true;
    this.#resetPatience();
    this.#gate.reset();
  }

  /** Counts members that have joined towards the additions, the earliest first. */
  #show(joined: number): void {
    let left = Math.max(0, joined);
    for (const addition of this.#additions) {
      const isShown = addition.shown === addition.count;
      const shown = Math.min(left, addition.count - addition.shown);
      addition.shown += shown;
      left -= shown;
      if (!isShown && addition.shown === addition.count) this.#emitAdded(addition);
      this.#forgetIfOver(addition);
    }
  }

  #forgetIfOver(addition: Addition): void {
    const { count, shown, endedAt } = addition;
    if (endedAt === undefined) return;
    if (shown === count || this.#scheduler.now() - endedAt >= STALLED_AFTER) this.#additions.delete(addition);
  }

  #emitAdded({ shown }: Addition): void {
    this.#subscriber.next({ type: 'added', count: shown });
  }

  #consider(): void {
    if (this.#task) return;
    if (this.#amount <= 0) {
      this.#awaitDials();
      return;
    }
    const task = new Subscription();
    this.#task = task;
    const begin = (): void => {
      this.#task = undefined;
      const amount = this.#amount;
      if (amount > 0) this.#begin(amount);
    };
    task.add(this.#scheduler.schedule(begin));
  }

  get #missing(): number {
    return this.#health ? this.#demand.missing(this.#health) : 0;
  }

  /** How many to add now. */
  get #amount(): number {
    const health = this.#health;
    const missing = this.#missing;
    if (!health || missing <= 0 || this.#gate.isClosed || this.#subscriber.closed) return 0;
    let unshown = 0;
    for (const { count, shown } of this.#additions) unshown += count - shown;
    if (!this.#demand.probes) return missing - unshown;
    const notDialled = missing - dialling(health) - unshown;
    if (this.#isProven && notDialled > 0) return notDialled;
    if (unshown > 0 || this.#probes > missing) return 0;
    // One at a time. While others are being dialled, only if those are too few or take long.
    const isNext = notDialled > 0 && (this.#probes === 0 || dialling(health) === 0);
    return isNext || this.#patience === 'over' ? 1 : 0;
  }

  /** The dials under way are enough, unless none of them succeeds for some time. */
  #awaitDials(): void {
    if (!this.#demand.probes || this.#missing <= 0 || this.#gate.isClosed || this.#patience !== 'unasked') return;
    this.#patience = this.#scheduler.schedule(() => {
      this.#patience = 'over';
      this.#consider();
    }, STALLED_AFTER);
  }

  #resetPatience(): void {
    if (typeof this.#patience === 'object') this.#patience.unsubscribe();
    this.#patience = 'unasked';
  }

  #begin(count: number): void {
    const addition: Addition = { count, shown: 0, hasHelped: false, endedAt: undefined };
    this.#additions.add(addition);
    this.#resetPatience();
    if (!this.#isProven) this.#probes += count;
    runCommand(
      () => this.#add(count),
      () => this.#end(addition),
      (cause) => this.#fail(addition, cause),
    );
  }

  #end(addition: Addition): void {
    addition.endedAt = this.#scheduler.now();
    if (addition.shown > 0 && addition.shown < addition.count) {
      // There was no room for the rest.
      addition.count = addition.shown;
      this.#emitAdded(addition);
    }
    this.#forgetIfOver(addition);
    if (!addition.hasHelped) this.#addedNone();
    this.#consider();
  }

  #fail(addition: Addition, cause: unknown): void {
    this.#additions.delete(addition);
    this.#probes = Math.max(0, this.#probes - addition.count);
    this.#addedNone();
    this.#subscriber.next(new AdditionFailure(cause, addition.count));
    this.#consider();
  }

  #addedNone(): void {
    this.#isProven = false;
    if (!this.#subscriber.closed) this.#gate.close();
  }
}

/**
 * Makes an operator that calls `add` with the number of missing connections.
 *
 * @param makeDemand - called once the options have been checked.
 * @param checks - the checks of further options.
 */
export function growBy(
  add: (count: number) => unknown,
  options: AdditionOptions,
  makeDemand: () => Demand,
  checks: Readonly<Record<string, Check>> = {},
): OperatorFunction<Health, AdditionEvent> {
  checkFunction('add', add);
  checkEach('options', options, { backoff: checkFunction, scheduler: checkScheduler, ...checks });
  const { backoff = exponentialBackoff(), scheduler = asyncScheduler } = options;
  const demand = makeDemand();
  return (source) =>
    new Observable((subscriber) => {
      const controller = new SizeController(subscriber, add, demand, backoff, scheduler);
      subscriber.add(() => controller.stop());
      return source.subscribe({
        next: (health) => controller.update(health),
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
