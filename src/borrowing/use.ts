import type { SchedulerLike } from 'rxjs';
import { onAbort } from '../abort.js';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { deadline } from '../streams/deadline.js';
import { Borrowing, type UseContext } from './borrowing.js';

/** Work to be done on a connection. */
export type Work<C, T> = (connection: C, context: UseContext) => T | PromiseLike<T>;

/** How long a caller is willing to wait for work. */
export interface Patience {
  readonly signal: AbortSignal | undefined;
  readonly timeout: number | undefined;
  readonly scheduler: SchedulerLike;
  /** What a caller whose time is up is told. */
  timedOut(): Error;
}

/** Borrows a connection for as long as some work takes. */
export function borrowFor<C extends Connection, T>(cell: Cell<C>, work: Work<C, T>, patience?: Patience): Promise<T> {
  const borrowing = new Borrowing(cell);
  return patience ? bounded(cell, work, borrowing, patience) : run(cell, work, borrowing);
}

function run<C extends Connection, T>(cell: Cell<C>, work: Work<C, T>, borrowing: Borrowing<C>): Promise<T> {
  let result: T | PromiseLike<T>;
  try {
    result = work(cell.connection, borrowing);
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

/** The caller is answered at the deadline; the borrowing lasts until the work has stopped. */
function bounded<C extends Connection, T>(
  cell: Cell<C>,
  work: Work<C, T>,
  borrowing: Borrowing<C>,
  { signal, timeout, scheduler, timedOut }: Patience,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stopWaiting = (): void => {
      timer?.unsubscribe();
      stopListening();
    };
    const giveUp = (reason: unknown): void => {
      stopWaiting();
      borrowing.abort(reason);
      reject(reason);
    };
    const stopListening = onAbort(signal, () => giveUp(signal?.reason));
    const timer = timeout === undefined ? undefined : deadline(scheduler, timeout, () => giveUp(timedOut()));
    run(cell, work, borrowing).finally(stopWaiting).then(resolve, reject);
  });
}
