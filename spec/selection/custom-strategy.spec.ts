import { map, NEVER, Observable, of, throwError } from 'rxjs';
import { leastLoaded, type Picker, type Strategy } from 'rxpool';
import { KINDS, OwnConnection, type TestConnection } from '../support/connections.js';
import { openRig, thrownBy } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { settle } from '../support/virtual-clock.js';

type List = readonly TestConnection[];

/** A strategy whose picker calls `choose` with the current list. */
const picking = (choose: (all: List) => TestConnection | undefined): Strategy<TestConnection> =>
  map((all): Picker<TestConnection> => ({ pick: () => choose(all), peek: () => choose(all), size: all.length }));

const last = picking((all) => all.at(-1));

describe.each(KINDS)('A user-defined strategy, over $kind', ({ make }) => {
  it('custom strategy: use() and getLeastLoadedConnection() get the connection that pick() returns', async () => {
    const { pool, made } = await openRig(make, 3, { select: last });
    expect(pool.getLeastLoadedConnection()).toBe(made[2]);
    expect(await pool.use(({ name }) => name)).toBe('#3');
  });

  it('custom strategy: picks among the members connected now, after a loss, a removal and reconnect()', async () => {
    const { pool, made } = await openRig(make, 3, { select: last });
    made[2]!.lose();
    expect(pool.getLeastLoadedConnection()).toBe(made[1]);
    pool.removeConnections([made[1]!]);
    expect(pool.getLeastLoadedConnection()).toBe(made[0]);
    await pool.reconnect();
    expect(pool.getLeastLoadedConnection()).toBe(made[2]);
  });

  it('custom strategy: leastLoaded$ emits what peek() returns', async () => {
    const { pool, made } = await openRig(make, 2, { select: last });
    const seen: unknown[] = [];
    pool.leastLoaded$.subscribe((connection) => seen.push(connection?.name));
    made[1]!.lose();
    made[0]!.lose();
    expect(seen).toEqual(['#2', '#1', undefined]);
  });

  it('custom strategy: peek() is not called while leastLoaded$ has no subscriber', async () => {
    const peek = jest.fn();
    const select: Strategy<TestConnection> = map((all) => ({ pick: () => all[0], peek, size: all.length }));
    const { pool, made } = await openRig(make, 2, { select });
    pool.leastLoaded$.subscribe().unsubscribe();
    peek.mockClear();
    made[0]!.lose();
    expect(peek).not.toHaveBeenCalled();
  });

  it('custom strategy whose peek() ignores maxPending: leastLoaded$ emits a connection with free capacity', async () => {
    const ignoringLimits: Strategy<TestConnection> = map((all) => ({
      pick: (_key, accepts) => all.find((connection) => !accepts || accepts(connection)),
      peek: () => all[0],
      size: all.length,
    }));
    const { pool, made } = await openRig(make, 2, { select: ignoringLimits, maxPending: 1 });
    const seen: unknown[] = [];
    pool.leastLoaded$.subscribe((connection) => seen.push(connection?.name));
    made[0]!.send();
    await settle();
    made[1]!.send();
    await settle();
    expect(seen).toEqual(['#1', '#2', undefined]);
  });

  it('custom strategy of map() and leastLoaded(): picks from the mapped list; close() leaves no subscription', async () => {
    const quiet = (source: Observable<List>) =>
      source.pipe(
        map((all) => all.slice(1)),
        leastLoaded<TestConnection>(),
      );
    const { pool, made } = await openRig(make, 3, { select: quiet, drainTimeout: 0 });
    made[1]!.send();
    for (let i = 0; i < 5; i++) expect(pool.getLeastLoadedConnection()).toBe(made[2]);
    await pool.close();
    made.forEach(expectUntouched);
  });

  it('custom strategy: gets the new list after a removal, and [] after dispose(), without a pick', async () => {
    const lists: List[] = [];
    const watching: Strategy<TestConnection> = (source) =>
      new Observable((subscriber) =>
        source.subscribe((all) => {
          lists.push(all);
          subscriber.next({ pick: () => all[0], peek: () => all[0], size: all.length });
        }),
      );
    const { pool, made } = await openRig(make, 3, { select: watching });
    pool.getLeastLoadedConnection();
    pool.removeConnections(made.slice(0, 2));
    expect(lists.at(-1)).toEqual([made[2]]);
    await pool.dispose();
    expect(lists.at(-1)).toEqual([]);
  });

  it('custom strategy that picks a connection outside the pool: use() rejects with ERR_POOL_EXHAUSTED', async () => {
    const outsider = new OwnConnection({ name: 'outsider' });
    await outsider.connect();
    const { pool } = await openRig(make, 1, { select: picking(() => outsider), maxWaiting: 0 });
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
    await expect(pool.use(() => 1)).rejects.toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
  });

  it('custom strategy that picks a broken member: getLeastLoadedConnection() throws ERR_POOL_EXHAUSTED', async () => {
    let first: TestConnection | undefined;
    const { pool, made } = await openRig(make, 2, { select: picking(() => first) });
    first = made[0]!;
    expect(pool.getLeastLoadedConnection()).toBe(first);
    first.lose();
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
  });

  it.each<[string, Strategy<TestConnection>]>([
    ['emits nothing', () => NEVER],
    ['completes at once', () => of()],
    ['picks undefined', picking(() => undefined)],
  ])('custom strategy that %s: use() rejects with ERR_POOL_EXHAUSTED and the pool stays healthy', async (_, select) => {
    const uncaught: unknown[] = [];
    const record = (error: unknown): number => uncaught.push(error);
    process.prependListener('uncaughtException', record);
    try {
      const { pool } = await openRig(make, 2, { select, maxWaiting: 0 });
      expect(thrownBy(() => pool.getLeastLoadedConnection())).toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
      await expect(pool.use(() => 1)).rejects.toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
      expect(pool.health).toMatchObject({ status: 'healthy', connected: 2, pending: 0 });
      await pool.dispose();
      await settle();
      expect(uncaught).toEqual([]);
    } finally {
      process.off('uncaughtException', record);
    }
  });

  it('custom strategy that errors: use() rejects with its error and the pool stays healthy', async () => {
    const failure = new Error('no strategy');
    const { pool } = await openRig(make, 2, { select: () => throwError(() => failure) });
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBe(failure);
    await expect(pool.use(() => 1)).rejects.toBe(failure);
    expect(pool.health).toMatchObject({ status: 'healthy', connected: 2, pending: 0 });
  });

  it('custom strategy that errors later: picks throw its error, leastLoaded$ is undefined, the pool stays healthy', async () => {
    const failure = new Error('too few to choose from');
    let most = 0;
    const failing: Strategy<TestConnection> = (source) =>
      source.pipe(
        map((all): Picker<TestConnection> => {
          const isFewer = all.length < most;
          most = all.length;
          if (isFewer) throw failure;
          return { pick: () => all[0], peek: () => all[0], size: all.length };
        }),
      );
    const { pool, made } = await openRig(make, 2, { select: failing });
    const seen: unknown[] = [];
    pool.leastLoaded$.subscribe((connection) => seen.push(connection?.name));
    expect(pool.getLeastLoadedConnection()).toBe(made[0]);
    made[1]!.lose();
    expect(pool.connectedConnections).toEqual([made[0]]);
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBe(failure);
    await pool.reconnect();
    expect(pool.health).toMatchObject({ status: 'healthy', connected: 2 });
    expect(seen.at(-1)).toBeUndefined();
  });

  it('custom strategy whose pick() throws: use() rejects with that error and the pool stays healthy', async () => {
    const failure = new Error('cannot decide');
    const indecisive = picking(() => {
      throw failure;
    });
    const { pool, made } = await openRig(make, 2, { select: indecisive });
    const seen: unknown[] = [];
    pool.leastLoaded$.subscribe((connection) => seen.push(connection));
    const counts: number[] = [];
    pool.connected$.subscribe(({ length }) => counts.push(length));
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBe(failure);
    await expect(pool.use(() => 1)).rejects.toBe(failure);
    made[0]!.lose();
    await pool.reconnect();
    expect(counts).toEqual([2, 1, 2]);
    expect(pool.health).toMatchObject({ status: 'healthy', connected: 2, pending: 0 });
    expect(new Set(seen)).toEqual(new Set([undefined]));
    await pool.dispose();
  });
});
