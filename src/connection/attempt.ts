import { type SchedulerLike, Subscription } from 'rxjs';
import { clockOf, deadline, TIMER_PARTS } from '../clock.js';
import { ConnectTimeoutError } from '../errors.js';
import { causeOf, textOf } from './connection.js';
import { resubscribe } from './observe-connection.js';
import type { ConnectionRecord, DialResult } from './record.js';

/** Options of one dial. */
export interface AttemptOptions {
  /** Milliseconds that the dial may take, by `scheduler`. */
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
  /** Whether to call `connect()`; otherwise an attempt that began elsewhere is followed. */
  readonly connects: boolean;
  /** Called when the dial succeeds after it was given up: the connection has to be closed. */
  readonly connectedLate?: () => void;
}

/**
 * Dials a connection and calls `settled` once. Ending the returned subscription first means that `settled` is not
 * called, and the dial goes on. The state of the connection decides the result; the promise of `connect()` gives the
 * cause. A connection that throws, or whose streams have ended, fails.
 */
export function attempt(
  record: ConnectionRecord,
  { timeout, scheduler, connects, connectedLate }: AttemptOptions,
  settled: (result: DialResult) => void,
): Subscription {
  const waiting = new Subscription();
  /** Whether the dial was given up before it had settled. */
  let isGivenUp = true;
  const finish = (result: DialResult): void => {
    if (waiting.closed) return;
    isGivenUp = !result.ok && result.cause instanceof ConnectTimeoutError;
    waiting.unsubscribe();
    settled(result);
  };
  const fail = (cause: unknown): void => finish({ ok: false, cause });
  let connectHasReturned = false;
  let promiseHasSettled = !connects;
  // A dial that began elsewhere may have failed by now.
  let failure: { cause: unknown } | undefined = !connects && hasFailed(record) ? { cause: undefined } : undefined;
  const check = (): void => {
    if (!connectHasReturned) return;
    if (record.state === 'connected') finish({ ok: true });
    else if (failure && (promiseHasSettled || failure.cause !== undefined)) {
      fail(failure.cause ?? causeOf(record.connection));
    }
  };
  // Listening starts before `connect()`: it may succeed, and be lost again, before it returns.
  const stop = record.listen({
    onState: (_state, cause) => {
      failure = hasFailed(record) ? { cause } : undefined;
      check();
    },
  });
  waiting.add(stop);
  if (connects) {
    connect(record).then(
      () => {
        promiseHasSettled = true;
        if (hasFailed(record)) failure ??= { cause: undefined };
        check();
        if (waiting.closed && isGivenUp) connectedLate?.();
      },
      (cause: unknown) => (record.state === 'connected' ? finish({ ok: true }) : fail(cause)),
    );
  }
  connectHasReturned = true;
  check();
  if (!waiting.closed) {
    const expired = (): void => fail(timeoutError(record, timeout, connects && promiseHasSettled));
    waiting.add(deadline(clockOf(scheduler), timeout, expired, TIMER_PARTS));
  }
  return waiting;
}

function connect({ connection }: ConnectionRecord): Promise<void> {
  return new Promise((resolve, reject) => {
    const failure = resubscribe(connection);
    if (failure) reject(failure);
    else resolve(connection.connect());
  });
}

const hasFailed = ({ state }: ConnectionRecord): boolean => state === 'broken' || state === 'closed';

/** @param hasResolved - whether `connect()` has resolved without the state `connected`: a fault of the connection. */
function timeoutError(
  { connection, state }: ConnectionRecord,
  timeout: number,
  hasResolved: boolean,
): ConnectTimeoutError {
  const message = hasResolved
    ? `connect() has resolved, but state$ is ${state} after ${timeout} ms, and not connected`
    : `A dial did not settle within ${timeout} ms`;
  return new ConnectTimeoutError(message, { connection: textOf(connection, 'name') });
}
