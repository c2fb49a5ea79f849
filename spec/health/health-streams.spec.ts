import { first, map, type Observable } from 'rxjs';
import { ConnectionPool, type Health, leastLoaded, type Strategy } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const record = <T>(stream: Observable<T>): T[] => {
  const log: T[] = [];
  stream.subscribe((value) => log.push(value));
  return log;
};

describe.each(KINDS)('health$, pending$ and leastLoaded$ of a pool of $kind', ({ make }) => {
  it('pending$ and health$ emit load once per microtask, however often it changed', async () => {
    const { pool, made } = await openRig(make, 2);
    const [pending, health] = [record(pool.pending$), record(pool.health$)];
    for (let i = 0; i < 1_000; i++) made[i % 2]!.send();
    expect(pending).toEqual([0]);
    await undefined;
    expect(pending).toEqual([0, 1_000]);
    for (let i = 0; i < 10; i++) made[0]!.reply();
    await undefined;
    expect(pending).toEqual([0, 1_000, 990]);
    expect(health.map((one) => one.pending)).toEqual(pending);
  });

  it('pending$ and health$ emit nothing when load is back at its old value within the microtask', async () => {
    const { pool, made } = await openRig(make, 2);
    const [pending, health] = [record(pool.pending$), record(pool.health$)];
    made[0]!.send();
    expect(pool.health.pending).toBe(1);
    made[0]!.reply();
    expect(pool.health.pending).toBe(0);
    await settle();
    expect(pending).toEqual([0]);
    expect(health).toHaveLength(1);
  });

  it('health$ emits changes of membership and status synchronously', async () => {
    const { pool, made } = await openRig(make, 2);
    const health = record(pool.health$);
    made[0]!.send();
    made[1]!.lose();
    expect(health.at(-1)).toMatchObject({ status: 'degraded', connected: 1, broken: 1, pending: 1 });
    made[0]!.lose();
    expect(health.at(-1)).toMatchObject({ status: 'down', connected: 0, broken: 2 });
    // Its requests fail after it is out of service, and their load is emitted a microtask later.
    await undefined;
    expect(health.at(-1)).toMatchObject({ status: 'down', connected: 0, broken: 2, pending: 0 });
  });

  it('pending$ and health$ emit a load to earlier subscribers that a new one got on subscribe', async () => {
    const { pool, made } = await openRig(make, 1);
    const early = { pending: record(pool.pending$), health: record(pool.health$) };
    made[0]!.send();
    const late = { pending: record(pool.pending$), health: record(pool.health$) };
    expect(late.pending).toEqual([1]);
    await settle();
    expect(early.pending).toEqual([0, 1]);
    expect(early.health.map(({ pending }) => pending)).toEqual([0, 1]);
    expect(late.pending).toEqual([1]);
    expect(late.health).toHaveLength(1);
  });

  it('pending$ counts an open use() before its request is sent, and not twice once it is', async () => {
    const { pool, made } = await openRig(make, 1);
    const pending = record(pool.pending$);
    let finish = (): void => {};
    const work = pool.use(() => new Promise<void>((resolve) => (finish = resolve)));
    await undefined;
    made[0]!.send();
    await undefined;
    expect(pending).toEqual([0, 1]);
    made[0]!.send();
    await undefined;
    made[0]!.reply();
    made[0]!.reply();
    await undefined;
    expect(pending).toEqual([0, 1, 2, 1]);
    finish();
    await work;
    await settle();
    expect(pending).toEqual([0, 1, 2, 1, 0]);
  });

  it('leastLoaded$ emits the connection that would be picked now, as loads change and members are lost', async () => {
    const { pool, made } = await openRig(make, 2);
    const least = record(pool.leastLoaded$);
    for (let i = 0; i < 20; i++) {
      made[i % 3 === 0 ? 0 : 1]!.send();
      await undefined;
      expect(least.at(-1)).toBe(pool.getLeastLoadedConnection());
      await undefined;
    }
    made[0]!.lose();
    expect(least.at(-1)).toBe(made[1]);
    made[1]!.lose();
    expect(least.at(-1)).toBeUndefined();
  });

  it('leastLoaded$ emits the next of equally loaded connections after each pick', async () => {
    const { pool } = await openRig(make, 3);
    const least = record(pool.leastLoaded$);
    for (let i = 0; i < 9; i++) {
      const shown = least.at(-1);
      expect(pool.getLeastLoadedConnection()).toBe(shown);
      await undefined;
    }
    expect(new Set(least).size).toBe(3);
  });

  it('removeConnections() inside weight() of a joining connection emits joined before left', async () => {
    const holder: { pool?: ConnectionPool<TestConnection> } = {};
    const select = leastLoaded<TestConnection>({
      weight: (connection) => {
        if (connection.name === '#3') holder.pool?.removeConnections([connection]);
        return 1;
      },
    });
    const { pool, made, events } = await openRig(make, 2, { select, drainTimeout: 0 });
    holder.pool = pool;
    const least = record(pool.leastLoaded$);
    const newcomer = make('accept', '#3');
    await newcomer.connect?.();
    await pool.extendPoolByConnections([newcomer]);
    const told = events.filter((event) => 'connection' in event && event.connection === newcomer);
    expect(told.map(({ type }) => type)).toEqual(['joined', 'left']);
    expect(made).toContain(least.at(-1));
  });

  it('pending$, leastLoaded$ and health$ never emit the same value twice in a row', async () => {
    const { pool, made, clock } = await openRig(make, 3, { drainTimeout: 0 });
    const logs: unknown[][] = [record(pool.pending$), record(pool.leastLoaded$)];
    const health = record(pool.health$);
    for (let i = 0; i < 50; i++) {
      const one = made[i % 3]!;
      if (i % 7 === 0) one.lose();
      else if (i % 5 === 0) void pool.reconnect();
      else if (i % 2 === 0) one.send();
      else if (one.pending > 0) one.reply();
      // Reading `health` must not change what is emitted.
      if (i % 3 === 0) void pool.health;
      if (i % 4 === 0) await clock.advance(10);
    }
    logs.push(health.map((one) => JSON.stringify(one)));
    for (const log of logs) expect(log.filter((value, place) => place > 0 && value === log[place - 1])).toEqual([]);
  });

  it('in every value of health$ the counts of fresh to broken members add up to total', async () => {
    const { pool, made, clock } = await openRig(make, 4);
    const health = record(pool.health$);
    made[0]!.lose();
    made[1]!.send();
    pool.removeConnections([made[1]!]);
    void pool.reconnect(false);
    await clock.advance(5_000);
    void pool.extendPoolBySize(2);
    pool.reducePoolConnections(3);
    void pool.dispose();
    await clock.advance(5_000);
    const sum = (one: Health): number =>
      one.fresh + one.connecting + one.connected + one.draining + one.ejected + one.broken;
    for (const one of health) expect(sum(one)).toBe(one.total);
    expect(health.length).toBeGreaterThan(10);
    expect(health.at(-1)).toMatchObject({ status: 'closed', total: 0, pending: 0, poolSize: 2 });
  });

  it('pending$, leastLoaded$ and health$ emit a last value and complete on dispose()', async () => {
    const { pool, made } = await openRig(make, 2, { drainTimeout: 0 });
    made[0]!.send();
    const ends: string[] = [];
    const last: unknown[] = [];
    for (const name of ['pending$', 'leastLoaded$', 'health$'] as const) {
      let value: unknown;
      (pool[name] as Observable<unknown>).subscribe({
        next: (one) => {
          value = one;
        },
        complete: () => {
          ends.push(name);
          last.push(name === 'health$' ? (value as Health).status : value);
        },
      });
    }
    await pool.dispose();
    expect(ends).toEqual(['pending$', 'leastLoaded$', 'health$']);
    expect(last).toEqual([0, undefined, 'closed']);
    expect(record(pool.pending$)).toEqual([0]);
  });
});

