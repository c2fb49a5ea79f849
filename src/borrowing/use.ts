import type { Connection } from '../connection/connection.js';
import type { Borrowing, UseContext } from './borrowing.js';
import { Errand, type Terms } from './errand.js';
import type { Lender } from './lender.js';

/** Work to be done on a connection. */
export type Work<C, T> = (connection: C, context: UseContext) => T | PromiseLike<T>;

/** Borrows a connection for as long as some work takes. Whoever gives up is answered; the work goes on. */
export function use<C extends Connection, K, T>(lender: Lender<C, K>, terms: Terms<K>, work: Work<C, T>): Promise<T> {
  return new Promise((resolve, reject) => {
    new Errand(lender, terms, {
      granted: (borrowing, errand) => {
        run(borrowing, work)
          .finally(() => errand.end())
          .then(resolve, reject);
      },
      refused: reject,
    });
  });
}

/** Does the work, and gives back when it has settled. */
export function run<C extends Connection, T>(borrowing: Borrowing<C>, work: Work<C, T>): Promise<T> {
  let result: T | PromiseLike<T>;
  try {
    result = work(borrowing.cell.connection, borrowing);
  } catch (error) {
    borrowing.end();
    return Promise.reject(error);
  }
  return Promise.resolve(result).then(
    (value) => {
      borrowing.end();
      return value;
    },
    (error: unknown) => {
      borrowing.end();
      throw error;
    },
  );
}
