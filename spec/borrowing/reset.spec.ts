import { ConnectionClosedError, type ConnectionHook, ResetError, reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { Job, jobs } from '../support/jobs.js';
import { openRig, type Rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

/** A `reset` whose calls settle when the test says so. */
class Script {
  readonly asked: { readonly connection: TestConnection; readonly signal: AbortSignal }[] = [];
  #ends: { resolve(): void; reject(cause: unknown): void }[] = [];

  readonly reset: ConnectionHook<TestConnection> = (connection, { signal }) => {
    this.asked.push({ connection, signal });
    return new Promise<void>((resolve, reject) => this.#ends.push({ resolve, reject }));
  };

  succeed(): void {
    for (const { resolve } of this.#ends.splice(0)) resolve();
  }

  fail(cause: unknown): void {
    for (const { reject } of this.#ends.splice(0)) reject(cause);
  }
}

describe.each(KINDS)('Option reset, over $kind', ({ make }) => {
  const opened = async (options = {}): Promise<Rig & { readonly resets: Script }> => {
    const resets = new Script();
    return Object.assign(await openRig(make, 1, { maxPending: 1, reset: resets.reset, ...options }), { resets });
  };

  it('reset: runs on a connection that is released while it is ejected, and comes into service when both are over', async () => {
    const { pool, made, clock, resets } = await opened();
    const lease = await pool.lease();
    pool.ejectConnections(made, { duration: 100 });
    lease.release();
    expect(resets.asked).toHaveLength(1);
    await clock.advance(100);
    expect([pool.health.connected, pool.tryLease()]).toEqual([1, undefined]);
    resets.succeed();
    await settle();
    expect(pool.tryLease()?.connection).toBe(made[0]);
  });

  it('reset: runs after use(), lease and withConnection(), before the next caller gets the connection', async () => {
    const { pool, made, clock, resets } = await opened();
    const [first, second] = jobs(pool, 2);
    first?.finish();
    await settle();
    expect(first?.outcome.value).toBe('done');
    expect(resets.asked.map(({ connection }) => connection)).toEqual(made);
    expect([second?.started, pool.tryLease(), pool.health.pending]).toEqual([false, undefined, 1]);
    resets.succeed();
    await settle();
    expect([second?.started, resets.asked[0]?.signal.aborted]).toEqual([true, false]);
    second?.finish();
    await settle();
    resets.succeed();
    await settle();
    pool.tryLease()?.release();
    pool.withConnection(() => [1]).subscribe({ error: () => {} });
    expect(resets.asked).toHaveLength(3);
    resets.succeed();
    await settle();
    expect([resets.asked.length, clock.timers]).toEqual([4, 1]);
    resets.succeed();
    await settle();
    expect([pool.health.pending, clock.timers]).toEqual([0, 0]);
  });

  it.each([
    { how: 'rejects', fail: (script: Script) => script.fail(new Error('no answer')) },
    { how: 'rejects with nothing', fail: (script: Script) => script.fail(undefined) },
  ])('reset that $how: the connection is broken with ResetError, closed, and redialled by heal', async ({ fail }) => {
    const base = await opened();
    const { clock } = base;
    const heal = reconnectBroken<TestConnection>({ backoff: () => 10, scheduler: clock.scheduler });
    base.pool.reconfigure({ heal });
    const { pool, made, events, resets } = base;
    pool.tryLease()?.release();
    const next = new Job(pool);
    fail(resets);
    await settle();
    expect(pool.brokenConnections).toEqual(made);
    expect(events.find(({ type }) => type === 'lost')).toMatchObject({ cause: expect.any(ResetError) });
    expect([made[0]?.closes, pool.health.pending, next.started]).toEqual([1, 0, false]);
    await clock.advance(5_000);
    expect([next.started, made[0]?.dials]).toEqual([true, 2]);
    await pool.close({ drainTimeout: 0 });
    expect(clock.timers).toBe(0);
  });

  it('reset that throws: the connection is broken with a ResetError that has the thrown error as its cause', async () => {
    const cause = new Error('thrown');
    const reset = (): never => {
      throw cause;
    };
    const { pool, events } = await opened({ reset });
    pool.tryLease()?.release();
    await settle();
    expect(events.at(-1)).toMatchObject({ type: 'lost', cause: { code: 'ERR_RESET', cause } });
  });

  it('reset longer than resetTimeout: its signal aborts and the connection is broken with ResetError', async () => {
    const { pool, clock, events, resets } = await opened({ resetTimeout: 200 });
    pool.tryLease()?.release();
    await clock.advance(199);
    expect([resets.asked[0]?.signal.aborted, pool.health.connected]).toEqual([false, 1]);
    await clock.advance(1);
    expect(resets.asked[0]?.signal.reason).toBeInstanceOf(ResetError);
    expect(events.at(-1)).toMatchObject({
      type: 'lost',
      cause: { code: 'ERR_RESET', message: 'A reset did not settle within 200 ms' },
    });
    resets.succeed();
    await settle();
    expect([pool.health.broken, pool.health.pending, clock.timers]).toEqual([1, 0, 0]);
  });

  it('reset: does not run after a use while another use shares the connection', async () => {
    const { pool, resets } = await opened({ maxPending: 2 });
    const [first, second] = jobs(pool, 2);
    first?.finish();
    await settle();
    pool.reconfigure({ maxPending: 1 });
    const third = new Job(pool);
    second?.finish();
    await settle();
    expect([resets.asked.length, third.started]).toEqual([1, false]);
    resets.succeed();
    await settle();
    third.finish();
    await settle();
    expect(resets.asked).toHaveLength(2);
  });

  it('reset after maxPending was lowered from 3 to 1: runs once, after the last of three uses', async () => {
    const { pool, resets } = await opened({ maxPending: 3 });
    const running = jobs(pool, 3);
    pool.reconfigure({ maxPending: 1 });
    for (const [place, job] of running.entries()) {
      job.finish();
      await settle();
      expect(resets.asked).toHaveLength(place === 2 ? 1 : 0);
    }
  });

  it('reset: the connection cannot be leased until it has ended, although maxPending is raised meanwhile', async () => {
    const { pool, resets } = await opened();
    pool.tryLease()?.release();
    const next = new Job(pool);
    pool.reconfigure({ maxPending: 3 });
    await settle();
    expect([pool.tryLease(), next.started]).toEqual([undefined, false]);
    resets.succeed();
    await settle();
    expect(next.started).toBe(true);
    expect([pool.tryLease(), pool.tryLease(), pool.tryLease()].filter(Boolean)).toHaveLength(2);
    await pool.close({ drainTimeout: 0 });
  });

  it('reset: a connection removed and re-added during it has the current maxPending afterwards', async () => {
    const { pool, made, resets } = await opened();
    pool.tryLease()?.release();
    pool.removeConnections(made);
    pool.reconfigure({ maxPending: 2 });
    await pool.extendPoolByConnections(made);
    resets.succeed();
    await settle();
    expect([pool.tryLease(), pool.tryLease(), pool.tryLease()].filter(Boolean)).toHaveLength(2);
    await pool.close({ drainTimeout: 0 });
  });

  it.each([false, true])(
    'reset: a connection removed and re-added during it cannot be leased until it has ended (limit raised: %s)',
    async (isRaised) => {
      const { pool, made, clock, resets } = await opened({ maxPending: 2 });
      const [first, second] = [pool.tryLease(), pool.tryLease()];
      pool.reconfigure({ maxPending: 1 });
      first?.release();
      second?.release();
      if (isRaised) pool.reconfigure({ maxPending: 3 });
      pool.removeConnections(made);
      pool.reconfigure({ maxPending: 2 });
      await pool.extendPoolByConnections(made);
      const next = new Job(pool);
      await settle();
      expect([pool.tryLease(), next.started, pool.health.pending]).toEqual([undefined, false, 1]);
      resets.succeed();
      await settle();
      expect([next.started, pool.tryLease() !== undefined, pool.tryLease()]).toEqual([true, true, undefined]);
      await pool.close({ drainTimeout: 0 });
      expect(clock.timers).toBe(0);
    },
  );

  it('reset that ends after its connection was removed: another pool takes the connection when it is closed', async () => {
    const { pool, made, resets } = await opened();
    pool.tryLease()?.release();
    pool.removeConnections(made);
    const other = (await openRig(make, 0, { maxPending: 3 })).pool;
    await expect(other.extendPoolByConnections(made)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    resets.succeed();
    await settle();
    await other.extendPoolByConnections(made);
    const leases = [other.tryLease()];
    leases.push(other.tryLease(), other.tryLease(), other.tryLease());
    expect(leases.filter(Boolean)).toHaveLength(3);
    await Promise.all([pool.close({ drainTimeout: 0 }), other.close({ drainTimeout: 0 })]);
  });

  it.each([
    { what: 'broken', take: ({ made }: Rig) => made[0]?.lose() },
    { what: 'being removed', take: ({ pool, made }: Rig) => pool.removeConnections(made) },
    { what: 'being redialled', take: ({ pool }: Rig) => void pool.reconnect(false) },
  ])('reset: does not run for a connection that is $what', async ({ take }) => {
    const test = await opened();
    const lease = test.pool.tryLease();
    take(test);
    lease?.release();
    await settle();
    expect(test.resets.asked).toEqual([]);
    expect(test.pool.health.pending).toBe(0);
  });

  it('close(): waits for a reset under way before it closes the connection', async () => {
    const { pool, made, clock, resets } = await opened();
    pool.tryLease()?.release();
    const closing = pool.close();
    await settle();
    expect([made[0]?.state, resets.asked[0]?.signal.aborted]).toEqual(['connected', false]);
    resets.succeed();
    await closing;
    expect([made[0]?.state, clock.timers]).toEqual(['closed', 0]);
  });

  it('close({ drainTimeout: 0 }): aborts a reset under way, whose late failure does not affect the reopened pool', async () => {
    const { pool, clock, resets } = await opened();
    pool.tryLease()?.release();
    await pool.close({ drainTimeout: 0 });
    expect(resets.asked[0]?.signal.reason).toBeInstanceOf(ConnectionClosedError);
    expect(clock.timers).toBe(0);
    await pool.setup();
    resets.fail(new Error('of another life'));
    await settle();
    expect(pool.health).toMatchObject({ connected: 1, pending: 0 });
  });

  it('reset: a loss aborts it with the cause; its late failure does not break the reconnected connection', async () => {
    const { pool, made, clock, resets } = await opened();
    pool.tryLease()?.release();
    const cause = new Error('cable pulled');
    made[0]?.lose(cause);
    const reconnecting = pool.reconnect();
    expect(resets.asked[0]?.signal.reason).toBe(cause);
    await reconnecting;
    resets.fail(new Error('not connected'));
    await settle();
    expect(pool.health).toMatchObject({ connected: 1, pending: 0 });
    expect([made[0]?.closes, clock.timers]).toEqual([0, 0]);
  });
});
