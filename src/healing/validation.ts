import type { SchedulerLike, Subscription } from 'rxjs';
import { clockOf, deadline } from '../clock.js';
import type { Connection } from '../connection/connection.js';
import { OwnWork } from '../connection/own-work.js';
import type { ConnectionRecord } from '../connection/record.js';
import { ValidationError } from '../errors.js';

/** Second argument of {@link Validate}. */
export interface ValidationContext {
  /**
   * Aborts at the deadline, and when the result is no longer needed because the connection left or the stream was
   * unsubscribed.
   */
  readonly signal: AbortSignal;
}

/**
 * Sends a request that only a live connection answers. The validation fails if the result is `false` or a rejection.
 */
export type Validate<C> = (connection: C, context: ValidationContext) => PromiseLike<unknown>;

/** The default validation: the connection's own `ping`. */
export const ping = <C extends Connection>(connection: C, context: ValidationContext): PromiseLike<unknown> =>
  connection.ping?.(context) ?? Promise.resolve();

/** The deadline of one validation: `timeout` in milliseconds of `scheduler`. */
export interface ValidationDeadline {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
}

/** How a validation ended. */
export interface ValidationResult {
  /** Why the validation failed; undefined if the connection passed. */
  readonly failure: ValidationError | undefined;
  /** Whether callers got the connection meanwhile. Their deadlines then tell whether it is alive. */
  readonly isSuperseded: boolean;
}

/**
 * Validates a connection once. Its requests do not count as load. A connection with a limit of 1 is not lent meanwhile.
 * `onResult` is called only after this function has returned, and not after `validation` was unsubscribed.
 */
export function startValidation<C extends Connection>(
  record: ConnectionRecord<C>,
  validate: Validate<C>,
  { timeout, scheduler }: ValidationDeadline,
  validation: Subscription,
  onResult: (result: ValidationResult) => void,
): void {
  const controller = new AbortController();
  let hasSettled = false;
  let isSuperseded = false;
  const settle = (failure?: ValidationError): void => {
    hasSettled = true;
    if (validation.closed) return;
    onResult({ failure, isSuperseded: isSuperseded || (record.stay?.leased ?? 0) > 0 });
  };
  const release = record.stay?.reserve();
  const ownWork = OwnWork.begin(record);
  const stop = record.listen({
    onLoad: (from, to) => {
      isSuperseded ||= to > from;
    },
  });
  validation.add(() => {
    stop();
    ownWork.end();
    release?.();
    if (!hasSettled) controller.abort(new ValidationError('The result of this validation is not needed any more'));
  });
  new Promise((resolve) => resolve(validate(record.connection, { signal: controller.signal }))).then(
    (answer) => settle(answer === false ? new ValidationError(REFUSED, { cause: false }) : undefined),
    (cause: unknown) => settle(new ValidationError(REFUSED, { cause })),
  );
  // If callers may use the connection, further requests are theirs.
  if (!record.stay?.isReserved) ownWork.isAlone = false;
  const expired = (): void => {
    const failure = new ValidationError(`An idle connection was not validated within ${timeout} ms`);
    controller.abort(failure);
    settle(failure);
  };
  validation.add(deadline(clockOf(scheduler), timeout, expired));
}

const REFUSED = 'An idle connection did not pass its validation';
