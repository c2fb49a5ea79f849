import { BehaviorSubject, combineLatest, map, Observable, Subject } from 'rxjs';
import {
  type ConnectionPool,
  leastLoaded,
  type Outcome,
  type Picker,
  peakEwma,
  roundRobin,
  type Strategy,
} from 'rxpool';
import { KINDS, type Make, type TestConnection } from '../support/connections.js';
import type { List } from '../support/pickers.js';
import { openRig, type Rig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

/** A strategy that picks the first connection; runs `begin` on subscribe and `end` on unsubscribe. */
const firstOf =
  (begin: () => void, end: () => void = () => {}): Strategy<TestConnection> =>
  (source) =>
    new Observable((subscriber) => {
      let all: List = [];
      subscriber.add(end);
      subscriber.add(source.subscribe((list) => (all = list)));
      subscriber.next({ pick: () => all[0], peek: () => all[0], size: 1 });
      begin();
    });

const fail = (): never => {
  throw new Error('not today');
};

describe.each(KINDS)('Strategies as the select option of a pool, over $kind', ({ make }) => {
  /** Two connections; the second one has just reconnected. */
  const renewed = async (clock: VirtualClock, strategy: Strategy<TestConnection>): Promise<Rig> => {
    const rig = await openRig(make, 2, { select: strategy, scheduler: clock.scheduler });
    await clock.advance(10_000);
    rig.made[1]?.lose();
    await clock.advance(10_000);
    await rig.pool.reconnect();
    return rig;
  };

  it('a strategy that emits another picker, with no change of the pool, has waiters served and leastLoaded$ emit', async () => {
    const zone$ = new BehaviorSubject('#9');
    const inZone: Strategy<TestConnection> = (source) =>
      combineLatest([source, zone$]).pipe(
        map(([all, zone]) => all.filter(({ name }) => name === zone)),
        leastLoaded(),
      );
    const { pool } = await openRig(make, 2, { select: inZone });
    const shown: unknown[] = [];
    pool.leastLoaded$.subscribe((connection) => shown.push(connection?.name));
    const use = pool.use(({ name }) => name);
    await settle();
    expect([pool.health.waiting, shown]).toEqual([1, [undefined]]);
    zone$.next('#2');
    expect(await use).toBe('#2');
    await settle();
    expect(shown).toEqual([undefined, '#2']);
    await pool.dispose();
  });

  it('a strategy that errors while a caller waits has the caller rejected with its error', async () => {
    const pickers$ = new BehaviorSubject<Picker<TestConnection>>({
      pick: () => undefined,
      peek: () => undefined,
      size: 0,
    });
    const { pool } = await openRig(make, 1, { select: () => pickers$ });
    const use = pool.use(() => 1);
    const failure = new Error('no picker any more');
    pickers$.error(failure);
    await expect(use).rejects.toBe(failure);
    await pool.dispose();
  });

  it('leastLoaded({ slowStart }) of a pool: counts from the reconnect, not from the next pick', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const { pool, made } = await renewed(clock, leastLoaded({ slowStart: 1_000, scheduler }));
    const [old, added] = made as [TestConnection, TestConnection];
    // Four requests to one: the costs are equal when the slow start has reached a quarter of the weight.
    for (const busy of [old, old, old, old, added]) busy.send();
    await clock.advance(240);
    expect(pool.getLeastLoadedConnection()).toBe(old);
    await clock.advance(20);
    expect(pool.getLeastLoadedConnection()).toBe(added);
  });

  it('peakEwma() of a pool: outcomes before the first pick count; dispose() unsubscribes from outcomes$', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const withOutcomes: Make = (onDial, name) =>
      Object.assign(make(onDial, name), { outcomes$: new Subject<Outcome>() });
    const select = peakEwma<TestConnection>({ random: () => 0, scheduler });
    const { pool, made } = await openRig(withOutcomes, 2, { select, scheduler });
    const [slow, fast] = made as (TestConnection & { readonly outcomes$: Subject<Outcome> })[];
    fast?.outcomes$.next({ ok: true, durationMs: 1 });
    slow?.outcomes$.next({ ok: true, durationMs: 500 });
    for (let i = 0; i < 10; i++) expect(pool.getLeastLoadedConnection()).toBe(fast);
    await pool.dispose();
    expect([fast?.outcomes$.observed, slow?.outcomes$.observed]).toEqual([false, false]);
  });

  it('custom strategy of a pool: its last list equals connectedConnections at each pick', async () => {
    const lists: List[] = [];
    const holder: { rig?: Rig } = {};
    const wrongs: string[] = [];
    const select: Strategy<TestConnection> = (source) =>
      source.pipe(
        map((list) => {
          lists.push(list);
          const pool = holder.rig?.pool;
          if (pool && list.some((one) => !pool.connections.includes(one))) wrongs.push('a connection that has left');
          return { pick: () => list[0], peek: () => list[0], size: list.length };
        }),
      );
    const rig = await openRig(make, 2, { select, drainTimeout: 0 });
    holder.rig = rig;
    const { pool, made } = rig;
    const expectCurrent = (): void => {
      // The pool may pass a change to its strategy as late as the next pick.
      pool.getLeastLoadedConnection();
      expect(lists.at(-1)).toEqual(pool.connectedConnections);
    };
    expectCurrent();
    pool.removeConnections([made[0]!]);
    expectCurrent();
    await pool.extendPoolBySize(2);
    expectCurrent();
    made[1]!.lose();
    expectCurrent();
    expect(wrongs).toEqual([]);
  });

  it('custom strategy of a pool: may subscribe to its source twice, and both follow a loss and reconnect()', async () => {
    const eitherOf: Strategy<TestConnection> = (source) =>
      combineLatest([
        source.pipe(
          map((array) => array.filter(({ name }) => name === '#2')),
          leastLoaded<TestConnection>(),
        ),
        source.pipe(leastLoaded<TestConnection>()),
      ]).pipe(
        map(([preferred, any]) => ({
          pick: (key, accepts) => preferred.pick(key, accepts) ?? any.pick(key, accepts),
          peek: (key) => preferred.peek(key) ?? any.peek(key),
          size: any.size,
        })),
      );
    const { pool, made } = await openRig(make, 2, { select: eitherOf });
    const picked = (): TestConnection => pool.getLeastLoadedConnection();
    expect([picked(), picked()]).toEqual([made[1], made[1]]);
    made[1]!.lose();
    expect([picked(), picked()]).toEqual([made[0], made[0]]);
    await pool.reconnect();
    expect([picked(), picked()]).toEqual([made[1], made[1]]);
    await pool.dispose();
    made.forEach(expectUntouched);
  });

  it('leastLoaded({ weight }) of a pool: calls weight() again after a loss and reconnect between two picks', async () => {
    const weighed: string[] = [];
    const select = leastLoaded<TestConnection>({ weight: ({ name }) => weighed.push(name) });
    const { pool, made } = await openRig(make, 1, { select });
    pool.getLeastLoadedConnection();
    made[0]!.lose();
    await pool.reconnect();
    pool.getLeastLoadedConnection();
    expect(weighed).toEqual(['#1', '#1']);
    await pool.dispose();
    made.forEach(expectUntouched);
  });

  it('leastLoaded({ weight }) of a pool: weight() may remove members, also the one being added', async () => {
    const holder: { rig?: Rig } = {};
    const select = leastLoaded<TestConnection>({
      weight: (connection) => {
        if (connection.name === '#3') holder.rig?.pool.removeConnections([connection, holder.rig.made[0]!]);
        return 1;
      },
    });
    const rig = await openRig(make, 2, { select, drainTimeout: 0 });
    holder.rig = rig;
    const lists: string[] = [];
    const { pool, made } = rig;
    pool.connected$.subscribe((list) => lists.push(list.map(({ name }) => name).join(' ')));
    await pool.extendPoolBySize(1);
    expect(lists).toEqual(['#1 #2', '#2']);
    for (let i = 0; i < 5; i++) expect(pool.getLeastLoadedConnection()).toBe(made[1]);
    await pool.dispose();
    made.forEach(expectUntouched);
  });

  it('custom strategy whose teardown throws: dispose() still completes all streams', async () => {
    const { pool } = await openRig(make, 2, { select: firstOf(() => {}, fail), drainTimeout: 0 });
    let completed = 0;
    for (const stream of [pool.connections$, pool.leastLoaded$, pool.health$, pool.events$]) {
      (stream as Observable<unknown>).subscribe({ complete: () => completed++ });
    }
    await pool.dispose();
    expect(completed).toBe(4);
  });

  it('custom strategy whose teardown throws: reconfigure({ select }) still replaces it', async () => {
    const { pool, made } = await openRig(make, 2, { select: firstOf(() => {}, fail) });
    pool.reconfigure({ select: roundRobin(), maxPending: 1 });
    const picked = [1, 2].map(() => pool.getLeastLoadedConnection());
    expect(picked).toEqual(made);
    await pool.dispose();
    made.forEach(expectUntouched);
  });

  it('reconfigure({ select }): a member removed by weight() during the subscription is never picked', async () => {
    const { pool, made } = await openRig(make, 2, { drainTimeout: 0 });
    let removed = false;
    const select = leastLoaded<TestConnection>({
      weight: () => {
        if (!removed) pool.removeConnections([made[1]!]);
        removed = true;
        return 1;
      },
    });
    pool.reconfigure({ select });
    await settle();
    expectUntouched(made[1]!);
    for (let i = 0; i < 4; i++) expect(pool.getLeastLoadedConnection()).toBe(made[0]);
    await pool.dispose();
    made.forEach(expectUntouched);
  });

  it('reconfigure({ select }): a strategy that throws after removing a member leaves the previous one in use', async () => {
    const { pool, made } = await openRig(make, 2, { select: firstOf(() => {}), drainTimeout: 0 });
    const select = (): never => {
      pool.removeConnections([made[0]!]);
      return fail();
    };
    expect(() => pool.reconfigure({ select })).toThrow('not today');
    expect(pool.getLeastLoadedConnection()).toBe(made[1]);
  });

  it.each([
    { what: 'throws', act: () => fail() },
    { what: 'closes the pool', act: (pool: ConnectionPool<TestConnection>) => void pool.close() },
  ])(
    'reconfigure({ poolSize, select }): a strategy that $what leaves the connections made for it closed and unsubscribed',
    async ({ act }) => {
      const { pool, made } = await openRig(make, 1);
      const select: Strategy<TestConnection> = (connected$) => {
        act(pool);
        return leastLoaded<TestConnection>()(connected$);
      };
      try {
        pool.reconfigure({ poolSize: 2, select });
      } catch {
        // What the strategy throws.
      }
      await settle();
      expect([made.length, made[1]?.state]).toEqual([2, 'closed']);
      expectUntouched(made[1] as TestConnection);
      await pool.dispose();
    },
  );

  it('reconfigure({ select }): a strategy that disposes the pool while it is subscribed to is unsubscribed', async () => {
    const { pool, made } = await openRig(make, 2, { drainTimeout: 0 });
    const ends: string[] = [];
    pool.reconfigure({
      select: firstOf(
        () => void pool.dispose(),
        () => ends.push('ended'),
      ),
    });
    await pool.dispose();
    expect([ends, pool.health.status]).toEqual([['ended'], 'closed']);
    made.forEach(expectUntouched);
  });
});
