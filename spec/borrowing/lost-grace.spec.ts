import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, type Rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const never = (): Promise<never> => new Promise(() => {});

describe.each(KINDS)('lostGrace, over $kind', ({ make }) => {
  const lose = async ({ pool, made }: Rig): Promise<void> => {
    for (const connection of made) connection.lose(new Error('reset'));
    await pool.reconnect();
  };
  const lostLeases = ({ events }: Rig): number[] =>
    events.flatMap((event) => (event.type === 'leases-lost' ? [event.count] : []));

  it('use(): work that never settles on two lost connections of an exclusive pool frees both after lostGrace, with events', async () => {
    const test = await openRig(make, 2, { maxPending: 1 });
    const held = [test.pool.use(never), test.pool.use(never)];
    for (const one of held) one.catch(() => {});
    await lose(test);
    const waiting = watch(test.pool.use((connection: TestConnection) => connection.name));
    await test.clock.advance(999);
    expect([waiting.status, test.pool.health.used]).toEqual(['pending', 2]);
    await test.clock.advance(1);
    await settle();
    expect(waiting.status).toBe('resolved');
    expect(test.pool.health).toMatchObject({ status: 'healthy', idle: 2, pending: 0, waiting: 0 });
    expect(lostLeases(test)).toEqual([1, 1]);
  });

  it('use(): work that settles within lostGrace gives back what it holds, and no event tells of it', async () => {
    const test = await openRig(make, 1, { lostGrace: 100 });
    let finish!: () => void;
    const used = test.pool.use(() => new Promise<void>((resolve) => (finish = resolve)));
    await lose(test);
    await test.clock.advance(99);
    finish();
    await used;
    await test.clock.advance(100);
    expect([test.pool.health.pending, lostLeases(test), test.clock.timers]).toEqual([0, [], 0]);
  });

  it('use(): work that settles after it has been written off releases nothing of the next session', async () => {
    const test = await openRig(make, 1, { maxPending: 1, lostGrace: 100 });
    let finish!: () => void;
    const used = test.pool.use(() => new Promise<void>((resolve) => (finish = resolve)));
    await lose(test);
    await test.clock.advance(100);
    const lease = await test.pool.lease();
    finish();
    await used;
    expect(test.pool.health.pending).toBe(1);
    expect(test.pool.tryLease()).toBeUndefined();
    lease.release();
    expect(test.pool.health.pending).toBe(0);
  });

  it('losses closer together than lostGrace: the leases of each session are written off after its own time', async () => {
    const test = await openRig(make, 1, { lostGrace: 100 });
    test.pool.use(never).catch(() => {});
    test.pool.use(never).catch(() => {});
    await lose(test);
    await test.clock.advance(60);
    test.pool.use(never).catch(() => {});
    await lose(test);
    expect(test.pool.health.pending).toBe(3);
    await test.clock.advance(40);
    expect([test.pool.health.pending, lostLeases(test)]).toEqual([1, [2]]);
    await test.clock.advance(60);
    expect([test.pool.health.pending, lostLeases(test)]).toEqual([0, [2, 1]]);
  });

  it('close() of a pool with lost leases leaves no timer, and writes them off without an event', async () => {
    const test = await openRig(make, 1, { lostGrace: 100 });
    test.pool.use(never).catch(() => {});
    await lose(test);
    await test.pool.close({ drainTimeout: 0 });
    expect([test.clock.timers, lostLeases(test)]).toEqual([0, []]);
  });

  it('lease(): a lease of a lost session that is released within lostGrace frees its place once', async () => {
    const test = await openRig(make, 1, { maxPending: 1, lostGrace: 100 });
    const lease = await test.pool.lease();
    await lose(test);
    expect(test.pool.tryLease()).toBeUndefined();
    lease.release();
    const next = test.pool.tryLease();
    await test.clock.advance(200);
    expect([next?.connection.name, test.pool.health.pending, lostLeases(test)]).toEqual(['#1', 1, []]);
  });

  it('reset: work that settles just before lostGrace after a loss is reset to the end before the next borrower', async () => {
    let running = 0;
    const overlaps: number[] = [];
    const test: Rig = await openRig(make, 1, {
      maxPending: 1,
      reset: async () => {
        running++;
        await new Promise<void>((resolve) => test.clock.scheduler.schedule(() => resolve(), 100));
        running--;
      },
    });
    const working = new Promise<void>((resolve) => test.clock.scheduler.schedule(() => resolve(), 950));
    void test.pool.use(() => working);
    await lose(test);
    void test.pool.use(() => void overlaps.push(running));
    await test.clock.advance(2_000);
    expect([overlaps, lostLeases(test)]).toEqual([[0], []]);
  });

  it('reset that times out after a loss: it does not take the connection from the next borrower', async () => {
    const test = await openRig(make, 1, { maxPending: 1, resetTimeout: 500, reset: never });
    const lease = await test.pool.lease();
    await lose(test);
    await test.clock.advance(900);
    lease.release();
    await test.clock.advance(200);
    expect(test.pool.tryLease()).toBeUndefined();
  });

  it('a session lost while its member is leaving: its lease is written off where the connection joins again', async () => {
    const test = await openRig(make, 1, { maxPending: 1, drainTimeout: 5_000 });
    await test.pool.lease();
    const [connection] = test.made as [TestConnection];
    test.pool.removeConnections([connection]);
    connection.lose();
    await test.pool.extendPoolByConnections([connection]);
    await test.pool.reconnect();
    await test.clock.advance(60_000);
    expect(test.pool.health).toMatchObject({ connected: 1, idle: 1, pending: 0 });
  });

  it('a session lost while its member is leaving: maxPending holds after the next loss', async () => {
    const test = await openRig(make, 1, { maxPending: 2, drainTimeout: 5_000 });
    const [connection] = test.made as [TestConnection];
    const old = await test.pool.lease();
    test.pool.removeConnections([connection]);
    connection.lose();
    await test.pool.extendPoolByConnections([connection]);
    await test.pool.reconnect();
    await test.pool.lease();
    connection.lose();
    await test.pool.reconnect();
    old.release();
    await test.clock.advance(2_000);
    const leases = [test.pool.tryLease(), test.pool.tryLease(), test.pool.tryLease()];
    expect([leases.filter(Boolean).length, lostLeases(test)]).toEqual([2, [1]]);
  });
});
