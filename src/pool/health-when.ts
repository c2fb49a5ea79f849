import { first, firstValueFrom, merge, Observable, type SchedulerLike } from 'rxjs';
import { onAbort } from '../abort.js';
import { clockOf, deadline } from '../clock.js';
import type { Health } from '../health/health.js';

/** The limits of the wait. */
export interface WaitOptions {
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly scheduler: SchedulerLike;
  timeoutError(): unknown;
}

/** Resolves with the first accepted figures. Rejects at the deadline, and when the signal aborts. */
export function healthWhen(
  health$: Observable<Health>,
  accepts: (health: Health) => boolean,
  { timeout, signal, scheduler, timeoutError }: WaitOptions,
): Promise<Health> {
  const aborted$ = new Observable<never>((subscriber) => onAbort(signal, () => subscriber.error(signal?.reason)));
  const expired$ = new Observable<never>((subscriber) =>
    timeout === undefined ? undefined : deadline(clockOf(scheduler), timeout, () => subscriber.error(timeoutError())),
  );
  return firstValueFrom(merge(health$.pipe(first(accepts)), aborted$, expired$));
}
