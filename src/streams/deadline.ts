import { type SchedulerLike, Subscription } from 'rxjs';

/**
 * Calls `expired` when so many milliseconds have passed, after the I/O that had arrived by then: an event loop that
 * stood still must not fail what was answered meanwhile. Unsubscribing cancels it.
 */
export function deadline(scheduler: SchedulerLike, delay: number, expired: () => void): Subscription {
  const waiting = new Subscription();
  const recheck = (): void => {
    waiting.add(scheduler.schedule(() => expired()));
  };
  waiting.add(scheduler.schedule(recheck, delay));
  return waiting;
}
