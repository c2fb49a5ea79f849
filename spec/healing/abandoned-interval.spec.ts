import { PoolNotConnectedError, reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, type Rig as PoolRig, rig, watch } from '../support/pools.js';
import { brokenOf, ReconnectRig as Rig } from '../support/reconnect-rig.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

/** As Redis words it, and as its clients throw it. */
const wrongPassword = (): Error => new Error('WRONGPASS invalid username-password pair or user is disabled.');

describe.each(KINDS)('reconnectBroken({ abandonedInterval }), over $kind', ({ make }) => {
  const broken = async (cause?: unknown): Promise<TestConnection> => {
    const connection = make('wait', 'a');
    const dial = connection.connect().catch(() => {});
    connection.refuse(cause);
    await dial;
    return connection;
  };

  it('reconnectBroken(): by default dials an abandoned connection 15 to 30 s later', async () => {
    const times = new Set<number>();
    for (let i = 0; i < 10; i++) {
      const a = await broken(wrongPassword());
      a.onDial = 'accept';
      const { clock, subscription } = new Rig({}, brokenOf(a));
      while (a.dials === 1 && clock.now < 40_000) await clock.advance(100);
      expect(clock.now).toBeGreaterThan(14_900);
      expect(clock.now).toBeLessThan(30_100);
      times.add(clock.now);
      subscription.unsubscribe();
    }
    expect(times.size).toBeGreaterThan(1);
  });

  it.each([
    [0, 1_000],
    [0.5, 750],
    [0.75, 625],
  ])('reconnectBroken({ abandonedInterval: 1_000, random: () => %d }): waits %d ms', async (drawn, wait) => {
    const a = await broken(wrongPassword());
    const rig = new Rig({ abandonedInterval: 1_000, random: () => drawn }, brokenOf(a));
    a.onDial = 'accept';
    await rig.clock.advance(wait - 1);
    expect(a.dials).toBe(1);
    await rig.clock.advance(1);
    expect(rig.log).toEqual(['0: a0 abandoned: terminal', `${wait}: a1 dialling`, `${wait}: a1 reconnected`]);
  });

  it('reconnectBroken(): a rare dial that fails alike is told once as failed, and is followed by the next rare dial', async () => {
    const a = await broken(wrongPassword());
    const rig = new Rig({ abandonedInterval: 1_000, random: () => 0 }, brokenOf(a));
    for (let i = 0; i < 3; i++) {
      await rig.clock.advance(1_000);
      a.refuse(wrongPassword());
      await settle();
    }
    expect(rig.log).toEqual([
      '0: a0 abandoned: terminal',
      '1000: a1 dialling',
      '1000: a1 failed',
      '2000: a2 dialling',
      '2000: a2 failed',
      '3000: a3 dialling',
      '3000: a3 failed',
    ]);
    expect(rig.clock.timers).toBe(1);
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('reconnectBroken({ maxAttempts }): stays abandoned while rare dials fail, and is told again for another reason', async () => {
    const a = await broken();
    const rig = new Rig({ maxAttempts: 1, abandonedInterval: 1_000, random: () => 0 }, brokenOf(a));
    await rig.clock.advance(100);
    a.refuse();
    await rig.clock.advance(1_000);
    a.refuse();
    await rig.clock.advance(1_000);
    a.refuse(wrongPassword());
    await settle();
    expect(rig.log.slice(2)).toEqual([
      '100: a1 failed',
      '100: a1 abandoned: max-attempts',
      '1100: a2 dialling',
      '1100: a2 failed',
      '2100: a3 dialling',
      '2100: a3 failed',
      '2100: a3 abandoned: terminal',
    ]);
  });

  it('reconnectBroken(): a rare dial that fails for a cause that is not terminal is followed by the backoff', async () => {
    const a = await broken(wrongPassword());
    const rig = new Rig({ abandonedInterval: 1_000, random: () => 0 }, brokenOf(a));
    await rig.clock.advance(1_000);
    a.refuse(new Error('server restarting'));
    await settle();
    expect(rig.log.slice(1)).toEqual(['1000: a1 dialling', '1000: a1 failed', '1000: a2 in 200']);
  });

  it('reconnectBroken(): an abandoned connection that a rare dial connects begins its backoff anew', async () => {
    const a = await broken();
    const rig = new Rig({ maxAttempts: 1, abandonedInterval: 1_000, random: () => 0 }, brokenOf(a));
    await rig.clock.advance(100);
    a.refuse();
    a.onDial = 'accept';
    await rig.clock.advance(1_000);
    a.lose();
    expect(rig.log.slice(-3)).toEqual(['1100: a2 dialling', '1100: a2 reconnected', '1100: a1 in 100']);
  });
});

describe.each(KINDS)('a pool of $kind whose password is wrong', ({ make }) => {
  /** A pool of eight that the server has dropped, and refuses to let in again. */
  const droppedPool = async (): Promise<PoolRig> => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const opened = await openRig(make, 8, { heal: reconnectBroken({ scheduler }), scheduler });
    for (const connection of opened.made) connection.onDial = 'wait';
    for (const connection of opened.made) connection.lose();
    await clock.advance(100);
    for (const connection of opened.made) connection.refuse(wrongPassword());
    await settle();
    expect(opened.pool.health).toMatchObject({ status: 'down', broken: 8, abandoned: 8 });
    return { ...opened, clock };
  };

  it('heal: a password that is wrong for 1.5 s, while the server drops all connections, leaves the pool whole again within 30 s', async () => {
    const { pool, clock, made } = await droppedPool();
    await clock.advance(1_400);
    for (const connection of made) connection.onDial = 'accept';
    await clock.advance(28_600);
    expect(pool.health).toMatchObject({ status: 'healthy', connected: 8, abandoned: 0 });
    await pool.dispose();
  });

  it('use() and lease(): refused at once with the cause while all members are abandoned', async () => {
    const { pool } = await droppedPool();
    for (const call of [pool.use(() => 'done'), pool.lease()]) {
      await expect(call).rejects.toBeInstanceOf(PoolNotConnectedError);
      await expect(call).rejects.toMatchObject({ cause: { message: expect.stringMatching(/^WRONGPASS/) } });
    }
    await pool.dispose();
  });

  it('use(): refused with the cause of the loss where nothing has been dialled since', async () => {
    const { pool, made } = await openRig(make, 2, { heal: undefined });
    const waiting = watch(pool.ready({ min: 3 }));
    for (const connection of made) connection.lose(wrongPassword());
    await settle();
    const error = { code: 'ERR_POOL_NOT_CONNECTED', cause: { message: expect.stringMatching(/^WRONGPASS/) } };
    expect(waiting.reason).toMatchObject(error);
    await expect(pool.use(() => 'done')).rejects.toMatchObject(error);
    await pool.dispose();
  });

  it('ready(): rejects with the cause at the call and while it waits, also on a pool that it opens', async () => {
    const opened = rig(make, 2, { heal: undefined });
    opened.script = 'wait';
    const first = watch(opened.pool.ready());
    const waiting = watch(opened.pool.use(() => 'done'));
    await settle();
    for (const connection of opened.made) connection.refuse(wrongPassword());
    await settle();
    const second = watch(opened.pool.ready());
    await settle();
    for (const { status, reason } of [first, waiting, second]) {
      expect(status).toBe('rejected');
      expect(reason).toMatchObject({
        code: 'ERR_POOL_NOT_CONNECTED',
        cause: { message: expect.stringMatching(/^WRONGPASS/) },
      });
    }
    await opened.pool.dispose();
  });

  it('use() and ready() during a rare dial wait for its outcome', async () => {
    const { pool, clock, made } = await droppedPool();
    while (pool.health.connecting === 0) await clock.advance(500);
    const calls = [watch<unknown>(pool.use(() => 'done')), watch<unknown>(pool.ready())];
    await settle();
    expect(calls.map(({ status }) => status)).toEqual(['pending', 'pending']);
    for (const connection of made) connection.refuse(wrongPassword());
    await settle();
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    for (const connection of made) connection.onDial = 'accept';
    const before = pool.health.connecting;
    await clock.advance(30_000);
    expect([before, pool.health.connected]).toEqual([0, 8]);
    await expect(pool.use(() => 'done')).resolves.toBe('done');
    await pool.dispose();
  });

  it('events$: each member is told as abandoned once, however many rare dials fail', async () => {
    const { pool, clock, made, events } = await droppedPool();
    for (let i = 0; i < 100; i++) {
      await clock.advance(1_000);
      for (const connection of made) connection.refuse(wrongPassword());
      await settle();
    }
    const count = (type: string): number => events.filter((event) => event.type === type).length;
    expect(count('reconnect-abandoned')).toBe(8);
    expect(count('connect-failed')).toBeGreaterThan(8 * 3);
    expect(pool.health.abandoned).toBe(8);
    await pool.dispose();
    expect(clock.timers).toBe(0);
  });
});
