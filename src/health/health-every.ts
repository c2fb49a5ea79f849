import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { checkDuration, checkEach, checkScheduler } from '../checks.js';
import { outOfRange } from '../errors.js';
import { type Health, sameHealth } from './health.js';

/** Options of {@link healthEvery}. */
export interface HealthEveryOptions {
  /** The clock of the timer. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Slows `health$` down for a screen or a log; `health$` may emit once a microtask. Emits the first value and each
 * change of `status` at once. Other changes wait until `ms` milliseconds after the previous emission; then the latest
 * value is emitted. When the source completes, a waiting value is emitted first. Errors with the source.
 *
 * ```text
 * health$:          a-b-c---d-----------|
 * healthEvery(5):   a----c----d---------|
 * ```
 *
 * @param ms - the least time between two emissions of the same status, in milliseconds; more than 0.
 * @throws RangeError, TypeError for invalid arguments.
 * @example
 * ```ts
 * pool.health$.pipe(healthEvery(250)).subscribe(({ status, used, waiting }) => console.log(status, used, waiting));
 * ```
 */
export function healthEvery(ms: number, options: HealthEveryOptions = {}): MonoTypeOperatorFunction<Health> {
  checkDuration('ms', ms);
  if (ms === 0) throw outOfRange('ms', 'more than 0', ms);
  checkEach('options', options, { scheduler: checkScheduler });
  const { scheduler = asyncScheduler } = options;
  return (source) =>
    new Observable((subscriber) => {
      let shown: Health | undefined;
      let held: Health | undefined;
      let timer: Subscription | undefined;
      let due = 0;
      const show = (health: Health): void => {
        held = undefined;
        shown = health;
        timer?.unsubscribe();
        due = scheduler.now() + ms;
        timer = scheduler.schedule(showHeld, ms);
        subscriber.next(health);
      };
      const showHeld = (): void => {
        timer?.unsubscribe();
        timer = undefined;
        if (held && shown && !sameHealth(held, shown)) show(held);
        held = undefined;
      };
      subscriber.add(
        source.subscribe({
          next: (health) => {
            // A scheduler may lose the timer: a value that comes after its time is emitted anyway.
            const isDue = timer === undefined || scheduler.now() >= due;
            if (isDue || health.status !== shown?.status) show(health);
            else held = health;
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            showHeld();
            subscriber.complete();
          },
        }),
      );
      subscriber.add(() => timer?.unsubscribe());
    });
}
