import type { Subscription } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
import type { Connection, Outcome } from './connection.js';

/** Hears how a request ended; its duration is undefined where what was said of it cannot be. */
export type HearOutcome = (ok: boolean, durationMs: number | undefined) => void;

const isDuration = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= LONGEST_WAIT;

/**
 * Hears how the requests of a connection end, where it tells, until `life` is over. What is no verdict is passed over;
 * `silent` is called when the connection will tell no more.
 */
export function hearOutcomes(
  connection: Connection,
  life: Subscription,
  heard: HearOutcome,
  silent = (): void => {},
): void {
  const next = (outcome: Outcome): void => {
    let ok: unknown;
    let durationMs: unknown;
    try {
      ({ ok, durationMs } = outcome);
    } catch {
      return;
    }
    if (typeof ok === 'boolean' && !life.closed) heard(ok, isDuration(durationMs) ? durationMs : undefined);
  };
  try {
    life.add(connection.outcomes$?.subscribe({ next, error: silent, complete: silent }));
  } catch {
    silent();
  }
}
