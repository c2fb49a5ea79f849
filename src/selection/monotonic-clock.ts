import type { SchedulerLike } from 'rxjs';

/** Returns the milliseconds that have passed by a scheduler's clock. Setting the clock back adds nothing. */
export function monotonicClock(scheduler: SchedulerLike): () => number {
  let elapsed = 0;
  let last = scheduler.now();
  return () => {
    const now = scheduler.now();
    if (now > last) elapsed += now - last;
    last = now;
    return elapsed;
  };
}
