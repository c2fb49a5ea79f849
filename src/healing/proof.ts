import { Subscription } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import type { Outcome } from '../connection/connection.js';

/**
 * Calls `proven` at each request that is answered over a connection that is up, where the connection tells of its
 * requests. One that fails to tell has merely to do without.
 */
export function watchAnswers(cell: Cell, proven: () => void): Subscription {
  // What is replayed is of earlier times.
  let replayed = true;
  const next = (outcome: Partial<Outcome> | undefined): void => {
    if (!replayed && cell.state === 'connected' && outcome?.ok === true) proven();
  };
  try {
    return cell.connection.outcomes$?.subscribe({ next, error: () => {} }) ?? Subscription.EMPTY;
  } catch {
    return Subscription.EMPTY;
  } finally {
    replayed = false;
  }
}
