// biome-ignore-all lint/style/noRestrictedGlobals lint/nursery/noJsRestrictedProperties: the one place where time is made.

import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { MAX_TIMER_DELAY } from './checks.js';

/** The clock of a transport. It is an argument, so that tests can use virtual time. */
export interface Clock {
  /** Milliseconds by a clock that never jumps. */
  now(): number;
  /** Runs `work` once, in `delay` milliseconds; the returned function cancels it. */
  after(delay: number, work: () => void): () => void;
  /** Runs `work` once, after the data that the operating system already holds has been read. */
  afterIo(work: () => void): () => void;
}

// Exists in Node, not in browsers.
declare const setImmediate: ((work: () => void) => unknown) | undefined;
declare const clearImmediate: (immediate: unknown) => void;

/** The real clock. Its timers do not keep a process alive; the sockets that they guard do. */
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

/** The clock of a scheduler. Real time comes from the monotonic clock, in fractions of milliseconds. */
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

/** The number of parts of a deadline for work that takes several turns of the event loop, such as a dial. */
export const TIMER_PARTS = 8;

/**
 * Calls `expired` once `delay` milliseconds have passed and the I/O that had arrived by then is handled. So a blocked
 * event loop fails no request whose reply has arrived. The returned function cancels it.
 *
 * @param parts - with more than 1, so many timers run one after another. Each counts only for its own length, however
 * late it fires, so time during which the event loop was blocked does not count.
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
