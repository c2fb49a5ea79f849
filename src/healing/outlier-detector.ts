import type { SchedulerLike, Subscriber, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { CommandFailure, runCommand } from '../streams/run-command.js';

/** One ejection. */
export interface Ejection<C> {
  /** The connection that was ejected. */
  readonly connection: C;
  /** Milliseconds for which it is ejected. */
  readonly duration: number;
  /** The ejection multiplier: how often it was ejected, less one for each `baseDuration` without an ejection. */
  readonly ejections: number;
}

/** Options of {@link ejectOutliers}. Durations are in milliseconds, ratios between 0 and 1. */
export interface EjectOutliersOptions {
  /** A connection is ejected after this many failed requests in a row. @default 5 */
  readonly consecutiveFailures?: number | undefined;
  /** Duration of the first ejection; the second is twice as long, the third three times as long. @default 30000 */
  readonly baseDuration?: number | undefined;
  /** Longest duration of an ejection. @default 300000 */
  readonly maxDuration?: number | undefined;
  /** Ratio of the connections that may be ejected at once, rounded down. The last one is never ejected. @default 0.5 */
  readonly maxEjected?: number | undefined;
  /**
   * When more than this ratio of the connections are ejected or had their latest request fail, no connection is
   * ejected: the server is at fault rather than a connection. @default 0.5
   */
  readonly panicThreshold?: number | undefined;
  /** The clock of the ejections. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

export type DetectorSettings = { readonly [O in keyof EjectOutliersOptions]-?: NonNullable<EjectOutliersOptions[O]> };

/** The ejections of one connection. Holds no reference to it, so that a removed connection can be garbage-collected. */
interface EjectionRecord {
  /** Whether the source holds the connection. */
  present: boolean;
  ejections: number;
  /** When the latest ejection ends or ended, in milliseconds of the scheduler. */
  until: number;
  timer: Subscription | undefined;
}

/** A connection in the source. */
interface Host<C> {
  readonly connection: C;
  readonly ejection: EjectionRecord;
  /** Failed requests since the latest success. */
  failures: number;
}

/** Counts failures in a row for each connection, and ejects a connection that fails while the others do not. */
export class OutlierDetector<C extends Connection> {
  readonly #records = new WeakMap<C, EjectionRecord>();
  readonly #ejected = new Set<EjectionRecord>();
  #present = 0;
  /** How many ejected connections the source does not hold. */
  #ejectedAndAbsent = 0;
  /** How many present connections are not ejected and had their latest request fail. */
  #failing = 0;

  constructor(
    readonly subscriber: Subscriber<Ejection<C> | CommandFailure>,
    readonly eject: (connection: C, duration: number) => unknown,
    readonly settings: DetectorSettings,
  ) {}

  add(connection: C): Host<C> {
    const ejection = this.#recordOf(connection);
    this.#uneject(ejection);
    ejection.present = true;
    this.#present++;
    return { connection, ejection, failures: 0 };
  }

  remove({ ejection, failures }: Host<C>): void {
    ejection.present = false;
    this.#present--;
    if (this.#ejected.has(ejection)) this.#ejectedAndAbsent++;
    else if (failures > 0) this.#failing--;
  }

  record(host: Host<C>, ok: boolean): void {
    // A request that was in flight at the ejection: its outcome says nothing about the connection after it.
    if (this.#ejected.has(host.ejection)) return;
    if (ok) this.#recordSuccess(host);
    else {
      if (host.failures++ === 0) this.#failing++;
      if (host.failures >= this.settings.consecutiveFailures && this.#mayEjectOneMore()) this.#eject(host);
    }
  }

  clear(): void {
    for (const { timer } of this.#ejected) timer?.unsubscribe();
  }

  #recordOf(connection: C): EjectionRecord {
    let ejection = this.#records.get(connection);
    if (!ejection) {
      ejection = { present: false, ejections: 0, until: 0, timer: undefined };
      this.#records.set(connection, ejection);
    }
    return ejection;
  }

  #recordSuccess(host: Host<C>): void {
    if (host.failures > 0) this.#failing--;
    host.failures = 0;
  }

  #mayEjectOneMore(): boolean {
    const { maxEjected, panicThreshold } = this.settings;
    const total = this.#present + this.#ejectedAndAbsent;
    const ejected = this.#ejected.size + 1;
    const inPanic = (this.#ejected.size + this.#failing) / total > panicThreshold;
    return !inPanic && ejected / total <= maxEjected && ejected < total;
  }

  #eject(host: Host<C>): void {
    const { subscriber } = this;
    const { connection, ejection } = host;
    this.#recordSuccess(host);
    const { ejections: before, until } = ejection;
    const duration = this.#ejectionTime(ejection);
    const { ejections } = ejection;
    this.#ejected.add(ejection);
    runCommand(
      () => {
        const ejecting = this.eject(connection, duration);
        if (!subscriber.closed) this.#schedule(ejection, duration);
        return ejecting;
      },
      () => subscriber.next({ connection, duration, ejections }),
      (cause) => {
        // It stays in service: so many failures more, and it is to be ejected again.
        if (this.#uneject(ejection)) Object.assign(ejection, { ejections: before, until });
        subscriber.next(new CommandFailure(cause));
      },
    );
  }

  /** Called after `eject`, which may have brought the connection back to the source and so ended the ejection. */
  #schedule(ejection: EjectionRecord, duration: number): void {
    if (!this.#ejected.has(ejection)) return;
    ejection.timer = this.settings.scheduler.schedule(() => this.#uneject(ejection), duration);
  }

  /** The multiplier drops by one per `baseDuration` without an ejection; its maximum is maxDuration / baseDuration. */
  #ejectionTime(ejection: EjectionRecord): number {
    const { baseDuration, maxDuration, scheduler } = this.settings;
    const now = scheduler.now();
    const base = Math.min(baseDuration, MAX_TIMER_DELAY);
    const longest = Math.min(maxDuration, MAX_TIMER_DELAY);
    const expired = Math.floor(Math.max(0, now - ejection.until) / base);
    ejection.ejections = Math.min(Math.max(0, ejection.ejections - expired) + 1, Math.ceil(longest / base));
    const duration = Math.min(base * ejection.ejections, longest);
    ejection.until = now + duration;
    return duration;
  }

  #uneject(ejection: EjectionRecord): boolean {
    if (!this.#ejected.delete(ejection)) return false;
    ejection.timer?.unsubscribe();
    if (!ejection.present) this.#ejectedAndAbsent--;
    return true;
  }
}
