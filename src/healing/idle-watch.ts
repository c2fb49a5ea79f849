import { type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import type { ConnectionRecord } from '../connection/record.js';
import type { ValidationError } from '../errors.js';
import { runCommand } from '../streams/run-command.js';
import { beginValidation, type Validate } from './validation.js';

/** How one validation ended. */
export type Validation<C> =
  | { readonly connection: C; readonly ok: true }
  | { readonly connection: C; readonly ok: false; readonly cause: ValidationError };

/** When idle connections are validated. Durations are in milliseconds. */
export interface ValidateIdleOptions {
  /** For how long it has carried nothing; and again each time that it has gone on so. @default 5000 */
  readonly interval?: number | undefined;
  /** How long the answer may take. @default 1000 */
  readonly timeout?: number | undefined;
  /** How many validations may be under way at once; the others are put off. @default 16 */
  readonly maxValidations?: number | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

export type IdleSettings = { readonly [O in keyof ValidateIdleOptions]-?: NonNullable<ValidateIdleOptions[O]> };

/** A validation under way. */
interface UnderWay {
  readonly subscription: Subscription;
  /** The load that it is itself. */
  own: number;
  /** Whether the connection got work meanwhile, and so will be judged by that. */
  moot: boolean;
}

interface Watched<C extends Connection> {
  readonly record: ConnectionRecord<C>;
  /** When it fell idle, or was found well. */
  since: number;
  validation: UnderWay | undefined;
}

/** Knows who has carried nothing for how long, and has those validated whose time has come. */
export class IdleWatch<C extends Connection> {
  /** In the order in which they fell idle, so that one timer does for all. */
  readonly #idle = new Set<Watched<C>>();
  #underWay = 0;
  /** Never later than the first of the idle is due, unless all validations that may be are under way. */
  #timer: Subscription | undefined;

  constructor(
    readonly subscriber: Subscriber<Validation<C>>,
    readonly validate: Validate<C>,
    readonly condemn: (connection: C, cause: ValidationError) => unknown,
    readonly settings: IdleSettings,
  ) {}

  follow(connection: C, stay: Subscription): void {
    const watched: Watched<C> = { record: retainRecord(connection), since: 0, validation: undefined };
    const unwatch = watched.record.listen({
      onLoad: (from, to) => this.#loadChanged(watched, from, to),
      onState: () => {
        this.#disturb(watched);
        this.#rest(watched);
      },
    });
    stay.add(() => {
      unwatch();
      this.#disturb(watched);
      releaseRecord(connection);
    });
    this.#rest(watched);
  }

  clear(): void {
    this.#timer?.unsubscribe();
  }

  #loadChanged(watched: Watched<C>, from: number, to: number): void {
    const { validation } = watched;
    if (validation) validation.moot ||= to > from && to > validation.own;
    else if (to === 0) this.#rest(watched);
    else if (from === 0) this.#idle.delete(watched);
  }

  /** From now on it is idle, if it is. */
  #rest(watched: Watched<C>): void {
    if (watched.record.load > 0 || watched.record.state !== 'connected') return;
    watched.since = this.settings.scheduler.now();
    this.#idle.add(watched);
    if (!this.#timer) this.#wakeIn(this.settings.interval);
  }

  /** What was known of it holds no longer. */
  #disturb(watched: Watched<C>): void {
    this.#idle.delete(watched);
    watched.validation?.subscription.unsubscribe();
  }

  #wakeIn(delay: number): void {
    this.#timer?.unsubscribe();
    this.#timer = this.settings.scheduler.schedule(() => this.#validateTheDue(), Math.min(delay, MAX_TIMER_DELAY));
  }

  #validateTheDue(): void {
    const { interval, maxValidations, scheduler } = this.settings;
    this.#timer = undefined;
    const now = scheduler.now();
    for (const watched of this.#idle) {
      if (this.#underWay >= maxValidations) return;
      // A clock that was set back must not put it off for as long.
      watched.since = Math.min(watched.since, now);
      const wait = watched.since + interval - now;
      if (wait > 0) {
        this.#wakeIn(wait);
        return;
      }
      this.#begin(watched);
    }
  }

  #begin(watched: Watched<C>): void {
    const { record } = watched;
    const subscription = new Subscription();
    const validation: UnderWay = { subscription, own: Number.POSITIVE_INFINITY, moot: false };
    subscription.add(() => this.#end(watched));
    this.#idle.delete(watched);
    watched.validation = validation;
    this.#underWay++;
    beginValidation(record.connection, this.validate, this.settings, subscription, (failure) => {
      const moot = validation.moot || (record.stay?.leased ?? 0) > 0;
      subscription.unsubscribe();
      this.#rest(watched);
      if (!moot) this.#tell(record.connection, failure);
    });
    validation.own = record.load;
  }

  #end(watched: Watched<C>): void {
    watched.validation = undefined;
    const othersMayWait = this.#underWay === this.settings.maxValidations;
    this.#underWay--;
    if (othersMayWait && !this.subscriber.closed) this.#wakeIn(0);
  }

  #tell(connection: C, cause: ValidationError | undefined): void {
    const { subscriber } = this;
    if (!cause) {
      subscriber.next({ connection, ok: true });
      return;
    }
    runCommand(
      () => this.condemn(connection, cause),
      () => subscriber.next({ connection, ok: false, cause }),
      (error) => subscriber.error(error),
    );
  }
}
