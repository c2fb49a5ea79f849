import { firstValueFrom, map, throwError } from 'rxjs';
import {
  type Picker,
  PoolClosedError,
  PoolDisposedError,
  PoolEmptyError,
  PoolExhaustedError,
  PoolNotConnectedError,
  type Strategy,
} from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, rig, thrownBy, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('picking from a pool of $kind', ({ make }) => {
  it('getLeastLoadedConnection() returns the connected member with the least load', async () => {
    const { pool, made } = await openRig(make, 3);
    const [a, b, c] = made as [TestConnection, TestConnection, TestConnection];
    for (const busy of [a, a, b, c, c, c]) busy.send();
    expect(pool.getLeastLoadedConnection()).toBe(b);
    expect(pool.getLeastLoadedConnection()).toBe(b);
    for (const busy of [b, b]) busy.send();
    expect(pool.getLeastLoadedConnection()).toBe(a);
    for (const busy of [c, c, c]) busy.reply();
    expect(pool.getLeastLoadedConnection()).toBe(c);
  });

  it('getLeastLoadedConnection() spreads 10,000 picks at equal load evenly, within 20 %', async () => {
    for (const size of [2, 3, 7]) {
      const { pool } = await openRig(make, size);
      const shares = new Map<TestConnection, number>();
      for (let pick = 0; pick < 10_000; pick++) {
        const picked = pool.getLeastLoadedConnection();
        shares.set(picked, (shares.get(picked) ?? 0) + 1);
      }
      expect(shares.size).toBe(size);
      for (const share of shares.values()) {
        expect(share).toBeGreaterThan((10_000 / size) * 0.8);
        expect(share).toBeLessThan((10_000 / size) * 1.2);
      }
    }
  });

  it('getLeastLoadedConnection() skips broken, connecting and draining members', async () => {
    const { pool, made } = await openRig(make, 4);
    const [broken, draining, dialled, left] = made as [TestConnection, TestConnection, TestConnection, TestConnection];
    broken.onDial = 'refuse';
    broken.lose();
    dialled.lose();
    dialled.onDial = 'wait';
    dialled.connect().catch(() => {});
    for (const busy of [left, left]) busy.send();
    draining.send();
    void pool.reconnect(false);
    expect(pool.health).toMatchObject({ draining: 2 });
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBeInstanceOf(PoolNotConnectedError);
    left.reply();
    left.reply();
    await settle();
    expect(pool.getLeastLoadedConnection()).toBe(left);
    void pool.close({ drainTimeout: 0 });
  });

  it('getLeastLoadedConnection() throws a typed error: empty, not connected, exhausted, closed or disposed', async () => {
    const test = rig(make, 1, { maxPending: 1 });
    const { pool } = test;
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBeInstanceOf(PoolEmptyError);
    test.script = 'wait';
    void pool.setup();
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBeInstanceOf(PoolNotConnectedError);
    const refusal = new Error('refused');
    test.made[0]?.refuse(refusal);
    await settle();
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toMatchObject({
      code: 'ERR_POOL_NOT_CONNECTED',
      cause: refusal,
      figures: { total: 1, connected: 0, pending: 0, waiting: 0 },
    });
    (test.made[0] as TestConnection).onDial = 'accept';
    await pool.reconnect();
    test.made[0]?.send();
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBeInstanceOf(PoolExhaustedError);
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toMatchObject({
      figures: { total: 1, connected: 1, pending: 1 },
    });
    test.made[0]?.reply();
    expect(pool.getLeastLoadedConnection()).toBe(test.made[0]);
    pool.removeConnections(pool.connections);
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBeInstanceOf(PoolEmptyError);
    await pool.close();
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBeInstanceOf(PoolClosedError);
    await pool.dispose();
    expect(thrownBy(() => pool.getLeastLoadedConnection())).toBeInstanceOf(PoolDisposedError);
  });

  describe('leastLoaded$', () => {
    it('leastLoaded$ emits the connection that getLeastLoadedConnection() would return', async () => {
      const { pool, made } = await openRig(make, 3);
      let shown: TestConnection | undefined;
      pool.leastLoaded$.subscribe((connection) => {
        shown = connection;
      });
      for (let pick = 0; pick < 20; pick++) {
        const expected = shown;
        expect(pool.getLeastLoadedConnection()).toBe(expected);
        if (pick % 3 === 0) made[pick % 2]?.send();
        await settle();
      }
      made[0]?.lose();
      made[1]?.lose();
      expect(shown).toBe(made[2]);
      made[2]?.lose();
      expect(shown).toBeUndefined();
    });

    it('leastLoaded$ emits undefined when every member is at maxPending', async () => {
      const { pool, made } = await openRig(make, 2, { maxPending: 2 });
      let shown: TestConnection | undefined;
      pool.leastLoaded$.subscribe((connection) => {
        shown = connection;
      });
      for (const busy of [...made, ...made]) busy.send();
      await settle();
      expect(shown).toBeUndefined();
      made[1]?.reply();
      await settle();
      expect(shown).toBe(made[1]);
    });

    it('pending$ emits load once per microtask, however often it changed', async () => {
      const { pool, made } = await openRig(make, 2);
      const shown: unknown[] = [];
      pool.pending$.subscribe((pending) => shown.push(pending));
      for (let request = 0; request < 1_000; request++) made[0]?.send();
      expect(shown).toEqual([0]);
      await Promise.resolve();
      await Promise.resolve();
      expect(shown).toEqual([0, 1_000]);
      for (let request = 0; request < 1_000; request++) made[0]?.reply();
      await settle();
      expect(shown).toEqual([0, 1_000, 0]);
      await expect(firstValueFrom(pool.leastLoaded$)).resolves.toBeDefined();
    });
  });

  describe('load', () => {
    it('health.pending is the larger of the pending requests and the open use() calls of a connection', async () => {
      const { pool, made } = await openRig(make, 1);
      const [connection] = made as [TestConnection];
      const finish: (() => void)[] = [];
      const work = (): Promise<void> => new Promise((resolve) => finish.push(resolve));
      const loads = [pool.health.pending];
      const note = (): unknown => loads.push(pool.health.pending);
      void pool.use(work);
      note();
      void pool.use(work);
      note();
      connection.send();
      note();
      connection.send();
      connection.send();
      note();
      finish[0]?.();
      await settle();
      note();
      connection.reply();
      connection.reply();
      connection.reply();
      note();
      finish[1]?.();
      await settle();
      note();
      expect(loads).toEqual([0, 1, 2, 2, 3, 3, 1, 0]);
    });

    it('health.pending counts the load of a connection only while it is a member', async () => {
      const { pool } = rig(make, 0);
      const connection = make();
      await connection.connect();
      connection.send();
      connection.send();
      await pool.extendPoolByConnections([connection]);
      expect(pool.health.pending).toBe(2);
      pool.removeConnections([connection]);
      expect(pool.health.pending).toBe(0);
      connection.send();
      expect(pool.health.pending).toBe(0);
      connection.reply();
      connection.reply();
      connection.reply();
      await settle();
      expect(connection.state).toBe('closed');
    });
  });

  describe('with a custom strategy', () => {
    /** Picks the last that joined and is accepted. */
    const latest: Strategy<TestConnection> = (source) =>
      source.pipe(
        map(
          (all): Picker<TestConnection> => ({
            pick: (_key, accepts = () => true) => all.filter((connection) => accepts(connection)).at(-1),
            peek: () => all.at(-1),
            size: all.length,
          }),
        ),
      );

    it('getLeastLoadedConnection() follows a custom strategy as members join, leave and reach maxPending', async () => {
      const { pool, made } = await openRig(make, 3, { select: latest, maxPending: 1 });
      expect(pool.getLeastLoadedConnection()).toBe(made[2]);
      made[2]?.send();
      expect(pool.getLeastLoadedConnection()).toBe(made[1]);
      made[1]?.lose();
      expect(pool.getLeastLoadedConnection()).toBe(made[0]);
      await pool.extendPoolBySize(1);
      expect(pool.getLeastLoadedConnection()).toBe(made[3]);
      made[2]?.reply();
      await pool.dispose();
      expect(thrownBy(() => pool.getLeastLoadedConnection())).toBeInstanceOf(PoolDisposedError);
    });

    it.each([
      { how: 'errors', select: () => throwError(() => new Error('a mistake')) },
      {
        how: 'errors later',
        select: map<readonly TestConnection[], Picker<TestConnection>>((all) => {
          if (all.length > 0) throw new Error('a mistake');
          return { pick: () => undefined, peek: () => undefined, size: 0 };
        }),
      },
      {
        how: 'has a picker that throws',
        select: map<readonly TestConnection[], Picker<TestConnection>>(() => {
          const fail = (): never => {
            throw new Error('a mistake');
          };
          return { pick: fail, peek: fail, size: 1 };
        }),
      },
    ])(
      'a strategy that $how fails each pick with its error, and the pool still tracks its members',
      async ({ select }) => {
        const test = rig(make, 2, { select });
        const shown: unknown[] = [];
        test.pool.leastLoaded$.subscribe((connection) => shown.push(connection));
        await test.pool.setup();
        expect(thrownBy(() => test.pool.getLeastLoadedConnection())).toEqual(new Error('a mistake'));
        await expect(test.pool.use(() => 1)).rejects.toThrow('a mistake');
        expect(test.pool.health.pending).toBe(0);
        test.made[0]?.lose();
        expect(test.pool.brokenConnections).toEqual([test.made[0]]);
        await test.pool.dispose();
        expect(test.made.map(({ state }) => state)).toEqual(['closed', 'closed']);
        expect(shown.every((connection) => connection === undefined)).toBe(true);
      },
    );

    it('getLeastLoadedConnection() throws PoolExhaustedError and use() waits when a strategy picks a non-member', async () => {
      const stale = make();
      const { pool } = await openRig(make, 1, {
        select: map(() => ({ pick: () => stale, peek: () => stale, size: 1 })),
      });
      expect(thrownBy(() => pool.getLeastLoadedConnection())).toBeInstanceOf(PoolExhaustedError);
      const waiting = watch(pool.use(() => 1));
      await settle();
      expect([waiting.status, pool.health.waiting]).toEqual(['pending', 1]);
      await pool.dispose();
      await settle();
      expect(waiting).toMatchObject({ status: 'rejected', reason: expect.any(PoolDisposedError) });
    });
  });
});
