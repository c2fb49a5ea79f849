import { from, Observable, type ObservableInput, type Subscription } from 'rxjs';
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
    let errand: Errand<C, K> | undefined;
    let borrowing: Borrowing<C> | undefined;
    let running: Subscription | undefined;
    /** What the work does when it is stopped is done on a connection that is still its own. */
    const finish = (): void => {
      errand?.end();
      try {
        running?.unsubscribe();
      } finally {
        borrowing?.end();
      }
    };
    const finishing = (tell: () => void): void => {
      try {
        finish();
      } finally {
        tell();
      }
    };
    const fail = (error: unknown): void => finishing(() => subscriber.error(error));
    const flow = (granted: Borrowing<C>, sent: Errand<C, K>): void => {
      // A strategy that was asked may have had it unsubscribed.
      if (subscriber.closed) {
        granted.end();
        return;
      }
      borrowing = granted;
      /** Whoever has given up is told of that, whatever its work does when it hears of it. */
      const ending = (tell: () => void): void => {
        if (!sent.over) finishing(tell);
      };
      const results = new Observable<T>((inner) => {
        // Known before the first result, which may be what ends it.
        running = inner;
        return from(work(granted.cell.connection, granted)).subscribe(inner);
      });
      results.subscribe({
        next: (result) => subscriber.next(result),
        error: (error: unknown) => ending(() => subscriber.error(error)),
        complete: () => ending(() => subscriber.complete()),
      });
    };
    subscriber.add(() => {
      borrowing?.abort(undefined);
      finish();
    });
    errand = new Errand(lender, terms(), { granted: flow, refused: fail });
    if (subscriber.closed) errand.end();
  });
}
