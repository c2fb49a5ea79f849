import { map, NEVER, Observable, of, throwError } from 'rxjs';
import { leastLoaded, type Picker, type Strategy } from 'rxpool';
import { cellOf } from '../../src/connection/cells.js';
import { KINDS, OwnConnection, type TestConnection } from '../support/connections.js';
import { openRig, thrownBy } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

type List = readonly TestConnection[];

/** A picker by one function over the array of the moment. */
const picking = (choose: (all: List) => TestConnection | undefined): Strategy<TestConnection> =>
  map((all): Picker<TestConnection> => ({ pick: () => choose(all), peek: () => choose(all), size: all.length }));

const last = picking((all) => all.at(-1));

describe.each(KINDS)('A strategy of the user, over $kind', ({ make }) => {
  it('chooses for a pool', async () => {
    const { pool, made } = await openRig(make, 3, { select: last });
    expect(pool.getLeastLoadedConnection()).toBe(made[2]);
    expect(await pool.use(({ name }) => name)).toBe('#3');
  });

  it('is asked about the members of the moment', async () => {
    const { pool, made } = await openRig(make, 3, { select: last });
    made[2]!.lose();
    expect(pool.getLeastLoadedConnection()).toBe(made[1]);
    pool.removeConnections([made[1]!]);
    expect(pool.getLeastLoadedConnection()).toBe(made[0]);
    await pool.reconnect();
    expect(pool.getLeastLoadedConnection()).toBe(made[2]);
  });

  it('shows who would be picked in leastLoaded$', async () => {
    const { pool, made } = await openRig(make, 2, { select: last });
    const seen: unknown[] = [];
    pool.leastLoaded$.subscribe((connection) => seen.push(connection?.name));
    made[1]!.lose();
    made[0]!.lose();
    expect(seen).toEqual(['#2', '#1', undefined]);
  });

  it('need not know who is full when it shows who would be picked', async () => {
    const heedless: Strategy<TestConnection> = map((all) => ({
      pick: (_key, accepts) => all.find((connection) => !accepts || accepts(connection)),
      peek: () => all[0],
      size: all.length,
    }));
    const { pool, made } = await openRig(make, 2, { select: heedless, maxPending: 1 });
    const seen: unknown[] = [];
    pool.leastLoaded$.subscribe((connection) => seen.push(connection?.name));
    made[0]!.send();
    await settle();
    made[1]!.send();
    await settle();
    expect(seen).toEqual(['#1', '#2', undefined]);
  });

  it('may be made of the operators that come with the library', async () => {
    const quiet = (source: Observable<List>) =>
      source.pipe(
        map((all) => all.slice(1)),
        leastLoaded<TestConnection>(),
      );
    const { pool, made } = await openRig(make, 3, { select: quiet, drainTimeout: 0 });
    made[1]!.send();
    for (let i = 0; i < 5; i++) expect(pool.getLeastLoadedConnection()).toBe(made[2]);
    await pool.close();
    for (const connection of made) expect(cellOf(connection).watchers).toBeUndefined();
  });

  it('lets go of those who have left, without being asked', async () => {
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

  it('is refused when it answers with somebody that it was not given', async () => {
    const stranger = new OwnConnection({ name: 'stranger' });
    await stranger.connect();
    const { pool } = await openRig(make, 1, { select: picking(() => stranger), maxWaiting: 0 });
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
    await expect(pool.use(() => 1)).rejects.toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
    expect(cellOf(stranger).borrowed).toBe(0);
  });

  it('is refused when it answers with a member that is out of service', async () => {
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
    ['picks nobody', picking(() => undefined)],
  ])('leaves a pool that cannot choose and is otherwise well when it %s', async (_, select) => {
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

  it('tells whoever asks that it has errored, and leaves the pool whole', async () => {
    const failure = new Error('no strategy');
    const { pool } = await openRig(make, 2, { select: () => throwError(() => failure) });
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBe(failure);
    await expect(pool.use(() => 1)).rejects.toBe(failure);
    expect(pool.health).toMatchObject({ status: 'healthy', connected: 2, pending: 0 });
  });

  it('may fail later without taking the pool with it', async () => {
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

  it('may throw when it is asked: the caller is told, and the pool stays whole', async () => {
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
