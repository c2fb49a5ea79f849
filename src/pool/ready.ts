import { first, firstValueFrom, fromEvent, map, merge, type Observable, type SchedulerLike, timer } from 'rxjs';
import type { Health } from '../health/health.js';

/** What is waited for, and for how long. */
export interface Readiness {
  readonly min: number;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly scheduler: SchedulerLike;
  timedOut(): Error;
}

/** Resolves once `min` are connected or the pool is closed, with the health of that moment. */
export function readiness(
  health$: Observable<Health>,
  { min, timeout, signal, scheduler, timedOut }: Readiness,
): Promise<Health> {
  const fail = (reason: () => unknown) =>
    map((): Health => {
      throw reason();
    });
  const endings = [health$.pipe(first(({ connected, status }) => connected >= min || status === 'closed'))];
  if (signal) endings.push(fromEvent(signal, 'abort').pipe(fail(() => signal.reason)));
  if (timeout !== undefined) endings.push(timer(timeout, scheduler).pipe(fail(timedOut)));
  return firstValueFrom(merge(...endings));
}
