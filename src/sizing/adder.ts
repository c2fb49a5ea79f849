import { Observable, type OperatorFunction, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import { checkFunction, checkOptions } from '../checks.js';
import { resolveScheduler } from '../defaults.js';
import type { Backoff } from '../healing/backoff.js';
import { exponentialBackoff } from '../healing/exponential-backoff.js';
import type { Health } from '../health/health.js';
import { runCommand } from '../streams/run-command.js';
import type { AdditionEvent, AdditionOptions, Demand } from './addition.js';
import { Restraint } from './restraint.js';

interface Addition {
  readonly count: number;
  /** How many members there were. */
  readonly from: number;
}

/**
 * Adds what is lacking, one addition at a time. It acts when everybody has been told everything, so that what it
 * knows is how things stand.
 */
class Adder {
  readonly #subscriber: Subscriber<AdditionEvent>;
  readonly #add: (count: number) => unknown;
  readonly #demand: Demand;
  readonly #scheduler: SchedulerLike;
  readonly #restraint: Restraint;
  #health: Health | undefined;
  #lacking = 0;
  #turnIsDue = false;
  #turn: Subscription | undefined;
  #underWay: Addition | undefined;

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
    this.#restraint = new Restraint(backoff, scheduler, () => this.#consider());
  }

  stop(): void {
    this.#turn?.unsubscribe();
    this.#restraint.end();
  }

  see(health: Health): void {
    const before = this.#health ?? health;
    this.#health = health;
    this.#lacking = this.#demand(health, before);
    if (health.broken > before.broken) this.#holdBack();
    const addition = this.#underWay;
    // All of them can be seen: what comes of them is a matter of the figures from here on.
    if (addition && health.total >= addition.from + addition.count) this.#finish(addition);
    else this.#consider();
  }

  #consider(): void {
    if (this.#turnIsDue || !this.#mayAdd) return;
    this.#turnIsDue = true;
    this.#turn = this.#scheduler.schedule(() => {
      this.#turnIsDue = false;
      if (this.#mayAdd) this.#begin();
    });
  }

  get #mayAdd(): boolean {
    return this.#lacking > 0 && !this.#underWay && !this.#restraint.holds && !this.#subscriber.closed;
  }

  #begin(): void {
    const addition: Addition = { count: this.#lacking, from: this.#total };
    this.#underWay = addition;
    runCommand(
      () => this.#add(addition.count),
      () => this.#finish(addition),
      (cause) => this.#fail(addition, cause),
    );
  }

  /** An addition after which there are no more members than before has failed, too: it must not be repeated at once. */
  #finish(addition: Addition): void {
    if (this.#underWay !== addition) return;
    this.#underWay = undefined;
    const gained = Math.min(addition.count, this.#total - addition.from);
    if (gained > 0) this.#subscriber.next({ type: 'added', count: gained });
    else this.#holdBack();
    this.#consider();
  }

  #fail(addition: Addition, cause: unknown): void {
    if (this.#underWay === addition) this.#underWay = undefined;
    this.#holdBack();
    this.#subscriber.next({ type: 'add-failed', count: addition.count, cause });
    this.#consider();
  }

  #holdBack(): void {
    if (this.#subscriber.closed) return;
    try {
      this.#restraint.begin();
    } catch (error) {
      this.#subscriber.error(error);
    }
  }

  get #total(): number {
    return this.#health?.total ?? 0;
  }
}

/** An operator that calls `add` with what is lacking, by a demand that is made for each subscription. */
export function adding(
  add: (count: number) => unknown,
  options: AdditionOptions,
  makeDemand: () => Demand,
  names: readonly string[] = [],
): OperatorFunction<Health, AdditionEvent> {
  checkFunction('add', add);
  checkOptions('options', options, ['backoff', 'scheduler', ...names]);
  const { backoff = exponentialBackoff() } = options;
  checkFunction('options.backoff', backoff);
  const scheduler = resolveScheduler(options.scheduler);
  return (source) =>
    new Observable((subscriber) => {
      const adder = new Adder(subscriber, add, makeDemand(), backoff, scheduler);
      subscriber.add(() => adder.stop());
      return source.subscribe({
        next: (health) => adder.see(health),
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
