import { ConnectionClosedError, type ConnectionPoolOptions } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('reset and warmup of $kind that are lost or closed meanwhile', ({ make }) => {
  /** Work that never settles, and the abort reasons of its signal. */
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

  describe('reset', () => {
    const options = (reset: ConnectionPoolOptions<TestConnection>['reset']): ConnectionPoolOptions<TestConnection> => ({
      maxPending: 1,
      reset,
    });

    it('a loss during reset aborts its signal, and the redialled connection is not affected by that reset', async () => {
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

    it('a connection that its owner closes during reset: the signal aborts with ConnectionClosedError', async () => {
      const { work, told } = hanging();
      const { pool, made, clock } = await openRig(make, 1, options(work));
      await pool.use(() => {});
      await made[0]?.close();
      await settle();
      expect(told).toEqual([expect.any(ConnectionClosedError)]);
      expect([pool.connections, clock.timers]).toEqual([[], 0]);
    });

    it('close() during reset aborts its signal and leaves no timer', async () => {
      const { work, told } = hanging();
      const { pool, clock } = await openRig(make, 1, options(work));
      await pool.use(() => {});
      void pool.close({ drainTimeout: 0 });
      await settle();
      expect([told.length, clock.timers]).toEqual([1, 0]);
    });
  });

  describe('warmup', () => {
    it('a loss during warmup aborts its signal, and the connection can be redialled at once', async () => {
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

    it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
      'a connection lost %i microtasks after its warmup has settled is broken, and never in service again',
      async (microtasks) => {
        const warmup = async (connection: TestConnection): Promise<void> => {
          let after = Promise.resolve();
          for (let i = 0; i < microtasks; i++) after = after.then(() => {});
          void after.then(() => connection.lose());
        };
        const { pool, made } = await openRig(make, 1, { warmup });
        await settle();
        expect([pool.connectedConnections, pool.brokenConnections]).toEqual([[], made]);
      },
    );

    it('close() during warmup aborts its signal and leaves no timer', async () => {
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