describe('health$ and leastLoaded$ of a pool with a strategy', () => {
  it('peek() of a strategy is called only while leastLoaded$ has a subscriber', async () => {
    const [make] = KINDS.map((kind) => kind.make);
    let peeks = 0;
    const counting: Strategy<TestConnection> = (source) =>
      source.pipe(
        map((all) => {
          const peek = (): TestConnection | undefined => {
            peeks++;
            return all[0];
          };
          return { pick: () => all[0], peek, size: all.length };
        }),
      );
    const { pool, made } = await openRig(make!, 4, { select: counting });
    for (let i = 0; i < 100; i++) made[i % 4]!.send();
    pool.getLeastLoadedConnection();
    await settle();
    made[0]!.lose();
    await pool.reconnect();
    expect(peeks).toBe(0);
    pool.leastLoaded$.pipe(first()).subscribe();
    expect(peeks).toBe(1);
    made[1]!.lose();
    await settle();
    expect(peeks).toBe(1);
  });

  it('health$ emits the object of the health getter, with select: leastLoaded()', async () => {
    const pool = new ConnectionPool<TestConnection>(2, () => KINDS[0]!.make(), { select: leastLoaded() });
    const seen: Health[] = [];
    pool.health$.subscribe((health) => seen.push(health));
    await pool.setup();
    expect(seen.at(-1)).toBe(pool.health);
    await pool.dispose();
    expect(seen.at(-1)).toBe(pool.health);
    expect(seen.map(({ status }) => status)).toEqual(
      expect.arrayContaining(['empty', 'starting', 'degraded', 'healthy', 'closed']),
    );
  });
});
