import { Observable, type OperatorFunction, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import { checkFunction, checkOptions } from '../checks.js';
import { resolveScheduler } from '../defaults.js';
import type { Backoff } from '../healing/backoff.js';
import { BackoffGate } from '../healing/backoff-gate.js';
import { exponentialBackoff } from '../healing/exponential-backoff.js';
import type { Health } from '../health/health.js';
import { runCommand } from '../streams/run-command.js';
import { type AdditionEvent, AdditionFailure, type AdditionOptions, type Deficit } from './addition.js';

/** One call of `add` that has not ended. */
interface GrowthStep {
  /** How many members it adds. */
  readonly count: number;
  /** How many members there were before it. */
  readonly from: number;
}

/**
 * Calls `add` with the deficit, one call at a time. Each call is made in a task of the scheduler, when all subscribers
 * of `health$` have got its latest value, so that the deficit is the current one.
 */
class SizeController {
  readonly #subscriber: Subscriber<AdditionEvent>;
  readonly #add: (count: number) => unknown;
  readonly #deficit: Deficit;
  readonly #scheduler: SchedulerLike;
  readonly #gate: BackoffGate;
  #health: Health | undefined;
  #missing = 0;
  #isScheduled = false;
  #timer: Subscription | undefined;
  #current: GrowthStep | undefined;

  constructor(
    subscriber: Subscriber<AdditionEvent>,
    add: (count: number) => unknown,
    deficit: Deficit,
    backoff: Backoff,
    scheduler: SchedulerLike,
  ) {
    this.#subscriber = subscriber;
    this.#add = add;
    this.#deficit = deficit;
    this.#scheduler = scheduler;
    this.#gate = new BackoffGate(backoff, scheduler, () => this.#consider());
  }

  stop(): void {
    this.#timer?.unsubscribe();
    this.#gate.cancel();
  }

  update(health: Health): void {
    const before = this.#health ?? health;
    this.#health = health;
    this.#missing = this.#deficit(health, before);
    if (health.broken > before.broken) this.#backOff();
    const step = this.#current;
    // The new members are counted in `health`: from here on the deficit tells whether more are needed.
    if (step && health.total >= step.from + step.count) this.#finish(step);
    else this.#consider();
  }

  #consider(): void {
    if (this.#isScheduled || !this.#mayAdd) return;
    this.#isScheduled = true;
    this.#timer = this.#scheduler.schedule(() => {
      this.#isScheduled = false;
      if (this.#mayAdd) this.#begin();
    });
  }

  get #mayAdd(): boolean {
    return this.#missing > 0 && !this.#current && !this.#gate.isClosed && !this.#subscriber.closed;
  }

  #begin(): void {
    const step: GrowthStep = { count: this.#missing, from: this.#total };
    this.#current = step;
    runCommand(
      () => this.#add(step.count),
      () => this.#finish(step),
      (cause) => this.#fail(step, cause),
    );
  }

  /** A call that added no member backs off like one that failed: repeated at once, it would loop. */
  #finish(step: GrowthStep): void {
    if (this.#current !== step) return;
    this.#current = undefined;
    const gained = Math.min(step.count, this.#total - step.from);
    if (gained > 0) this.#subscriber.next({ type: 'added', count: gained });
    else this.#backOff();
    this.#consider();
  }

  #fail(step: GrowthStep, cause: unknown): void {
    if (this.#current === step) this.#current = undefined;
    this.#backOff();
    this.#subscriber.next(new AdditionFailure(cause, step.count));
    this.#consider();
  }

  #backOff(): void {
    if (this.#subscriber.closed) return;
    try {
      this.#gate.close();
    } catch (error) {
      this.#subscriber.error(error);
    }
  }

  get #total(): number {
    return this.#health?.total ?? 0;
  }
}

/**
 * An operator that calls `add` with the deficit, which a function made for each subscription computes.
 *
 * @param names - the names of further options that are permitted.
 */
export function growBy(
  add: (count: number) => unknown,
  options: AdditionOptions,
  makeDeficit: () => Deficit,
  names: readonly string[] = [],
): OperatorFunction<Health, AdditionEvent> {
  checkFunction('add', add);
  checkOptions('options', options, ['backoff', 'scheduler', ...names]);
  const { backoff = exponentialBackoff() } = options;
  checkFunction('options.backoff', backoff);
  const scheduler = resolveScheduler(options.scheduler);
  return (source) =>
    new Observable((subscriber) => {
      const controller = new SizeController(subscriber, add, makeDeficit(), backoff, scheduler);
      subscriber.add(() => controller.stop());
      return source.subscribe({
        next: (health) => controller.update(health),
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
