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
  /**
   * Milliseconds with load and without an answer, after which a connection with failed work counts as silent.
   * @default 3000
   */
  readonly after?: number | undefined;
  /** The clock of `after`. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A connection that was found silent. */
export interface Silence<C> {
  /** The connection, which has been invalidated. */
  readonly connection: C;
  /** Milliseconds for which the connection had load and answered nothing. */
  readonly silentFor: number;
  /** The cause of the invalidation. */
  readonly cause: ValidationError;
}

/** The time since the last answer of one connection. */
class SilenceTimer implements Expirable {
  readonly due: ListNode<Expirable> = new ListNode<Expirable>(this);
  deadline = 0;
  /** Start of the silence: the last answer or the first load. Moved forward by the time without load. */
  #since: number;
  /** Since when it has no load; undefined while it has load. */
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

  /**
   * Checks whether the connection is silent by now, and otherwise when it will be. An answer leaves the timer running,
   * which costs nothing.
   */
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
 * Finds connections that fall silent under load, for example because a firewall has dropped their flows. Calls
 * `invalidate` for a connection if work on it has failed (by its deadline, for example) and nothing has been answered
 * during `after` milliseconds with load. It invalidates all silent connections, even if no others are left. Give your
 * work deadlines: work that waits forever never fails.
 *
 * Reads the outcomes of work from the connection's `outcomes$`, or else from the pool's `use` and `withConnection`.
 *
 * Cold. Emits each {@link Silence} after `invalidate`, or a {@link CommandFailure} if that throws or rejects. Completes
 * and errors with its source. Unsubscribing stops the detection. Below, `o` is an answer and `x` a failure.
 *
 * ```text
 * source:                                     --[a]--------------------
 * work on a:                                  ----o--x--x--x--x--------
 * invalidateSilent(invalidate, { after: 8 }): ------------S------------
 * ```
 *
 * @param invalidate - takes a connection out of service, and may return a promise.
 * @throws TypeError, RangeError for invalid arguments.
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
