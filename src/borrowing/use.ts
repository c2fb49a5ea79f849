import { isObservable } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { wrongType } from '../errors.js';
import type { Acquirer, AcquireTerms } from './acquirer.js';
import { CallLimits, type CallTerms } from './call-limits.js';
import { isCallerless, rejectTraced } from './caller-stack.js';
import type { Checkout, UseContext, WorkFailure } from './checkout.js';

/** Work to be done on a connection. */
export type Work<C, T> = (connection: C, context: UseContext) => T | PromiseLike<T>;

/** Acquires a connection for as long as some work takes. */
export function use<C extends Connection, K, T>(
  acquirer: Acquirer<C, K>,
  terms: AcquireTerms<K>,
  work: Work<C, T>,
  limits?: CallLimits<C>,
): Promise<T> {
  return acquirer.acquire(terms, limits, begin, work, end);
}

const end = <C extends Connection>(checkout: Checkout<C>, failure: WorkFailure | undefined): void =>
  checkout.end(failure);

/** Does the work on a connection that has been acquired, and releases it when the work has settled. */
export function run<C extends Connection, T>(checkout: Checkout<C>, work: Work<C, T>): Promise<T> {
  let result: T | PromiseLike<T>;
  try {
    result = begin(checkout, work);
  } catch (error) {
    checkout.end({ error });
    return Promise.reject(error);
  }
  // One promise where an async function would make two.
  return Promise.resolve(result).then(
    (value) => {
      checkout.end(undefined);
      return value;
    },
    (error: unknown) => {
      checkout.end({ error });
      throw error;
    },
  );
}

function begin<C extends Connection, T>(checkout: Checkout<C>, work: Work<C, T>): T | PromiseLike<T> {
  const result = work(checkout.member.connection, checkout);
  if (isObservable(result)) throw wrongType('work()', 'no observable: withConnection() runs such work', result);
  return result;
}

/** The same under the signal and the deadline of the call: the caller is rejected then, and the work goes on. */
export function useWithin<C extends Connection, K, T>(
  acquirer: Acquirer<C, K>,
  terms: AcquireTerms<K> & CallTerms,
  work: Work<C, T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    /** The stack of an error leads to the caller from a promise that this one follows. */
    const fail = (error: unknown): void => (isCallerless(error) ? resolve(rejectTraced(error)) : reject(error));
    const limits = new CallLimits<C>(terms, acquirer.deadlines, fail);
    use(acquirer, terms, work, limits).then(
      (value) => {
        limits.settle();
        resolve(value);
      },
      (error: unknown) => {
        limits.settle();
        if (!limits.end) fail(error);
      },
    );
  });
}
