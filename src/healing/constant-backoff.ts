import { checkAtLeast, checkObject, checkRatio, MAX_TIMER_DELAY } from '../checks.js';
import { resolveRandom } from '../defaults.js';
import type { Backoff } from './backoff.js';

/** How far a constant backoff strays. */
export interface ConstantBackoffOptions {
  /** By what share of the delay a wait may be shorter or longer: from 0, not at all, to 1. @default 0 */
  readonly jitter?: number | undefined;
  /** A number in [0, 1) that spreads the waits. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/**
 * The same wait before every attempt, in milliseconds, give or take the jitter. Without jitter, clients which
 * lost the same server at once come back at once, every time.
 *
 * @throws TypeError, RangeError for arguments that cannot be.
 * @example
 * ```ts
 * reconnectBroken({ backoff: constantBackoff(1_000, { jitter: 0.5 }) }); // 500 to 1,500 ms
 * ```
 */
export function constantBackoff(delay: number, options: ConstantBackoffOptions = {}): Backoff {
  checkAtLeast('delay', delay, 0);
  checkObject('options', options);
  const { jitter = 0 } = options;
  checkRatio('options.jitter', jitter);
  const random = resolveRandom(options.random);
  const middle = Math.min(delay, MAX_TIMER_DELAY);
  return () => middle * (1 + jitter * (2 * random() - 1));
}
