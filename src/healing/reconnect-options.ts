import type { SchedulerLike } from 'rxjs';
import { checkAtLeast, checkBag, checkDuration, checkFunction, checkLimit, LONGEST_WAIT } from '../checks.js';
import { resolveScheduler } from '../defaults.js';
import type { Backoff } from './backoff.js';
import { exponentialBackoff } from './exponential-backoff.js';
import { isTerminalCause } from './terminal-cause.js';

/** How broken connections are redialled, and when they are given up. */
export interface ReconnectBrokenOptions {
  /** The wait before each attempt. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /**
   * After so many attempts in a row, without proof in between that the connection works, it is given up. A dial of
   * somebody else that fails is one of them. @default Infinity
   */
  readonly maxAttempts?: number | undefined;
  /**
   * Whether a connection is given up for the cause of its loss, or of a dial that failed: one that dialling again
   * cannot mend. @default isTerminalCause
   */
  readonly isTerminal?: ((cause: unknown) => boolean) | undefined;
  /**
   * After so many milliseconds of being up a connection is proven to work, and begins its backoff anew when it
   * breaks again. One with `outcomes$` is proven by the first request that is answered as well. @default 1000
   */
  readonly resetAfter?: number | undefined;
  /**
   * How long a dial may take, in milliseconds, for connections without a pool: one that takes longer has failed,
   * and is closed when its connection is dialled again. @default 5000
   */
  readonly connectTimeout?: number | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

export interface ReconnectSettings {
  readonly backoff: Backoff;
  readonly maxAttempts: number;
  readonly isTerminal: (cause: unknown) => boolean;
  readonly resetAfter: number;
  readonly connectTimeout: number;
  readonly scheduler: SchedulerLike;
}

export function resolveOptions(options: ReconnectBrokenOptions = {}): ReconnectSettings {
  checkBag('options', options);
  const settings = {
    backoff: options.backoff ?? exponentialBackoff(),
    maxAttempts: options.maxAttempts ?? Number.POSITIVE_INFINITY,
    isTerminal: options.isTerminal ?? isTerminalCause,
    resetAfter: options.resetAfter ?? 1_000,
    connectTimeout: options.connectTimeout ?? 5_000,
    scheduler: resolveScheduler(options.scheduler),
  };
  checkFunction('options.backoff', settings.backoff);
  checkLimit('options.maxAttempts', settings.maxAttempts);
  checkFunction('options.isTerminal', settings.isTerminal);
  checkAtLeast('options.resetAfter', settings.resetAfter, 0);
  checkDuration('options.connectTimeout', settings.connectTimeout);
  return Object.freeze({ ...settings, resetAfter: Math.min(settings.resetAfter, LONGEST_WAIT) });
}
