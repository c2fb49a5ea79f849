import { asyncScheduler, Observable, type SchedulerLike, type Subscriber } from 'rxjs';
import { checkDuration, checkEach, checkFunction, checkScheduler } from '../checks.js';
import { clockOf } from '../clock.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import { Deadlines, type Expirable } from '../deadlines.js';
import { ValidationError } from '../errors.js';
import { ListNode } from '../linked-list.js';
import { forEachMember } from '../streams/for-each-member.js';
import { type CommandFailure, runAndEmit } from '../streams/run-command.js';

/** Options of {@link invalidateSilent}. */
export interface InvalidateSilentOptions {
  /** Milliseconds without an answer after which a connection with failed work is silent. @default 3000 */
  readonly after?: number | undefined;
  /** The clock of `after`. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A connection that was found silent. */
export interface Silence<C> {
  /** The connection, which has been invalidated. */
  readonly connection: C;
  /** Milliseconds since its last answer, or since its work began. */
  readonly silentFor: number;
  /** What it was invalidated with. */
  readonly cause: ValidationError;
}

/** The last sign of life of one connection. */
class SilenceTimer implements Expirable {
  readonly due: ListNode<Expirable> = new ListNode<Expirable>(this);
  deadline = 0;
  /** When it answered last, or when its work began, the time without work since then left out. */
  #since: number;
  /** Since when it has no work. */
  #idleSince: number | undefined;
  /** Whether work has failed since its last answer. */
  #hasFailed = false;

  constructor(
    isIdle: boolean,
    readonly after: number,
    readonly deadlines: Deadlines,
    readonly silent: (silentFor: number) => void,
  ) {
    this.#since = this.#now;
    if (isIdle) this.#idleSince = this.#since;
  }

  get #now(): number {
    return this.deadlines.clock.now();
  }

  loadChanged(load: number): void {
    const idleSince = this.#idleSince;
    if (load === 0) this.#idleSince ??= this.#now;
    else if (idleSince !== undefined) {
      this.#since += this.#now - idleSince;
      this.#idleSince = undefined;
      if (this.#hasFailed && !this.due.list) this.expired();
    }
  }

  workEnded(ok: boolean): void {
    if (ok) {
      this.#since = this.#now;
      if (this.#idleSince !== undefined) this.#idleSince = this.#since;
      this.#hasFailed = false;
    } else if (!this.#hasFailed) {
      this.#hasFailed = true;
      if (!this.due.list) this.expired();
    }
  }

  /** Looks whether it is silent by now, and otherwise when it will be. An answer stops no timer: that costs nothing. */
  expired(): void {
    if (!this.#hasFailed || this.#idleSince !== undefined) return;
    const silentFor = this.#now - this.#since;
    if (silentFor < this.after) this.deadlines.add(this, this.after - silentFor);
    else {
      this.#hasFailed = false;
      this.silent(silentFor);
    }
  }

  stop(): void {
    this.deadlines.remove(this);
  }
}

/**
 * Finds connections that have gone silent under load, as when a firewall has forgotten their flows. Calls `invalidate`
 * for a connection on which work has failed, by its deadline for one, and which has answered nothing for `after`
 * milliseconds. All connections that are silent are invalidated, even if that is all there are. Work needs deadlines for
 * this: work that waits without end is not known to have failed.
 *
 * Hears of work by `outcomes$` of the connection, or else by `use` and `withConnection` of its pool.
 *
 * Cold. Emits each {@link Silence} after `invalidate`, or a {@link CommandFailure} where that throws or rejects.
 * Completes and errors with its source. Unsubscribing stops the watching. Below, `o` is answered and `x` failed.
 *
 * ```text
 * source:                                     --[a]--------------------
 * work on a:                                  ----o--x--x--x--x--------
 * invalidateSilent(invalidate, { after: 8 }): ------------S------------
 * ```
 *
 * @param invalidate - takes a connection out of service, and may return a promise.
 * @throws TypeError, RangeError for arguments out of range.
 * @example
 * ```ts
 * pool.connected$
 *   .pipe(invalidateSilent((connection, cause) => pool.invalidateConnections([connection], { cause })))
 *   .subscribe();
 * ```
 */
export function invalidateSilent<C extends Connection>(
  invalidate: (connection: C, cause: ValidationError) => unknown,
  options: InvalidateSilentOptions = {},
): (source: Observable<readonly C[]>) => Observable<Silence<C> | CommandFailure> {
  checkFunction('invalidate', invalidate);
  checkEach('options', options, { after: checkDuration, scheduler: checkScheduler });
  const { after = 3_000, scheduler = asyncScheduler } = options;
  return (source) =>
    new Observable((subscriber) => {
      const deadlines = new Deadlines(clockOf(scheduler));
      forEachMember(source, subscriber, (connection, presence) => {
        const record = retainRecord(connection);
        const silent = (silentFor: number): void => report(connection, silentFor, invalidate, subscriber);
        const timer = new SilenceTimer(record.load === 0, after, deadlines, silent);
        const stop = record.listen({ onLoad: () => timer.loadChanged(record.load) });
        presence.add(() => {
          stop();
          timer.stop();
          releaseRecord(connection);
        });
        observeOutcomes(connection, presence, (ok) => timer.workEnded(ok));
      });
    });
}

function report<C extends Connection>(
  connection: C,
  silentFor: number,
  invalidate: (connection: C, cause: ValidationError) => unknown,
  subscriber: Subscriber<Silence<C> | CommandFailure>,
): void {
  const cause = new ValidationError(`A connection with work has answered nothing for ${Math.round(silentFor)} ms`);
  runAndEmit(() => invalidate(connection, cause), { connection, silentFor, cause }, subscriber);
}
