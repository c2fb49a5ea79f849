import { runInThisContext } from 'node:vm';
import { type Clock, systemClock } from '../../src/request/clock.js';

/** Under jest `process` is a copy, which hears of nothing. */
const real = runInThisContext('process') as NodeJS.Process;

/** A clock that knows how many of its timers would still fire. */
export interface CountingClock extends Clock {
  readonly timers: number;
}

export function countingClock(): CountingClock {
  let timers = 0;
  /** Counted from when it is set until it fires or is cancelled, whichever comes first. */
  const counted = (set: (work: () => void) => () => void, work: () => void): (() => void) => {
    let open = true;
    timers++;
    const over = (): void => {
      if (open) timers--;
      open = false;
    };
    const cancel = set(() => {
      over();
      work();
    });
    return () => {
      over();
      cancel();
    };
  };
  return {
    now: systemClock.now,
    after: (delay, work) => counted((done) => systemClock.after(delay, done), work),
    afterIo: (work) => counted((done) => systemClock.afterIo(done), work),
    get timers() {
      return timers;
    },
  };
}

export interface ProcessWatch {
  /** What nobody handled, and what Node warned of. */
  readonly complaints: readonly string[];
  /** Sockets and listeners there are now beyond those at the start. */
  readonly sockets: number;
  end(): void;
}

const sockets = (): number => real.getActiveResourcesInfo().filter((kind) => /TCP|Pipe|TLS/.test(kind)).length;

/** Keeps an eye on the process from here on. */
export function watchProcess(): ProcessWatch {
  const before = sockets();
  const complaints: string[] = [];
  const complain = (what: unknown): void => void complaints.push(String(what));
  const events = ['unhandledRejection', 'uncaughtExceptionMonitor', 'warning'];
  for (const event of events) real.on(event, complain);
  return {
    complaints,
    get sockets() {
      return sockets() - before;
    },
    end: () => {
      for (const event of events) real.off(event, complain);
    },
  };
}
