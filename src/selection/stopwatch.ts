import type { SchedulerLike } from 'rxjs';

/** Milliseconds that have passed by a scheduler's clock. A clock that is set back has stood still meanwhile. */
export function stopwatch(scheduler: SchedulerLike): () => number {
  let elapsed = 0;
  let last = scheduler.now();
  return () => {
    const now = scheduler.now();
    if (now > last) elapsed += now - last;
    last = now;
    return elapsed;
  };
}
