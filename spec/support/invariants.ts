import { runInThisContext } from 'node:vm';
import type { Observable } from 'rxjs';
import type { Connection, ConnectionPool } from 'rxpool';
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

/** All that a pool tells by. */
export const STREAMS = [
  'connected$',
  'broken$',
  'connections$',
  'snapshot$',
  'leastLoaded$',
  'pending$',
  'health$',
  'events$',
] as const;

export interface StreamWatch {
  /** How each of them ended that has, as often as it did, in order of their names above. */
  readonly ended: readonly string[];
}

/** Listens to every stream of a pool. */
export function watchStreams(pool: Pick<ConnectionPool<Connection>, (typeof STREAMS)[number]>): StreamWatch {
  const ended = STREAMS.map((name) => {
    const ends: string[] = [];
    const source$: Observable<unknown> = pool[name];
    source$.subscribe({
      error: (error) => void ends.push(`${name} failed: ${error}`),
      complete: () => void ends.push(`${name} completed`),
    });
    return ends;
  });
  return {
    get ended() {
      return ended.flat();
    },
  };
}
