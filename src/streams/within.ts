import type { SchedulerLike } from 'rxjs';
import { deadline } from './deadline.js';

/** How long something may take, in milliseconds of `scheduler`, and what is said of it when it takes longer. */
export interface Within {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
  late(): Error;
  /** Begins to listen for what makes it pointless; the function returned stops that. */
  onPointless(pointless: (reason: unknown) => void): () => void;
}

/** Waits for some work no longer than it may take. Its signal aborts when it is not waited for any more. */
export function within<T>(
  { timeout, scheduler, late, onPointless }: Within,
  work: (signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const stopWaiting = (): void => {
      timer.unsubscribe();
      unlisten();
    };
    const giveUp = (reason: unknown): void => {
      stopWaiting();
      reject(reason);
      controller.abort(reason);
    };
    const timer = deadline(scheduler, timeout, () => giveUp(late()));
    const unlisten = onPointless(giveUp);
    new Promise<T>((settle) => settle(work(controller.signal))).finally(stopWaiting).then(resolve, reject);
  });
}
