import { type SchedulerLike, Subscription } from 'rxjs';

/** Parts in which the time is waited for what takes several turns of the event loop. */
export const SEVERAL_TURNS = 8;

/**
 * Calls `expired` when so many milliseconds have passed, after the I/O that had arrived by then: an event loop that
 * stood still must not fail what was answered meanwhile. Unsubscribing cancels it.
 *
 * @param parts - timers of which each counts for its own length, however late it fires. With several, what takes more
 * than one turn of the event loop, as a dial does, is given the time back for which the event loop stood still.
 */
export function deadline(scheduler: SchedulerLike, delay: number, expired: () => void, parts = 1): Subscription {
  const waiting = new Subscription();
  const part = Math.ceil(delay / parts);
  const wait = (left: number): void => {
    const time = Math.min(part, left);
    const next = (): void => {
      if (left > time) wait(left - time);
      else waiting.add(scheduler.schedule(() => expired()));
    };
    waiting.add(scheduler.schedule(next, time));
  };
  wait(delay);
  return waiting;
}
