import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { checkDuration, checkEach, checkScheduler } from '../checks.js';
import { outOfRange } from '../errors.js';
import { type Health, sameHealth } from './health.js';

/** Options of {@link healthEvery}. */
export interface HealthEveryOptions {
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Figures at a pace, for a screen or a log: `health$` may emit once a microtask. Emits the first value and each change
 * of `status` at once, and otherwise the latest value that differs from the one shown, `ms` milliseconds after the
 * emission before. When its source completes it emits what it holds back and completes; it errors with its source.
 *
 * ```text
 * health$:          a-b-c---d-----------|
 * healthEvery(5):   a----c----d---------|
 * ```
 *
 * @param ms - the least time between two emissions of the same status, in milliseconds; more than 0.
 * @throws RangeError, TypeError for arguments out of range.
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
            // The timer may be lost: a value that comes after its time is shown all the same.
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
