import { first, firstValueFrom, merge, Observable, type SchedulerLike } from 'rxjs';
import { onAbort } from '../abort.js';
import type { Health } from '../health/health.js';
import { deadline } from '../streams/deadline.js';

/** What is waited for, and for how long. */
export interface ReadinessOptions {
  readonly min: number;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly scheduler: SchedulerLike;
  timeoutError(): Error;
}

/** Resolves once `min` are connected, or nothing can come of waiting any more: with the health of that moment. */
export function readiness(health$: Observable<Health>, readiness: ReadinessOptions): Promise<Health> {
  const { min, timeout, signal, scheduler, timeoutError } = readiness;
  const reached$ = health$.pipe(
    first(
      ({ connected, status, abandoned, total }) =>
        connected >= min || status === 'closed' || (total > 0 && abandoned === total),
    ),
  );
  const aborted$ = new Observable<never>((subscriber) => onAbort(signal, () => subscriber.error(signal?.reason)));
  const expired$ = new Observable<never>((subscriber) =>
    timeout === undefined ? undefined : deadline(scheduler, timeout, () => subscriber.error(timeoutError())),
  );
  return firstValueFrom(merge(reached$, aborted$, expired$));
}
