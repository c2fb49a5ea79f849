import { checkFunction } from '../checks.js';

/**
 * How long to wait before the given attempt (1, 2, …), in milliseconds. `previous` is how long was waited before
 * the attempt before it, 0 for the first.
 *
 * @example
 * ```ts
 * const gentle: Backoff = (attempt, previous) => (attempt === 1 ? 100 : Math.min(1.5 * previous, 5_000));
 * ```
 */
export type Backoff = (attempt: number, previous: number) => number;

/** The source of chance of a policy. */
export function resolveRandom(random: (() => number) | undefined): () => number {
  // biome-ignore lint/nursery/noJsRestrictedProperties: the default of an argument.
  const resolved = random ?? Math.random;
  checkFunction('options.random', resolved);
  return resolved;
}
