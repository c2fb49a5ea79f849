import { type Clock, systemClock } from '../../src/request/clock.js';

/** The real clock, and how many timers of it are left. */
export interface CountingClock extends Clock {
  readonly timers: number;
}

export function countingClock(): CountingClock {
  let timers = 0;
  const counted = (start: (work: () => void) => () => void, work: () => void): (() => void) => {
    timers++;
    let over = false;
    const end = (): void => {
      if (!over) timers--;
      over = true;
    };
    const cancel = start(() => {
      end();
      work();
    });
    return () => {
      end();
      cancel();
    };
  };
  return {
    now: systemClock.now,
    after: (delay, work) => counted((run) => systemClock.after(delay, run), work),
    afterIo: (work) => counted(systemClock.afterIo, work),
    get timers() {
      return timers;
    },
  };
}
