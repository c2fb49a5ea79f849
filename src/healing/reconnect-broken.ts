import { Observable } from 'rxjs';
import { checkAtLeast, checkBag, checkFunction, checkScheduler } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { changesOf } from '../streams/changes.js';
import type { ReconnectEvent } from './reconnect-event.js';
import { type ReconnectBrokenOptions, Ward } from './ward.js';

function checkOptions(options: ReconnectBrokenOptions): void {
  checkBag('options', options);
  const { backoff, resetAfter, scheduler } = options;
  if (backoff !== undefined) checkFunction('options.backoff', backoff);
  if (resetAfter !== undefined) checkAtLeast('options.resetAfter', resetAfter, 0);
  if (scheduler !== undefined) checkScheduler('options.scheduler', scheduler);
}

/**
 * Redials every connection of the source until it comes up or leaves the source, each with a backoff of its own.
 * A connection that a dial, whoever's, takes off the list keeps its backoff. A dial is judged by `state$`; the
 * promise of `connect()` tells the cause. In a pool, dials keep to the pool's `maxDials` and `connectTimeout`.
 *
 * Cold. Unsubscribing cancels what is waiting and leaves a dial under way alone. When the source completes,
 * what is waiting is cancelled and the result completes once dials have settled. Errors with its source, and when
 * `backoff` throws or returns no number of milliseconds.
 *
 * ```text
 * source:            --[a]------[]--------[a]----
 * reconnectBroken(): --s----d---------f---s----d-   (s scheduled, d dialling, f failed)
 * ```
 *
 * @example
 * ```ts
 * pool.broken$.pipe(reconnectBroken({ backoff: exponentialBackoff({ max: 1_000 }) })).subscribe(console.log);
 * ```
 */
export function reconnectBroken<C extends Connection>(
  options: ReconnectBrokenOptions = {},
): (source: Observable<readonly C[]>) => Observable<ReconnectEvent<C>> {
  checkOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const ward = new Ward<C>(subscriber, options);
      subscriber.add(() => ward.clear());
      return changesOf(source).subscribe({
        next: ({ added, removed }) => {
          for (const connection of removed) ward.discharge(connection);
          for (const connection of added) ward.admit(connection);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => ward.complete(),
      });
    });
}
