import type { Abstract, ValueProvider } from '@nestjs/common';
import { concat, defer, NEVER, type Observable, of } from 'rxjs';
import type { Connection, ConnectionPool, Health, Lease } from 'rxpool';
import { getPoolToken } from './tokens.js';

/** Every public member of a pool. */
type PoolMembers<C extends Connection, K> = Pick<ConnectionPool<C, K>, Extract<keyof ConnectionPool<C, K>, string>>;

/** The members of a fake pool that differ from the default. */
export type FakePoolOverrides<C extends Connection, K = void> = Partial<PoolMembers<C, K>> & {
  /** The connection that `use`, `lease` and similar calls lend: the members that the test needs. @default none */
  readonly connection?: Partial<C> | undefined;
};

const CONNECTED: Health = Object.freeze({
  name: undefined,
  status: 'healthy',
  poolSize: 1,
  total: 1,
  fresh: 0,
  connecting: 0,
  connected: 1,
  idle: 1,
  used: 0,
  draining: 0,
  ejected: 0,
  broken: 0,
  abandoned: 0,
  pending: 0,
  waiting: 0,
  suspended: false,
});

/**
 * A provider of a pool that dials nothing, for unit tests. It lends the given `connection`, is healthy, and resolves
 * every call. `over` replaces members.
 *
 * @param name - the name of the pool, or the class that injects it. @default 'default'
 * @example
 * ```ts
 * const users = provideFakePool<ZcachedConnection>('users', { connection: { send: async () => 'Ada' } });
 * ```
 */
export function provideFakePool<C extends Connection = Connection, K = void>(
  name?: string | Abstract<ConnectionPool<C, K>>,
  over: FakePoolOverrides<C, K> = {},
): ValueProvider<PoolMembers<C, K>> {
  const { connection, ...members } = over;
  const provide = typeof name === 'function' ? name : getPoolToken(name);
  const fake = fakePool<C, K>(typeof name === 'string' ? name : undefined, connection as C | undefined);
  return { provide, useValue: Object.defineProperties(fake, Object.getOwnPropertyDescriptors(members)) };
}

function fakePool<C extends Connection, K>(name: string | undefined, connection: C | undefined): PoolMembers<C, K> {
  const health: Health = { ...CONNECTED, name };
  const connections: readonly C[] = connection ? [connection] : [];
  const { signal } = new AbortController();
  const lent = (): C => {
    if (connection) return connection;
    throw new Error('This fake pool has no connection to lend: provideFakePool(name, { connection }) gives it one');
  };
  // The class of leases has private fields, which tests do not see.
  const lease = (): Lease<C> => ({ connection: lent(), signal, release() {}, invalidate() {} }) as unknown as Lease<C>;
  const done = async (): Promise<void> => {};
  const none = (): number => 0;
  return {
    connectionFactory: lent,
    poolSize: 1,
    minSize: 0,
    maxSize: Number.POSITIVE_INFINITY,
    connections,
    connectedConnections: connections,
    brokenConnections: [],
    health,
    connections$: stays(connections),
    connected$: stays(connections),
    broken$: stays([]),
    snapshot$: stays({ connections, connected: connections, broken: [] }),
    leastLoaded$: stays(connection),
    pending$: stays(0),
    health$: stays(health),
    events$: NEVER,
    isEmpty: () => false,
    isFull: () => true,
    isWorking: () => true,
    getLeastLoadedConnection: lent,
    use: async (work) => work(lent(), { signal }),
    withConnection: (work) => defer(() => work(lent(), { signal })),
    lease: async () => lease(),
    tryLease: lease,
    setup: done,
    ready: done,
    close: done,
    dispose: done,
    extendPoolBySize: done,
    extendPoolByConnections: done,
    reducePoolConnections: none,
    cleanupBrokenConnections: none,
    removeConnections: none,
    ejectConnections: none,
    invalidateConnections: none,
    reconnect: async () => 0,
    renew: async () => 0,
    reconfigure() {},
    suspend() {},
    resume() {},
    observe: () => () => {},
    toString: () => 'a fake pool',
  };
}

/** A value that never changes, as a stream. */
const stays = <T>(value: T): Observable<T> => concat(of(value), NEVER);
