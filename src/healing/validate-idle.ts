import { Observable } from 'rxjs';
import { checkAtLeast, checkFunction, checkLimit, checkObject } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { resolveScheduler } from '../defaults.js';
import type { ValidationError } from '../errors.js';
import { forEachMember } from '../streams/for-each-member.js';
import { type IdleSettings, IdleWatch, type ValidateIdleOptions, type Validation } from './idle-watch.js';
import type { Validate } from './validation.js';

function resolveOptions(options: ValidateIdleOptions): IdleSettings {
  checkObject('options', options);
  const settings: IdleSettings = {
    interval: options.interval ?? 5_000,
    timeout: options.timeout ?? 1_000,
    maxValidations: options.maxValidations ?? 16,
    scheduler: resolveScheduler(options.scheduler),
  };
  checkAtLeast('options.interval', settings.interval, 1);
  checkAtLeast('options.timeout', settings.timeout, 1);
  checkLimit('options.maxValidations', settings.maxValidations);
  return settings;
}

/**
 * Finds the half-open: has each connection validated that has carried nothing for `interval` milliseconds, and
 * condemns it when `validate` rejects, throws, resolves to `false` or does not settle within `timeout`. A busy one
 * is left alone, as its requests have deadlines of their own: a verdict on one that got work meanwhile is ignored.
 * What `validate` has begun when it returns does not count as work; what it begins later does, as it cannot be
 * told from that.
 *
 * Cold. Emits how each validation ended, after the condemnation. Completes and errors with its source, and errors
 * when `condemn` throws or rejects; unsubscribing aborts what is under way. Below, `o` is well and `x` condemned.
 *
 * ```text
 * source:                                           --[a]----------------------
 * requests of a:                                    ---(---)-------------------
 * validateIdle(validate, condemn, { interval: 6 }): -------------o-----o------x
 * ```
 *
 * @example
 * ```ts
 * pool.connected$
 *   .pipe(
 *     validateIdle(
 *       (connection, { signal }) => connection.request({ command: 'PING', signal }),
 *       (connection, cause) => pool.invalidateConnections([connection], { cause }),
 *     ),
 *   )
 *   .subscribe();
 * ```
 */
export function validateIdle<C extends Connection>(
  validate: Validate<C>,
  condemn: (connection: C, cause: ValidationError) => unknown,
  options: ValidateIdleOptions = {},
): (source: Observable<readonly C[]>) => Observable<Validation<C>> {
  checkFunction('validate', validate);
  checkFunction('condemn', condemn);
  const settings = resolveOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const watch = new IdleWatch<C>(subscriber, validate, condemn, settings);
      subscriber.add(() => watch.clear());
      forEachMember(source, subscriber, (connection, stay) => watch.follow(connection, stay));
    });
}
