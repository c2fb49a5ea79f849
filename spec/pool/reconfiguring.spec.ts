import { Observable } from 'rxjs';
import type { Reconfiguration } from 'rxpool';
import { ConnectionPool, leastLoaded, type Strategy } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, type Rig, rig, statesOf, thrownBy, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('reconfigure() of a pool of $kind', ({ make }) => {
  it('reconfigure({ poolSize }) of a pool without members emits the new poolSize on health$', async () => {
    const { pool } = rig(make, 1);
    const sizes: number[] = [];
    pool.health$.subscribe(({ poolSize }) => sizes.push(poolSize));
    pool.reconfigure({ poolSize: 3 });
    expect(sizes).toEqual([1, 3]);
    await pool.dispose();
  });

  describe('poolSize', () => {
    it('reconfigure({ poolSize }) above the current size creates and dials the missing connections', async () => {
      const { pool, made } = await openRig(make, 2);
      pool.reconfigure({ poolSize: 4 });
      expect([pool.poolSize, names(pool.connections)]).toEqual([4, '#1 #2 #3 #4']);
      expect(pool.health).toMatchObject({ status: 'degraded', connecting: 2 });
      await settle();
      expect([statesOf(made), pool.health.status]).toEqual(['connected connected connected connected', 'healthy']);
    });

    it('reconfigure({ poolSize }) refills removed members when it raises poolSize, and only then', async () => {
      const { pool, made } = await openRig(make, 3);
      pool.removeConnections(made.slice(0, 2));
      pool.reconfigure({ poolSize: 3 });
      expect(names(pool.connections)).toBe('#3');
      pool.reconfigure({ poolSize: 4 });
      expect(names(pool.connections)).toBe('#3 #4 #5 #6');
    });

    it('reconfigure({ poolSize }) below the current size removes the least loaded, without a drain limit', async () => {
      const { pool, made, clock, events } = await openRig(make, 4);
      for (const connection of made.slice(1)) connection.send();
      made[3]?.send();
      const work = watch(pool.lease());
      await settle();
      pool.reconfigure({ poolSize: 1 });
      expect([pool.poolSize, pool.connections.length]).toEqual([1, 1]);
      await clock.advance(3_600_000);
      expect(statesOf(made)).toBe('connected connected connected connected');
      expect(names(pool.connections)).toBe('#4');
      expect(work.value?.signal.aborted).toBe(false);
      for (const connection of made.slice(1)) connection.reply();
      work.value?.release();
      await settle();
      expect(statesOf(made)).toBe('closed closed closed connected');
      expect(events.filter((event) => event.type === 'left' && event.reason !== 'reduced')).toEqual([]);
      expect(clock.timers).toBe(0);
    });

    it('reconfigure() of a new or closed pool creates nothing, and the next setup() uses the new poolSize', async () => {
      for (const phase of ['new', 'closed']) {
        const test = rig(make, 1);
        if (phase === 'closed') {
          await test.pool.setup();
          await test.pool.close();
        }
        const before = test.made.length;
        test.pool.reconfigure({ poolSize: 3, maxPending: 1 });
        expect([test.pool.poolSize, test.made.length, test.pool.health.total]).toEqual([3, before, 0]);
        await test.pool.setup();
        expect(test.pool.health.connected).toBe(3);
      }
    });

    it('reconfigure() throws and changes nothing when the factory throws', async () => {
      const { pool, made, test } = await failing();
      const select = jest.fn(leastLoaded<TestConnection>());
      expect(thrownBy(() => pool.reconfigure({ poolSize: 5, maxPending: 1, maxSize: 9, select }))).toMatchObject({
        code: 'ERR_CONNECTION_FACTORY',
        cause: test.mistake,
      });
      expect([pool.poolSize, names(pool.connections), made[2]?.state]).toEqual([2, '#1 #2', 'closed']);
      expect(select).not.toHaveBeenCalled();
      made[0]?.send();
      made[1]?.send();
      expect(pool.tryLease()).toBeDefined();
    });

    /** A pool whose factory creates one more connection and then throws. */
    async function failing() {
      const test = Object.assign(await openRig(make, 2), { mistake: new Error('no more') });
      Object.defineProperty(test, 'script', {
        get: () => {
          if (test.made.length > 2) throw test.mistake;
          return 'accept';
        },
      });
      return { ...test, test };
    }

    it('reconfigure({ poolSize }) closes the connections of a factory that calls close()', async () => {
      const test = await openRig(make, 1);
      Object.defineProperty(test, 'script', {
        get: () => {
          void test.pool.close();
          return 'accept';
        },
      });
      test.pool.reconfigure({ poolSize: 3 });
      await settle();
      expect([test.pool.health.status, statesOf(test.made)]).toEqual(['closed', 'closed closed closed']);
      expect(test.pool.poolSize).toBe(3);
    });
  });

  describe('minSize and maxSize', () => {
    it('reconfigure({ minSize, maxSize }) moves poolSize into the bounds and drops no request', async () => {
      const { pool, made } = await openRig(make, 3);
      for (const connection of made) connection.send();
      pool.reconfigure({ maxSize: 2 });
      expect([pool.poolSize, pool.connections.length]).toEqual([2, 2]);
      expect(statesOf(made)).toBe('connected connected connected');
      pool.reconfigure({ minSize: 5, maxSize: 6 });
      expect([pool.poolSize, pool.connections.length]).toEqual([5, 5]);
    });

    it('reconfigure() with sizes that contradict each other throws RangeError before anything changes', async () => {
      const { pool } = await openRig(make, 3, { minSize: 2, maxSize: 4 });
      const wrongs: [Reconfiguration<TestConnection>, string][] = [
        [{ poolSize: 1 }, 'changes.poolSize'],
        [{ poolSize: 5 }, 'changes.poolSize'],
        [{ poolSize: 5, minSize: 3, maxSize: 4 }, 'changes.poolSize'],
        [{ minSize: 5 }, 'changes.minSize'],
        [{ maxSize: 1 }, 'changes.minSize'],
      ];
      for (const [changes, argument] of wrongs) {
        expect(thrownBy(() => pool.reconfigure({ ...changes, maxPending: 1 }))).toMatchObject({
          name: 'RangeError',
          code: 'ERR_OUT_OF_RANGE',
          message: expect.stringMatching(new RegExp(`^${argument} must be `)),
        });
      }
      pool.reconfigure({ poolSize: 5, maxSize: 5 });
      expect(figures(pool.health)).toMatchObject({ poolSize: 5, total: 5 });
    });
  });

  describe('limits and timeouts', () => {
    it('reconfigure({ maxPending }) serves waiters when it raises the limit', async () => {
      const { pool } = await openRig(make, 1, { maxPending: 1 });
      const held = await pool.lease();
      const waiting = [1, 2].map(() => watch(pool.lease()));
      pool.reconfigure({ maxPending: 3 });
      await settle();
      expect(waiting.map(({ status }) => status)).toEqual(['resolved', 'resolved']);
      expect(pool.health).toMatchObject({ pending: 3, waiting: 0 });
      held.release();
    });

    it('reconfigure({ maxPending }) with a lower limit keeps open leases and gives out no new one above it', async () => {
      const { pool } = await openRig(make, 1);
      const leases = await Promise.all([pool.lease(), pool.lease()]);
      pool.reconfigure({ maxPending: 1 });
      expect(leases.map(({ signal }) => signal.aborted)).toEqual([false, false]);
      expect(pool.tryLease()).toBeUndefined();
      leases[0]?.release();
      expect(pool.tryLease()).toBeUndefined();
      leases[1]?.release();
      expect(pool.tryLease()).toBeDefined();
    });

    it('reconfigure({ maxWaiting }) with a lower limit keeps the waiters and rejects the next caller', async () => {
      const { pool } = await openRig(make, 1, { maxPending: 1 });
      const held = await pool.lease();
      const waiting = [1, 2].map(() => watch(pool.use(() => 'done')));
      pool.reconfigure({ maxWaiting: 1 });
      await expect(pool.use(() => 'never')).rejects.toMatchObject({ code: 'ERR_WAIT_QUEUE_FULL' });
      held.release();
      await settle();
      expect(waiting.map(({ value }) => value)).toEqual(['done', 'done']);
    });

    it('reconfigure({ maxDials }) starts queued dials when raised, and none above the limit when lowered', async () => {
      const test = rig(make, 4, { maxDials: 1 });
      test.script = 'wait';
      void test.pool.setup();
      test.pool.reconfigure({ maxDials: 3 });
      expect(test.made.map(({ dials }) => dials)).toEqual([1, 1, 1, 0]);
      test.pool.reconfigure({ maxDials: 1 });
      test.made[0]?.accept();
      await settle();
      expect(test.made.map(({ dials }) => dials)).toEqual([1, 1, 1, 0]);
    });

    it('reconfigure({ failFast: true }) rejects waiters when no member is connected', async () => {
      const { pool, made } = await openRig(make, 1);
      made[0]?.lose();
      const waiting = watch(pool.use(() => 'never'));
      pool.reconfigure({ failFast: true });
      await settle();
      expect(waiting.reason).toMatchObject({ code: 'ERR_POOL_NOT_CONNECTED' });
    });

    it('reconfigure() of waitTimeout, connectTimeout, closeTimeout and drainTimeout applies to later calls', async () => {
      const test = await openRig(make, 1, { maxPending: 1 });
      test.pool.reconfigure({ waitTimeout: 30, connectTimeout: 40, closeTimeout: 50, drainTimeout: 60 });
      const first = test.made[0] as TestConnection;
      first.send();
      const waiting = watch(test.pool.use(() => 'never'));
      test.script = 'wait';
      const extending = watch(test.pool.extendPoolBySize(1));
      await test.clock.advance(30);
      expect(waiting.reason).toMatchObject({ code: 'ERR_WAIT_TIMEOUT' });
      await test.clock.advance(10);
      expect(extending.status).toBe('resolved');
      first.onClose = 'hang';
      const closing = watch(test.pool.close());
      await test.clock.advance(109);
      expect([first.state, closing.status]).toEqual(['closed', 'pending']);
      await test.clock.advance(1);
      expect(closing.status).toBe('resolved');
    });

    it('reconfigure() of reset applies to the next release, and of leakThreshold to the next lease', async () => {
      const reset = jest.fn();
      const { pool, events, clock } = await openRig(make, 1, { maxPending: 1 });
      const lease = await pool.lease();
      pool.reconfigure({ reset, leakThreshold: 100 });
      lease.release();
      await settle();
      expect(reset).toHaveBeenCalledTimes(1);
      const next = await pool.lease();
      await clock.advance(100);
      expect(events.at(-1)).toMatchObject({ type: 'leak-suspected' });
      pool.reconfigure({ reset: false, leakThreshold: Number.POSITIVE_INFINITY });
      next.release();
      await settle();
      expect([reset.mock.calls.length, clock.timers]).toEqual([1, 0]);
    });
  });

  describe('select', () => {
    /** Picks the connection of this name; `ends` records when it is unsubscribed from. */
    const always =
      (name: string, ends: string[] = []): Strategy<TestConnection> =>
      (source) =>
        new Observable((subscriber) => {
          let all: readonly TestConnection[] = [];
          const find = (): TestConnection | undefined => all.find((connection) => connection.name === name);
          subscriber.next({ pick: find, peek: find, size: 1 });
          subscriber.add(source.subscribe((connections) => (all = connections)));
          return () => ends.push(name);
        });

    it('reconfigure({ select }) applies from the next pick on and unsubscribes from the old strategy', async () => {
      const ends: string[] = [];
      const { pool } = await openRig(make, 3, { select: always('#2', ends) });
      const shown: (string | undefined)[] = [];
      pool.leastLoaded$.subscribe((connection) => shown.push(connection?.name));
      expect(pool.getLeastLoadedConnection().name).toBe('#2');
      pool.reconfigure({ select: always('#3', ends) });
      expect([pool.getLeastLoadedConnection().name, ends]).toEqual(['#3', ['#2']]);
      await settle();
      expect(shown).toEqual(['#2', '#3']);
      pool.reconfigure({ maxPending: 10 });
      expect(ends).toEqual(['#2']);
    });

    it('reconfigure({ select }) serves a waiter for which the old strategy picked no connection', async () => {
      const { pool } = await openRig(make, 1, { select: always('none') });
      const waiting = watch(pool.use(({ name }) => name));
      await settle();
      expect(waiting.status).toBe('pending');
      pool.reconfigure({ select: leastLoaded() });
      await settle();
      expect(waiting.value).toBe('#1');
    });

    it('reconfigure() and extendPoolBySize() inside the subscribe of a new select take effect', async () => {
      const { pool, made } = await openRig(make, 2, { maxPending: 1 });
      const begun: string[] = [];
      const policy = () =>
        new Observable<never>(() => {
          begun.push('begun');
          return () => begun.push('ended');
        });
      const select: Strategy<TestConnection> = (source) => {
        pool.reconfigure({ maxWaiting: 0, maxPending: 2, policies: [policy] });
        void pool.extendPoolBySize(1);
        return leastLoaded<TestConnection>({ weight: () => 1 })(source);
      };
      pool.reconfigure({ select, waitTimeout: 10 });
      await settle();
      expect([pool.poolSize, names(pool.connections), statesOf(made)]).toEqual([
        3,
        '#1 #2 #3',
        'connected connected connected',
      ]);
      expect(begun).toEqual(['begun']);
      for (let i = 0; i < 6; i++) expect(pool.tryLease()).toBeDefined();
      await expect(pool.use(() => 'never')).rejects.toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
    });

    it('extendPoolBySize() inside the subscribe of a new select keeps to the sizes given beside it', async () => {
      const { pool } = await openRig(make, 2);
      const extending: Strategy<TestConnection> = (source) => {
        void pool.extendPoolBySize(5);
        return leastLoaded<TestConnection>({ weight: () => 1 })(source);
      };
      pool.reconfigure({ select: extending, maxSize: 4 });
      expect([pool.poolSize, pool.connections.length]).toEqual([4, 4]);
      pool.reconfigure({ select: always('#1'), maxSize: 20, poolSize: 3 });
      pool.reconfigure({ select: (source) => extending(source), poolSize: 5 });
      expect([pool.poolSize, pool.connections.length]).toEqual([5, 5]);
    });

    it('reconfigure({ select }) throws and changes nothing when the strategy throws', async () => {
      const { pool, made } = await openRig(make, 1);
      const mistake = new Error('no strategy');
      const select = (): never => {
        throw mistake;
      };
      expect(thrownBy(() => pool.reconfigure({ select, poolSize: 2, maxPending: 1 }))).toBe(mistake);
      await settle();
      expect([pool.poolSize, names(pool.connections), statesOf(made)]).toEqual([1, '#1', 'connected closed']);
      made[0]?.send();
      expect(pool.getLeastLoadedConnection().name).toBe('#1');
    });
  });

  it('reconfigure() leaves options that are absent or undefined as they are', async () => {
    const { pool } = await openRig(make, 2, { maxPending: 1, maxWaiting: 0, minSize: 1 });
    pool.reconfigure({});
    pool.reconfigure({ poolSize: undefined, maxPending: undefined, maxWaiting: undefined, heal: undefined });
    pool.tryLease();
    pool.tryLease();
    await expect(pool.use(() => 'never')).rejects.toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
    pool.reducePoolConnections(2);
    expect(pool.poolSize).toBe(2);
  });

  it('reconfigure() throws ERR_POOL_DISPOSED after dispose()', async () => {
    const { pool } = await openRig(make, 1);
    await pool.dispose();
    expect(thrownBy(() => pool.reconfigure({ poolSize: 2 }))).toMatchObject({ code: 'ERR_POOL_DISPOSED' });
    expect(pool.poolSize).toBe(1);
  });

  it('reconfigure({ poolSize }) inside next() of health$ changes the pool at once and emits afterwards', async () => {
    const { pool } = await openRig(make, 1);
    const shown: string[] = [];
    const inside: number[] = [];
    pool.health$.subscribe(({ poolSize, total }) => {
      shown.push(`${total} of ${poolSize}`);
      if (pool.poolSize >= 4) return;
      pool.reconfigure({ poolSize: pool.poolSize + 1 });
      inside.push(pool.connections.length);
    });
    expect(inside).toEqual([2, 3, 4]);
    expect(new Set(shown)).toEqual(new Set(['1 of 1', '2 of 2', '3 of 3', '4 of 4']));
    await settle();
    expect(pool.health).toMatchObject({ status: 'healthy', total: 4 });
  });

  it('reconfigure() called from state$ of a connection that reconfigure() closes takes effect', async () => {
    const test: Rig = await openRig(make, 1);
    const [first] = test.made as [TestConnection];
    first.state$.subscribe((state) => {
      if (state === 'closed') test.pool.reconfigure({ poolSize: 2 });
    });
    test.pool.reconfigure({ poolSize: 0, minSize: 0 });
    await settle();
    expect(figures(test.pool.health)).toEqual({ poolSize: 2, total: 2, connected: 2 });
  });
});

