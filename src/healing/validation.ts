import type { SchedulerLike, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { ValidationError } from '../errors.js';
import { deadline } from '../streams/deadline.js';

/** Second argument of {@link Validate}. */
export interface ValidationContext {
  /** Aborted at the deadline, and when the result is needed no longer: the connection left, or the stream was unsubscribed. */
  readonly signal: AbortSignal;
}

/** Sends something that only a live connection answers. Its result fails the validation by `false` or a rejection. */
export type Validate<C> = (connection: C, context: ValidationContext) => PromiseLike<unknown>;

/** The question where no other is given: the connection's own `ping`. */
export const ping = <C extends Connection>(connection: C, context: ValidationContext): PromiseLike<unknown> =>
  connection.ping?.(context) ?? Promise.resolve();

/** The deadline of one validation: `timeout` in milliseconds of `scheduler`. */
export interface ValidationDeadline {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Validates a connection once. Calls `onResult` with the failure, or with undefined where the connection passed;
 * never before this function returns, and never after `validation` has been unsubscribed.
 */
export function startValidation<C extends Connection>(
  connection: C,
  validate: Validate<C>,
  { timeout, scheduler }: ValidationDeadline,
  validation: Subscription,
  onResult: (failure: ValidationError | undefined) => void,
): void {
  const controller = new AbortController();
  let answered = false;
  const settle = (failure?: ValidationError): void => {
    answered = true;
    if (!validation.closed) onResult(failure);
  };
  new Promise((resolve) => resolve(validate(connection, { signal: controller.signal }))).then(
    (answer) => settle(answer === false ? new ValidationError(REFUSED, { cause: false }) : undefined),
    (cause: unknown) => settle(new ValidationError(REFUSED, { cause })),
  );
  const expired = (): void => {
    const failure = new ValidationError(`An idle connection was not validated within ${timeout} ms`);
    controller.abort(failure);
    settle(failure);
  };
  validation.add(deadline(scheduler, Math.min(timeout, MAX_TIMER_DELAY), expired));
  validation.add(() => {
    if (!answered) controller.abort(new ValidationError('The result of this validation is not needed any more'));
  });
}

const REFUSED = 'An idle connection did not pass its validation';
