import { CommandFailure, RenewalError, recycle } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, type Rig, rig, statesOf, watch } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { settle } from '../support/virtual-clock.js';

/** The least connected, the most members and every poolSize that health$ has emitted. */
function extremes({ pool }: Rig): { connected: number; total: number; poolSizes: Set<number> } {
  const seen = { connected: Number.POSITIVE_INFINITY, total: 0, poolSizes: new Set<number>() };
  pool.health$.subscribe(({ connected, total, poolSize }) => {
    seen.connected = Math.min(seen.connected, connected);
    seen.total = Math.max(seen.total, total);
    seen.poolSizes.add(poolSize);
  });
  return seen;
}

const reasons = ({ events }: Rig): string[] =>
  events.flatMap((event) => (event.type === 'left' ? [`${event.connection.name} ${event.reason}`] : []));

/** Calls `act` this many microtasks after a connection has connected, while the old one is a member. */
function afterComingUp({ pool, made }: Rig, name: string, turns: number, act: () => void): { hasActed: boolean } {
  const outcome = { hasActed: false };
  pool.events$.subscribe(async (event) => {
    if (event.type !== 'connected' || event.connection.name !== name) return;
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    if (!pool.connections.includes(made[0] as TestConnection)) return;
    outcome.hasActed = true;
    act();
  });
  return outcome;
}