describe.each(KINDS)('minSize and maxSize of a pool of $kind', ({ make }) => {
  it('the constructor throws RangeError for a poolSize outside minSize and maxSize', () => {
    const construct = (poolSize: number, minSize?: number, maxSize?: number) => () =>
      new ConnectionPool(poolSize, () => make(), { minSize, maxSize });
    expect(thrownBy(construct(1, 2))).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    expect(thrownBy(construct(5, 0, 4))).toMatchObject({
      message: expect.stringMatching(/^poolSize must be .*, got 5$/),
    });
    expect(thrownBy(construct(3, 4, 3))).toMatchObject({ message: expect.stringMatching(/^options.minSize must be /) });
    expect(construct(3, 3, 3)().poolSize).toBe(3);
  });

  it('extendPoolBySize() adds no more connections than maxSize allows', async () => {
    const { pool, made } = await openRig(make, 2, { maxSize: 4 });
    await pool.extendPoolBySize(9);
    expect([pool.poolSize, made.length, pool.health.connected]).toEqual([4, 4, 4]);
    await pool.extendPoolBySize(1);
    expect([pool.poolSize, made.length]).toEqual([4, 4]);
  });

  it('extendPoolByConnections() beyond maxSize rejects with RangeError before anything changes', async () => {
    const { pool, made } = await openRig(make, 2, { maxSize: 3 });
    const others = [make(), make()];
    await expect(pool.extendPoolByConnections([...made, ...others])).rejects.toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUT_OF_RANGE',
      message: 'connections must be at most 1 new ones, for which maxSize leaves room, got 2',
    });
    expect([pool.poolSize, pool.connections.length, others.map(({ dials }) => dials)]).toEqual([2, 2, [0, 0]]);
    await pool.extendPoolByConnections([...made, ...others.slice(1)]);
    expect([pool.poolSize, pool.connections.length]).toEqual([3, 3]);
  });

  it('maxSize also limits extendPoolBySize() called inside the factory', async () => {
    let nested: Promise<void> | undefined;
    const pool: ConnectionPool<TestConnection> = new ConnectionPool<TestConnection>(
      0,
      () => {
        nested ??= pool.extendPoolBySize(2);
        return make();
      },
      { maxSize: 3, heal: false },
    );
    await pool.setup();
    await pool.extendPoolBySize(2);
    await nested;
    expect([pool.poolSize, pool.connections.length]).toEqual([3, 3]);
    await pool.dispose();
  });

  it('reducePoolConnections() does not go below minSize', async () => {
    const { pool } = await openRig(make, 4, { minSize: 3 });
    expect(pool.reducePoolConnections(3)).toBe(1);
    expect(pool.reducePoolConnections(1)).toBe(0);
    expect(figures(pool.health)).toEqual({ poolSize: 3, total: 3, connected: 3 });
  });

  it('removeConnections() can go below minSize', async () => {
    const { pool, made } = await openRig(make, 2, { minSize: 2 });
    expect(pool.removeConnections(made)).toBe(2);
    expect(figures(pool.health)).toEqual({ poolSize: 2 });
  });
});
