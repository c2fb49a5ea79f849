import { MAX_TIMER_DELAY } from '../checks.js';
import { outOfRange } from '../errors.js';

/**
 * Returns the wait before an attempt, in milliseconds. `attempt` counts from 1. `previous` is the wait before the last
 * attempt; 0 for the first.
 * @example
 * ```ts
 * const gentle: Backoff = (attempt, previous) => (attempt === 1 ? 100 : Math.min(1.5 * previous, 5_000));
 * ```
 */
export type Backoff = (attempt: number, previous: number) => number;

/**
 * The wait that a backoff returns, capped at the longest timer. Throws the error of the backoff, and a RangeError if it
 * returns no duration.
 */
export function nextWait(backoff: Backoff, attempt: number, previous: number, name = 'backoff'): number {
  const wait = backoff(attempt, previous);
  if (wait >= 0) return Math.min(wait, MAX_TIMER_DELAY);
  throw outOfRange(`${name}(attempt, previous)`, 'a number of milliseconds', wait);
}
