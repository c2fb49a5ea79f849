import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { checkFunction, checkScheduler } from './checks.js';

/** The option `scheduler`, or the platform's own time. */
export function resolveScheduler(
  scheduler: SchedulerLike = asyncScheduler,
  argument = 'options.scheduler',
): SchedulerLike {
  checkScheduler(argument, scheduler);
  return scheduler;
}

/** The option `random`, or the platform's own chance. */
// biome-ignore lint/nursery/noJsRestrictedProperties: the default of an argument.
export function resolveRandom(random: () => number = Math.random): () => number {
  checkFunction('options.random', random);
  return random;
}
