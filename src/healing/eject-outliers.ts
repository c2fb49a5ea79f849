import { Observable } from 'rxjs';
import { checkAtLeast, checkFunction, checkLimit, checkOptions, checkRatio } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import { resolveScheduler } from '../defaults.js';
import { forEachMember } from '../streams/for-each-member.js';
import type { CommandFailure } from '../streams/run-command.js';
import {
  type DetectorSettings,
  type Ejection,
  type EjectOutliersOptions,
  OutlierDetector,
} from './outlier-detector.js';

function resolveOptions(options: EjectOutliersOptions): DetectorSettings {
  checkOptions('options', options, [
    'consecutiveFailures',
    'baseDuration',
    'maxDuration',
    'maxEjected',
    'panicThreshold',
    'scheduler',
  ]);
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
 * Outlier ejection: calls `eject` with a connection whose requests fail in a row while the requests of others
 * succeed, and with the milliseconds for which to take it out of service. An ejected connection should leave the source,
 * and come back after that duration. Until then it counts as ejected.
 *
 * Goes by `outcomes$` of the connection, or else by `use` and `withConnection` of its pool, in constant time for each
 * outcome. A connection with neither is never ejected.
 *
 * Emits an {@link Ejection} once `eject` has returned and its promise, if any, has resolved. Where it throws or rejects,
 * a {@link CommandFailure}: the connection is not ejected, and `eject` is called again after as many failures more. Cold.
 * Completes and errors with its source. Unsubscribing stops the detection.
 *
 * ```text
 * source:                                       --[a,b]-----[b]-------[a,b]--
 * requests of a (x failed):                     ----x-x-x-x-x----------------
 * ejectOutliers(eject, { baseDuration: 10 }):   ------------E----------------
 * ```
 *
 * @param eject - takes the connection out of service for so many milliseconds, and may return a promise.
 * @throws TypeError, RangeError for arguments out of range.
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
        observeOutcomes(connection, presence, (ok) => detector.record(host, ok));
      });
    });
}
