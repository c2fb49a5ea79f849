import type { SchedulerLike } from 'rxjs';
import type { Backoff } from '../healing/backoff.js';
import type { Health } from '../health/health.js';
import { CommandFailure } from '../streams/run-command.js';

/** `add` threw or rejected with `cause`; it is called again after the backoff. */
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

/** What `refill` and `growOnDemand` do, for logs and metrics. */
export type AdditionEvent =
  /** `count` members were added. */
  | { readonly type: 'added'; readonly count: number }
  /** `add` has failed. */
  | AdditionFailure;

/** Options of {@link refill}; those of {@link growOnDemand} extend them. */
export interface AdditionOptions {
  /** The wait after an addition failed or a connection broke. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /** The clock of the backoff, and the scheduler that runs each addition. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Returns how many connections are missing. Called once for each value of `health$`. */
export type Deficit = (health: Health, before: Health) => number;
