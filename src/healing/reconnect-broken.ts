import { Observable } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { changesOf } from '../streams/changes.js';
import type { ReconnectEvent } from './reconnect-event.js';
import { type ReconnectBrokenOptions, resolveOptions } from './reconnect-options.js';
import { Ward } from './ward.js';

/**
 * Redials every connection of the source until it comes up or leaves the source, each with a backoff of its own.
 * A connection that a dial, whoever's, takes off the list keeps its backoff until it is proven to work. A dial is
 * judged by `state$`; the promise of `connect()` tells the cause. In a pool, dials keep to the pool's `maxDials`
 * and `connectTimeout`.
 *
 * A connection that breaks for a terminal cause, or has used up `maxAttempts`, is given up: left as it is, without
 * a timer, until somebody else has brought it up. What breaks after that is healed afresh.
 *
 * Cold. Unsubscribing cancels what is waiting and leaves a dial under way alone. When the source completes,
 * what is waiting is cancelled and the result completes once dials have settled. Errors with its source, and when
 * `isTerminal` or `backoff` throws or the latter returns no number of milliseconds.
 *
 * ```text
 * source:                             --[a]------[]--------[a]-----
 * reconnectBroken():                  --s----d---------f---s----d--   (s scheduled, d dialling, f failed)
 * reconnectBroken({ maxAttempts: 1 }) --s----d---------(fa)--------   (a abandoned)
 * ```
 *
 * @throws TypeError, RangeError for options that cannot be.
 * @example
 * ```ts
 * pool.broken$.pipe(reconnectBroken({ backoff: exponentialBackoff({ max: 1_000 }) })).subscribe(console.log);
 * ```
 */
export function reconnectBroken<C extends Connection>(
  options: ReconnectBrokenOptions = {},
): (source: Observable<readonly C[]>) => Observable<ReconnectEvent<C>> {
  const settings = resolveOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const ward = new Ward<C>(subscriber, settings);
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
