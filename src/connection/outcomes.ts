import type { Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection, Outcome } from './connection.js';
import { releaseRecord, retainRecord } from './observe-connection.js';

/** Called when a request has ended; the duration is undefined if the connection gave an impossible one. */
export type OutcomeListener = (ok: boolean, durationMs: number | undefined) => void;

const isDuration = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= MAX_TIMER_DELAY;

/**
 * Calls `listener` when work on a connection ends, until `subscription` ends. It follows the connection's `outcomes$`;
 * without that, it follows the pool's `use` and `withConnection`. Invalid values are skipped. `onEnd` is called when no
 * more will come.
 */
export function observeOutcomes(
  connection: Connection,
  subscription: Subscription,
  onOutcome: OutcomeListener,
  onEnd = (): void => {},
): void {
  const next = (outcome: Outcome): void => {
    let ok: unknown;
    let durationMs: unknown;
    try {
      ({ ok, durationMs } = outcome);
    } catch {
      return;
    }
    if (typeof ok === 'boolean' && !subscription.closed) onOutcome(ok, isDuration(durationMs) ? durationMs : undefined);
  };
  try {
    const { outcomes$ } = connection;
    if (outcomes$) subscription.add(outcomes$.subscribe({ next, error: onEnd, complete: onEnd }));
    else {
      const stop = retainRecord(connection).listen({ onOutcome });
      subscription.add(() => {
        stop();
        releaseRecord(connection);
      });
    }
  } catch {
    onEnd();
  }
}
