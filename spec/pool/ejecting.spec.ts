import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('an ejected connection of a pool of $kind', ({ make }) => {
  async function ejecting(size: number, duration: number) {
    const test = await openRig(make, size);
    const first = test.made[0] as TestConnection;
    expect(test.pool.ejectConnections([first], { duration })).toBe(1);
    return { ...test, first, eject: (time: number) => test.pool.ejectConnections([first], { duration: time }) };
  }

  it('ejectConnections() takes a member out of service and emits ejected; it stays in connections', async () => {
    const { pool, events } = await ejecting(2, 1_000);
    expect([names(pool.connections), names(pool.connectedConnections)]).toEqual(['#1 #2', '#2']);
    expect(figures(pool.health)).toEqual({ poolSize: 2, total: 2, connected: 1, ejected: 1 });
    expect(pool.health.status).toBe('degraded');
    expect(events.at(-1)).toMatchObject({ type: 'ejected', connection: { name: '#1' } });
    for (let pick = 0; pick < 5; pick++) expect(pool.getLeastLoadedConnection().name).toBe('#2');
  });

  it('an ejected connection returns to service when its duration ends, not before', async () => {
    const { pool, clock } = await ejecting(2, 1_000);
    const shown: string[] = [];
    pool.connected$.subscribe((connected) => shown.push(names(connected)));
    await clock.advance(999);
    expect(shown).toEqual(['#2']);
    await clock.advance(1);
    expect(shown).toEqual(['#2', '#1 #2']);
    expect(clock.timers).toBe(0);
  });

  it('an ejected connection serves waiters when it returns to service', async () => {
    const { pool, clock } = await ejecting(1, 1_000);
    const waiting = watch(pool.use(({ name }) => name));
    await clock.advance(999);
    expect(waiting.status).toBe('pending');
    await clock.advance(1);
    expect(waiting.value).toBe('#1');
  });

  it('ejectConnections() leaves open leases and their signals alone', async () => {
    const test = await openRig(make, 1);
    const lease = await test.pool.lease();
    const { signal } = lease;
    test.pool.ejectConnections(test.made, { duration: 100 });
    expect(figures(test.pool.health)).toMatchObject({ ejected: 1, pending: 1 });
    await test.clock.advance(100);
    expect([signal.aborted, test.pool.health.pending]).toEqual([false, 1]);
    lease.release();
    expect(test.pool.health.pending).toBe(0);
  });

  it('ejectConnections() of an ejected connection sets a new duration and emits no second event', async () => {
    const { pool, clock, eject, events } = await ejecting(2, 1_000);
    await clock.advance(900);
    expect(eject(500)).toBe(1);
    await clock.advance(499);
    expect(pool.health.ejected).toBe(1);
    expect(eject(10)).toBe(1);
    await clock.advance(10);
    expect([pool.health.ejected, clock.timers]).toEqual([0, 0]);
    expect(events.filter(({ type }) => type === 'ejected')).toHaveLength(1);
  });

  it('an ejected connection that is lost becomes broken and does not return when its duration ends', async () => {
    const { pool, clock, first, events } = await ejecting(2, 1_000);
    first.lose();
    expect(figures(pool.health)).toEqual({ poolSize: 2, total: 2, connected: 1, broken: 1 });
    expect([events.at(-1)?.type, clock.timers]).toEqual(['lost', 0]);
    await clock.advance(2_000);
    expect(names(pool.brokenConnections)).toBe('#1');
    await expect(pool.reconnect()).resolves.toBe(2);
  });

  it('reconnect(false) returns an ejected connection to service and cancels its ejection timer', async () => {
    const { pool, clock, first, eject } = await ejecting(2, 1_000);
    await expect(pool.reconnect(false)).resolves.toBe(2);
    expect([first.dials, clock.timers]).toEqual([2, 0]);
    eject(3_000);
    await clock.advance(2_000);
    expect(pool.health.ejected).toBe(1);
  });

  it('an ejected connection that leaves the pool is closed, its timer is cancelled, and it does not return', async () => {
    const leavings = [
      ({ pool }: Awaited<ReturnType<typeof ejecting>>) => pool.reducePoolConnections(2),
      ({ pool, first }: Awaited<ReturnType<typeof ejecting>>) => pool.removeConnections([first]),
      ({ first }: Awaited<ReturnType<typeof ejecting>>) => first.close(),
      ({ pool }: Awaited<ReturnType<typeof ejecting>>) => pool.close(),
      ({ pool }: Awaited<ReturnType<typeof ejecting>>) => pool.dispose(),
    ];
    for (const leave of leavings) {
      const test = await ejecting(2, 1_000);
      leave(test);
      expect(test.pool.connections).not.toContain(test.first);
      await settle();
      expect([test.clock.timers, test.first.state]).toEqual([0, 'closed']);
      await test.clock.advance(1_000);
      expect(test.pool.connections).not.toContain(test.first);
    }
  });

  it('setup() and reconnect() do not redial an ejected connection', async () => {
    const { pool, first } = await ejecting(2, 1_000);
    await pool.setup();
    await expect(pool.reconnect()).resolves.toBe(1);
    expect([first.dials, pool.health.ejected]).toEqual([1, 1]);
  });
});

describe.each(KINDS)('ejectConnections() of a pool of $kind', ({ make }) => {
  it('ejectConnections() ejects connected members only, once each, and returns how many', async () => {
    const { pool, made } = await openRig(make, 3);
    const [first, second] = made as [TestConnection, TestConnection];
    second.lose();
    expect(pool.ejectConnections([first, first, second, make()], { duration: 10 })).toBe(1);
    await pool.close();
    expect(pool.ejectConnections(made, { duration: 10 })).toBe(0);
    await pool.dispose();
    expect(() => pool.ejectConnections(made, { duration: 10 })).toThrow(
      expect.objectContaining({ code: 'ERR_POOL_DISPOSED' }),
    );
  });

  it('ejectConnections() of several members is one change of connected$, and health has all of them by then', async () => {
    const { pool, made } = await openRig(make, 3);
    const seen: number[] = [];
    pool.connected$.subscribe(() => seen.push(pool.health.ejected));
    pool.ejectConnections(made.slice(1), { duration: 10 });
    expect(seen).toEqual([0, 2]);
  });
});
