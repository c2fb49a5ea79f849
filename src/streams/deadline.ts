import { type SchedulerLike, Subscription } from 'rxjs';

/** The number of `parts` for work that takes several turns of the event loop, such as a dial. */
export const TIMER_PARTS = 8;

/**
 * Calls `expired` once `delay` milliseconds have passed and the I/O that had arrived by then has been handled. So a
 * blocked event loop fails no request whose reply has arrived. Unsubscribing cancels it.
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
