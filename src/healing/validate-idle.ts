import { asyncScheduler, Observable, type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import {
  atLeast,
  checkEach,
  checkFunction,
  checkLimit,
  checkScheduler,
  MAX_TIMER_DELAY,
  type Resolved,
} from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import type { ConnectionRecord } from '../connection/record.js';
import type { ValidationError } from '../errors.js';
import { forEachMember } from '../streams/for-each-member.js';
import { type CommandFailure, runAndEmit } from '../streams/run-command.js';
import { ping, startValidation, type Validate } from './validation.js';

/** How one validation ended. */
export type Validation<C> =
  | {
      /** The connection that was validated. */
      readonly connection: C;
      /** The connection answered. */
      readonly ok: true;
    }
  | {
      /** The connection that was validated. */
      readonly connection: C;
      /** The connection was invalidated. */
      readonly ok: false;
      /** Why it was invalidated. */
      readonly cause: ValidationError;
    };

/** Options of {@link validateIdle}. Durations are in milliseconds. */
export interface ValidateIdleOptions {
  /**
   * Idle time after which a connection is validated, and time between validations while it stays idle. @default 5000
   */
  readonly interval?: number | undefined;
  /** Time within which `validate` has to settle. @default 1000 */
  readonly timeout?: number | undefined;
  /** How many validations run at once; further connections wait for one to end. @default 16 */
  readonly maxValidations?: number | undefined;
  /** The clock of `interval` and `timeout`. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

type Settings = Resolved<ValidateIdleOptions>;

function resolveOptions(options: ValidateIdleOptions): Settings {
  checkEach('options', options, {
    interval: atLeast(1),
    timeout: atLeast(1),
    maxValidations: checkLimit,
    scheduler: checkScheduler,
  });
  return {
    interval: options.interval ?? 5_000,
    timeout: options.timeout ?? 1_000,
    maxValidations: options.maxValidations ?? 16,
    scheduler: options.scheduler ?? asyncScheduler,
  };
}

/** A connection of the source. */
interface Entry<C extends Connection> {
  readonly record: ConnectionRecord<C>;
  /** When it became idle or last passed a validation. */
  since: number;
  /** The validation that is running. */
  validation: Subscription | undefined;
}

/** Keeps the idle connections in order of their idle time, and validates those that are due. */
class IdleValidator<C extends Connection> {
  /** In the order in which they became idle, so that one timer serves all. */
  readonly #idle = new Set<Entry<C>>();
  #pending = 0;
  /** Fires when the first idle entry is due, or earlier. May be unset only while `maxValidations` are running. */
  #timer: Subscription | undefined;

  constructor(
    readonly subscriber: Subscriber<Validation<C> | CommandFailure>,
    readonly validate: Validate<C>,
    readonly invalidate: (connection: C, cause: ValidationError) => unknown,
    readonly settings: Settings,
  ) {}

  add(connection: C, presence: Subscription): void {
    const entry: Entry<C> = { record: retainRecord(connection), since: 0, validation: undefined };
    const unwatch = entry.record.listen({
      onLoad: (from, to) => this.#loadChanged(entry, from, to),
      onState: () => {
        this.#reset(entry);
        this.#markIdle(entry);
      },
    });
    presence.add(() => {
      unwatch();
      this.#reset(entry);
      releaseRecord(connection);
    });
    this.#markIdle(entry);
  }

  clear(): void {
    this.#timer?.unsubscribe();
  }

  #loadChanged(entry: Entry<C>, from: number, to: number): void {
    if (entry.validation) return;
    if (to === 0) this.#markIdle(entry);
    else if (from === 0) this.#idle.delete(entry);
  }

  /** Starts the idle time of an entry whose connection is connected and has no load. */
  #markIdle(entry: Entry<C>): void {
    if (entry.record.load > 0 || entry.record.state !== 'connected') return;
    entry.since = this.settings.scheduler.now();
    this.#idle.add(entry);
    if (!this.#timer) this.#scheduleIn(this.settings.interval);
  }

  /** Ends the idle time of an entry and cancels its validation. */
  #reset(entry: Entry<C>): void {
    this.#idle.delete(entry);
    entry.validation?.unsubscribe();
  }

  #scheduleIn(delay: number): void {
    this.#timer?.unsubscribe();
    this.#timer = this.settings.scheduler.schedule(() => this.#validateDue(), Math.min(delay, MAX_TIMER_DELAY));
  }

  #validateDue(): void {
    const { interval, maxValidations, scheduler } = this.settings;
    this.#timer = undefined;
    const now = scheduler.now();
    for (const entry of this.#idle) {
      if (this.#pending >= maxValidations) return;
      // If the clock was set back, the next validation must not be late by that time.
      entry.since = Math.min(entry.since, now);
      const wait = entry.since + interval - now;
      if (wait > 0) {
        this.#scheduleIn(wait);
        return;
      }
      this.#start(entry);
    }
  }

  #start(entry: Entry<C>): void {
    const { record } = entry;
    const validation = new Subscription();
    validation.add(() => this.#finish(entry));
    this.#idle.delete(entry);
    entry.validation = validation;
    this.#pending++;
    startValidation(record, this.validate, this.settings, validation, ({ failure, isSuperseded }) => {
      validation.unsubscribe();
      this.#markIdle(entry);
      if (!isSuperseded) this.#report(record.connection, failure);
    });
  }

  #finish(entry: Entry<C>): void {
    entry.validation = undefined;
    const wasFull = this.#pending === this.settings.maxValidations;
    this.#pending--;
    if (wasFull && !this.subscriber.closed) this.#scheduleIn(0);
  }

  #report(connection: C, cause: ValidationError | undefined): void {
    const { subscriber } = this;
    if (!cause) {
      subscriber.next({ connection, ok: true });
      return;
    }
    runAndEmit(() => this.invalidate(connection, cause), { connection, ok: false, cause }, subscriber);
  }
}

