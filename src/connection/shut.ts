import type { SchedulerLike } from 'rxjs';
import { CloseTimeoutError, ConnectionClosedError } from '../errors.js';
import type { Cell } from './cell.js';
import type { Connection } from './connection.js';

/** Closes a connection. Never rejects: resolves within `timeout` with what went wrong, or with undefined. */
export function shut(connection: Connection, timeout: number, scheduler: SchedulerLike): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = scheduler.schedule(
      () => resolve(new CloseTimeoutError(`A connection did not close within ${timeout} ms`)),
      timeout,
    );
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

/** Work in flight being waited for. */
export interface Drain {
  readonly done: Promise<void>;
  /** Stops waiting. */
  cut(): void;
}

/** Waits until a connection carries nothing, is no longer connected, or `timeout` has passed. */
export function drain(cell: Cell, timeout: number, scheduler: SchedulerLike): Drain {
  let cut!: () => void;
  const done = new Promise<void>((resolve) => {
    const check = (): void => {
      if (cell.load === 0 || cell.state !== 'connected') cut();
    };
    const unwatch = cell.watch({ onLoad: check, onState: check, onRetired: () => cut() });
    const timer = scheduler.schedule(() => cut(), timeout);
    cut = () => {
      unwatch();
      timer.unsubscribe();
      resolve();
    };
    check();
  });
  return { done, cut };
}

/** Tells whoever holds a connection without end, as a lease may be held, that its time is limited. */
export function recall(cell: Cell): void {
  cell.recall(new ConnectionClosedError('The pool wants the connection back'));
}
