import type { Health } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, openRig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('the health of a pool of $kind', ({ make }) => {
  it('health.status is empty, starting, down, degraded, healthy and closed, each from its transition on', async () => {
    const test = rig(make, 2);
    const { pool, made } = test;
    const log: string[] = [];
    pool.health$.subscribe(({ status }) => log.at(-1) !== status && log.push(status));
    const taken = (): string => log.splice(0, log.length - 1).join(' ');
    const now = (): string => pool.health.status;

    expect(now()).toBe('empty');
    test.script = 'wait';
    const filling = pool.setup();
    expect(now()).toBe('starting');
    made[0]?.refuse();
    await settle();
    expect(now()).toBe('down');
    made[1]?.accept();
    await settle();
    expect(now()).toBe('degraded');
    await filling;
    (made[0] as TestConnection).onDial = 'accept';
    await pool.reconnect();
    expect(now()).toBe('healthy');
    expect(taken()).toBe('empty starting down degraded');

    made[0]?.lose();
    expect(now()).toBe('degraded');
    made[1]?.lose();
    expect(now()).toBe('down');
    pool.cleanupBrokenConnections();
    expect(now()).toBe('empty');
    await pool.extendPoolBySize(0);
    expect(now()).toBe('empty');
    test.script = 'accept';
    await pool.extendPoolBySize(1);
    expect(now()).toBe('degraded');
    pool.reducePoolConnections(1);
    expect(now()).toBe('healthy');
    expect(taken()).toBe('healthy degraded down empty down degraded');

    const closing = pool.close();
    expect(now()).toBe('closed');
    await closing;
    await pool.extendPoolBySize(1).catch(() => {});
    expect(now()).toBe('closed');
    const again = pool.setup();
    expect(now()).toBe('starting');
    await again;
    expect(now()).toBe('healthy');
    await pool.dispose();
    expect(now()).toBe('closed');
    expect(taken()).toBe('healthy closed starting healthy');
  });

  it('health.status is starting until the first dial has ended, and not again at reconnect()', async () => {
    const test = rig(make, 1);
    test.script = 'wait';
    void test.pool.setup();
    expect(test.pool.health.status).toBe('starting');
    await test.clock.advance(5_000);
    expect(test.pool.health.status).toBe('down');
    void test.pool.reconnect();
    expect(test.pool.health).toMatchObject({ status: 'down', connecting: 1 });
  });

  it('health.status stays down while each redial of each member fails', async () => {
    const test = rig(make, 4, { heal: undefined });
    const { pool, made, clock } = test;
    await pool.setup();
    const statuses: string[] = [];
    pool.health$.subscribe(({ status }) => statuses.at(-1) !== status && statuses.push(status));
    for (const connection of made) {
      connection.onDial = 'refuse';
      connection.lose();
    }
    await clock.advance(30_000);
    expect(test.events.filter(({ type }) => type === 'connect-failed').length).toBeGreaterThan(20);
    expect(statuses).toEqual(['healthy', 'degraded', 'down']);
    await pool.dispose();
  });

  it('health.status is healthy at once when the first connection joins connected', async () => {
    const { pool } = rig(make, 1);
    const connection = make();
    await connection.connect();
    void pool.extendPoolByConnections([connection]);
    expect(pool.health.status).toBe('healthy');
  });

  it('health.status is degraded while reconnect(false) drains a member, which counts as draining', async () => {
    const { pool, made } = await openRig(make, 2);
    for (const connection of made) connection.send();
    void pool.reconnect(false);
    expect(pool.health.status).toBe('degraded');
    expect(figures(pool.health)).toEqual({ poolSize: 2, total: 2, connected: 1, draining: 1, pending: 2 });
    void pool.close({ drainTimeout: 0 });
  });

  it('health counts every member in exactly one of fresh, connecting, connected, draining, ejected, broken', async () => {
    const { pool, made, clock } = await openRig(make, 4);
    const seen: Health[] = [];
    pool.health$.subscribe((health) => seen.push(health));
    made[0]?.lose();
    made[1]?.send();
    void pool.reconnect(false);
    await clock.advance(2_000);
    pool.reducePoolConnections(2, true);
    await pool.dispose();
    for (const { total, fresh, connecting, connected, draining, ejected, broken } of seen) {
      expect(fresh + connecting + connected + draining + ejected + broken).toBe(total);
    }
    for (const health of seen) expect(health.poolSize).toBeGreaterThanOrEqual(health.total);
    expect(seen.length).toBeGreaterThan(10);
  });

  it('health is the same frozen object until something changes', async () => {
    const { pool, made } = await openRig(make, 1);
    const before = pool.health;
    expect(pool.health).toBe(before);
    expect(Object.isFrozen(before)).toBe(true);
    made[0]?.send();
    expect(pool.health).not.toBe(before);
    expect(before.pending).toBe(0);
  });
});
