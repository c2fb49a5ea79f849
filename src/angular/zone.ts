import { inject, NgZone } from '@angular/core';
import { isObservable, Observable } from 'rxjs';
import { type Connection, ConnectionPool } from 'rxpool';

/** Runs a function where nothing that it begins (timers, sockets, listeners) makes Angular look for changes. */
export type RunOutside = <T>(run: () => T) => T;

const here: RunOutside = (run) => run();

/** What runs functions outside the zone of the application. An application without zone.js has none to leave. */
export function injectOutside(): RunOutside {
  const zone = inject(NgZone, { optional: true });
  // What stands in for the zone there only looks like an NgZone.
  return zone instanceof NgZone ? (run) => zone.runOutsideAngular(run) : here;
}

/** A stream that is subscribed to, and tells its subscribers, outside the zone. */
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

/** Has every method of a pool run outside the zone that it is called in: a request sets timers, and may dial. */
export function callOutside<C extends Connection, K>(pool: ConnectionPool<C, K>, outside: RunOutside): void {
  if (outside === here) return;
  for (const [name, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(ConnectionPool.prototype))) {
    if (typeof method !== 'function' || name === 'constructor') continue;
    const value = (...args: unknown[]): unknown => {
      const result: unknown = outside(() => method.apply(pool, args));
      return isObservable(result) ? streamOutside(result, outside) : result;
    };
    Object.defineProperty(pool, name, { value });
  }
}

/**
 * Has a connection be dialled outside the zone. The pool may dial in the zone after all: where a lease that was invalidated
 * there is dialled anew.
 */
export function connectOutside<C extends Connection>(connection: C, outside: RunOutside): C {
  if (outside === here || !isConnection(connection)) return connection;
  const { connect } = connection;
  const value = (): Promise<void> => outside(() => connect.call(connection));
  Object.defineProperty(connection, 'connect', { value, configurable: true, writable: true });
  return connection;
}

/** The pool refuses what is none. */
const isConnection = (made: unknown): made is Connection =>
  typeof (made as Partial<Connection> | null | undefined)?.connect === 'function' && Object.isExtensible(made);
