import { type SchedulerLike, Subscription } from 'rxjs';
import type { ConnectionState } from '../connection/connection.js';
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
    if (record.load === 0 || !isUp(record)) void Promise.resolve().then(finish);
  };
  waiting.add(record.listen({ onLoad: check, onState: check, onRetired: check }));
  waiting.add(scheduler.schedule(finish, timeout));
  check();
  return waiting;
}

/** Whether a connection can finish what it carries. */
export const isUp = ({ state }: ConnectionRecord): boolean => isUpIn(state);

export const isUpIn = (state: ConnectionState): boolean => state === 'connected' || state === 'draining';
