import { asyncScheduler, Observable, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import {
  atLeast,
  checkEach,
  checkFunction,
  checkLimit,
  checkRatio,
  checkScheduler,
  MAX_TIMER_DELAY,
  type Resolved,
} from '../checks.js';
import { clockOf } from '../clock.js';
import { type Connection, textOf } from '../connection/connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import { forEachMember } from '../streams/for-each-member.js';
import { CommandFailure, runCommand } from '../streams/run-command.js';
import { EndpointLatency, Latencies } from './endpoint-latency.js';

/** One ejection. */
export interface Ejection<C> {
  /** The connection that was ejected. */
  readonly connection: C;
  /** Milliseconds for which it is ejected. */
  readonly duration: number;
  /** The ejection multiplier: how often it was ejected, less one for each `baseDuration` without an ejection. */
  readonly ejections: number;
  /** `failures`: requests failed in a row. `latency`: its endpoint answers slower than the others. */
  readonly reason: 'failures' | 'latency';
}

/** Options of {@link ejectOutliers}. Durations are in milliseconds, ratios between 0 and 1. */
export interface EjectOutliersOptions {
  /** A connection is ejected after this many failed requests in a row. @default 5 */
  readonly consecutiveFailures?: number | undefined;
  /**
   * Ejects the connections to an endpoint that is slower than the others by this factor. Usual is the median, over the
   * endpoints, of the time within which nine of ten answers come. An endpoint is slow after ten answers in a row, over
   * half a second or more, that each took longer than this factor times the usual time. Meanwhile other endpoints must
   * have given ten answers that did not.
   *
   * Use a factor of 2 or more if all endpoints do the same work. Leave it out if a key decides which endpoint gets
   * which work, or if some endpoints are far away. Connections without `endpoint` are not compared.
   * @default Infinity, for none
   */
  readonly slowerThan?: number | undefined;
  /** Duration of the first ejection; the second is twice as long, the third three times as long. @default 30000 */
  readonly baseDuration?: number | undefined;
  /** Longest duration of an ejection. @default 300000 */
  readonly maxDuration?: number | undefined;
  /**
   * Ratio of the connections that may be ejected at once, rounded down. It also limits the ratio of endpoints that may
   * have no connection left in service. The last connection in service is never ejected. @default 0.5
   */
  readonly maxEjected?: number | undefined;
  /**
   * Ejects no connection while more than this ratio of them are ejected or failed at their latest request: then the
   * server is at fault. @default 0.5
   */
  readonly panicThreshold?: number | undefined;
  /** The clock of the ejections. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

type Settings = Resolved<EjectOutliersOptions>;

function resolveOptions(options: EjectOutliersOptions): Settings {
  checkEach('options', options, {
    consecutiveFailures: checkLimit,
    slowerThan: atLeast(1),
    baseDuration: atLeast(1),
    maxDuration: atLeast(1),
    maxEjected: checkRatio,
    panicThreshold: checkRatio,
    scheduler: checkScheduler,
  });
  return {
    consecutiveFailures: options.consecutiveFailures ?? 5,
    slowerThan: options.slowerThan ?? Number.POSITIVE_INFINITY,
    baseDuration: options.baseDuration ?? 30_000,
    maxDuration: options.maxDuration ?? 300_000,
    maxEjected: options.maxEjected ?? 0.5,
    panicThreshold: options.panicThreshold ?? 0.5,
    scheduler: options.scheduler ?? asyncScheduler,
  };
}

/**
 * The ejections of one connection. It has no reference to the connection, so that a removed one can be
 * garbage-collected.
 */
interface EjectionRecord {
  /** Whether the source contains the connection. */
  present: boolean;
  ejections: number;
  /** When the latest ejection ends or ended, in milliseconds of the scheduler. */
  until: number;
  timer: Subscription | undefined;
  readonly endpoint: string | undefined;
}

/** The connections of one endpoint: how many are ejected, and how many of the source are not. */
interface Server {
  ejected: number;
  serving: number;
  readonly latency: EndpointLatency;
}

/** A connection in the source. */
interface Host<C> {
  readonly connection: C;
  readonly ejection: EjectionRecord;
  readonly server: Server;
  /** Failed requests since the latest success. */
  failures: number;
}

/**
 * Counts consecutive failures of each connection, and ejects a connection that fails while the others do not. Compares
 * the latencies of endpoints, and ejects the connections to one that is slower than the others.
 */
class OutlierDetector<C extends Connection> {
  readonly #records = new WeakMap<C, EjectionRecord>();
  readonly #ejected = new Set<EjectionRecord>();
  /** The entries by endpoint. Connections without an endpoint share one entry. */
  readonly #servers = new Map<string | undefined, Server>();
  readonly #latencies = new Latencies();
  readonly #now: () => number;
  #present = 0;
  /** How many ejected connections are absent from the source. */
  #ejectedAndAbsent = 0;
  /** How many present connections are not ejected and failed at their latest request. */
  #failing = 0;

  constructor(
    readonly subscriber: Subscriber<Ejection<C> | CommandFailure>,
    readonly eject: (connection: C, duration: number) => unknown,
    readonly settings: Settings,
  ) {
    this.#now = clockOf(settings.scheduler).now;
  }

  add(connection: C): Host<C> {
    const ejection = this.#recordOf(connection);
    this.#uneject(ejection);
    ejection.present = true;
    const server = this.#count(ejection, 0, 1);
    this.#present++;
    return { connection, ejection, server, failures: 0 };
  }

  remove({ ejection, failures }: Host<C>): void {
    ejection.present = false;
    this.#present--;
    if (this.#ejected.has(ejection)) {
      this.#ejectedAndAbsent++;
      return;
    }
    this.#count(ejection, 0, -1);
    if (failures > 0) this.#failing--;
  }

  record(host: Host<C>, ok: boolean, duration: number | undefined): void {
    // The request was in flight at the ejection: its outcome says nothing about the time after it.
    if (this.#ejected.has(host.ejection)) return;
    const { consecutiveFailures, slowerThan } = this.settings;
    if (ok) {
      this.#recordSuccess(host);
      if (duration === undefined || slowerThan === Number.POSITIVE_INFINITY) return;
      const isSlow = host.server.latency.answered(duration, slowerThan, this.#now());
      if (isSlow && this.#mayEject(host)) this.#eject(host, 'latency');
    } else {
      if (host.failures++ === 0) this.#failing++;
      if (host.failures >= consecutiveFailures && this.#mayEject(host)) this.#eject(host, 'failures');
    }
  }

  clear(): void {
    for (const { timer } of this.#ejected) timer?.unsubscribe();
  }

  #recordOf(connection: C): EjectionRecord {
    let ejection = this.#records.get(connection);
    if (!ejection) {
      const endpoint = textOf(connection, 'endpoint');
      ejection = { present: false, ejections: 0, until: 0, timer: undefined, endpoint };
      this.#records.set(connection, ejection);
    }
    return ejection;
  }

  #count({ endpoint }: EjectionRecord, moreEjected: number, moreServing: number): Server {
    let server = this.#servers.get(endpoint);
    if (!server) {
      server = { ejected: 0, serving: 0, latency: new EndpointLatency(this.#latencies) };
      this.#servers.set(endpoint, server);
    }
    server.ejected += moreEjected;
    server.serving += moreServing;
    // An endpoint that comes back starts anew, and one without connections in service does not count as usual.
    if (server.serving === 0) server.latency.clear();
    if (server.ejected + server.serving === 0) this.#servers.delete(endpoint);
    return server;
  }

  #recordSuccess(host: Host<C>): void {
    if (host.failures > 0) this.#failing--;
    host.failures = 0;
  }

  #mayEject({ ejection }: Host<C>): boolean {
    const { maxEjected, panicThreshold } = this.settings;
    const total = this.#present + this.#ejectedAndAbsent;
    const ejected = this.#ejected.size + 1;
    const inPanic = (this.#ejected.size + this.#failing) / total > panicThreshold;
    if (inPanic || ejected / total > maxEjected || ejected >= total) return false;
    return (this.#servers.get(ejection.endpoint)?.serving ?? 0) > 1 || this.#mayLoseServer();
  }

  /** Whether one more endpoint may be left without a connection in service. */
  #mayLoseServer(): boolean {
    const lost = [...this.#servers.values()].filter(({ serving }) => serving === 0).length + 1;
    const { size } = this.#servers;
    return lost / size <= this.settings.maxEjected && lost < size;
  }

  #eject(host: Host<C>, reason: Ejection<C>['reason']): void {
    const { subscriber } = this;
    const { connection, ejection } = host;
    this.#recordSuccess(host);
    const { ejections: before, until } = ejection;
    const duration = this.#ejectionTime(ejection);
    const { ejections } = ejection;
    this.#ejected.add(ejection);
    this.#count(ejection, 1, -1);
    runCommand(
      () => {
        const ejecting = this.eject(connection, duration);
        if (!subscriber.closed) this.#schedule(ejection, duration);
        return ejecting;
      },
      () => subscriber.next({ connection, duration, ejections, reason }),
      (cause) => {
        // The connection stays in service. It is ejected again after as many failures more.
        if (this.#uneject(ejection)) Object.assign(ejection, { ejections: before, until });
        subscriber.next(new CommandFailure(cause));
      },
    );
  }

  /** Called after `eject`, which may have ended the ejection by bringing the connection back to the source. */
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
    this.#count(ejection, -1, ejection.present ? 1 : 0);
    if (!ejection.present) this.#ejectedAndAbsent--;
    return true;
  }
}

/**
 * Outlier ejection: calls `eject` with a connection whose requests fail in a row while the requests of others succeed,
 * and with the milliseconds of the ejection. With `slowerThan`, it also ejects the connections to an endpoint that
 * answers slower than the others. The connection should leave the source, and come back after that time. Until then it
 * counts as ejected.
 *
 * Reads the outcomes of requests from the connection's `outcomes$`, or else from the pool's `use` and `withConnection`.
 * A connection without either is never ejected. Each outcome takes constant time; with `slowerThan`, every 32nd answer
 * sorts one figure of each endpoint.
 *
 * Emits an {@link Ejection} once `eject` has returned and its promise, if any, has resolved. If `eject` fails, a
 * {@link CommandFailure} is emitted, and `eject` is called again after as many failures more. Cold. Completes and
 * errors with its source. Unsubscribing stops the detection.
 *
 * ```text
 * source:                                       --[a,b]-----[b]-------[a,b]--
 * requests of a (x failed):                     ----x-x-x-x-x----------------
 * ejectOutliers(eject, { baseDuration: 10 }):   ------------E----------------
 * ```
 *
 * @param eject - takes a connection out of service for the given milliseconds, and may return a promise.
 * @throws TypeError, RangeError for invalid arguments.
 * @example
 * ```ts
 * pool.connected$
 *   .pipe(ejectOutliers((connection, duration) => pool.ejectConnections([connection], { duration })))
 *   .subscribe((value) => {
 *     if (value instanceof CommandFailure) console.warn('not ejected', value.cause);
 *     else console.warn(`a connection is out of service for ${value.duration} ms`);
 *   });
 * ```
 */
export function ejectOutliers<C extends Connection>(
  eject: (connection: C, duration: number) => unknown,
  options: EjectOutliersOptions = {},
): (source: Observable<readonly C[]>) => Observable<Ejection<C> | CommandFailure> {
  checkFunction('eject', eject);
  const settings = resolveOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const detector = new OutlierDetector<C>(subscriber, eject, settings);
      subscriber.add(() => detector.clear());
      forEachMember(source, subscriber, (connection, presence) => {
        const host = detector.add(connection);
        presence.add(() => detector.remove(host));
        observeOutcomes(connection, presence, (ok, duration) => detector.record(host, ok, duration));
      });
    });
}
