import { nextWait } from './backoff.js';
import type { ReconnectSettings } from './reconnect-options.js';

/** Why a connection is given up: dialling again cannot mend it, or has been tried often enough. */
export type AbandonReason = 'terminal' | 'max-attempts';

/** What has been done for a connection since it was last proven to work. */
export interface History {
  readonly attempts: number;
  /** How long was waited before the latest of them, in milliseconds. */
  readonly wait: number;
}

/** What follows for a connection that is broken: how long to wait for its next dial, or why there is none. */
export function judge(
  cause: unknown,
  { attempts, wait }: History,
  settings: ReconnectSettings,
): number | AbandonReason {
  if (settings.isTerminal(cause)) return 'terminal';
  if (attempts >= settings.maxAttempts) return 'max-attempts';
  return nextWait(settings.backoff, attempts + 1, wait);
}
