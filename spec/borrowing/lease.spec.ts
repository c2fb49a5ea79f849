import { ConnectionClosedError, ConnectionInvalidatedError, PoolDisposedError, reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { Job } from '../support/jobs.js';
import { openRig, type Rig, thrownBy } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('Leases, over $kind', ({ make }) => {
  const exclusive = (size = 1, options = {}): Promise<Rig> => openRig(make, size, { maxPending: 1, ...options });

  it('lease() with maxPending: 1: gives the free connection, which cannot be leased again until release()', async () => {
    const { pool, made } = await exclusive(2);
    made[0]?.send();
    const lease = await pool.lease();
    expect(lease.connection).toBe(made[1]);
    expect([pool.health.pending, pool.tryLease()]).toEqual([2, undefined]);
    lease.release();
    expect(pool.tryLease()?.connection).toBe(made[1]);
  });

  it('lease.release(): further calls of release() and invalidate() do nothing', async () => {
    const { pool } = await openRig(make, 1);
    const [lease, other] = [await pool.lease(), await pool.lease()];
    lease.release();
    lease.release();
    lease.invalidate();
    expect([pool.health.pending, pool.health.connected]).toEqual([1, 1]);
    other.release();
    expect(pool.health.pending).toBe(0);
  });

  it('using lease = await pool.lease(): is released at the end of the block', async () => {
    const { pool } = await exclusive();
    {
      using lease = await pool.lease();
      expect([lease.connection, pool.health.pending]).toEqual([pool.connections[0], 1]);
    }
    expect(pool.health.pending).toBe(0);
  });

  describe('tryLease()', () => {
    it('tryLease(): undefined when none is free or the pool is suspended; adds no waiter and no timer', async () => {
      const { pool, clock } = await exclusive();
      const lease = pool.tryLease();
      expect([lease?.connection, pool.tryLease()]).toEqual([pool.connections[0], undefined]);
      pool.suspend();
      lease?.release();
      expect(pool.tryLease()).toBeUndefined();
      pool.resume();
      expect(pool.tryLease()).toBeDefined();
      expect([pool.health.waiting, clock.timers]).toEqual([0, 0]);
    });

    it('tryLease(): undefined of a closed pool; throws PoolDisposedError after dispose()', async () => {
      const { pool } = await exclusive();
      await pool.close();
      expect(pool.tryLease()).toBeUndefined();
      await pool.dispose();
      expect(thrownBy(() => pool.tryLease())).toBeInstanceOf(PoolDisposedError);
      expect(thrownBy(() => pool.tryLease(7 as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    });
  });

  describe('lease.invalidate()', () => {
    it('lease.invalidate(cause): the connection is broken and closed, and redialled by heal', async () => {
      const clock = (await exclusive()).clock;
      const test = await openRig(make, 1, {
        maxPending: 1,
        heal: reconnectBroken({ backoff: () => 10, scheduler: clock.scheduler }),
      });
      const { pool, made, events } = test;
      const lease = await pool.lease();
      const next = new Job(pool);
      const cause = new Error('out of step');
      lease.invalidate(cause);
      expect([pool.brokenConnections, made[0]?.closes, pool.health.pending]).toEqual([made, 1, 0]);
      expect(events.at(-1)).toMatchObject({ type: 'reconnect-scheduled' });
      expect(events.find(({ type }) => type === 'lost')).toMatchObject({
        connection: made[0],
        cause: { code: 'ERR_CONNECTION_INVALIDATED', cause },
      });
      await settle();
      expect(next.started).toBe(false);
      await clock.advance(10);
      expect([next.started, made[0]?.dials, pool.connections.length]).toEqual([true, 2, 1]);
      next.finish();
      await pool.close();
    });

    it('lease.invalidate(): aborts all signals on the connection with ConnectionInvalidatedError', async () => {
      const { pool } = await openRig(make, 1);
      const [job, lease] = [new Job(pool), await pool.lease()];
      const [signal, own] = [job.context?.signal, lease.signal];
      lease.invalidate();
      expect(signal?.reason).toBeInstanceOf(ConnectionInvalidatedError);
      expect(own.reason).toBeInstanceOf(ConnectionInvalidatedError);
    });

    it('lease.invalidate() after a loss and reconnect: releases the lease, the connection stays connected', async () => {
      const { pool, made } = await exclusive();
      const lease = await pool.lease();
      made[0]?.lose();
      await pool.reconnect();
      lease.invalidate();
      expect([pool.health.connected, pool.health.pending, made[0]?.closes]).toEqual([1, 0, 0]);
    });

    it('lease.invalidate() after its connection was removed and re-added: the connection stays connected', async () => {
      const { pool, made } = await exclusive();
      const lease = await pool.lease();
      pool.removeConnections(made, { drainTimeout: 0 });
      await settle();
      await pool.extendPoolByConnections(made);
      const other = pool.tryLease();
      lease.invalidate();
      expect([pool.health.connected, pool.health.pending]).toEqual([1, 1]);
      other?.release();
      expect(pool.health.pending).toBe(0);
    });
  });

  describe('lease.signal', () => {
    const ASKED = [
      { when: 'before', early: true },
      { when: 'after', early: false },
    ];

    it.each(ASKED)('lease.signal first read $when a loss and reconnect: is aborted', async ({ early }) => {
      const { pool, made } = await exclusive();
      const lease = await pool.lease();
      const signal = early ? lease.signal : undefined;
      const cause = new Error('cable pulled');
      made[0]?.lose(cause);
      await pool.reconnect();
      expect(pool.health.connected).toBe(1);
      const { reason } = signal ?? lease.signal;
      if (early) expect(reason).toBe(cause);
      else expect(reason).toBeInstanceOf(ConnectionClosedError);
      expect(pool.tryLease()).toBeUndefined();
      lease.release();
      expect(pool.tryLease()).toBeDefined();
    });

    const RECALLS = [
      { by: 'close()', recall: ({ pool }: Rig) => pool.close({ drainTimeout: 100 }) },
      { by: 'dispose()', recall: ({ pool }: Rig) => pool.dispose() },
      {
        by: 'removeConnections()',
        recall: ({ pool, made }: Rig) => pool.removeConnections(made, { drainTimeout: 100 }),
      },
      { by: 'reducePoolConnections()', recall: ({ pool }: Rig) => pool.reducePoolConnections(1, true) },
      { by: 'reconnect(false)', recall: ({ pool }: Rig) => pool.reconnect(false) },
      { by: 'renew({ drainTimeout })', recall: ({ pool }: Rig) => pool.renew({ drainTimeout: 100 }) },
    ];

    it.each(RECALLS)(
      'lease.signal: aborts when $by starts to drain; the connection closes after release()',
      async ({ recall }) => {
        const test = await exclusive();
        const lease = await test.pool.lease();
        const early = lease.signal;
        const recalled = Promise.resolve(recall(test));
        await settle();
        expect(early.reason).toBeInstanceOf(ConnectionClosedError);
        const [connection] = test.made as [TestConnection];
        expect(connection.state).toBe('connected');
        lease.release();
        await recalled;
        await settle();
        expect(connection.closes).toBe(1);
        await test.pool.close();
        expect(test.clock.timers).toBe(0);
      },
    );

    it.each(ASKED)('lease.signal first read $when renew() without drainTimeout: is not aborted', async ({ early }) => {
      const { pool, made, clock } = await exclusive();
      const lease = await pool.lease();
      const signal = early ? lease.signal : undefined;
      const renewal = pool.renew();
      await clock.advance(60_000);
      expect((signal ?? lease.signal).aborted).toBe(false);
      expect([made[0]?.state, pool.connections]).toEqual(['connected', [made[1]]]);
      lease.release();
      await expect(renewal).resolves.toBe(1);
      expect(made[0]?.state).toBe('closed');
    });

    it('lease.signal: does not abort after release()', async () => {
      const { pool, made } = await exclusive();
      const lease = await pool.lease();
      const { signal } = lease;
      lease.release();
      made[0]?.lose();
      await pool.close();
      expect(signal.aborted).toBe(false);
      expect((await openRig(make, 1)).pool.tryLease()?.signal.aborted).toBe(false);
    });

    it('lease.signal: is the same object at each read, and aborted when first read after close()', async () => {
      const { pool } = await exclusive();
      const lease = await pool.lease();
      await pool.close({ drainTimeout: 0 });
      expect(lease.signal).toBe(lease.signal);
      expect(lease.signal.aborted).toBe(true);
      lease.release();
      expect(pool.health.pending).toBe(0);
    });
  });

  it('lease.release() after close() and setup(): does not change the load of the reopened pool', async () => {
    const { pool } = await exclusive();
    const lease = await pool.lease();
    await pool.close({ drainTimeout: 0 });
    await pool.setup();
    expect(pool.health.pending).toBe(0);
    lease.release();
    expect([pool.health.pending, pool.tryLease() !== undefined]).toEqual([0, true]);
  });

  it('lease on a removed connection that is re-added while draining: counts as load until release()', async () => {
    const { pool, made } = await exclusive();
    const lease = await pool.lease();
    pool.removeConnections(made);
    await pool.extendPoolByConnections(made);
    expect([pool.health.pending, pool.tryLease()]).toEqual([1, undefined]);
    lease.release();
    expect([pool.health.pending, pool.tryLease()?.connection]).toEqual([0, made[0]]);
  });
});

it('leases and pools work on a platform without Symbol.dispose and Symbol.asyncDispose', async () => {
  const whole = globalThis.Symbol;
  const { dispose, asyncDispose, length, name, ...known } = Object.getOwnPropertyDescriptors(whole);
  // A function of its own: where the platform has the symbols for good, a proxy may not hide them.
  globalThis.Symbol = Object.defineProperties((text?: string) => whole(text), known) as SymbolConstructor;
  try {
    await jest.isolateModulesAsync(async () => {
      const { ConnectionPool } = await import('rxpool');
      const { ScriptedConnection } = await import('rxpool/testing');
      const pool = new ConnectionPool(1, () => new ScriptedConnection());
      await pool.setup();
      const lease = await pool.lease();
      lease.release();
      const prototypes = [lease, pool].map((one): object => Object.getPrototypeOf(one) as object);
      for (const one of prototypes)
        expect(Object.keys(Object.getOwnPropertyDescriptors(one))).not.toContain('undefined');
      await pool.dispose();
      expect(pool.health).toMatchObject({ status: 'closed', pending: 0 });
    });
  } finally {
    globalThis.Symbol = whole;
  }
});
