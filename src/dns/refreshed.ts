import {
  asyncScheduler,
  catchError,
  defer,
  filter,
  map,
  type Observable,
  of,
  repeat,
  type SchedulerLike,
  timeout,
  timer,
} from 'rxjs';
import { checkFunction, checkScheduler, checkTimeout } from '../checks.js';
import { platformRandom } from '../defaults.js';
import { exponentialBackoff } from '../healing/exponential-backoff.js';
import { CommandFailure } from '../streams/run-command.js';

/** What all look-ups have in common. Durations are in milliseconds. */
export interface DnsOptions {
  /**
   * From an answer to the next question. After failures one second, then two, four, … up to this, each cut by up to half at
   * random. @default 30000
   */
  readonly interval?: number | undefined;
  /** What an answer may take. @default 5000 */
  readonly timeout?: number | undefined;
  /** Returns a number in [0, 1) that spreads the waits after failures. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** The clock of both. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The checks of {@link DnsOptions}. */
export const DNS_CHECKS = {
  interval: checkTimeout,
  timeout: checkTimeout,
  random: checkFunction,
  scheduler: checkScheduler,
};

/** The longest wait after the first of some failures. */
const FIRST_RETRY = 1_000;

/**
 * Asks again and again. Emits each answer that differs from the one before it, sorted, and each failure: the answer before
 * it still holds.
 */
export function refreshed(
  ask: () => Promise<readonly string[]>,
  options: DnsOptions,
): Observable<readonly string[] | CommandFailure> {
  const { interval = 30_000, timeout: first = 5_000, random = platformRandom, scheduler = asyncScheduler } = options;
  const backoff = exponentialBackoff({ initial: FIRST_RETRY, max: interval, random: () => 0.5 + random() / 2 });
  return defer(() => {
    let failures = 0;
    let latest = '';
    const wait = (): number => (failures === 0 ? interval : backoff(failures, 0));
    return defer(ask).pipe(
      timeout({ first, scheduler }),
      map((found) => Object.freeze([...new Set(found)].sort())),
      filter((list) => {
        const before = latest;
        failures = 0;
        latest = list.join();
        return latest !== before;
      }),
      catchError((cause: unknown) => {
        failures++;
        return of(new CommandFailure(cause));
      }),
      repeat({ delay: () => timer(wait(), scheduler) }),
    );
  });
}
