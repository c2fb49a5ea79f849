import type { SchedulerLike } from 'rxjs';
import { ConnectionClosedError, ConnectTimeoutError } from '../errors.js';
import type { Cell, DialResult } from './cell.js';
import { reviveCell } from './cells.js';
import { causeOf } from './connection.js';

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

/** A dial being waited for. */
export interface Judgement {
  readonly result: Promise<DialResult>;
  /** Stops waiting, and leaves the dial alone. */
  cut(): void;
}

/**
 * Waits until a dial has ended, judged by the connection's state; the promise of `connect()` is asked for the
 * cause. Without an attempt, for a dial that somebody else began, the state alone decides.
 */
export function judgeDial(cell: Cell, attempt?: Promise<void>, deadline?: DialDeadline): Judgement {
  let cut!: () => void;
  const result = new Promise<DialResult>((resolve) => {
    let settled = attempt === undefined;
    let fell = false;
    let fallenBecause: unknown;

    const finish = (result: DialResult): void => {
      unwatch();
      timer?.unsubscribe();
      resolve(result);
    };
    const judge = (): void => {
      if (cell.state === 'connected') finish({ ok: true });
      else if (settled && fell) finish({ ok: false, cause: fallenBecause ?? causeOf(cell.connection) });
    };
    const unwatch = cell.watch({
      onState: (_state, cause) => {
        fell = cell.state === 'broken' || cell.state === 'closed';
        fallenBecause = cause;
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
    cut = () => finish({ ok: false, cause: new ConnectionClosedError('Nobody waits for this dial any more') });
    judge();
  });
  return { result, cut };
}
