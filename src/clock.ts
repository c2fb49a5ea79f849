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

// What Node has and browsers have not.
declare const setImmediate: ((work: () => void) => unknown) | undefined;
declare const clearImmediate: (immediate: unknown) => void;

/** The real one. Its timers keep no process alive: the sockets they guard do that. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, work) {
    const timer = setTimeout(work, Math.min(Math.ceil(delay), MAX_TIMER_DELAY));
    // A browser's timer is a number.
    (timer as { unref?(): void }).unref?.();
    return () => clearTimeout(timer);
  },
  afterIo(work) {
    if (typeof setImmediate === 'undefined') return systemClock.after(0, work);
    const immediate = setImmediate(work);
    return () => clearImmediate(immediate);
  },
};

/** The clock of a scheduler. Real time comes from the clock that is never set, in fractions of milliseconds. */
export function clockOf(scheduler: SchedulerLike): Clock {
  const known = clocks.get(scheduler);
  if (known) return known;
  const after = (delay: number, work: () => void): (() => void) => {
    const timer = scheduler.schedule(() => work(), Math.min(delay, MAX_TIMER_DELAY));
    return () => timer.unsubscribe();
  };
  const clock = {
    now: scheduler === asyncScheduler ? () => performance.now() : () => scheduler.now(),
    after,
    afterIo: (work: () => void) => after(0, work),
  };
  clocks.set(scheduler, clock);
  return clock;
}

const clocks = new WeakMap<SchedulerLike, Clock>();

/** The number of parts for work that takes several turns of the event loop, such as a dial. */
export const TIMER_PARTS = 8;

/**
 * Calls `expired` once `delay` milliseconds have passed and the I/O that had arrived by then has been handled. So a
 * blocked event loop fails no request whose reply has arrived. The function returned cancels it.
 *
 * @param parts - with several, as many timers are set one after another, each of which counts for its own length, however
 * late it fires. So time for which the event loop was blocked does not count.
 */
export function deadline(clock: Clock, delay: number, expired: () => void, parts = 1): () => void {
  const part = Math.ceil(delay / parts);
  let cancel = (): void => {};
  const wait = (left: number): void => {
    cancel = clock.after(Math.min(part, left), () => {
      if (left > part) wait(left - part);
      else cancel = clock.afterIo(expired);
    });
  };
  wait(delay);
  return () => cancel();
}
