import type { SchedulerLike } from 'rxjs';
import type { Backoff } from '../healing/backoff.js';
import type { Health } from '../health/health.js';

/** What `refill` and `growOnDemand` do, for logs and metrics. */
export type AdditionEvent =
  /** So many have joined. */
  | { readonly type: 'added'; readonly count: number }
  /** The command threw or rejected; it is tried again after the backoff. */
  | { readonly type: 'add-failed'; readonly count: number; readonly cause: unknown };

/** When additions are made. */
export interface AdditionOptions {
  /** The wait after something has failed. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** How many connections are lacking; asked once for each change of the figures. */
export type Demand = (health: Health, before: Health) => number;
