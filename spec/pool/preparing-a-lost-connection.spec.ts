import type { ConnectionPoolOptions } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('When one of $kind goes while it is being prepared', ({ make }) => {
  /** Work that ends with its signal, and what it was told. */
  function hanging(): {
    work: (_: TestConnection, context: { signal: AbortSignal }) => Promise<void>;
    told: unknown[];
  } {
    const told: unknown[] = [];
    const work = (_: TestConnection, { signal }: { signal: AbortSignal }): Promise<void> => {
      signal.addEventListener('abort', () => told.push(signal.reason));
      return new Promise(() => {});
    };
    return { work, told };
  }

  describe('by a reset', () => {
    const options = (reset: ConnectionPoolOptions<TestConnection>['reset']): ConnectionPoolOptions<TestConnection> => ({
      maxPending: 1,
      reset,
    });

    it('the reset is told, and the next to come up in its place is left alone', async () => {
      const { work, told } = hanging();
      const { pool, made, clock } = await openRig(make, 1, options(work));
      await pool.use(() => {});
      const cause = new Error('cable pulled');
      made[0]?.lose(cause);
      expect(told).toEqual([cause]);
      await pool.reconnect();
      expect(pool.health).toMatchObject({ connected: 1, pending: 0 });
      await clock.advance(10_000);
      expect([pool.health.connected, clock.timers]).toEqual([1, 0]);
    });

    it('no timer outlives the closing of the pool', async () => {
      const { work, told } = hanging();
      const { pool, clock } = await openRig(make, 1, options(work));
      await pool.use(() => {});
      void pool.close({ drainTimeout: 0 });
      await settle();
      expect([told.length, clock.timers]).toEqual([1, 0]);
    });
  });

  describe('by a warm-up', () => {
    it('the warm-up is told, and it can be dialled at once', async () => {
      const { work, told } = hanging();
      const { pool, made, clock } = rig(make, 1, { warmup: work });
      void pool.setup();
      await settle();
      const cause = new Error('cable pulled');
      made[0]?.lose(cause);
      await settle();
      expect([told, clock.timers]).toEqual([[cause], 0]);
      void pool.reconnect();
      await settle();
      expect(made[0]?.dials).toBe(2);
    });

    it('no timer outlives the closing of the pool', async () => {
      const { work, told } = hanging();
      const { pool, clock } = rig(make, 1, { warmup: work });
      void pool.setup();
      await settle();
      void pool.close();
      await settle();
      expect([told.length, clock.timers]).toEqual([1, 0]);
    });
  });
});
