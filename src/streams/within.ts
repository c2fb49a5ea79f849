import type { SchedulerLike } from 'rxjs';
import { deadline } from './deadline.js';

/** How long something may take, in milliseconds of `scheduler`, and what is said of it when it takes longer. */
export interface Within {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
  late(): Error;
}

/** Waits for some work no longer than it may take. Its signal aborts when the time is up. */
export function within<T>(
  { timeout, scheduler, late }: Within,
  work: (signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const timer = deadline(scheduler, timeout, () => {
      const error = late();
      reject(error);
      controller.abort(error);
    });
    new Promise<T>((settle) => settle(work(controller.signal)))
      .finally(() => timer.unsubscribe())
      .then(resolve, reject);
  });
}
