import { expectTypeOf } from 'expect-type';
import type { Observable } from 'rxjs';
import type { BreakerState, HealthStatus, LeaveReason, PoolEvent } from 'rxpool';
import { ConnectionPool } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

const pool = new ConnectionPool(1, () => new ScriptedConnection());
expectTypeOf(pool.events$).toEqualTypeOf<Observable<PoolEvent<ScriptedConnection>>>();

/** Names every kind of event: one that is added has to be added here, and in every exhaustive switch of a user's. */
export function tell(event: PoolEvent<ScriptedConnection>): string {
  switch (event.type) {
    case 'joined':
    case 'connecting':
    case 'connected':
    case 'draining':
    case 'ejected':
      expectTypeOf(event.name).toEqualTypeOf<string | undefined>();
      return event.endpoint ?? event.connection.name;
    case 'left':
      expectTypeOf(event.reason).toEqualTypeOf<LeaveReason>();
      return event.reason;
    case 'connect-failed':
    case 'lost':
    case 'close-failed':
      expectTypeOf(event.connection).toEqualTypeOf<ScriptedConnection>();
      expectTypeOf(event.cause).toEqualTypeOf<unknown>();
      return String(event.cause);
    case 'leak-suspected':
      expectTypeOf(event.duration).toEqualTypeOf<number>();
      return event.acquiredAt;
    case 'breaker-changed':
      expectTypeOf(event.state).toEqualTypeOf<BreakerState>();
      return event.state;
    case 'heal-ended':
    case 'endpoints-ended':
      expectTypeOf(event.at).toEqualTypeOf<number>();
      return event.type;
    case 'suspended':
    case 'resumed':
      // @ts-expect-error: it is of no connection.
      return event.connection;
    case 'leases-lost':
      expectTypeOf(event.count).toEqualTypeOf<number>();
      return event.type;
    case 'misreported':
      expectTypeOf(event.value).toEqualTypeOf<unknown>();
      return event.member;
    case 'heal-failed':
    case 'policy-failed':
    case 'observer-failed':
    case 'endpoints-failed':
      return String(event.cause);
    case 'endpoints-changed':
      expectTypeOf(event.endpoints).toEqualTypeOf<readonly string[]>();
      return event.endpoints.join();
    case 'reconnect-scheduled':
      expectTypeOf(event.delay).toEqualTypeOf<number>();
      return `${event.attempt}`;
    case 'reconnect-abandoned':
      expectTypeOf(event.reason).toBeString();
      return event.reason;
    default: {
      const never: never = event;
      return never;
    }
  }
}

pool.events$.subscribe((event) => {
  if (event.type === 'left') expectTypeOf(event.connection).toEqualTypeOf<ScriptedConnection>();
  // @ts-expect-error: only some events have a cause.
  event.cause;
  // @ts-expect-error: a kind of event that does not exist.
  if (event.type === 'disconnected') return;
});

export function colour(status: HealthStatus): 'green' | 'amber' | 'red' {
  switch (status) {
    case 'healthy':
      return 'green';
    case 'starting':
    case 'degraded':
      return 'amber';
    case 'closed':
    case 'empty':
    case 'down':
      return 'red';
    default: {
      const never: never = status;
      return never;
    }
  }
}
