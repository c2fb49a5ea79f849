import { type Observable, Subscription } from 'rxjs';
import { ConnectionStreamError } from '../errors.js';
import { type Connection, causeOf, isConnectionState, RECORD } from './connection.js';
import { ConnectionRecord, type ReportingMember } from './record.js';

/** Keeps the record of a connection up to date that is not of the library's own classes, while something uses it. */
class ConnectionObserver<C extends Connection> {
  readonly record: ConnectionRecord<C>;
  /** The latest impossible value of each member, reported when the connection joins a pool. */
  readonly early = new Map<ReportingMember, unknown>();
  #users = 0;
  #failure: ConnectionStreamError | undefined = undefined;
  #subscription = new Subscription();

  constructor(connection: C) {
    this.record = new ConnectionRecord(connection);
  }

  retain(): void {
    if (this.#users++ === 0) this.#subscribe();
  }

  release(): void {
    if (--this.#users === 0) this.#unsubscribe();
  }

  /** Subscribes again to streams that have ended; returns why that failed. */
  resubscribe(): ConnectionStreamError | undefined {
    if (this.#failure && this.#users > 0) this.#subscribe();
    return this.#failure;
  }

  #subscribe(): void {
    this.#failure = undefined;
    this.#subscription = new Subscription();
    const { record } = this;
    this.#observe('state$', (state) => {
      if (!isConnectionState(state)) return false;
      record.setState(state, state === 'broken' ? causeOf(record.connection) : undefined);
      return true;
    });
    this.#observe('pending$', (pending) => record.report(pending));
  }

  #observe(member: 'state$' | 'pending$', accept: (value: unknown) => boolean): void {
    if (this.#failure) return;
    try {
      const source: Observable<unknown> = this.record.connection[member];
      const subscription = source.subscribe({
        next: (value) => {
          if (!this.#failure && !accept(value)) this.#misreported(member, value);
        },
        error: (cause: unknown) => this.#fail(new ConnectionStreamError(`${member} of a connection failed`, { cause })),
        complete: () => this.#fail(new ConnectionStreamError(`${member} of a connection completed while in use`)),
      });
      this.#subscription.add(subscription);
    } catch (cause) {
      this.#fail(new ConnectionStreamError(`${member} of a connection cannot be subscribed to`, { cause }));
    }
  }

  #misreported(member: ReportingMember, value: unknown): void {
    const { stay } = this.record;
    if (stay) stay.misreported(member, value);
    else this.early.set(member, value);
  }

  #fail(cause: ConnectionStreamError): void {
    if (this.#failure) return;
    this.#failure = cause;
    this.#unsubscribe();
    if (this.record.state !== 'closed') this.record.setState('broken', cause);
  }

  /** An error in the teardown of a stream is ignored: it must not keep a pool from closing. */
  #unsubscribe(): void {
    try {
      this.#subscription.unsubscribe();
    } catch {
      // All streams have been unsubscribed from anyway.
    }
  }
}

const observers = new WeakMap<Connection, ConnectionObserver<Connection>>();

const ownRecord = <C extends Connection>(connection: C): ConnectionRecord<C> | undefined =>
  (connection as { readonly [RECORD]?: ConnectionRecord<C> })[RECORD];

function observerOf<C extends Connection>(connection: C): ConnectionObserver<C> {
  let observer = observers.get(connection) as ConnectionObserver<C> | undefined;
  if (!observer) {
    observer = new ConnectionObserver(connection);
    observers.set(connection, observer as unknown as ConnectionObserver<Connection>);
  }
  return observer;
}

/** The one record of a connection. It is up to date between {@link retainRecord} and {@link releaseRecord}. */
export const recordOf = <C extends Connection>(connection: C): ConnectionRecord<C> =>
  ownRecord(connection) ?? observerOf(connection).record;

/** Returns the record of a connection and keeps it up to date until it is released as often as it was retained. */
export function retainRecord<C extends Connection>(connection: C): ConnectionRecord<C> {
  const own = ownRecord(connection);
  if (own) return own;
  const observer = observerOf(connection);
  observer.retain();
  return observer.record;
}

export function releaseRecord(connection: Connection): void {
  if (!ownRecord(connection)) observerOf(connection).release();
}

/** Subscribes again to a connection whose streams have ended, before a redial; returns why that failed. */
export const resubscribe = (connection: Connection): ConnectionStreamError | undefined =>
  ownRecord(connection) ? undefined : observerOf(connection).resubscribe();

/** Reports impossible values that arrived before the stay began. */
export function flushEarlyReports({ connection, stay }: ConnectionRecord): void {
  if (ownRecord(connection)) return;
  const { early } = observerOf(connection);
  const reports = [...early];
  early.clear();
  for (const [member, value] of reports) stay?.misreported(member, value);
}
