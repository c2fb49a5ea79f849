import { Observable } from 'rxjs';
import { checkAtLeast, checkFunction, checkLimit, checkOptions } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { resolveScheduler } from '../defaults.js';
import type { ValidationError } from '../errors.js';
import { forEachMember } from '../streams/for-each-member.js';
import type { CommandFailure } from '../streams/run-command.js';
import { type IdleSettings, IdleValidator, type ValidateIdleOptions, type Validation } from './idle-validator.js';
import { ping, type Validate } from './validation.js';

function resolveOptions(options: ValidateIdleOptions): IdleSettings {
  checkOptions('options', options, ['interval', 'timeout', 'maxValidations', 'scheduler']);
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
 * Finds half-open connections: calls `validate` for each connection without load for `interval` milliseconds, and
 * calls `invalidate` when `validate` rejects, throws, resolves to `false` or does not settle within `timeout`. A
 * connection with load is not validated, because its requests have deadlines of their own, and the result of a
 * validation is ignored when the connection got a request meanwhile. Requests that `validate` sends before it returns
 * do not count as load; more than those at a time do.
 *
 * Cold. Emits how each validation ended, after `invalidate`. Where that throws or rejects it emits a
 * {@link CommandFailure}, and the connection is validated again after `interval`. Completes and errors with its source.
 * Unsubscribing aborts the running validations. Below, `o` passed and `x` failed.
 *
 * ```text
 * source:                                              --[a]----------------------
 * requests of a:                                       ---(---)-------------------
 * validateIdle(validate, invalidate, { interval: 6 }): -------------o-----o------x
 * ```
 *
 * @param validate - sends something that only a live connection answers; undefined for the connection's own `ping`,
 * without which a connection is not validated.
 * @param invalidate - takes a connection out of service that failed, and may return a promise.
 * @throws TypeError, RangeError for arguments out of range.
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
  validate: Validate<C> | undefined,
  invalidate: (connection: C, cause: ValidationError) => unknown,
  options: ValidateIdleOptions = {},
): (source: Observable<readonly C[]>) => Observable<Validation<C> | CommandFailure> {
  if (validate !== undefined) checkFunction('validate', validate);
  checkFunction('invalidate', invalidate);
  const settings = resolveOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const validator = new IdleValidator<C>(subscriber, validate ?? ping, invalidate, settings);
      subscriber.add(() => validator.clear());
      forEachMember(source, subscriber, (connection, presence) => {
        if (validate ?? connection.ping) validator.add(connection, presence);
      });
    });
}
