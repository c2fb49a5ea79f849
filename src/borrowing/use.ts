import { isObservable } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { wrongType } from '../errors.js';
import type { Acquirer, AcquireTerms } from './acquirer.js';
import { CallLimits, type CallTerms } from './call-limits.js';
import { isCallerless, rejectTraced } from './caller-stack.js';
import type { Checkout, UseContext, WorkFailure } from './checkout.js';

/** Work on a connection. */
export type Work<C, T> = (connection: C, context: UseContext) => T | PromiseLike<T>;

/** Acquires a connection for the duration of some work. */
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

/** Runs work on an acquired connection, and releases it when the work has settled. */
export function run<C extends Connection, T>(checkout: Checkout<C>, work: Work<C, T>): Promise<T> {
  let result: T | PromiseLike<T>;
  try {
    result = begin(checkout, work);
  } catch (error) {
    checkout.end({ error });
    return Promise.reject(error);
  }
  // One promise; an async function would create two.
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

/** Like `use`, within the signal and the deadline of the call. They reject the caller, and the work goes on. */
export function useWithin<C extends Connection, K, T>(
  acquirer: Acquirer<C, K>,
  terms: AcquireTerms<K> & CallTerms,
  work: Work<C, T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    /**
     * Resolves with the rejected promise, because the stack of an error leads to the caller only through such a link.
     */
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
