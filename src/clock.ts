// biome-ignore-all lint/style/noRestrictedGlobals lint/nursery/noJsRestrictedProperties: the one place where time is made.

import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { MAX_TIMER_DELAY } from './checks.js';

/**
 * Time as a transport sees it. Comes in as an argument, so that tests run in virtual time.
 */
export interface Clock {
  /** Milliseconds on a clock that never jumps. */
  now(): number;
  /** Runs `work` once, `delay` milliseconds from now; the function returned cancels it. */
  after(delay: number, work: () => void): () => void;
  /** Runs `work` once what the operating system already holds for us has been read. */
  afterIo(work: () => void): () => void;
}

/** The real one. Its timers keep no process alive: the sockets they guard do that. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, work) {
    const timer = setTimeout(work, Math.min(Math.ceil(delay), MAX_TIMER_DELAY));
    // A browser's timer is a number.
    if (typeof timer === 'object') timer.unref();
    return () => clearTimeout(timer);
  },
  afterIo(work) {
    if (typeof setImmediate !== 'function') return systemClock.after(0, work);
    const immediate = setImmediate(work);
    return () => clearImmediate(immediate);
  },
};

/** The clock of a scheduler. Real time comes from the clock that is never set, in fractions of milliseconds. */
export function clockOf(scheduler: SchedulerLike): Clock {
  const after = (delay: number, work: () => void): (() => void) => {
    const timer = scheduler.schedule(() => work(), Math.min(Math.max(0, delay), MAX_TIMER_DELAY));
    return () => timer.unsubscribe();
  };
  return {
    now: scheduler === asyncScheduler ? () => performance.now() : () => scheduler.now(),
    after,
    afterIo: (work) => after(0, work),
  };
}
