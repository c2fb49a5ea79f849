import type { Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import type { Connection, Outcome } from './connection.js';
import { releaseRecord, retainRecord } from './observe-connection.js';

/** How a request ended; the duration is undefined where the connection gave an impossible one. */
export type OutcomeListener = (ok: boolean, durationMs: number | undefined) => void;

const isDuration = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= MAX_TIMER_DELAY;

/**
 * Follows how work on a connection ends, until `subscription` ends: by its `outcomes$`, or, where it has none, by what
 * its pool hears of `use` and `withConnection`. Values that are no outcome are skipped; `onEnd` is called when no more
 * will come.
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
