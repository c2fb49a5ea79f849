import type { SchedulerLike, Subscription } from 'rxjs';
import { ConnectionClosedError, ConnectTimeoutError } from '../errors.js';
import { deadline } from '../streams/deadline.js';
import type { Cell, DialResult } from './cell.js';
import { reviveCell } from './cells.js';
import { causeOf } from './connection.js';

/** How long a dial may take, in milliseconds of `scheduler`. */
export interface DialDeadline {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
}

/** Calls `connect()`; a connection that throws, or whose streams end at once, is one that rejects. */
export function connect(cell: Cell): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = reviveCell(cell.connection);
    if (ended) reject(ended);
    else resolve(cell.connection.connect());
  });
}

/** A dial being waited for. */
export interface Judgement {
  readonly result: Promise<DialResult>;
  /** What `connect()` returned, where the dial was begun here. */
  readonly attempt: Promise<void> | undefined;
  /** Stops waiting, and leaves the dial alone. */
  cut(): void;
}

/**
 * Begins a dial and waits until it has ended, judged by the connection's state; the promise of `connect()` is
 * asked for the cause. Without a beginning, for a dial that somebody else began, the state alone decides.
 */
export function judgeDial(cell: Cell, begin?: () => Promise<void>, limit?: DialDeadline): Judgement {
  let cut!: () => void;
  let attempt: Promise<void> | undefined;
  const result = new Promise<DialResult>((resolve) => {
    let timer: Subscription | undefined;
    let begun = false;
    let over = false;
    let settled = begin === undefined;
    let fell = false;
    let fallenBecause: unknown;

    const finish = (result: DialResult): void => {
      over = true;
      unwatch();
      timer?.unsubscribe();
      resolve(result);
    };
    const judge = (): void => {
      if (!begun) return;
      if (cell.state === 'connected') finish({ ok: true });
      else if (settled && fell) finish({ ok: false, cause: fallenBecause ?? causeOf(cell.connection) });
    };
    // Before it begins: it may come and go within `connect()`.
    const unwatch = cell.watch({
      onState: (_state, cause) => {
        fell = hasFallen(cell);
        fallenBecause = cause;
        judge();
      },
    });
    cut = () => finish({ ok: false, cause: new ConnectionClosedError('Nobody waits for this dial any more') });
    attempt = begin?.();
    begun = true;
    attempt?.then(
      () => {
        settled = true;
        // It may have been so before, and so have had nothing to report.
        fell ||= hasFallen(cell);
        judge();
      },
      (cause: unknown) => finish(cell.state === 'connected' ? { ok: true } : { ok: false, cause }),
    );
    judge();
    if (limit && !over) timer = deadline(limit.scheduler, limit.timeout, () => finish(tooLate(limit)));
  });
  return { result, attempt, cut };
}

const hasFallen = ({ state }: Cell): boolean => state === 'broken' || state === 'closed';

const tooLate = ({ timeout }: DialDeadline): DialResult => ({
  ok: false,
  cause: new ConnectTimeoutError(`A dial did not settle within ${timeout} ms`),
});
