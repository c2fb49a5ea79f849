import { from, Observable, type ObservableInput } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import type { Borrowing, UseContext } from './borrowing.js';
import { Errand, type Terms } from './errand.js';
import type { Lender } from './lender.js';

/** Work to be done on a connection, as a stream of results. */
export type StreamingWork<C, T> = (connection: C, context: UseContext) => ObservableInput<T>;

/** One subscription is one borrowing: it is given back before completion and error are told, and on unsubscribing. */
export function withConnection<C extends Connection, K, T>(
  lender: Lender<C, K>,
  terms: () => Terms<K>,
  work: StreamingWork<C, T>,
): Observable<T> {
  return new Observable((subscriber) => {
    let borrowing: Borrowing<C> | undefined;
    const finish = (): void => {
      errand?.end();
      borrowing?.end();
    };
    const fail = (error: unknown): void => {
      finish();
      subscriber.error(error);
    };
    const flow = (granted: Borrowing<C>): void => {
      borrowing = granted;
      subscriber.add(() => granted.abort(undefined));
      subscriber.add(finish);
      try {
        const results = from(work(granted.cell.connection, granted));
        subscriber.add(
          results.subscribe({
            next: (result) => subscriber.next(result),
            error: fail,
            complete: () => {
              finish();
              subscriber.complete();
            },
          }),
        );
      } catch (error) {
        fail(error);
      }
    };
    let errand: Errand<C, K> | undefined;
    subscriber.add(() => errand?.end());
    errand = new Errand(lender, terms(), { granted: flow, refused: fail });
    if (subscriber.closed) errand.end();
  });
}