describe.each(KINDS)('renew() of a pool of $kind', ({ make }) => {
  it('renew() replaces every connection by a new one, in order, and closes the old ones', async () => {
    const test = await openRig(make, 3);
    const { pool, made } = test;
    await expect(pool.renew()).resolves.toBe(3);
    expect(names(pool.connectedConnections)).toBe('#4 #5 #6');
    expect(statesOf(made)).toBe('closed closed closed connected connected connected');
    expect(reasons(test)).toEqual(['#1 renewed', '#2 renewed', '#3 renewed']);
    expect(pool.poolSize).toBe(3);
  });

  it('renew() never has fewer connected members than before, and at most one more in total', async () => {
    const test = await openRig(make, 4);
    const seen = extremes(test);
    await test.pool.renew();
    expect(seen).toEqual({ connected: 4, total: 5, poolSizes: new Set([4]) });
  });

  it('renew() keeps the pool size when a connections$ subscriber calls setup() or reconfigure()', async () => {
    for (const act of [
      (pool: Rig['pool']) => void pool.setup(),
      (pool: Rig['pool']) => pool.reconfigure({ waitTimeout: 1_000 }),
    ]) {
      const { pool } = await openRig(make, 3);
      pool.connections$.subscribe(() => act(pool));
      await expect(pool.renew()).resolves.toBe(3);
      expect([pool.poolSize, pool.connections.length]).toEqual([3, 3]);
    }
  });

  it('an aborted renew() does not block reconnect(false), although a lease still holds its connection', async () => {
    const { pool, clock } = await openRig(make, 1);
    const lease = await pool.lease();
    const controller = new AbortController();
    const renewal = watch(pool.renew({ signal: controller.signal }));
    await settle();
    controller.abort();
    const reconnecting = watch(pool.reconnect(false));
    await clock.advance(1_000);
    expect([renewal.status, reconnecting.status]).toEqual(['rejected', 'resolved']);
    lease.release();
    await pool.dispose();
  });

  it.each([1, 2, 3, 9])(
    'renew({ maxUnavailable: %d }) has at most that many fewer connected members, and none in excess',
    async (n) => {
      const test = await openRig(make, 4);
      const seen = extremes(test);
      test.script = 'wait';
      const renewal = watch(test.pool.renew({ maxUnavailable: n }));
      for (let round = 0; round < 4; round++) {
        await settle();
        for (const connection of test.made) connection.accept();
      }
      await settle();
      expect(renewal).toMatchObject({ status: 'resolved', value: 4 });
      expect(seen).toEqual({ connected: Math.max(0, 4 - n), total: 4, poolSizes: new Set([4]) });
    },
  );

  it('renew() accepts Number.MAX_SAFE_INTEGER as maxUnavailable', async () => {
    const { pool } = await openRig(make, 2);
    await expect(pool.renew({ maxUnavailable: Number.MAX_SAFE_INTEGER })).resolves.toBe(2);
  });

  it('renew() drains requests in flight without a time limit before it closes the old connection', async () => {
    const { pool, made, clock } = await openRig(make, 2);
    made[0]?.send();
    const renewal = watch(pool.renew());
    await clock.advance(3_600_000);
    expect([renewal.status, statesOf(made.slice(0, 2))]).toEqual(['pending', 'connected closed']);
    expect(names(pool.connectedConnections)).toBe('#3 #4');
    made[0]?.reply();
    await settle();
    expect(renewal).toMatchObject({ status: 'resolved', value: 2 });
    expect(clock.timers).toBe(0);
  });

  it('renew({ drainTimeout }) closes an old connection whose request has not finished in time', async () => {
    const { pool, made, clock } = await openRig(make, 1);
    made[0]?.send();
    const renewal = watch(pool.renew({ drainTimeout: 300 }));
    await clock.advance(299);
    expect([renewal.status, made[0]?.state]).toEqual(['pending', 'connected']);
    await clock.advance(1);
    expect([renewal.status, made[0]?.state]).toEqual(['resolved', 'closed']);
  });

  it('use() calls made during renew() all succeed', async () => {
    const { pool } = await openRig(make, 3, { maxPending: 1 });
    const failures: unknown[] = [];
    let done = 0;
    let renewing = true;
    const caller = async (): Promise<void> => {
      while (renewing) {
        await pool
          .use((connection, { signal }) => {
            connection.send();
            return settle().then(() => {
              signal.throwIfAborted();
              connection.reply();
              done++;
            });
          })
          .catch((error: unknown) => failures.push(error));
      }
    };
    const callers = Array.from({ length: 5 }, caller);
    await settle();
    for (const maxUnavailable of [0, 1, 2]) await pool.renew({ maxUnavailable });
    renewing = false;
    await Promise.all(callers);
    expect(failures).toEqual([]);
    expect(done).toBeGreaterThan(10);
  });

  it('renew() while a hanging dial takes the only slot: makes one new connection at a time', async () => {
    const test = await openRig(make, 4, { maxDials: 1 });
    const { pool, made } = test;
    for (const connection of made) connection.onDial = 'wait';
    made[0]?.lose();
    void pool.reconnect();
    await settle();
    const renewal = watch(pool.renew());
    await settle();
    expect(pool.connections.length).toBe(5);
    made[0]?.accept();
    await settle();
    expect(renewal.status).toBe('resolved');
    expect(figures(pool.health)).toEqual({ poolSize: 4, total: 4, connected: 4 });
    await pool.close({ drainTimeout: 0 });
  });

  it('renew() replaces broken and ejected members too', async () => {
    const test = await openRig(make, 3);
    const { pool, made, clock } = test;
    made[0]?.lose();
    pool.ejectConnections([made[1] as TestConnection], { duration: 1_000 });
    await expect(pool.renew()).resolves.toBe(3);
    expect(figures(pool.health)).toEqual({ poolSize: 3, total: 3, connected: 3 });
    expect(clock.timers).toBe(0);
    expect(names(pool.connections)).toBe('#4 #5 #6');
  });

  it('renew() replaces a member that is being dialled, and setup() resolves', async () => {
    const test = rig(make, 1);
    test.script = 'wait';
    const setup = watch(test.pool.setup());
    test.script = 'accept';
    await expect(test.pool.renew()).resolves.toBe(1);
    expect([setup.status, statesOf(test.made)]).toEqual(['resolved', 'closed connected']);
  });

  it('renew({ connections }) replaces only the named members, once each, and ignores non-members', async () => {
    const { pool, made } = await openRig(make, 3);
    const second = made[1] as TestConnection;
    await expect(pool.renew({ connections: [second, make(), second] })).resolves.toBe(1);
    expect(names(pool.connections)).toBe('#1 #3 #4');
    await expect(pool.renew({ connections: [] })).resolves.toBe(0);
    await expect(pool.renew({ connections: null as never })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(made).toHaveLength(4);
  });

  it('renew() before setup() resolves with 0', async () => {
    await expect(rig(make, 3).pool.renew()).resolves.toBe(0);
  });

  it('renew() rejects with ERR_POOL_CLOSED after close() and ERR_POOL_DISPOSED after dispose()', async () => {
    const { pool } = await openRig(make, 1);
    await pool.close();
    await expect(pool.renew()).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    await pool.dispose();
    await expect(pool.renew()).rejects.toMatchObject({ code: 'ERR_POOL_DISPOSED' });
  });

  it.each([0, 1])('renew({ maxUnavailable: %d }) at maxSize closes the old member before it dials', async (allowed) => {
    const test = await openRig(make, 2, { maxSize: 2 });
    const seen = extremes(test);
    await expect(test.pool.renew({ maxUnavailable: allowed })).resolves.toBe(2);
    expect(seen).toMatchObject({ connected: 1, total: 2 });
    expect(names(test.pool.connectedConnections)).toBe('#3 #4');
  });

  it('renew() below maxSize has the replacement connected before the old member leaves', async () => {
    const test = await openRig(make, 2, { maxSize: 3 });
    const seen = extremes(test);
    await expect(test.pool.renew()).resolves.toBe(2);
    expect(seen).toMatchObject({ connected: 2, total: 3 });
  });
});

describe.each(KINDS)('a replacement that fails, pool of $kind', ({ make }) => {
  it('renew() rejects with RenewalError when a replacement fails to connect; the old member stays in service', async () => {
    const test = await openRig(make, 3);
    const { pool, made } = test;
    const seen = extremes(test);
    const renewal = watch(pool.renew());
    test.script = 'refuse';
    await settle();
    expect(renewal.status).toBe('rejected');
    expect(renewal.reason).toBeInstanceOf(RenewalError);
    expect(renewal.reason).toMatchObject({
      code: 'ERR_RENEWAL',
      cause: expect.objectContaining({ message: 'refused by the script' }),
      figures: { connected: 3 },
    });
    expect(names(pool.connectedConnections)).toBe('#2 #3 #4');
    expect(figures(pool.health)).toEqual({ poolSize: 3, total: 3, connected: 3 });
    expect([seen.connected, made[4]?.state]).toEqual([3, 'closed']);
    expect(reasons(test)).toEqual(['#1 renewed', '#5 removed']);
  });

  it('renew({ maxUnavailable: 2 }): replacements that fail to connect stay members, broken', async () => {
    const test = await openRig(make, 3);
    const { pool } = test;
    test.script = 'refuse';
    await expect(pool.renew({ maxUnavailable: 2 })).rejects.toMatchObject({ code: 'ERR_RENEWAL' });
    expect(figures(pool.health)).toEqual({ poolSize: 3, total: 3, connected: 1, broken: 2 });
  });

  it('renew() rejects with RenewalError when a replacement exceeds connectTimeout; the old member stays', async () => {
    const test = await openRig(make, 1, { connectTimeout: 400 });
    test.script = 'wait';
    const renewal = watch(test.pool.renew());
    await test.clock.advance(400);
    expect(renewal.reason).toMatchObject({ code: 'ERR_RENEWAL', cause: { code: 'ERR_CONNECT_TIMEOUT' } });
    expect(names(test.pool.connectedConnections)).toBe('#1');
  });

  it.each([0, 1, 2, 3, 4])(
    'renew() rejects with RenewalError when the replacement is lost %d microtasks after it connected, in time',
    async (turns) => {
      const test = await openRig(make, 1);
      const lost = new Error('lost at once');
      const outcome = afterComingUp(test, '#2', turns, () => test.made[1]?.lose(lost));
      const renewal = test.pool.renew().catch((error: unknown) => error);
      const end = await renewal;
      // Later than that the old member has left, and the renewal is over.
      if (turns > 0 && !outcome.hasActed) expect(end).toBe(1);
      if (turns > 0 && !outcome.hasActed) return;
      expect(end).toMatchObject({ code: 'ERR_RENEWAL', cause: lost });
      expect(names(test.pool.connections)).toBe('#1');
      expect(figures(test.pool.health)).toEqual({ poolSize: 1, total: 1, connected: 1 });
    },
  );

  it.each([0, 1])('renew({ maxUnavailable: %d }) changes no member when the factory throws', async (maxUnavailable) => {
    const test = await openRig(make, 2);
    const mistake = new Error('no more');
    Object.defineProperty(test, 'script', {
      get: () => {
        throw mistake;
      },
    });
    const seen = extremes(test);
    await expect(test.pool.renew({ maxUnavailable })).rejects.toMatchObject({
      code: 'ERR_CONNECTION_FACTORY',
      cause: mistake,
    });
    expect(seen).toEqual({ connected: 2, total: 2, poolSizes: new Set([2]) });
    expect(names(test.pool.connections)).toBe('#1 #2');
  });

  it('a failed renew() does not block the next renew() or reconnect(false)', async () => {
    const test = await openRig(make, 2);
    test.script = 'refuse';
    const renewals = [watch(test.pool.renew()), watch(test.pool.renew())];
    test.script = 'accept';
    await settle();
    expect(renewals.map(({ status }) => status)).toEqual(['rejected', 'resolved']);
    await expect(test.pool.reconnect(false)).resolves.toBe(2);
  });
});

describe.each(KINDS)('calls during renew(), pool of $kind', ({ make }) => {
  /** A renewal whose first replacement is being dialled. */
  async function renewing(size: number): Promise<Rig & { renewal: ReturnType<typeof watch<number>> }> {
    const test = await openRig(make, size);
    test.script = 'wait';
    const renewal = watch(test.pool.renew());
    test.script = 'accept';
    await settle();
    return Object.assign(test, { renewal });
  }

  it('a second renew() runs after the first and replaces only members that joined before its call', async () => {
    const test = await renewing(2);
    const seen = extremes(test);
    const next = watch(test.pool.renew());
    await settle();
    expect(test.made).toHaveLength(3);
    test.made[2]?.accept();
    await settle();
    expect([test.renewal.value, next.value]).toEqual([2, 1]);
    expect(names(test.pool.connectedConnections)).toBe('#4 #5');
    expect(seen).toMatchObject({ connected: 2, total: 3 });
  });

  it('renew() called inside the factory of another renew() keeps the pool size and connected members', async () => {
    const test = await openRig(make, 2);
    const seen = extremes(test);
    let asked: Promise<number> | undefined;
    let script: 'accept' | 'wait' = 'accept';
    Object.defineProperty(test, 'script', {
      get: () => {
        asked ??= test.pool.renew();
        return script;
      },
    });
    script = 'accept';
    await expect(test.pool.renew()).resolves.toBe(2);
    await asked;
    expect(seen).toMatchObject({ connected: 2, total: 3 });
    expect(figures(test.pool.health)).toEqual({ poolSize: 2, total: 2, connected: 2 });
  });

  it('reconnect(false) during renew() waits for it and redials no replacement', async () => {
    const test = await renewing(2);
    const reconnecting = watch(test.pool.reconnect(false));
    test.made[2]?.accept();
    await settle();
    expect([test.renewal.value, reconnecting.value]).toEqual([2, 2]);
    expect(test.made.map(({ dials }) => dials)).toEqual([1, 1, 1, 1]);
  });

  it('extendPoolBySize(1) during renew() does not count the extra replacement towards poolSize', async () => {
    const test = await renewing(2);
    await test.pool.extendPoolBySize(1);
    expect(test.pool.poolSize).toBe(3);
    test.made[2]?.accept();
    await settle();
    expect(figures(test.pool.health)).toEqual({ poolSize: 3, total: 3, connected: 3 });
  });

  it('renew() in progress leaves extendPoolByConnections() the capacity that maxSize allows', async () => {
    const test = await openRig(make, 2, { maxSize: 3 });
    test.script = 'wait';
    const renewal = watch(test.pool.renew());
    test.script = 'accept';
    const extending = watch(test.pool.extendPoolByConnections([make()]));
    // With the replacement there are three open: the dial of the new member waits for the old one's end.
    await settle();
    expect([extending.status, test.pool.health.fresh]).toEqual(['pending', 1]);
    test.made[2]?.accept();
    await settle();
    expect([renewal.value, extending.status]).toEqual([2, 'resolved']);
    expect(figures(test.pool.health)).toEqual({ poolSize: 3, total: 3, connected: 3 });
  });

  it('setup() during renew() fills the pool up to poolSize', async () => {
    const test = await renewing(3);
    test.pool.removeConnections([test.made[2] as TestConnection]);
    await settle();
    expect(test.pool.isFull()).toBe(false);
    const setup = watch(test.pool.setup());
    test.made[3]?.accept();
    await settle();
    expect(setup.status).toBe('resolved');
    expect(figures(test.pool.health)).toEqual({ poolSize: 3, total: 3, connected: 3 });
  });

  it('reconfigure({ waitTimeout }) during renew() removes no member', async () => {
    const test = await renewing(2);
    test.pool.reconfigure({ waitTimeout: 10 });
    test.made[2]?.accept();
    await settle();
    expect(test.renewal).toMatchObject({ status: 'resolved', value: 2 });
    expect(figures(test.pool.health)).toEqual({ poolSize: 2, total: 2, connected: 2 });
  });

  it('reconfigure({ poolSize }) or reducePoolConnections() during renew() leaves the pool at the new size', async () => {
    const shrinkings = [
      (test: Rig) => test.pool.reconfigure({ poolSize: 2 }),
      (test: Rig) => test.pool.reducePoolConnections(1),
      (test: Rig) => test.pool.reducePoolConnections(1, true),
    ];
    for (const shrink of shrinkings) {
      const test = await renewing(3);
      shrink(test);
      test.made[3]?.accept();
      await settle();
      expect(test.renewal.status).toBe('resolved');
      expect(figures(test.pool.health)).toEqual({ poolSize: 2, total: 2, connected: 2 });
    }
  });

  it('removeConnections() of the replacement during renew() keeps the old member in service', async () => {
    const test = await renewing(2);
    test.pool.removeConnections([test.made[2] as TestConnection]);
    await settle();
    expect(test.renewal).toMatchObject({ status: 'resolved', value: 1 });
    expect(names(test.pool.connectedConnections)).toBe('#1 #4');
  });

  it.each([0, 1, 2, 3, 4])(
    'removeConnections() of the replacement %d microtasks after it connected keeps the old member, in time',
    async (turns) => {
      const test = await openRig(make, 1);
      const outcome = afterComingUp(test, '#2', turns, () => test.pool.removeConnections(test.made.slice(1)));
      const replaced = await test.pool.renew();
      // Later than that the old member has left already.
      const isLate = turns > 0 && !outcome.hasActed;
      expect(replaced).toBe(isLate ? 1 : 0);
      expect(names(test.pool.connectedConnections)).toBe(isLate ? '#2' : '#1');
    },
  );

  it('removeConnections() of the old member during renew() keeps the replacement as a member', async () => {
    const test = await renewing(2);
    test.pool.removeConnections([test.made[0] as TestConnection]);
    test.made[2]?.accept();
    await settle();
    expect(test.renewal.status).toBe('resolved');
    expect(names(test.pool.connectedConnections)).toBe('#3 #4');
  });

  it.each(['close', 'dispose'] as const)(
    '%s() during renew() resolves it with 0 and closes every connection',
    async (end) => {
      const test = await renewing(2);
      const closing = watch(test.pool[end]());
      await settle();
      expect([closing.status, test.renewal.status, test.renewal.value]).toEqual(['resolved', 'resolved', 0]);
      expect(statesOf(test.made)).toBe('closed closed closed');
      expect(test.clock.timers).toBe(0);
    },
  );

  it('renew() overtaken by close() and setup() does not replace the members that joined afterwards', async () => {
    const test = await renewing(2);
    void test.pool.close();
    await test.pool.setup();
    await settle();
    expect(test.renewal).toMatchObject({ status: 'resolved', value: 0 });
    expect(names(test.pool.connectedConnections)).toBe('#4 #5');
    expect(test.made).toHaveLength(5);
  });

  it('renew() discards the replacement of a connection that leaves while the factory makes it', async () => {
    let inFactory = (): void => {};
    const { pool, made } = await openRig((...script) => {
      inFactory();
      return make(...script);
    }, 2);
    inFactory = () => void pool.removeConnections(made.slice(0, 1));
    await expect(pool.renew()).resolves.toBe(1);
    expect([names(pool.connections), pool.poolSize]).toEqual(['#4', 2]);
    expect([made[2]?.dials, made[2]?.state]).toEqual([0, 'closed']);
    expectUntouched(made[2] as TestConnection);
    await pool.dispose();
  });

  it('renew() closes the connection of a factory that calls close(), and resolves with 0', async () => {
    const test = await openRig(make, 1);
    Object.defineProperty(test, 'script', {
      get: () => {
        void test.pool.close();
        return 'accept';
      },
    });
    await expect(test.pool.renew()).resolves.toBe(0);
    await settle();
    expect([test.pool.connections, statesOf(test.made)]).toEqual([[], 'closed closed']);
  });

  it('renew({ signal }) rejects on abort and stops after the replacement in progress', async () => {
    const test = await openRig(make, 3);
    const controller = new AbortController();
    test.script = 'wait';
    const renewal = watch(test.pool.renew({ signal: controller.signal }));
    const reason = new Error('enough');
    controller.abort(reason);
    await settle();
    expect(renewal).toEqual({ status: 'rejected', reason });
    test.made[3]?.accept();
    await settle();
    expect(names(test.pool.connectedConnections)).toBe('#2 #3 #4');
    expect(test.made).toHaveLength(4);
  });
});

describe.each(KINDS)('leases during renew(), pool of $kind', ({ make }) => {
  it.each([undefined, 3])(
    'a lease that is not released holds up neither the other replacements nor reconnect(false), maxSize %s',
    async (maxSize) => {
      const { pool, made, clock } = await openRig(make, 3, maxSize === undefined ? {} : { maxSize });
      const lease = await pool.lease();
      const renewal = watch(pool.renew());
      const reconnecting = watch(pool.reconnect(false));
      const again = watch(pool.renew({ connections: pool.connections.slice(1) }));
      for (let at = 0; at < 60_000; at += 100) {
        await clock.advance(100);
        const open = made.filter(({ state }) => state === 'connected' || state === 'connecting');
        expect(open.length).toBeLessThanOrEqual(maxSize ?? 4);
      }
      expect(lease.signal.aborted).toBe(false);
      expect([lease.connection.state, renewal.status, reconnecting.status]).toEqual([
        'connected',
        'pending',
        'resolved',
      ]);
      expect(statesOf(made.slice(0, 3).filter((connection) => connection !== lease.connection))).toBe('closed closed');
      // With maxSize the lease keeps the place of one.
      expect(pool.health.connected).toBe(maxSize === undefined ? 3 : 2);
      lease.release();
      await clock.advance(5_000);
      expect(renewal.value).toBe(3);
      expect([again.status, pool.health.connected, clock.timers]).toEqual(['resolved', 3, 0]);
    },
  );

  it('recycle() with renew() goes on while a lease is not released', async () => {
    const { pool, made, clock } = await openRig(make, 3);
    const { scheduler } = clock;
    const rotate = recycle<TestConnection>((due) => pool.renew({ connections: due }), {
      maxLifetime: 1_000,
      scheduler,
    });
    pool.connected$.pipe(rotate).subscribe();
    const lease = await pool.lease();
    await clock.advance(60_000);
    expect(made.length).toBeGreaterThan(100);
    expect([lease.connection.state, pool.health.connected]).toEqual(['connected', 3]);
    lease.release();
    void pool.dispose();
    await clock.advance(5_000);
    expect([clock.timers, made.filter(({ state }) => state !== 'closed')]).toEqual([0, []]);
  });

  it('recycle() with renew() goes on after renewals that could not connect', async () => {
    const test = await openRig(make, 3);
    const { pool, made, clock } = test;
    const { scheduler } = clock;
    const failures: unknown[] = [];
    pool.connected$
      .pipe(
        recycle((due) => pool.renew({ connections: due }), {
          maxLifetime: 1_000,
          random: () => 0.5,
          backoff: () => 100,
          scheduler,
        }),
      )
      .subscribe((value) => value instanceof CommandFailure && failures.push(value.cause));
    await clock.advance(890);
    test.script = 'refuse';
    await clock.advance(250);
    test.script = 'accept';
    expect(failures[0]).toBeInstanceOf(RenewalError);
    expect(names(pool.connectedConnections)).toBe('#1 #2 #3');
    await clock.advance(1_000);
    expect(statesOf(made.slice(0, 3))).toBe('closed closed closed');
    const before = made.length;
    await clock.advance(10_000);
    expect([made.length - before > 20, pool.health.connected]).toEqual([true, 3]);
    void pool.dispose();
    await clock.advance(5_000);
  });

  it('renew() without drainTimeout does not abort lease.signal, whether read before or after the call', async () => {
    const { pool, made } = await openRig(make, 2);
    const leases = [await pool.lease(), await pool.lease()];
    const before = leases[0]?.signal;
    const renewal = watch(pool.renew({ maxUnavailable: 2 }));
    await settle();
    expect(names(pool.connectedConnections)).toBe('#3 #4');
    expect([before?.aborted, leases[1]?.signal.aborted, renewal.status]).toEqual([false, false, 'pending']);
    for (const lease of leases) lease.release();
    await settle();
    expect([renewal.value, statesOf(made)]).toEqual([2, 'closed closed connected connected']);
  });

  it('renew({ drainTimeout }) aborts lease.signal, whether read before or after the call', async () => {
    const { pool } = await openRig(make, 2);
    const leases = [await pool.lease(), await pool.lease()];
    const before = leases[0]?.signal;
    const renewal = watch(pool.renew({ maxUnavailable: 2, drainTimeout: 500 }));
    await settle();
    expect([before?.aborted, leases[1]?.signal.aborted, renewal.status]).toEqual([true, true, 'pending']);
    expect(before?.reason).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
    expect(leases[1]?.signal.reason).toBe(leases[1]?.signal.reason);
    for (const lease of leases) lease.release();
    await settle();
    expect(renewal.value).toBe(2);
  });

  it('close() during renew() aborts the signal of a lease whose connection drains', async () => {
    const { pool, made, clock } = await openRig(make, 1);
    const lease = await pool.lease();
    const { signal } = lease;
    void pool.renew();
    await settle();
    expect(signal.aborted).toBe(false);
    const closing = watch(pool.close());
    expect(signal.aborted).toBe(true);
    await clock.advance(999);
    expect([closing.status, made[0]?.state]).toEqual(['pending', 'connected']);
    lease.release();
    await settle();
    expect([closing.status, made[0]?.state]).toEqual(['resolved', 'closed']);
  });

  it('reconnect(false) aborts the lease signals of each connection when it starts to drain', async () => {
    const { pool, made, clock } = await openRig(make, 2);
    const leases = [await pool.lease(), await pool.lease()];
    const signals = leases.slice(0, 1).map(({ signal }) => signal);
    const reconnecting = watch(pool.reconnect(false));
    await settle();
    const [first, second] = leases;
    expect([signals[0]?.aborted, first?.signal.aborted]).toEqual([true, true]);
    expect(second?.signal.aborted).toBe(false);
    await clock.advance(2_000);
    expect(second?.signal.aborted).toBe(true);
    expect([reconnecting.value, made.map(({ dials }) => dials)]).toEqual([2, [2, 2]]);
    for (const lease of leases) lease.release();
    expect(pool.health.pending).toBe(0);
    const fresh = await pool.lease();
    expect(fresh.signal.aborted).toBe(false);
    fresh.release();
  });
});
