import { asyncScheduler, Observable, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import { atLeast, checkEach, checkFunction, checkScheduler, MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { type ConnectionRecord, isBeingDialled, isDown, isUp } from '../connection/record.js';
import { diffsOf } from '../streams/list-diff.js';
import type { CommandFailure } from '../streams/run-command.js';
import type { Backoff } from './backoff.js';
import { exponentialBackoff } from './exponential-backoff.js';
import { ListCommand } from './list-command.js';

/** Options of {@link cleanupBroken}. */
export interface CleanupBrokenOptions {
  /** Milliseconds after which a connection is removed if it has not been connected meanwhile. @default 0 */
  readonly after?: number | undefined;
  /** The wait before `remove` is called again after it failed. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /** The clock of `after`. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A connection of the list, kept until it has left the list and is up or closed. */
interface BrokenEntry<C extends Connection> {
  readonly record: ConnectionRecord<C>;
  /** Whether the source contains it. A dial under way takes it off the list. */
  listed: boolean;
  /** Whether `after` has passed since it broke. */
  due: boolean;
  /** Whether `remove` has been called with it and has not settled. */
  removing: boolean;
  timer: Subscription | undefined;
  unwatch(): void;
}

/** Has one timer for each entry. Removes all entries that are due and listed in one call. */
class CleanupTimers<C extends Connection> {
  readonly #entries = new Map<C, BrokenEntry<C>>();
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
      const entry = this.#entries.get(connection) ?? this.#register(connection);
      entry.listed = true;
      this.#startTime(entry);
    }
    this.#removeDue();
  }

  /** Marks connections that left the source: they recovered, left the pool, or are being dialled. */
  leave(connections: readonly C[]): void {
    for (const connection of connections) {
      const entry = this.#entries.get(connection);
      if (!entry) continue;
      entry.listed = false;
      if (entry.removing) this.#drop(entry);
      else this.#cancelIfRecovered(entry);
    }
  }

  clear(): void {
    this.#command.cancel();
    for (const entry of this.#entries.values()) this.#drop(entry);
  }

  #register(connection: C): BrokenEntry<C> {
    const record = retainRecord(connection);
    const unwatch = record.listen({
      onState: () => this.#changed(entry),
      onRetired: () => {
        if (!record.stay?.isMember) this.#drop(entry);
      },
    });
    const entry: BrokenEntry<C> = {
      record,
      listed: false,
      due: false,
      removing: false,
      timer: undefined,
      unwatch,
    };
    this.#entries.set(connection, entry);
    return entry;
  }

  /** The list may be late, so a connection that is up starts its time again when it breaks. */
  #changed(entry: BrokenEntry<C>): void {
    const { record, listed } = entry;
    if (!listed) this.#cancelIfRecovered(entry);
    else if (isUp(record)) {
      entry.timer?.unsubscribe();
      entry.timer = undefined;
      entry.due = false;
    } else {
      this.#startTime(entry);
      this.#removeDue();
      // A dial by the pool ends after the state has changed.
      if (record.stay?.isDialling) void record.stay.dial().then(() => this.#removeDue());
    }
  }

  #startTime(entry: BrokenEntry<C>): void {
    if (entry.due || entry.timer || isUp(entry.record)) return;
    if (this.after === 0) entry.due = true;
    else entry.timer = this.scheduler.schedule(() => this.#expired(entry), Math.min(this.after, MAX_TIMER_DELAY));
  }

  #expired(entry: BrokenEntry<C>): void {
    entry.due = true;
    if (entry.listed) this.#removeDue();
    else this.#cancelIfRecovered(entry);
  }

  #cancelIfRecovered(entry: BrokenEntry<C>): void {
    const { record, listed, due } = entry;
    if (listed || isBeingDialled(record)) return;
    const isClosed = record.state === 'closed' && !record.stay?.isClosedByPool;
    if (record.state === 'connected' || isClosed) this.#drop(entry);
    else if (due) this.#awaitList(entry);
  }

  /** Drops an entry that is still not being dialled one tick later. Until then its list may emit it again. */
  #awaitList(entry: BrokenEntry<C>): void {
    entry.timer?.unsubscribe();
    entry.timer = this.scheduler.schedule(() => {
      if (!isBeingDialled(entry.record)) this.#drop(entry);
    });
  }

  #removeDue(): void {
    if (this.#command.isBackingOff) return;
    const dead = [...this.#entries.values()].filter(
      ({ record, due, listed, removing }) => due && listed && !removing && isDown(record),
    );
    if (dead.length === 0) return;
    for (const entry of dead) entry.removing = true;
    this.#command.run(
      dead.map(({ record }) => record.connection),
      (ok) => {
        for (const entry of dead) {
          if (ok) this.#drop(entry);
          else entry.removing = false;
        }
      },
    );
  }

  #drop(entry: BrokenEntry<C>): void {
    const { connection } = entry.record;
    if (this.#entries.get(connection) !== entry) return;
    entry.timer?.unsubscribe();
    entry.unwatch();
    this.#entries.delete(connection);
    releaseRecord(connection);
  }
}

/**
 * Calls `remove` with the connections that have been broken for `after` milliseconds and were not connected meanwhile.
 * A dial takes a connection off the list, but does not stop its timer. A connection that is up or being dialled is
 * never removed, even if the list is late or never changes.
 *
 * Emits the same array once `remove` has returned and its promise, if any, has resolved. If `remove` fails, a
 * {@link CommandFailure} is emitted; after the backoff `remove` is called again with the connections still broken.
 * Cold. Completes and errors with its source, and errors when `backoff` throws. Unsubscribing cancels the timers.
 *
 * ```text
 * source:                                --[a]---[a,b]-[b]---[]---
 * cleanupBroken(remove, { after: 12 }):  --------------[a]---[b]--
 * ```
 *
 * @param remove - removes the connections, and may return a promise.
 * @throws TypeError, RangeError for invalid arguments.
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
  checkEach('options', options, { after: atLeast(0), backoff: checkFunction, scheduler: checkScheduler });
  const { after = 0, backoff = exponentialBackoff(), scheduler = asyncScheduler } = options;
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
