import { runInThisContext } from 'node:vm';
import type { Observable } from 'rxjs';
import type { Connection, ConnectionPool } from 'rxpool';
import type { Clock } from 'rxpool/zcached';

/** The real process: under jest `process` is a copy, which receives no events. */
const real = runInThisContext('process') as NodeJS.Process;

/** A clock that counts the timers that are still to fire. */
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
    now: () => performance.now(),
    after: (delay, work) =>
      counted((done) => {
        const timer = setTimeout(done, Math.ceil(delay)).unref();
        return () => clearTimeout(timer);
      }, work),
    afterIo: (work) =>
      counted((done) => {
        const immediate = setImmediate(done);
        return () => clearImmediate(immediate);
      }, work),
    get timers() {
      return timers;
    },
  };
}

export interface ProcessWatch {
  /** Unhandled rejections, uncaught exceptions and warnings. */
  readonly complaints: readonly string[];
  /** Sockets and listeners there are now beyond those at the start. */
  readonly sockets: number;
  end(): void;
}

const sockets = (): number => real.getActiveResourcesInfo().filter((kind) => /TCP|Pipe|TLS/.test(kind)).length;

/** Watches the process from this call on. */
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

/** The names of all streams of a pool. */
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
  /** One entry per error or completion so far, in the order of `STREAMS`. */
  readonly ended: readonly string[];
}

/** Subscribes to every stream of a pool. */
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
