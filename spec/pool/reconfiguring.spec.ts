import { Observable } from 'rxjs';
import type { Reconfiguration } from 'rxpool';
import { ConnectionPool, leastLoaded, type Strategy } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, type Rig, rig, statesOf, thrownBy, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('reconfigure() of a pool of $kind', ({ make }) => {
  describe('of its size', () => {
    it('makes it larger, and dials', async () => {
      const { pool, made } = await openRig(make, 2);
      pool.reconfigure({ poolSize: 4 });
      expect([pool.poolSize, names(pool.connections)]).toEqual([4, '#1 #2 #3 #4']);
      expect(pool.health).toMatchObject({ status: 'degraded', connecting: 2 });
      await settle();
      expect([statesOf(made), pool.health.status]).toEqual(['connected connected connected connected', 'healthy']);
    });

    it('fills it up as it makes it larger, and only then', async () => {
      const { pool, made } = await openRig(make, 3);
      pool.removeConnections(made.slice(0, 2));
      pool.reconfigure({ poolSize: 3 });
      expect(names(pool.connections)).toBe('#3');
      pool.reconfigure({ poolSize: 4 });
      expect(names(pool.connections)).toBe('#3 #4 #5 #6');
    });

    it('makes it smaller by those that do least, and drops no work', async () => {
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

    it('opens no pool that is new or closed, whose next setup() goes by it', async () => {
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

    it('changes nothing where the factory throws', async () => {
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

    /** Its factory makes one more, and throws then. */
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

    it('closes what the factory made while it closed the pool', async () => {
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

  describe('of its bounds', () => {
    it('takes poolSize along, up and down, without dropping work', async () => {
      const { pool, made } = await openRig(make, 3);
      for (const connection of made) connection.send();
      pool.reconfigure({ maxSize: 2 });
      expect([pool.poolSize, pool.connections.length]).toEqual([2, 2]);
      expect(statesOf(made)).toBe('connected connected connected');
      pool.reconfigure({ minSize: 5, maxSize: 6 });
      expect([pool.poolSize, pool.connections.length]).toEqual([5, 5]);
    });

    it('refuses what contradicts it, before anything changes', async () => {
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

  describe('of its limits', () => {
    it('serves those who wait when it raises maxPending', async () => {
      const { pool } = await openRig(make, 1, { maxPending: 1 });
      const held = await pool.lease();
      const waiting = [1, 2].map(() => watch(pool.lease()));
      pool.reconfigure({ maxPending: 3 });
      await settle();
      expect(waiting.map(({ status }) => status)).toEqual(['resolved', 'resolved']);
      expect(pool.health).toMatchObject({ pending: 3, waiting: 0 });
      held.release();
    });

    it('takes nothing from anybody when it lowers maxPending', async () => {
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

    it('lets those wait who wait already when it lowers maxWaiting, and refuses the next', async () => {
      const { pool } = await openRig(make, 1, { maxPending: 1 });
      const held = await pool.lease();
      const waiting = [1, 2].map(() => watch(pool.use(() => 'done')));
      pool.reconfigure({ maxWaiting: 1 });
      await expect(pool.use(() => 'never')).rejects.toMatchObject({ code: 'ERR_WAIT_QUEUE_FULL' });
      held.release();
      await settle();
      expect(waiting.map(({ value }) => value)).toEqual(['done', 'done']);
    });

    it('begins the dials that waited when it raises maxDials', async () => {
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

    it('refuses those who wait when it turns failFast on and nothing is connected', async () => {
      const { pool, made } = await openRig(make, 1);
      made[0]?.lose();
      const waiting = watch(pool.use(() => 'never'));
      pool.reconfigure({ failFast: true });
      await settle();
      expect(waiting.reason).toMatchObject({ code: 'ERR_POOL_NOT_CONNECTED' });
    });

    it('has its durations hold for what begins from now on', async () => {
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

    it('has a reset and a leakThreshold hold for the next borrowing', async () => {
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

  describe('of its strategy', () => {
    /** Picks whoever is named, with what it was asked. */
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

    it('is gone by from the next pick on, and lets go of the old one', async () => {
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

    it('serves those whom the old one would not', async () => {
      const { pool } = await openRig(make, 1, { select: always('nobody') });
      const waiting = watch(pool.use(({ name }) => name));
      await settle();
      expect(waiting.status).toBe('pending');
      pool.reconfigure({ select: leastLoaded() });
      await settle();
      expect(waiting.value).toBe('#1');
    });

    it('may change the pool while it is subscribed to: what is not named beside it stays changed', async () => {
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

    it('may change the pool while it is subscribed to, within what is named beside it', async () => {
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

    it('changes nothing where it throws', async () => {
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

  it('leaves what is not named, or is undefined, as it is', async () => {
    const { pool } = await openRig(make, 2, { maxPending: 1, maxWaiting: 0, minSize: 1 });
    pool.reconfigure({});
    pool.reconfigure({ poolSize: undefined, maxPending: undefined, maxWaiting: undefined, heal: undefined });
    pool.tryLease();
    pool.tryLease();
    await expect(pool.use(() => 'never')).rejects.toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
    pool.reducePoolConnections(2);
    expect(pool.poolSize).toBe(2);
  });

  it('is refused by a pool that was disposed of', async () => {
    const { pool } = await openRig(make, 1);
    await pool.dispose();
    expect(thrownBy(() => pool.reconfigure({ poolSize: 2 }))).toMatchObject({ code: 'ERR_POOL_DISPOSED' });
    expect(pool.poolSize).toBe(1);
  });

  it('may be called by a subscriber, whom it shows what came of it afterwards', async () => {
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

  it('may be called by a connection that is dialled or closed by it', async () => {
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
  it('refuse a poolSize beyond them', () => {
    const construct = (poolSize: number, minSize?: number, maxSize?: number) => () =>
      new ConnectionPool(poolSize, () => make(), { minSize, maxSize });
    expect(thrownBy(construct(1, 2))).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    expect(thrownBy(construct(5, 0, 4))).toMatchObject({
      message: expect.stringMatching(/^poolSize must be .*, got 5$/),
    });
    expect(thrownBy(construct(3, 4, 3))).toMatchObject({ message: expect.stringMatching(/^options.minSize must be /) });
    expect(construct(3, 3, 3)().poolSize).toBe(3);
  });

  it('bound extending by size, which makes as many as there is room for', async () => {
    const { pool, made } = await openRig(make, 2, { maxSize: 4 });
    await pool.extendPoolBySize(9);
    expect([pool.poolSize, made.length, pool.health.connected]).toEqual([4, 4, 4]);
    await pool.extendPoolBySize(1);
    expect([pool.poolSize, made.length]).toEqual([4, 4]);
  });

  it('refuse more connections than there is room for, before anything changes', async () => {
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

  it('hold for calls within the factory', async () => {
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

  it('bound reducing', async () => {
    const { pool } = await openRig(make, 4, { minSize: 3 });
    expect(pool.reducePoolConnections(3)).toBe(1);
    expect(pool.reducePoolConnections(1)).toBe(0);
    expect(figures(pool.health)).toEqual({ poolSize: 3, total: 3, connected: 3 });
  });

  it('leave it to others to take members away', async () => {
    const { pool, made } = await openRig(make, 2, { minSize: 2 });
    expect(pool.removeConnections(made)).toBe(2);
    expect(figures(pool.health)).toEqual({ poolSize: 2 });
  });
});
