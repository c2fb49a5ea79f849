import { type SchedulerLike, Subscription } from 'rxjs';
import { waitInParts } from '../timer-parts.js';

/**
 * Calls `expired` once `delay` milliseconds have passed and the I/O that had arrived by then has been handled. So a
 * blocked event loop fails no request whose reply has arrived. Unsubscribing cancels it.
 *
 * @param parts - with several, what takes more than one turn of the event loop, as a dial does, is given the time back
 * for which the event loop stood still.
 */
export function deadline(scheduler: SchedulerLike, delay: number, expired: () => void, parts = 1): Subscription {
  const waiting = new Subscription();
  const after = (time: number, work: () => void): void => waiting.add(scheduler.schedule(() => work(), time));
  waitInParts(delay, parts, after, () => waiting.add(scheduler.schedule(() => expired())));
  return waiting;
}
