import { PoolClosedError, UseTimeoutError } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, openRig, rig, statesOf, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('reconnecting a pool of $kind', ({ make }) => {
  describe('reconnect()', () => {
    it('reconnect() redials broken members and resolves with how many members are connected afterwards', async () => {
      const { pool, made } = await openRig(make, 3);
      made[0]?.lose();
      made[1]?.lose();
      (made[1] as TestConnection).onDial = 'refuse';
      await expect(pool.reconnect()).resolves.toBe(2);
      expect(made.map(({ dials }) => dials)).toEqual([2, 2, 1]);
      expect(pool.brokenConnections).toEqual([made[1]]);
    });

    it('reconnect() makes broken members connecting before it returns', async () => {
      const { pool, made } = await openRig(make, 1);
      made[0]?.lose();
      const reconnecting = pool.reconnect();
      expect(figures(pool.health)).toEqual({ poolSize: 1, total: 1, connecting: 1 });
      await reconnecting;
    });

    it('reconnect() does not touch a connected member and its request in flight', async () => {
      const { pool, made } = await openRig(make, 1);
      made[0]?.send();
      await expect(pool.reconnect()).resolves.toBe(1);
      expect(made.map(({ dials, closes, pending }) => [dials, closes, pending])).toEqual([[1, 0, 1]]);
    });

    it('reconnect() called twice dials once, and both calls wait for that dial', async () => {
      const { pool, made } = await openRig(make, 1);
      const [connection] = made as [TestConnection];
      connection.lose();
      connection.onDial = 'wait';
      const both = [pool.reconnect(), pool.reconnect()];
      connection.accept();
      await expect(Promise.all(both)).resolves.toEqual([1, 1]);
      expect(connection.dials).toBe(2);
    });

    it('reconnect() resolves with 0 before setup() and rejects with PoolClosedError after close()', async () => {
      const { pool } = rig(make, 2);
      await expect(pool.reconnect()).resolves.toBe(0);
      expect(pool.health.status).toBe('empty');
      await pool.close();
      await expect(pool.reconnect()).rejects.toThrow(PoolClosedError);
      await expect(pool.reconnect(false)).rejects.toThrow(PoolClosedError);
    });

    it('reconnect() rejects when its signal aborts, and the dial goes on', async () => {
      const { pool, made } = await openRig(make, 1);
      made[0]?.lose();
      (made[0] as TestConnection).onDial = 'wait';
      const controller = new AbortController();
      const outcome = watch(pool.reconnect(true, { signal: controller.signal }));
      controller.abort(new Error('enough'));
      await settle();
      expect(outcome).toEqual({ status: 'rejected', reason: new Error('enough') });
      made[0]?.accept();
      await settle();
      expect(pool.isWorking()).toBe(true);
    });
  });

  describe('reconnect(false)', () => {
    it('reconnect(false) redials every member', async () => {
      const test = rig(make, 3);
      await test.pool.setup();
      test.made[2]?.lose();
      await expect(test.pool.reconnect(false)).resolves.toBe(3);
      expect(test.made.map(({ dials }) => dials)).toEqual([2, 2, 2]);
      expect(test.pool.connections).toEqual(test.made);
    });

    it.each([
      { size: 1, atOnce: 1 },
      { size: 2, atOnce: 1 },
      { size: 3, atOnce: 1 },
      { size: 4, atOnce: 2 },
      { size: 7, atOnce: 3 },
    ])('reconnect(false) has at most $atOnce of $size members out of service at a time', async ({ size, atOnce }) => {
      const { pool, made } = await openRig(make, size);
      let most = 0;
      pool.health$.subscribe(({ draining, connecting }) => {
        most = Math.max(most, draining + connecting);
      });
      for (const connection of made) connection.onDial = 'wait';
      const outcome = watch(pool.reconnect(false));
      for (let round = 0; round < size; round++) {
        await settle();
        expect(pool.connectedConnections.length).toBeGreaterThanOrEqual(size - atOnce);
        for (const connection of made) connection.accept();
      }
      await settle();
      expect(outcome).toEqual({ status: 'resolved', value: size });
      expect(most).toBe(atOnce);
      expect(made.map(({ dials }) => dials)).toEqual(made.map(() => 2));
    });

    it('two overlapping reconnect(false) calls redial every member twice, at most half of them at a time', async () => {
      const { pool, made, clock } = await openRig(make, 4);
      let most = 0;
      pool.health$.subscribe(({ draining, connecting }) => {
        most = Math.max(most, draining + connecting);
      });
      for (const connection of made) connection.send();
      const both = [watch(pool.reconnect(false)), watch(pool.reconnect(false))];
      await clock.advance(10_000);
      expect(both).toEqual([
        { status: 'resolved', value: expect.any(Number) },
        { status: 'resolved', value: 4 },
      ]);
      expect(most).toBe(2);
      expect(made.map(({ dials }) => dials)).toEqual([3, 3, 3, 3]);
    });

    it('reconnect(false) gives a draining member no new work and redials it when it is empty or late', async () => {
      const { pool, made, clock, events } = await openRig(make, 2);
      for (const connection of made) connection.send();
      const outcome = watch(pool.reconnect(false));
      expect(figures(pool.health)).toMatchObject({ draining: 1, connected: 1, pending: 2 });
      expect(pool.getLeastLoadedConnection()).toBe(made[1]);
      expect(pool.connections).toEqual(made);
      expect(events.at(-1)).toEqual({ type: 'draining', connection: made[0] });
      await clock.advance(500);
      expect(statesOf(made)).toBe('connected connected');
      made[0]?.reply();
      await settle();
      expect(made.map(({ dials }) => dials)).toEqual([2, 1]);
      await clock.advance(999);
      expect(outcome.status).toBe('pending');
      await clock.advance(1);
      expect(outcome).toEqual({ status: 'resolved', value: 2 });
      expect(made.map(({ pending }) => pending)).toEqual([0, 0]);
    });

    it('reconnect(false) aborts use() that exceeds drainTimeout, drops its load and redials', async () => {
      const { pool, made, clock } = await openRig(make, 1, { drainTimeout: 300 });
      let signal: AbortSignal | undefined;
      const work = watch(
        pool.use(
          (_, context) => {
            signal = context.signal;
            return new Promise(() => {});
          },
          { timeout: 10_000 },
        ),
      );
      const outcome = watch(pool.reconnect(false));
      await clock.advance(299);
      expect([signal?.aborted, pool.health.draining]).toEqual([false, 1]);
      await clock.advance(1);
      expect([signal?.aborted, outcome.value, pool.health.pending]).toEqual([true, 1, 0]);
      await clock.advance(10_000);
      expect(work.reason).toBeInstanceOf(UseTimeoutError);
      expect(made[0]?.dials).toBe(2);
    });

    it('reconnect(false) emits neither left nor lost for the members it closes itself', async () => {
      const { pool, events } = await openRig(make, 2);
      await pool.reconnect(false);
      expect(events.filter(({ type }) => type === 'left' || type === 'lost')).toEqual([]);
      expect(pool.connections).toHaveLength(2);
    });

    it('reconnect(false) waits closeTimeout for a connection.close() that hangs, then dials', async () => {
      const { pool, made, clock } = await openRig(make, 1, { closeTimeout: 400 });
      (made[0] as TestConnection).onClose = 'hang';
      const outcome = watch(pool.reconnect(false));
      await clock.advance(399);
      expect([made[0]?.dials, pool.health.connecting]).toEqual([1, 1]);
      await clock.advance(1);
      expect([made[0]?.dials, outcome.value]).toEqual([2, 1]);
    });

    it('reconnect(false) rejects when its signal aborts, and redials only the members already draining', async () => {
      const { pool, made, clock } = await openRig(make, 4);
      for (const connection of made) connection.send();
      const controller = new AbortController();
      const outcome = watch(pool.reconnect(false, { signal: controller.signal }));
      controller.abort();
      await clock.advance(10_000);
      expect(outcome.status).toBe('rejected');
      expect(made.map(({ dials }) => dials)).toEqual([2, 2, 1, 1]);
      expect(pool.connectedConnections).toHaveLength(4);
    });

    it('reconnect(false) does not redial a member that is removed while it drains', async () => {
      const { pool, made, clock } = await openRig(make, 1);
      made[0]?.send();
      const outcome = watch(pool.reconnect(false));
      pool.removeConnections(made);
      await clock.advance(10_000);
      expect(outcome).toEqual({ status: 'resolved', value: 0 });
      expect(made.map(({ state, dials }) => [state, dials])).toEqual([['closed', 1]]);
    });

    it('reconnect(false) redials a member that is lost while it drains', async () => {
      const { pool, made } = await openRig(make, 1);
      made[0]?.send();
      const outcome = watch(pool.reconnect(false));
      made[0]?.lose();
      await settle();
      expect(outcome).toEqual({ status: 'resolved', value: 1 });
      expect(made[0]?.dials).toBe(2);
    });

    it('reconnect(false) redials a member that a connected$ subscriber loses as it starts to drain', async () => {
      const { pool, made } = await openRig(make, 2);
      const [, second] = made as [TestConnection, TestConnection];
      const broken: number[] = [];
      pool.broken$.subscribe(({ length }) => broken.push(length));
      pool.connected$.subscribe((list) => {
        if (second.dials === 1 && !list.includes(second)) second.lose();
      });
      await expect(pool.reconnect(false)).resolves.toBe(2);
      expect(broken).toEqual([0, 1, 0]);
      expect(pool.brokenConnections).toEqual([]);
      expect(figures(pool.health)).toEqual({ poolSize: 2, total: 2, connected: 2 });
    });

    it('reconnect(false) resolves with 0 although a health$ subscriber closes the pool', async () => {
      const { pool, made } = await openRig(make, 2);
      pool.health$.subscribe(({ connecting }) => {
        if (connecting > 0) void pool.close();
      });
      await expect(pool.reconnect(false)).resolves.toBe(0);
      await pool.close();
      expect(statesOf(made)).toBe('closed closed');
      expect(made.map(({ dials }) => dials)).toEqual([1, 1]);
    });
  });
});
