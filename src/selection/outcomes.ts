import { Subscription } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
import type { Connection, Outcome } from '../connection/connection.js';

function isBelievable(outcome: Outcome): boolean {
  const { ok, durationMs } = outcome;
  return typeof ok === 'boolean' && typeof durationMs === 'number' && durationMs >= 0 && durationMs <= LONGEST_WAIT;
}

/**
 * Hears how the requests of a connection end, where it tells. What cannot be believed is passed over; `silent` is
 * called when it will tell no more.
 */
export function hearOutcomes(
  connection: Connection,
  heard: (outcome: Outcome) => void,
  silent = (): void => {},
): Subscription {
  const subscription = new Subscription();
  const next = (outcome: Outcome): void => {
    try {
      if (subscription.closed || !isBelievable(outcome)) return;
    } catch {
      return;
    }
    heard(outcome);
  };
  try {
    subscription.add(connection.outcomes$?.subscribe({ next, error: silent, complete: silent }));
  } catch {
    silent();
  }
  return subscription;
}
