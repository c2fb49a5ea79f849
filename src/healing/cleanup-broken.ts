import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { checkAtLeast, checkFunction, checkObject, MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import type { ConnectionRecord } from '../connection/record.js';
import { resolveScheduler } from '../defaults.js';
import { diffsOf } from '../streams/list-diff.js';
import { runAndEmit } from '../streams/run-command.js';
import { isBeingDialled } from './reconnect-broken.js';

/** When a broken connection is given up. */
export interface CleanupBrokenOptions {
  /** Milliseconds for which it has not been connected. @default 0 */
  readonly after?: number | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A connection whose time is running, in the source or away from it to be dialled. */
interface Condemned<C extends Connection> {
  readonly record: ConnectionRecord<C>;
  listed: boolean;
  due: boolean;
  timer: Subscription | undefined;
  unwatch(): void;
}

class Docket<C extends Connection> {
  readonly #condemned = new Map<C, Condemned<C>>();

  constructor(
    readonly remove: (dead: readonly C[]) => void,
    readonly after: number,
    readonly scheduler: SchedulerLike,
  ) {}

  enter(connections: readonly C[]): void {
    for (const connection of connections) {
      const condemned = this.#condemned.get(connection) ?? this.#register(connection);
      condemned.listed = true;
    }
    this.#execute();
  }

  /** A dial under way takes a connection off the list without making it well. */
  strike(connections: readonly C[]): void {
    for (const connection of connections) {
      const condemned = this.#condemned.get(connection);
      if (!condemned) continue;
      condemned.listed = false;
      this.#reprieve(condemned);
    }
  }

  clear(): void {
    for (const condemned of this.#condemned.values()) this.#forget(condemned);
  }

  #register(connection: C): Condemned<C> {
    const record = retainRecord(connection);
    const unwatch = record.listen({
      onState: () => this.#reprieve(condemned),
      onRetired: () => this.#forget(condemned),
    });
    const condemned: Condemned<C> = { record, listed: false, due: this.after === 0, timer: undefined, unwatch };
    this.#condemned.set(connection, condemned);
    if (!condemned.due) {
      condemned.timer = this.scheduler.schedule(
        () => {
          condemned.due = true;
          if (condemned.listed) this.#execute();
          else this.#reprieve(condemned);
        },
        Math.min(this.after, MAX_TIMER_DELAY),
      );
    }
    return condemned;
  }

  #reprieve(condemned: Condemned<C>): void {
    const { record, listed, due } = condemned;
    if (listed || isBeingDialled(record)) return;
    const isClosed = record.state === 'closed' && !record.stay?.isClosedByPool;
    if (record.state === 'connected' || isClosed) this.#forget(condemned);
    else if (due) this.#awaitList(condemned);
  }

  /** Broken, off the list and not dialled: it has left for good, or its list is late to tell. */
  #awaitList(condemned: Condemned<C>): void {
    condemned.timer?.unsubscribe();
    condemned.timer = this.scheduler.schedule(() => {
      if (!isBeingDialled(condemned.record)) this.#forget(condemned);
    });
  }

  #execute(): void {
    const dead = [...this.#condemned.values()].filter(({ due, listed }) => due && listed);
    for (const condemned of dead) this.#forget(condemned);
    if (dead.length > 0) this.remove(dead.map(({ record }) => record.connection));
  }

  #forget(condemned: Condemned<C>): void {
    condemned.timer?.unsubscribe();
    condemned.unwatch();
    if (this.#condemned.delete(condemned.record.connection)) releaseRecord(condemned.record.connection);
  }
}

/**
 * Gives up connections that have been in the source for `after` milliseconds without having been connected in
 * between, by calling `remove` with them; emits the same array once that has returned, and its promise, if it returned
 * one, has resolved. A dial that takes one off the list does not stop its clock. Cold; unsubscribing stops the clocks.
 * Completes and errors with its source, and errors when `remove` throws or rejects.
 *
 * ```text
 * source:                                --[a]---[a,b]-[b]---[]---
 * cleanupBroken(remove, { after: 12 }):  --------------[a]---[b]--
 * ```
 *
 * @example
 * ```ts
 * pool.broken$.pipe(cleanupBroken((dead) => pool.removeConnections(dead), { after: 30_000 })).subscribe();
 * ```
 */
export function cleanupBroken<C extends Connection>(
  remove: (dead: readonly C[]) => unknown,
  options: CleanupBrokenOptions = {},
): (source: Observable<readonly C[]>) => Observable<readonly C[]> {
  checkFunction('remove', remove);
  checkObject('options', options);
  const { after = 0 } = options;
  checkAtLeast('options.after', after, 0);
  const scheduler = resolveScheduler(options.scheduler);
  return (source) =>
    new Observable((subscriber) => {
      const removeAndTell = (dead: readonly C[]): void => runAndEmit(remove, dead, subscriber);
      const docket = new Docket<C>(removeAndTell, after, scheduler);
      subscriber.add(() => docket.clear());
      return diffsOf(source).subscribe({
        next: ({ added, removed }) => {
          docket.strike(removed);
          docket.enter(added);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
