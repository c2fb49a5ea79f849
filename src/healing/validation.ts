import type { SchedulerLike, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { ValidationError } from '../errors.js';
import { deadline } from '../streams/deadline.js';

/** What a validation is told besides its connection. */
export interface ValidationContext {
  /** Aborts at the deadline, and when nobody wants to know any more. */
  readonly signal: AbortSignal;
}

/** Asks a connection something that only a live one answers. */
export type Validate<C> = (connection: C, context: ValidationContext) => PromiseLike<unknown>;

/** How long an answer may take, in milliseconds of `scheduler`. */
export interface ValidationDeadline {
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Validates a connection once. `judge` is told the verdict, never before this returns, and never once `validation`
 * has been unsubscribed; it is undefined for a connection that is well.
 */
export function beginValidation<C extends Connection>(
  connection: C,
  validate: Validate<C>,
  { timeout, scheduler }: ValidationDeadline,
  validation: Subscription,
  judge: (failure: ValidationError | undefined) => void,
): void {
  const controller = new AbortController();
  let answered = false;
  const settle = (failure?: ValidationError): void => {
    answered = true;
    if (!validation.closed) judge(failure);
  };
  new Promise((resolve) => resolve(validate(connection, { signal: controller.signal }))).then(
    (answer) => settle(answer === false ? new ValidationError(REFUSED, { cause: false }) : undefined),
    (cause: unknown) => settle(new ValidationError(REFUSED, { cause })),
  );
  const tooLate = (): void => {
    const failure = new ValidationError(`An idle connection was not validated within ${timeout} ms`);
    controller.abort(failure);
    settle(failure);
  };
  validation.add(deadline(scheduler, Math.min(timeout, MAX_TIMER_DELAY), tooLate));
  validation.add(() => {
    if (!answered) controller.abort(new ValidationError('Nobody waits for this validation any more'));
  });
}

const REFUSED = 'An idle connection did not pass its validation';
