import { atLeast, checkEach, checkFunction, MAX_TIMER_DELAY } from '../checks.js';
import { platformRandom } from '../defaults.js';
import type { Backoff } from './backoff.js';

/** Options of {@link decorrelatedJitter}. */
export interface DecorrelatedJitterOptions {
  /** The shortest wait, in milliseconds, at least 1. @default 100 */
  readonly initial?: number | undefined;
  /** The longest wait, in milliseconds. @default 5000 */
  readonly max?: number | undefined;
  /** Returns a number in [0, 1) that spreads the waits. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/**
 * Backoff with decorrelated jitter. Each wait is drawn evenly between `initial` and three times the previous wait, and is
 * at most `max`. Unlike with full jitter, no wait is shorter than `initial`.
 *
 * @throws TypeError, RangeError for invalid options.
 * @example
 * ```ts
 * reconnectBroken({ backoff: decorrelatedJitter({ initial: 50, max: 10_000 }) });
 * ```
 */
export function decorrelatedJitter(options: DecorrelatedJitterOptions = {}): Backoff {
  // An initial wait of 0 would make every wait 0, because three times 0 is 0.
  checkEach('options', options, { initial: atLeast(1), max: atLeast(0), random: checkFunction });
  const { initial = 100, max = 5_000, random = platformRandom } = options;
  const longest = Math.min(max, MAX_TIMER_DELAY);
  const shortest = Math.min(initial, longest);
  return (_attempt, previous) => {
    const ceiling = 3 * Math.max(shortest, previous);
    return Math.min(longest, shortest + (ceiling - shortest) * random());
  };
}
