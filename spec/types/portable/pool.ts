import { expectTypeOf } from 'expect-type';
import { type Observable, of } from 'rxjs';
import {
  type Connection,
  ConnectionPool,
  type EndpointHealth,
  type Health,
  leastLoaded,
  type Snapshot,
  sticky,
} from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

interface User {
  readonly id: string;
}

const dial = (): ScriptedConnection => new ScriptedConnection();
const pool = new ConnectionPool(4, dial);
const byName = new ConnectionPool(4, dial, { select: sticky((name: string) => name) });
const byUser = new ConnectionPool(4, dial, { select: sticky((user: User) => user.id) });

// The factory says what is pooled, and the strategy what a choice depends on.
expectTypeOf(pool).toEqualTypeOf<ConnectionPool<ScriptedConnection>>();
expectTypeOf(pool).toEqualTypeOf<ConnectionPool<ScriptedConnection, void>>();
expectTypeOf(byName).toEqualTypeOf<ConnectionPool<ScriptedConnection, string>>();
expectTypeOf(byUser).toEqualTypeOf<ConnectionPool<ScriptedConnection, User>>();
expectTypeOf(new ConnectionPool(4, dial, { select: leastLoaded(), maxSize: 8 })).toEqualTypeOf(pool);
expectTypeOf(new ConnectionPool(4, (): Connection => dial())).toEqualTypeOf<ConnectionPool<Connection>>();

// Options see the connections of the factory.
new ConnectionPool(4, dial, {
  select: leastLoaded({ weight: (connection) => connection.dials }),
  warmup: (connection, { signal }) => {
    expectTypeOf(connection).toEqualTypeOf<ScriptedConnection>();
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
  },
  reset: async (connection) => connection.reply(),
  breaker: false,
});

// Arguments and options that do not exist.
// @ts-expect-error: there is no factory.
new ConnectionPool(4);
// @ts-expect-error: the size is a number.
new ConnectionPool('4', dial);
// @ts-expect-error: a factory returns a connection, not a promise of one.
new ConnectionPool(4, async () => dial());
// @ts-expect-error: it is called maxSize.
new ConnectionPool(4, dial, { max: 8 });
// @ts-expect-error: a duration is a number.
new ConnectionPool(4, dial, { connectTimeout: '5s' });
// @ts-expect-error: only false switches healing off.
new ConnectionPool(4, dial, { heal: true });
// @ts-expect-error: a strategy is an operator, not its name.
new ConnectionPool(4, dial, { select: 'round-robin' });

// Membership can be read and not written.
expectTypeOf(pool.connections).toEqualTypeOf<readonly ScriptedConnection[]>();
expectTypeOf(pool.connectedConnections).toEqualTypeOf<readonly ScriptedConnection[]>();
expectTypeOf(pool.brokenConnections).toEqualTypeOf<readonly ScriptedConnection[]>();
expectTypeOf(pool.poolSize).toEqualTypeOf<number>();
expectTypeOf(pool.health).toEqualTypeOf<Health>();
expectTypeOf(pool.health.endpoints).toEqualTypeOf<readonly EndpointHealth[] | undefined>();
// Lists of endpoints, once and for all or as they change.
pool.reconfigure({ endpoints: ['a', 'b'] });
pool.reconfigure({ endpoints: of(['a'] as const) });
// @ts-expect-error: ports are no endpoints.
pool.reconfigure({ endpoints: [7556] });
// @ts-expect-error: the list is the pool's.
pool.connections = [];
// @ts-expect-error: and it never changes.
pool.connections.push(dial());
// @ts-expect-error: nor do its elements.
pool.connections[0] = dial();
// @ts-expect-error: reconfigure() changes the size.
pool.poolSize = 8;
// @ts-expect-error: figures are a snapshot.
pool.health.connected = 1;

// Streams.
expectTypeOf(pool.connections$).toEqualTypeOf<Observable<readonly ScriptedConnection[]>>();
expectTypeOf(pool.connected$).toEqualTypeOf<Observable<readonly ScriptedConnection[]>>();
expectTypeOf(pool.broken$).toEqualTypeOf<Observable<readonly ScriptedConnection[]>>();
expectTypeOf(pool.snapshot$).toEqualTypeOf<Observable<Snapshot<ScriptedConnection>>>();
expectTypeOf(pool.leastLoaded$).toEqualTypeOf<Observable<ScriptedConnection | undefined>>();
expectTypeOf(pool.pending$).toEqualTypeOf<Observable<number>>();
expectTypeOf(pool.health$).toEqualTypeOf<Observable<Health>>();

// Calls, each with its options.
export async function calls(signal: AbortSignal): Promise<void> {
  expectTypeOf(pool.setup({ signal })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(pool.extendPoolBySize(2, { signal })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(pool.extendPoolByConnections(new Set([dial()]))).toEqualTypeOf<Promise<void>>();
  expectTypeOf(pool.reducePoolConnections(1, true)).toEqualTypeOf<number>();
  expectTypeOf(pool.cleanupBrokenConnections()).toEqualTypeOf<number>();
  expectTypeOf(pool.removeConnections(pool.connections, { drainTimeout: 1 })).toEqualTypeOf<number>();
  expectTypeOf(pool.ejectConnections(pool.connections, { duration: 1 })).toEqualTypeOf<number>();
  expectTypeOf(pool.invalidateConnections(pool.connections, { cause: 'drill' })).toEqualTypeOf<number>();
  expectTypeOf(pool.reconnect(false, { signal })).toEqualTypeOf<Promise<number>>();
  expectTypeOf(pool.renew({ connections: pool.connections, maxUnavailable: 1 })).toEqualTypeOf<Promise<number>>();
  expectTypeOf(pool.getLeastLoadedConnection()).toEqualTypeOf<ScriptedConnection>();
  expectTypeOf(pool.isEmpty()).toEqualTypeOf<boolean>();
  expectTypeOf(pool.isFull()).toEqualTypeOf<boolean>();
  expectTypeOf(pool.isWorking()).toEqualTypeOf<boolean>();
  expectTypeOf(pool.ready({ min: 2, timeout: 1, signal })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(pool.close({ drainTimeout: 1, signal })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(pool.dispose()).toEqualTypeOf<Promise<void>>();
  // @ts-expect-error: an ejection has a duration.
  pool.ejectConnections(pool.connections, {});
  // @ts-expect-error: these are no connections of this pool's kind.
  pool.removeConnections(['a']);
  // @ts-expect-error: the signal is a named option.
  await pool.setup({ abort: signal });
  // @ts-expect-error: it is called drainTimeout.
  await pool.close({ timeout: 1 });
  // @ts-expect-error: it is called min.
  await pool.ready({ count: 2 });
}

// What is reconfigured is named, and of the pool's types.
pool.reconfigure({ poolSize: 6, maxPending: 64, heal: false, warmup: false, reset: false, policies: [] });
pool.reconfigure({ select: leastLoaded() });
byName.reconfigure({ select: sticky((name: string) => name.toLowerCase()) });
// @ts-expect-error: its keys are strings.
byName.reconfigure({ select: sticky((user: User) => user.id) });
// @ts-expect-error: it is called poolSize.
pool.reconfigure({ size: 6 });
// @ts-expect-error: the clock of a pool stays.
pool.reconfigure({ scheduler: undefined });

// A pool of one kind of connection is no pool of another.
// @ts-expect-error: not every connection is scripted.
export const scripted: ConnectionPool<ScriptedConnection> = new ConnectionPool(4, (): Connection => dial());
