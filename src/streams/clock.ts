import { asyncScheduler, type SchedulerLike } from 'rxjs';

/** The milliseconds of a scheduler. Real time comes from the clock that is never set, in fractions of milliseconds. */
export const clockOf = (scheduler: SchedulerLike): (() => number) =>
  // biome-ignore lint/nursery/noJsRestrictedProperties: the time of the real scheduler.
  scheduler === asyncScheduler ? () => performance.now() : () => scheduler.now();
