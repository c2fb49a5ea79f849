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

/** The options of every look-up. Durations are in milliseconds. */
export interface DnsOptions {
  /**
   * Time from an answer to the next look-up, and the longest time after a failure. After failures it is a second, then
   * two, four and so on, each shortened by up to half at random. @default 30000
   */
  readonly interval?: number | undefined;
  /** Time that a look-up may take. @default 5000 */
  readonly timeout?: number | undefined;
  /** Returns a number in [0, 1) that spreads the waits after failures. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** The clock of the waits. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The checks of {@link DnsOptions}. */
export const DNS_CHECKS = {
  interval: checkTimeout,
  timeout: checkTimeout,
  random: checkFunction,
  scheduler: checkScheduler,
};

/** The longest wait after a first failure. */
const FIRST_RETRY = 1_000;

/**
 * Looks up repeatedly. Emits each answer that differs from the one before, sorted, and each failure, which leaves the
 * last answer valid.
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
