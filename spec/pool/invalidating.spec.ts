import { ConnectionInvalidatedError, reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('an invalidated connection of a pool of $kind', ({ make }) => {
  it('invalidateConnections() makes a member broken, emits lost with the cause and closes the connection', async () => {
    const { pool, made, events } = await openRig(make, 2);
    const cause = new Error('replica lags');
    expect(pool.invalidateConnections(made.slice(0, 1), { cause })).toBe(1);
    expect([names(pool.brokenConnections), names(pool.connectedConnections)]).toEqual(['#1', '#2']);
    const lost = events.find(({ type }) => type === 'lost');
    expect(lost).toMatchObject({ connection: { name: '#1' }, cause: { code: 'ERR_CONNECTION_INVALIDATED', cause } });
    expect([made[0]?.state, made[0]?.closes]).toEqual(['closed', 1]);
    await settle();
    expect(figures(pool.health)).toEqual({ poolSize: 2, total: 2, connected: 1, broken: 1 });
    expect(events.filter(({ type }) => type === 'left' || type === 'lost')).toHaveLength(1);
  });

  it('an invalidated connection is redialled by heal only after its close() has settled', async () => {
    const test = await openRig(make, 1);
    test.pool.reconfigure({ heal: reconnectBroken({ backoff: () => 100, scheduler: test.clock.scheduler }) });
    const first = test.made[0] as TestConnection;
    first.onClose = 'wait';
    test.pool.invalidateConnections([first]);
    await test.clock.advance(1_000);
    expect([first.dials, test.pool.health.connected]).toEqual([1, 0]);
    first.closed();
    await settle();
    expect([first.dials, first.state, test.pool.health.connected]).toEqual([2, 'connected', 1]);
    expect(test.clock.timers).toBe(1);
    first.onClose = 'settle';
    await test.pool.close();
    expect(test.clock.timers).toBe(0);
  });

  it('reconnect() redials an invalidated connection after closeTimeout when its close() hangs', async () => {
    const { pool, made, clock } = await openRig(make, 1, { closeTimeout: 300 });
    const first = made[0] as TestConnection;
    first.onClose = 'hang';
    pool.invalidateConnections(made);
    const reconnecting = watch(pool.reconnect());
    await clock.advance(299);
    expect(first.dials).toBe(1);
    await clock.advance(1);
    expect([reconnecting.value, first.dials]).toEqual([1, 2]);
  });

  it('invalidating a connection aborts its leases with ConnectionInvalidatedError and its load becomes 0', async () => {
    const { pool, made } = await openRig(make, 1);
    const cause = new Error('wrong password');
    const signals: AbortSignal[] = [];
    let settleWork!: () => void;
    const work = new Promise<void>((resolve) => {
      settleWork = resolve;
    });
    const using = watch(
      pool.use((_, { signal }) => {
        signals.push(signal);
        return work;
      }),
    );
    const lease = await pool.lease();
    signals.push(lease.signal);
    pool.invalidateConnections(made, { cause });
    for (const { aborted, reason } of signals) {
      expect(aborted).toBe(true);
      expect(reason).toBeInstanceOf(ConnectionInvalidatedError);
      expect(reason).toMatchObject({ cause });
    }
    expect(pool.health.pending).toBe(0);
    await pool.reconnect();
    settleWork();
    lease.release();
    await settle();
    expect([using.status, pool.health.pending]).toEqual(['resolved', 0]);
  });

  it('an invalidated connection is no longer picked when its lease signals abort', async () => {
    const { pool, made } = await openRig(make, 2);
    const lease = await pool.lease();
    const bad = lease.connection;
    const given: string[] = [];
    lease.signal.addEventListener('abort', () => {
      for (let pick = 0; pick < 4; pick++) given.push(pool.getLeastLoadedConnection().name);
    });
    pool.invalidateConnections([bad]);
    expect(given).toHaveLength(4);
    expect(given).not.toContain(bad.name);
    expect(made).toHaveLength(2);
  });

  it('reconnect() called by an abort listener of an invalidated lease dials after connection.close()', async () => {
    const { pool } = await openRig(make, 1);
    const lease = await pool.lease();
    const bad = lease.connection;
    bad.onClose = 'wait';
    let reconnecting: ReturnType<typeof watch<number>> | undefined;
    lease.signal.addEventListener('abort', () => {
      reconnecting = watch(pool.reconnect());
    });
    pool.invalidateConnections([bad]);
    await settle();
    expect([bad.state, bad.dials]).toEqual(['closed', 1]);
    bad.closed();
    await settle();
    expect([reconnecting?.value, bad.state, pool.health.connected]).toEqual([1, 'connected', 1]);
  });
});

describe.each(KINDS)('invalidateConnections() of a pool of $kind', ({ make }) => {
  it('invalidateConnections() takes connected and ejected members only, and returns how many', async () => {
    const { pool, made } = await openRig(make, 3);
    made[0]?.lose();
    pool.ejectConnections(made.slice(1, 2), { duration: 1_000 });
    expect(pool.invalidateConnections([...made, make()])).toBe(2);
    expect(names(pool.brokenConnections)).toBe('#1 #2 #3');
    expect(pool.invalidateConnections(made)).toBe(0);
    await pool.dispose();
    expect(() => pool.invalidateConnections(made)).toThrow(expect.objectContaining({ code: 'ERR_POOL_DISPOSED' }));
  });

  it('invalidateConnections() makes a member that drains for reconnect(false) broken; it is still redialled', async () => {
    const { pool, made } = await openRig(make, 1);
    made[0]?.send();
    const reconnecting = watch(pool.reconnect(false));
    expect(pool.health.draining).toBe(1);
    expect(pool.invalidateConnections(made)).toBe(1);
    expect(pool.health.broken).toBe(1);
    await settle();
    expect([reconnecting.value, made[0]?.dials]).toEqual([1, 2]);
  });

  it('invalidateConnections() of the last connected member rejects waiters at once with failFast: true', async () => {
    const { pool, made } = await openRig(make, 1, { failFast: true, maxPending: 1 });
    made[0]?.send();
    const waiting = watch(pool.use(() => 'never'));
    pool.invalidateConnections(made);
    await settle();
    expect(waiting.reason).toMatchObject({ code: 'ERR_POOL_NOT_CONNECTED' });
  });

  it('lease.invalidate() does nothing when the connection was lost and redialled since', async () => {
    const { pool, made } = await openRig(make, 1);
    const lease = await pool.lease();
    made[0]?.lose();
    await pool.reconnect();
    lease.invalidate(new Error('too late'));
    expect([pool.health.connected, pool.health.pending, made[0]?.state]).toEqual([1, 0, 'connected']);
    await settle();
    expect(made[0]?.dials).toBe(2);
  });
});
