import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BehaviorSubject, type Observable, Subject } from 'rxjs';
import {
  ConnectionPool,
  cleanupBroken,
  ejectOutliers,
  leastLoaded,
  type Outcome,
  peakEwma,
  powerOfTwoChoices,
  reconnectBroken,
  recycle,
  roundRobin,
  shrinkIdle,
  sticky,
  validateIdle,
} from 'rxpool';
import { KINDS, type Make, type TestConnection } from '../support/connections.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

type Pool = ConnectionPool<TestConnection>;
type List = readonly TestConnection[];

async function expectCollected(ref: WeakRef<object>): Promise<void> {
  for (let i = 0; i < 10 && ref.deref(); i++) {
    await settle();
    collectGarbage();
  }
  expect(ref.deref()).toBeUndefined();
}

/** What an operator is given; whoever keeps the operator keeps these. */
class Given {
  readonly scheduler = new VirtualClock().scheduler;
  readonly weight = (): number => 1;
  readonly random = (): number => 0.5;
  readonly idOf = ({ name }: TestConnection): string => name;
  readonly command = (): void => {};
  readonly validate = async (): Promise<void> => {};
}

type Operator = (source: Observable<List>) => Observable<unknown>;

const OPERATORS: Record<string, (given: Given) => Operator> = {
  'leastLoaded()': () => leastLoaded<TestConnection>(),
  'leastLoaded({ weight, slowStart, failurePenalty })': ({ weight, scheduler }) =>
    leastLoaded<TestConnection>({ weight, slowStart: 1_000, failurePenalty: 1_000, scheduler }),
  'powerOfTwoChoices()': ({ random }) => powerOfTwoChoices<TestConnection>({ random }),
  'peakEwma()': ({ random, scheduler }) => peakEwma<TestConnection>({ random, scheduler }),
  'roundRobin()': () => roundRobin<TestConnection>(),
  'sticky()': ({ idOf }) => sticky<TestConnection, string>((key) => key, { idOf }),
  'reconnectBroken()': ({ scheduler }) => reconnectBroken<TestConnection>({ scheduler }),
  'cleanupBroken()': ({ command, scheduler }) => cleanupBroken<TestConnection>(command, { after: 1_000, scheduler }),
  'ejectOutliers()': ({ command, scheduler }) => ejectOutliers<TestConnection>(command, { scheduler }),
  'validateIdle()': ({ validate, command, scheduler }) =>
    validateIdle<TestConnection>(validate, command, { scheduler }),
  'shrinkIdle()': ({ command, scheduler }) => shrinkIdle(command, { scheduler, minIdle: 0 }),
  'recycle()': ({ command, scheduler }) =>
    recycle<TestConnection>(command, { maxLifetime: 1_000, maxUses: 10, scheduler }),
};

const POOL_STREAMS: Record<string, (pool: Pool) => Observable<unknown>> = {
  connections$: (pool) => pool.connections$,
  connected$: (pool) => pool.connected$,
  broken$: (pool) => pool.broken$,
  snapshot$: (pool) => pool.snapshot$,
  leastLoaded$: (pool) => pool.leastLoaded$,
  pending$: (pool) => pool.pending$,
  health$: (pool) => pool.health$,
  events$: (pool) => pool.events$,
};

describe.each(KINDS)('garbage collection, with $kind', ({ make: makePlain }) => {
  it.each(['before', 'after'])(
    'the signal of a lease that was read %s its release is garbage-collected',
    async (when) => {
      const pool: Pool = new ConnectionPool(1, () => makePlain(), { heal: false });
      const read = async (): Promise<WeakRef<AbortSignal>> => {
        const lease = await pool.lease();
        const before = when === 'before' ? lease.signal : undefined;
        lease.release();
        return new WeakRef(before ?? lease.signal);
      };
      await expectCollected(await read());
      await pool.dispose();
    },
  );

  const make: Make = (...script) => Object.assign(makePlain(...script), { outcomes$: new Subject<Outcome>() });

  it.each(Object.entries(OPERATORS))(
    'an unsubscribed %s is collected while its connections live on',
    async (_, operatorOf) => {
      const connections = [make('refuse', 'a'), make('accept', 'b')];
      for (const connection of connections) await connection.connect().catch(() => {});
      const refs = ((): WeakRef<object>[] => {
        const given = new Given();
        const emissions: unknown[] = [];
        const subscription = operatorOf(given)(new BehaviorSubject<List>(connections)).subscribe((value) =>
          emissions.push(value),
        );
        connections[1]!.send();
        connections[1]!.reply();
        subscription.unsubscribe();
        const pickers = emissions.filter((value): value is object => typeof value === 'object' && value !== null);
        return [...Object.values(given), ...pickers].map((one) => new WeakRef(one));
      })();
      for (const ref of refs) await expectCollected(ref);
      expect(connections.map(({ observed }) => observed)).toEqual([false, false]);
    },
  );

  it('a disposed pool is collected while its connections live on', async () => {
    const connections = [make('accept', 'a'), make('accept', 'b')];
    const disposed = await (async () => {
      const spare = [...connections];
      const pool: Pool = new ConnectionPool(2, () => spare.shift()!);
      await pool.setup();
      pool.health$.subscribe();
      const lease = await pool.lease();
      await pool.use((connection) => connection.name);
      lease.release();
      await pool.dispose();
      return new WeakRef(pool);
    })();
    await expectCollected(disposed);
    expect(connections.map(({ state }) => state)).toEqual(['closed', 'closed']);
  });

  it.each(Object.entries(POOL_STREAMS))(
    'a connection that has left its pool is collected although %s has a subscriber',
    async (_, streamOf) => {
      const pool: Pool = new ConnectionPool(2, () => make(), { heal: false });
      let emissions = 0;
      streamOf(pool).subscribe(() => emissions++);
      const removed = await (async () => {
        await pool.setup();
        const [connection] = pool.connections as [TestConnection];
        connection.send();
        await pool.use(() => {});
        pool.removeConnections([connection], { drainTimeout: 0 });
        return new WeakRef(connection);
      })();
      await expectCollected(removed);
      expect(pool.health.total).toBe(1);
      expect(emissions).toBeGreaterThan(0);
      await pool.dispose();
    },
  );

  it.each(['released', 'given up'] as const)(
    'a connection that has left its pool is collected although the pool had a lease of it, %s',
    async (end) => {
      const pool: Pool = new ConnectionPool(1, () => makePlain(), { heal: false });
      const removed = await (async () => {
        await pool.setup();
        const lease = await pool.lease();
        const ref = new WeakRef(lease.connection);
        pool.removeConnections([lease.connection], { drainTimeout: 0 });
        if (end === 'released') lease.release();
        return ref;
      })();
      await expectCollected(removed);
      await pool.dispose();
    },
  );
});
