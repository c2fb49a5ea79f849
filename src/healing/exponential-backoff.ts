import { atLeast, checkEach, checkFunction, MAX_TIMER_DELAY } from '../checks.js';
import { platformRandom } from '../defaults.js';
import { outOfRange } from '../errors.js';
import type { Backoff } from './backoff.js';

/** Options of {@link exponentialBackoff}. */
export interface ExponentialBackoffOptions {
  /** The ceiling of the first wait, in milliseconds. @default 100 */
  readonly initial?: number | undefined;
  /** The ceiling of every wait, in milliseconds. @default 5000 */
  readonly max?: number | undefined;
  /** Factor by which the ceiling grows from one attempt to the next. @default 2 */
  readonly factor?: number | undefined;
  /** Returns a number in [0, 1) that spreads the waits; `() => 1` gives waits without jitter. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/**
 * Exponential backoff with full jitter: each wait is drawn evenly between 0 and a ceiling that doubles. So clients that
 * lost a server together do not dial it together.
 *
 * The default of `initial` suits the loss of one connection. When a thousand pools lose one server, all of their
 * connections dial it within the first 100 ms; `initial: 2_000` limits that to about twice the mean rate.
 *
 * @throws TypeError, RangeError for invalid options.
 * @example
 * ```ts
 * reconnectBroken({ backoff: exponentialBackoff({ initial: 50, max: 2_000 }) });
 * ```
 */
export function exponentialBackoff(options: ExponentialBackoffOptions = {}): Backoff {
  checkEach('options', options, { initial: atLeast(0), max: atLeast(0), factor: atLeast(1), random: checkFunction });
  const { initial = 100, max = 5_000, factor = 2, random = platformRandom } = options;
  if (factor === Number.POSITIVE_INFINITY) throw outOfRange('options.factor', 'finite', factor);
  return (attempt) => {
    const growth = Math.min(factor ** (attempt - 1), Number.MAX_VALUE);
    return Math.min(max, MAX_TIMER_DELAY, initial * growth) * random();
  };
}
