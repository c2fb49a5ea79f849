import { type SchedulerLike, Subscription } from 'rxjs';
import { deadline } from './deadline.js';

/** How long something may take, in milliseconds of `scheduler`, and what is said of it when it takes longer. */
export interface Within {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
  late(): Error;
  /** Watches for whatever else puts an end to it, with the reason; the function returned stops that. */
  until?(end: (reason: unknown) => void): () => void;
}

/** Waits for some work no longer than it may take. Its signal aborts when nobody waits for it any more. */
export function within<T>(
  { timeout, scheduler, late, until }: Within,
  work: (signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const waiting = new Subscription();
    const end = (reason: unknown): void => {
      waiting.unsubscribe();
      reject(reason);
      controller.abort(reason);
    };
    waiting.add(deadline(scheduler, timeout, () => end(late())));
    waiting.add(until?.(end));
    new Promise<T>((settle) => settle(work(controller.signal)))
      .finally(() => waiting.unsubscribe())
      .then(resolve, reject);
  });
}
