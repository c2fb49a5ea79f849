import type { SchedulerLike } from 'rxjs';
import type { Backoff } from '../healing/backoff.js';
import type { Health } from '../health/health.js';

/** What `refill` and `growOnDemand` do, for logs and metrics. */
export type AdditionEvent =
  /** `count` members were added. */
  | { readonly type: 'added'; readonly count: number }
  /** `add` threw or rejected with `cause`; it is called again after the backoff. */
  | { readonly type: 'add-failed'; readonly count: number; readonly cause: unknown };

/** Options of {@link refill}; those of {@link growOnDemand} extend them. */
export interface AdditionOptions {
  /** The wait after an addition failed or a connection broke. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /** The clock of the backoff, and the scheduler that runs each addition. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Returns how many connections are missing. Called once for each value of `health$`. */
export type Deficit = (health: Health, before: Health) => number;
