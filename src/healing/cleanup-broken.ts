import { Observable, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import { checkAtLeast, checkFunction, checkOptions, MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import type { ConnectionRecord } from '../connection/record.js';
import { resolveScheduler } from '../defaults.js';
import { diffsOf } from '../streams/list-diff.js';
import type { CommandFailure } from '../streams/run-command.js';
import type { Backoff } from './backoff.js';
import { exponentialBackoff } from './exponential-backoff.js';
import { ListCommand } from './list-command.js';
import { isBeingDialled, isDown, isUp } from './reconnect-broken.js';

/** Options of {@link cleanupBroken}. */
export interface CleanupBrokenOptions {
  /** Milliseconds without a connected state after which a broken connection is removed. @default 0 */
  readonly after?: number | undefined;
  /** The wait before `remove` is called again after it failed. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /** The clock of `after`. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A connection of the list, until it is off the list and up or closed. */
interface Candidate<C extends Connection> {
  readonly record: ConnectionRecord<C>;
  /** Whether the source holds it. A dial under way takes it off the list. */
  listed: boolean;
  /** Whether `after` has passed since it broke. */
  due: boolean;
  /** Whether `remove` has been called with it and has not ended. */
  removing: boolean;
  timer: Subscription | undefined;
  unwatch(): void;
}

/** One timer for each candidate. Removes the candidates that are due and listed, all of them in one call. */
class CleanupTimers<C extends Connection> {
  readonly #candidates = new Map<C, Candidate<C>>();
  readonly #command: ListCommand<C>;

  constructor(
    remove: (dead: readonly C[]) => unknown,
    subscriber: Subscriber<readonly C[] | CommandFailure>,
    backoff: Backoff,
    readonly after: number,
    readonly scheduler: SchedulerLike,
  ) {
    this.#command = new ListCommand(remove, subscriber, { backoff, scheduler }, () => this.#removeDue());
  }

  add(connections: readonly C[]): void {
    for (const connection of connections) {
      const candidate = this.#candidates.get(connection) ?? this.#register(connection);
      candidate.listed = true;
      this.#startTime(candidate);
    }
    this.#removeDue();
  }

  /** Marks connections that the source holds no longer: recovered, left, or being dialled. */
  leave(connections: readonly C[]): void {
    for (const connection of connections) {
      const candidate = this.#candidates.get(connection);
      if (!candidate) continue;
      candidate.listed = false;
      if (candidate.removing) this.#drop(candidate);
      else this.#cancelIfRecovered(candidate);
    }
  }

  clear(): void {
    this.#command.cancel();
    for (const candidate of this.#candidates.values()) this.#drop(candidate);
  }

  #register(connection: C): Candidate<C> {
    const record = retainRecord(connection);
    const unwatch = record.listen({
      onState: () => this.#changed(candidate),
      onRetired: () => {
        if (!record.stay?.isMember) this.#drop(candidate);
      },
    });
    const candidate: Candidate<C> = {
      record,
      listed: false,
      due: false,
      removing: false,
      timer: undefined,
      unwatch,
    };
    this.#candidates.set(connection, candidate);
    return candidate;
  }

  /** A list may be late: what is up again has its time begun anew when it breaks. */
  #changed(candidate: Candidate<C>): void {
    const { record, listed } = candidate;
    if (!listed) this.#cancelIfRecovered(candidate);
    else if (isUp(record)) {
      candidate.timer?.unsubscribe();
      candidate.timer = undefined;
      candidate.due = false;
    } else {
      this.#startTime(candidate);
      this.#removeDue();
      // A dial of the pool ends after the state has changed.
      if (record.stay?.isDialling) void record.stay.dial().then(() => this.#removeDue());
    }
  }

  #startTime(candidate: Candidate<C>): void {
    if (candidate.due || candidate.timer || isUp(candidate.record)) return;
    if (this.after === 0) candidate.due = true;
    else
      candidate.timer = this.scheduler.schedule(() => this.#expired(candidate), Math.min(this.after, MAX_TIMER_DELAY));
  }

  #expired(candidate: Candidate<C>): void {
    candidate.due = true;
    if (candidate.listed) this.#removeDue();
    else this.#cancelIfRecovered(candidate);
  }

  #cancelIfRecovered(candidate: Candidate<C>): void {
    const { record, listed, due } = candidate;
    if (listed || isBeingDialled(record)) return;
    const isClosed = record.state === 'closed' && !record.stay?.isClosedByPool;
    if (record.state === 'connected' || isClosed) this.#drop(candidate);
    else if (due) this.#awaitList(candidate);
  }

  /** Drops a candidate that is still not dialled one tick later: until then its list may be about to emit it again. */
  #awaitList(candidate: Candidate<C>): void {
    candidate.timer?.unsubscribe();
    candidate.timer = this.scheduler.schedule(() => {
      if (!isBeingDialled(candidate.record)) this.#drop(candidate);
    });
  }

  #removeDue(): void {
    if (this.#command.isBackingOff) return;
    const dead = [...this.#candidates.values()].filter(
      ({ record, due, listed, removing }) => due && listed && !removing && isDown(record),
    );
    if (dead.length === 0) return;
    for (const candidate of dead) candidate.removing = true;
    this.#command.run(
      dead.map(({ record }) => record.connection),
      (ok) => {
        for (const candidate of dead) {
          if (ok) this.#drop(candidate);
          else candidate.removing = false;
        }
      },
    );
  }

  #drop(candidate: Candidate<C>): void {
    const { connection } = candidate.record;
    if (this.#candidates.get(connection) !== candidate) return;
    candidate.timer?.unsubscribe();
    candidate.unwatch();
    this.#candidates.delete(connection);
    releaseRecord(connection);
  }
}

/**
 * Calls `remove` with the connections that have been broken for `after` milliseconds without being connected in
 * between. A dial that takes a connection off the list does not stop its timer. The list may be late, or never change:
 * what is up, or being dialled, is not removed.
 *
 * Emits the same array once `remove` has returned and its promise, if any, has resolved. Where it throws or rejects, a
 * {@link CommandFailure}: after the backoff it is called again with what is still broken. Cold. Completes and errors
 * with its source, and errors when `backoff` throws. Unsubscribing cancels the timers.
 *
 * ```text
 * source:                                --[a]---[a,b]-[b]---[]---
 * cleanupBroken(remove, { after: 12 }):  --------------[a]---[b]--
 * ```
 *
 * @param remove - removes the connections, and may return a promise.
 * @throws TypeError, RangeError for arguments out of range.
 * @example
 * ```ts
 * pool.broken$.pipe(cleanupBroken((dead) => pool.removeConnections(dead), { after: 30_000 })).subscribe();
 * ```
 */
export function cleanupBroken<C extends Connection>(
  remove: (dead: readonly C[]) => unknown,
  options: CleanupBrokenOptions = {},
): (source: Observable<readonly C[]>) => Observable<readonly C[] | CommandFailure> {
  checkFunction('remove', remove);
  checkOptions('options', options, ['after', 'backoff', 'scheduler']);
  const { after = 0, backoff = exponentialBackoff() } = options;
  checkAtLeast('options.after', after, 0);
  checkFunction('options.backoff', backoff);
  const scheduler = resolveScheduler(options.scheduler);
  return (source) =>
    new Observable((subscriber) => {
      const timers = new CleanupTimers<C>(remove, subscriber, backoff, after, scheduler);
      subscriber.add(() => timers.clear());
      return diffsOf(source).subscribe({
        next: ({ added, removed }) => {
          timers.leave(removed);
          timers.add(added);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
