import type { SchedulerLike } from 'rxjs';
import { CloseTimeoutError } from '../errors.js';
import { type Connection, textOf } from './connection.js';

/** Closes a connection. Never rejects: resolves within `timeout` with the error, or with undefined. */
export function closeWithin(connection: Connection, timeout: number, scheduler: SchedulerLike): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = scheduler.schedule(() => resolve(timeoutError(connection, timeout)), timeout);
    const finish = (failure: unknown): void => {
      timer.unsubscribe();
      resolve(failure);
    };
    new Promise<void>((settle) => settle(connection.close())).then(
      () => finish(undefined),
      (cause: unknown) => finish(cause ?? new Error('close() rejected without a reason')),
    );
  });
}

/** Closes a connection without waiting: one whose dial succeeded too late. */
export function closeQuietly(connection: Connection): void {
  new Promise<void>((settle) => settle(connection.close())).catch(() => {});
}

const timeoutError = (connection: Connection, timeout: number): CloseTimeoutError =>
  new CloseTimeoutError(`A connection did not close within ${timeout} ms`, { connection: textOf(connection, 'name') });
