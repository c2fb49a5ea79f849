import { from, Observable, type ObservableInput, type Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import type { Acquirer, AcquireTerms } from './acquirer.js';
import { CallLimits, type CallTerms } from './call-limits.js';
import type { Checkout, UseContext } from './checkout.js';

/** Work on a connection that emits a stream of results. */
export type StreamingWork<C, T> = (connection: C, context: UseContext) => ObservableInput<T>;

/**
 * Each subscription acquires a connection. It is released before completion and error are emitted, and on
 * unsubscribing.
 */
export function withConnection<C extends Connection, K, T>(
  acquirer: Acquirer<C, K>,
  termsOf: () => AcquireTerms<K> & CallTerms,
  work: StreamingWork<C, T>,
): Observable<T> {
  return new Observable((subscriber) => {
    const terms = termsOf();
    let checkout: Checkout<C> | undefined;
    let running: Subscription | undefined;
    /** The teardown of the work runs before the connection is released. */
    const finish = (): void => {
      limits.settle();
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
    const fail = (error: unknown): void => finishAnd(() => subscriber.error(error));
    const limits = new CallLimits<C>(terms, acquirer.deadlines, fail);
    /** After its signal or deadline the caller gets that error only, and not how its work ended. */
    const end = (emit: () => void): void => {
      if (!limits.end) finishAnd(emit);
    };
    const start = (acquired: Checkout<C>): void => {
      checkout = acquired;
      const results = new Observable<T>((inner) => {
        // Set before the first result, because the subscriber may unsubscribe when it receives it.
        running = inner;
        return from(work(acquired.member.connection, acquired)).subscribe(inner);
      });
      results.subscribe({
        next: (result) => subscriber.next(result),
        error: (error: unknown) => {
          acquired.report({ error });
          end(() => subscriber.error(error));
        },
        complete: () => {
          acquired.report(undefined);
          end(() => subscriber.complete());
        },
      });
    };
    subscriber.add(() => {
      if (checkout) {
        checkout.abort(undefined);
        finish();
      } else limits.cancel();
    });
    acquirer.acquire(terms, limits, start, undefined).catch(fail);
  });
}
