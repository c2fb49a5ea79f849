import type { SchedulerLike, Subscriber, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { runCommand } from '../streams/run-command.js';

/** A connection that was ejected. */
export interface Ejection<C> {
  readonly connection: C;
  /** For how many milliseconds. */
  readonly duration: number;
  /** How often it was by now, less what it has made good since. */
  readonly ejections: number;
}

/** Who is ejected, and for how long. Durations are in milliseconds, shares between 0 and 1. */
export interface EjectOutliersOptions {
  /** How many requests in a row have to fail. @default 5 */
  readonly consecutiveFailures?: number | undefined;
  /** How long the first ejection lasts; the second twice as long, and so on. @default 30000 */
  readonly baseDuration?: number | undefined;
  /** How long an ejection lasts at most. @default 300000 */
  readonly maxDuration?: number | undefined;
  /** The share of the connections that may be ejected at once, rounded down. The last is never. @default 0.5 */
  readonly maxEjected?: number | undefined;
  /**
   * When more than this share of the connections are ejected, or had their latest request fail, the fault lies
   * with the server, and nobody is ejected. @default 0.5
   */
  readonly panicThreshold?: number | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

export type DetectorSettings = { readonly [O in keyof EjectOutliersOptions]-?: NonNullable<EjectOutliersOptions[O]> };

/** What is known of a connection. Knows nothing of the connection, and so keeps none that has gone. */
interface History {
  /** Whether the source holds it. */
  listed: boolean;
  ejections: number;
  /** When its latest ejection ends or has ended. */
  until: number;
  timer: Subscription | undefined;
}

/** A connection in the source. */
interface Suspect<C> {
  readonly connection: C;
  readonly history: History;
  /** Failures since its latest success. */
  streak: number;
}

/** Counts failures, and ejects those that fail while the others do not. */
export class OutlierDetector<C extends Connection> {
  readonly #histories = new WeakMap<C, History>();
  readonly #ejected = new Set<History>();
  #listed = 0;
  /** Ejected ones that the source does not hold. */
  #away = 0;
  /** Those that the source holds, are not ejected, and had their latest request fail. */
  #failing = 0;

  constructor(
    readonly subscriber: Subscriber<Ejection<C>>,
    readonly eject: (connection: C, duration: number) => unknown,
    readonly settings: DetectorSettings,
  ) {}

  enter(connection: C): Suspect<C> {
    const history = this.#historyOf(connection);
    this.#release(history);
    history.listed = true;
    this.#listed++;
    return { connection, history, streak: 0 };
  }

  leave({ history, streak }: Suspect<C>): void {
    history.listed = false;
    this.#listed--;
    if (this.#ejected.has(history)) this.#away++;
    else if (streak > 0) this.#failing--;
  }

  judge(suspect: Suspect<C>, ok: boolean): void {
    // What it carried when it was ejected ends after that.
    if (this.#ejected.has(suspect.history)) return;
    if (ok) this.#acquit(suspect);
    else {
      if (suspect.streak++ === 0) this.#failing++;
      if (suspect.streak >= this.settings.consecutiveFailures && this.#mayEjectOneMore()) this.#eject(suspect);
    }
  }

  clear(): void {
    for (const { timer } of this.#ejected) timer?.unsubscribe();
  }

  #historyOf(connection: C): History {
    let history = this.#histories.get(connection);
    if (!history) {
      history = { listed: false, ejections: 0, until: 0, timer: undefined };
      this.#histories.set(connection, history);
    }
    return history;
  }

  #acquit(suspect: Suspect<C>): void {
    if (suspect.streak > 0) this.#failing--;
    suspect.streak = 0;
  }

  #mayEjectOneMore(): boolean {
    const { maxEjected, panicThreshold } = this.settings;
    const total = this.#listed + this.#away;
    const ejected = this.#ejected.size + 1;
    const inPanic = (this.#ejected.size + this.#failing) / total > panicThreshold;
    return !inPanic && ejected / total <= maxEjected && ejected < total;
  }

  #eject(suspect: Suspect<C>): void {
    const { subscriber } = this;
    const { connection, history } = suspect;
    this.#acquit(suspect);
    const duration = this.#sentence(history);
    const { ejections } = history;
    this.#ejected.add(history);
    runCommand(
      () => {
        const ejecting = this.eject(connection, duration);
        if (!subscriber.closed) this.#limit(history, duration);
        return ejecting;
      },
      () => subscriber.next({ connection, duration, ejections }),
      (error) => subscriber.error(error),
    );
  }

  /** Its time runs, after whatever the command has set going: that may have brought it back. */
  #limit(history: History, duration: number): void {
    if (!this.#ejected.has(history)) return;
    history.timer = this.settings.scheduler.schedule(() => this.#release(history), duration);
  }

  /** Each `baseDuration` without an ejection makes one good; more than what counts are not held against it. */
  #sentence(history: History): number {
    const { baseDuration, maxDuration, scheduler } = this.settings;
    const now = scheduler.now();
    const base = Math.min(baseDuration, MAX_TIMER_DELAY);
    const longest = Math.min(maxDuration, MAX_TIMER_DELAY);
    const madeGood = Math.floor(Math.max(0, now - history.until) / base);
    history.ejections = Math.min(Math.max(0, history.ejections - madeGood) + 1, Math.ceil(longest / base));
    const duration = Math.min(base * history.ejections, longest);
    history.until = now + duration;
    return duration;
  }

  #release(history: History): void {
    if (!this.#ejected.delete(history)) return;
    history.timer?.unsubscribe();
    if (!history.listed) this.#away--;
  }
}
