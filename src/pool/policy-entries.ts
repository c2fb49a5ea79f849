import type { Connection } from '../connection/connection.js';
import type { ReconnectEvent } from '../healing/reconnect-broken.js';
import { CommandFailure } from '../streams/run-command.js';
import type { PoolContext } from './context.js';
import type { EndpointPolicy } from './endpoint-policy.js';
import type { Heal } from './options.js';
import type { PolicyEntry } from './policies.js';
import type { PolicyPool } from './policy.js';

/**
 * The observables that a pool subscribes to while it is open, in this order. The breaker comes first, so that dials by
 * the others are reported to it. The endpoints come next, so that a list that arrives at once is there for the others.
 */
export function policyEntries<C extends Connection, K>(
  context: PoolContext<C, K>,
  pool: PolicyPool<C>,
  endpoints: EndpointPolicy<C, K>,
): PolicyEntry[] {
  const { breaker, events, options } = context;
  const policyFailed = (cause: unknown): void => events.emit({ type: 'policy-failed', cause });
  const entries: PolicyEntry[] = [];
  if (options.breaker) entries.push(breaker.entry(options.breaker));
  entries.push(...endpoints.entries);
  if (options.heal) entries.push(healing(context, pool, options.heal));
  for (const policy of options.policies) {
    entries.push({
      id: policy,
      subscribe: () => policy(pool),
      next: (value) => {
        if (value instanceof CommandFailure) policyFailed(value.cause);
      },
      failed: policyFailed,
    });
  }
  return entries;
}

/** Passes on the events of `heal` that are not about a dial: the pool itself emits events of dials. */
function healing<C extends Connection, K>(
  { events, membership }: PoolContext<C, K>,
  pool: PolicyPool<C>,
  heal: Heal<C>,
): PolicyEntry {
  const happened = (event: ReconnectEvent<C>): void => {
    if (event.type === 'reconnect-abandoned') {
      // `reconnectBroken` has abandoned it already; a user's own operator only emits the event.
      const member = membership.memberOf(event.connection);
      if (member) membership.abandon(member, event.cause);
    }
    if (event.type === 'reconnect-abandoned' || event.type === 'reconnect-scheduled') events.emit(event);
  };
  return {
    id: heal,
    subscribe: () => heal(pool.broken$),
    next: (event) => happened(event as ReconnectEvent<C>),
    failed: (cause) => events.emit({ type: 'heal-failed', cause }),
    completed: () => events.emit({ type: 'heal-ended' }),
  };
}
