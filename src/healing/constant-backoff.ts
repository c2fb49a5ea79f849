import { atLeast, checkEach, checkFunction, checkRatio, MAX_TIMER_DELAY } from '../checks.js';
import { platformRandom } from '../defaults.js';
import type { Backoff } from './backoff.js';

/** Options of {@link constantBackoff}. */
export interface ConstantBackoffOptions {
  /** Ratio of the delay, from 0 to 1, by which each wait is randomly shorter or longer. @default 0 */
  readonly jitter?: number | undefined;
  /** Returns a number in [0, 1) that spreads the waits. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/**
 * Waits the same time before every attempt, in milliseconds, varied by the jitter. Without jitter, clients that lost a
 * server together dial it together at every attempt.
 *
 * @throws TypeError, RangeError for invalid arguments.
 * @example
 * ```ts
 * reconnectBroken({ backoff: constantBackoff(1_000, { jitter: 0.5 }) }); // 500 to 1,500 ms
 * ```
 */
export function constantBackoff(delay: number, options: ConstantBackoffOptions = {}): Backoff {
  atLeast(0)('delay', delay);
  checkEach('options', options, { jitter: checkRatio, random: checkFunction });
  const { jitter = 0, random = platformRandom } = options;
  const middle = Math.min(delay, MAX_TIMER_DELAY);
  return () => middle * (1 + jitter * (2 * random() - 1));
}
