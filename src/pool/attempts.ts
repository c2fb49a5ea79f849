import type { Connection } from '../connection/connection.js';
import { platformRandom } from '../defaults.js';
import { nextWait } from '../healing/backoff.js';
import { exponentialBackoff } from '../healing/exponential-backoff.js';
import type { PoolContext } from './context.js';
import { healthWhen } from './health-when.js';

/** Three attempts reach a server that is 750 ms late. The jitter separates pools that were opened together. */
const backoff = exponentialBackoff({ initial: 500, max: 5_000, random: () => 0.5 + platformRandom() / 2 });

/**
 * Redials broken members with a backoff, until each has had `attempts` dials, including the one before this call. Ends
 * when all are up, when the pool is closed, and at the signal.
 */
export async function repeatDials<C extends Connection, K>(
  { state, membership, options, health }: PoolContext<C, K>,
  attempts: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const wasClosed = state.closedSince();
  const isOver = (): boolean => {
    const { broken, abandoned, dialling } = membership.counts;
    return wasClosed() || signal?.aborted === true || broken + abandoned + dialling === 0;
  };
  const { scheduler } = options;
  for (let attempt = 1, wait = 0; attempt < attempts && !isOver(); attempt++) {
    wait = nextWait(backoff, attempt, wait);
    const waiting = { timeout: wait, signal, scheduler, timeoutError: () => undefined };
    await healthWhen(health.health.observable, isOver, waiting).catch(() => {});
    if (!isOver()) await membership.dialAll(membership.inPhase('broken', 'abandoned', 'dialling'));
  }
}
