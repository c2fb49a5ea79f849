import { type SchedulerLike, Subscription } from 'rxjs';
import { TIMER_PARTS } from '../timer-parts.js';
import { deadline } from './deadline.js';

/** How long some work may take, in milliseconds of `scheduler`, and what else ends the waiting. */
export interface DeadlineOptions {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
  timeoutError(): Error;
  /** Watches for another reason to stop waiting; the function returned stops watching. */
  cancelOn?(cancel: (reason: unknown) => void): () => void;
}

/** Waits for some work until its deadline. The signal of the work aborts when the waiting ends early. */
export function withDeadline<T>(
  { timeout, scheduler, timeoutError, cancelOn }: DeadlineOptions,
  work: (signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const waiting = new Subscription();
    const cancel = (reason: unknown): void => {
      waiting.unsubscribe();
      reject(reason);
      controller.abort(reason);
    };
    waiting.add(deadline(scheduler, timeout, () => cancel(timeoutError()), TIMER_PARTS));
    waiting.add(cancelOn?.(cancel));
    new Promise<T>((settle) => settle(work(controller.signal)))
      .finally(() => waiting.unsubscribe())
      .then(resolve, reject);
  });
}
