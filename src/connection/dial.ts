import type { SchedulerLike } from 'rxjs';
import { ConnectTimeoutError } from '../errors.js';
import type { Cell, DialResult } from './cell.js';
import { reviveCell } from './cells.js';

/** How long a dial may take, in milliseconds of `scheduler`. */
export interface DialDeadline {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
}

/** Calls `connect()`; a connection that throws is one that rejects. */
export function connect(cell: Cell): Promise<void> {
  reviveCell(cell.connection);
  return new Promise((resolve) => resolve(cell.connection.connect()));
}

/**
 * Waits until a dial has ended, judged by the connection's state; the promise of `connect()` is asked for the
 * cause. Without an attempt, for a dial that somebody else began, the state alone decides.
 */
export function judgeDial(cell: Cell, attempt?: Promise<void>, deadline?: DialDeadline): Promise<DialResult> {
  return new Promise((resolve) => {
    let settled = attempt === undefined;
    let fell = false;

    const finish = (result: DialResult): void => {
      unwatch();
      timer?.unsubscribe();
      resolve(result);
    };
    const judge = (): void => {
      if (cell.state === 'connected') finish({ ok: true });
      else if (settled && fell) finish({ ok: false, cause: cell.connection.cause });
    };
    const unwatch = cell.watch({
      onState: (state) => {
        fell = state === 'broken' || state === 'closed';
        judge();
      },
    });
    const timer = deadline?.scheduler.schedule(() => {
      const message = `A dial did not settle within ${deadline.timeout} ms`;
      finish({ ok: false, cause: new ConnectTimeoutError(message) });
    }, deadline.timeout);

    attempt?.then(
      () => {
        settled = true;
        judge();
      },
      (cause: unknown) => finish(cell.state === 'connected' ? { ok: true } : { ok: false, cause }),
    );
    judge();
  });
}
