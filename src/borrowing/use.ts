import { isObservable } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { wrongType } from '../errors.js';
import { AcquireRequest, type AcquireTerms } from './acquire-request.js';
import type { Acquirer } from './acquirer.js';
import type { Checkout, UseContext } from './checkout.js';

/** Work to be done on a connection. */
export type Work<C, T> = (connection: C, context: UseContext) => T | PromiseLike<T>;

/** Acquires a connection for as long as some work takes. */
export function use<C extends Connection, K, T>(
  acquirer: Acquirer<C, K>,
  terms: AcquireTerms<K>,
  work: Work<C, T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    new AcquireRequest(acquirer, terms, {
      onAcquired: (checkout, request) => {
        run(checkout, work)
          .finally(() => request.settle())
          .then(resolve, reject);
      },
      onRejected: reject,
    });
  });
}

/** The same without a signal or a deadline of the call: the queue's own is all there is. */
export function useWithoutDeadline<C extends Connection, K, T>(
  acquirer: Acquirer<C, K>,
  key: K,
  waitTimeout: number,
  work: Work<C, T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    acquirer.acquire(key, waitTimeout, {
      onAcquired: (checkout) => run(checkout, work).then(resolve, reject),
      onRejected: reject,
    });
  });
}

/** Does the work, and releases the connection when it has settled. */
export function run<C extends Connection, T>(checkout: Checkout<C>, work: Work<C, T>): Promise<T> {
  let result: T | PromiseLike<T>;
  try {
    result = work(checkout.member.connection, checkout);
    if (isObservable(result)) throw wrongType('work()', 'no observable: withConnection() runs such work', result);
  } catch (error) {
    checkout.release();
    return Promise.reject(error);
  }
  return Promise.resolve(result).then(
    (value) => {
      checkout.release();
      return value;
    },
    (error: unknown) => {
      checkout.release();
      throw error;
    },
  );
}
