import type { SchedulerLike } from 'rxjs';
import type { Backoff } from '../healing/backoff.js';
import { CommandFailure } from '../streams/run-command.js';

/** A failure of `add`, which threw or rejected with `cause`. `add` is called again after the backoff. */
export class AdditionFailure extends CommandFailure {
  override readonly type = 'add-failed';

  /** @param count - how many connections were to be added. */
  constructor(
    cause: unknown,
    readonly count: number,
  ) {
    super(cause);
  }
}

/** An action of `refill` or `growOnDemand`, for logs and metrics. */
export type AdditionEvent =
  | {
      /** Members were added. */
      readonly type: 'added';
      /** How many. */
      readonly count: number;
    }
  /** `add` has failed. */
  | AdditionFailure;

/** Options of {@link refill}; those of {@link growOnDemand} extend them. */
export interface AdditionOptions {
  /** The wait after an addition that connected nothing. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /** The clock of the backoff, and the scheduler that runs each addition. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}
