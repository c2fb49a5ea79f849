import { Observable } from 'rxjs';
import { checkAtLeast, checkFunction, checkLimit, checkObject, checkRatio } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import { resolveScheduler } from '../defaults.js';
import { forEachMember } from '../streams/for-each-member.js';
import {
  type DetectorSettings,
  type Ejection,
  type EjectOutliersOptions,
  OutlierDetector,
} from './outlier-detector.js';

function resolveOptions(options: EjectOutliersOptions): DetectorSettings {
  checkObject('options', options);
  const settings: DetectorSettings = {
    consecutiveFailures: options.consecutiveFailures ?? 5,
    baseDuration: options.baseDuration ?? 30_000,
    maxDuration: options.maxDuration ?? 300_000,
    maxEjected: options.maxEjected ?? 0.5,
    panicThreshold: options.panicThreshold ?? 0.5,
    scheduler: resolveScheduler(options.scheduler),
  };
  checkLimit('options.consecutiveFailures', settings.consecutiveFailures);
  checkAtLeast('options.baseDuration', settings.baseDuration, 1);
  checkAtLeast('options.maxDuration', settings.maxDuration, 1);
  checkRatio('options.maxEjected', settings.maxEjected);
  checkRatio('options.panicThreshold', settings.panicThreshold);
  return settings;
}

/**
 * Outlier ejection: calls `eject` with a connection whose requests fail one after the other while those of others
 * do not, and with the milliseconds to keep it out of service for; emits an {@link Ejection} after that. Judges by
 * `outcomes$`, in constant time for each; a connection without them is never ejected. A connection is expected to leave the source, and to come back when its
 * time is over; it counts as ejected until then, whatever becomes of it.
 *
 * Cold. Completes and errors with its source, and errors when `eject` throws or rejects; unsubscribing ends the
 * listening and ejects nobody.
 *
 * ```text
 * source:                                       --[a,b]-----[b]-------[a,b]--
 * requests of a (x failed):                     ----x-x-x-x-x----------------
 * ejectOutliers(eject, { baseDuration: 10 }):   ------------E----------------
 * ```
 *
 * @example
 * ```ts
 * pool.connected$
 *   .pipe(ejectOutliers((connection, duration) => pool.ejectConnections([connection], { duration })))
 *   .subscribe(({ duration }) => console.warn(`a connection is out of service for ${duration} ms`));
 * ```
 */
export function ejectOutliers<C extends Connection>(
  eject: (connection: C, duration: number) => unknown,
  options: EjectOutliersOptions = {},
): (source: Observable<readonly C[]>) => Observable<Ejection<C>> {
  checkFunction('eject', eject);
  const settings = resolveOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const detector = new OutlierDetector<C>(subscriber, eject, settings);
      subscriber.add(() => detector.clear());
      forEachMember(source, subscriber, (connection, stay) => {
        const suspect = detector.enter(connection);
        stay.add(() => detector.leave(suspect));
        observeOutcomes(connection, stay, (ok) => detector.judge(suspect, ok));
      });
    });
}
