import { type SchedulerLike, Subscription } from 'rxjs';
import { isUpState } from '../connection/connection.js';
import type { ConnectionRecord } from '../connection/record.js';

/**
 * Calls `drained` once the connection carries nothing, is no longer up, or `timeout` milliseconds have passed.
 * Unsubscribing stops the waiting without a call.
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
    // In a microtask: not from within the reply that was the last.
    if (record.load === 0 || !isUpState(record.state)) void Promise.resolve().then(finish);
  };
  waiting.add(record.listen({ onLoad: check, onState: check, onRetired: check }));
  waiting.add(scheduler.schedule(finish, timeout));
  check();
  return waiting;
}