/**
 * Finds half-open connections. Calls `validate` for each connection that has had no load for `interval` milliseconds.
 * Calls `invalidate` if `validate` rejects, throws, resolves to `false` or does not settle within `timeout`.
 *
 * A connection with load is not validated, because its requests have their own deadlines. If a connection gets a
 * request during a validation, the result is ignored. The requests that `validate` sends before it returns do not count
 * as load; if it sends more than that at a time, the surplus counts.
 *
 * Cold. Emits each result, after `invalidate`. If `invalidate` fails, a {@link CommandFailure} is emitted, and the
 * connection is validated again after `interval`. Completes and errors with its source. Unsubscribing aborts the
 * running validations. Below, `o` is a pass and `x` a failure.
 *
 * ```text
 * source:                                              --[a]----------------------
 * requests of a:                                       ---(---)-------------------
 * validateIdle(validate, invalidate, { interval: 6 }): -------------o-----o------x
 * ```
 *
 * @param validate - sends a request that only a live connection answers; undefined for the connection's own `ping`. A
 * connection without either is not validated.
 * @param invalidate - takes a failed connection out of service, and may return a promise.
 * @throws TypeError, RangeError for invalid arguments.
 * @example
 * ```ts
 * pool.connected$
 *   .pipe(
 *     validateIdle(
 *       (connection, { signal }) => connection.request({ command: 'PING', signal }),
 *       (connection, cause) => pool.invalidateConnections([connection], { cause }),
 *     ),
 *   )
 *   .subscribe();
 * ```
 */
export function validateIdle<C extends Connection>(
  validate: Validate<C> | undefined,
  invalidate: (connection: C, cause: ValidationError) => unknown,
  options: ValidateIdleOptions = {},
): (source: Observable<readonly C[]>) => Observable<Validation<C> | CommandFailure> {
  if (validate !== undefined) checkFunction('validate', validate);
  checkFunction('invalidate', invalidate);
  const settings = resolveOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const validator = new IdleValidator<C>(subscriber, validate ?? ping, invalidate, settings);
      subscriber.add(() => validator.clear());
      forEachMember(source, subscriber, (connection, presence) => {
        if (validate ?? connection.ping) validator.add(connection, presence);
      });
    });
}
