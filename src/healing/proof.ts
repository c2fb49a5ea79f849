import { Subscription } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import { hearOutcomes } from '../connection/outcomes.js';

/**
 * Calls `proven` at each request that is answered over a connection that is up, where the connection tells of its
 * requests. One that fails to tell has merely to do without.
 */
export function watchAnswers(cell: Cell, proven: () => void): Subscription {
  const watching = new Subscription();
  // What is replayed is of earlier times.
  let replayed = true;
  hearOutcomes(cell.connection, watching, (ok) => {
    if (ok && !replayed && cell.state === 'connected') proven();
  });
  replayed = false;
  return watching;
}
