import { from, Observable, type ObservableInput, type Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { AcquireRequest, type AcquireTerms } from './acquire-request.js';
import type { Acquirer } from './acquirer.js';
import type { Checkout, UseContext } from './checkout.js';

/** Work to be done on a connection, as a stream of results. */
export type StreamingWork<C, T> = (connection: C, context: UseContext) => ObservableInput<T>;

/** One subscription is one borrowing: it is released before completion and error are emitted, and on unsubscribing. */
export function withConnection<C extends Connection, K, T>(
  acquirer: Acquirer<C, K>,
  terms: () => AcquireTerms<K>,
  work: StreamingWork<C, T>,
): Observable<T> {
  return new Observable((subscriber) => {
    let request: AcquireRequest<C, K> | undefined;
    let checkout: Checkout<C> | undefined;
    let running: Subscription | undefined;
    /** The teardown of the work runs while the connection is still its own. */
    const finish = (): void => {
      request?.settle();
      try {
        running?.unsubscribe();
      } finally {
        checkout?.release();
      }
    };
    const finishAnd = (emit: () => void): void => {
      try {
        finish();
      } finally {
        emit();
      }
    };
    const start = (acquired: Checkout<C>, settled: AcquireRequest<C, K>): void => {
      // A user's strategy may have unsubscribed when it was asked.
      if (subscriber.closed) {
        acquired.release();
        return;
      }
      checkout = acquired;
      /** A caller whose signal or deadline has ended it is told of that, not of what its work made of the abort. */
      const end = (emit: () => void): void => {
        if (!settled.isSettled) finishAnd(emit);
      };
      const results = new Observable<T>((inner) => {
        // Known before the first result, which may be what unsubscribes.
        running = inner;
        return from(work(acquired.member.connection, acquired)).subscribe(inner);
      });
      results.subscribe({
        next: (result) => subscriber.next(result),
        error: (error: unknown) => end(() => subscriber.error(error)),
        complete: () => end(() => subscriber.complete()),
      });
    };
    subscriber.add(() => {
      checkout?.abort(undefined);
      finish();
    });
    const fail = (error: unknown): void => finishAnd(() => subscriber.error(error));
    request = new AcquireRequest(acquirer, terms(), { onAcquired: start, onRejected: fail });
    if (subscriber.closed) request.settle();
  });
}
