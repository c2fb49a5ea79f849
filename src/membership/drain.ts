import { type SchedulerLike, Subscription } from 'rxjs';
import { isUpState } from '../connection/connection.js';
import type { ConnectionRecord } from '../connection/record.js';

/**
 * Calls `drained` once the connection has no load or is no longer up, or `timeout` milliseconds have passed.
 * Unsubscribing cancels the call.
 */
export function drain(
  record: ConnectionRecord,
  timeout: number,
  scheduler: SchedulerLike,
  drained: () => void,
): Subscription {
  const waiting = new Subscription();
  const finish = (): void => {
    if (waiting.closed) return;
    waiting.unsubscribe();
    drained();
  };
  const check = (): void => {
    // In a microtask, so not from within the last reply.
    if (record.load === 0 || !isUpState(record.state)) void Promise.resolve().then(finish);
  };
  waiting.add(record.listen({ onLoad: check, onState: check, onRetired: check }));
  waiting.add(scheduler.schedule(finish, timeout));
  check();
  return waiting;
}
