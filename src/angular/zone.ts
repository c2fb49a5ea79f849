import { inject, NgZone } from '@angular/core';
import { isObservable, Observable } from 'rxjs';
import { type Connection, ConnectionPool } from 'rxpool';

/** Runs a function outside Angular's zone: timers, sockets and listeners that it begins cause no change detection. */
export type RunOutside = <T>(run: () => T) => T;

const here: RunOutside = (run) => run();

/** Returns the function that runs others outside the application's zone. Without zone.js there is no zone to leave. */
export function injectOutside(): RunOutside {
  const zone = inject(NgZone, { optional: true });
  // Without zone.js the token gives a substitute that only looks like an NgZone.
  return zone instanceof NgZone ? (run) => zone.runOutsideAngular(run) : here;
}

/** A stream that is subscribed to and emits outside the zone. */
export const streamOutside = <T>(source: Observable<T>, outside: RunOutside): Observable<T> =>
  new Observable((subscriber) =>
    outside(() =>
      source.subscribe({
        next: (value) => outside(() => subscriber.next(value)),
        error: (error: unknown) => outside(() => subscriber.error(error)),
        complete: () => outside(() => subscriber.complete()),
      }),
    ),
  );

/** Makes every method of a pool run outside the caller's zone, because a request sets timers and may dial. */
export function callOutside<C extends Connection, K>(pool: ConnectionPool<C, K>, outside: RunOutside): void {
  if (outside === here) return;
  for (const [name, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(ConnectionPool.prototype))) {
    if (typeof method !== 'function' || name === 'constructor') continue;
    const value = (...args: unknown[]): unknown => {
      const result: unknown = outside(() => method.apply(pool, args));
      return isObservable(result) ? streamOutside(result, outside) : result;
    };
    // Writable, like the methods of the class, so that a test can replace it.
    Object.defineProperty(pool, name, { value, configurable: true, writable: true });
  }
}

/**
 * Makes a connection dial outside the zone. The pool may otherwise dial within it, for example after a lease was
 * invalidated there.
 */
export function connectOutside<C extends Connection>(connection: C, outside: RunOutside): C {
  if (outside === here || !isConnection(connection)) return connection;
  const { connect } = connection;
  const value = (): Promise<void> => outside(() => connect.call(connection));
  Object.defineProperty(connection, 'connect', { value, configurable: true, writable: true });
  return connection;
}

/** The pool refuses other values. */
const isConnection = (made: unknown): made is Connection =>
  typeof (made as Partial<Connection> | null | undefined)?.connect === 'function' && Object.isExtensible(made);
