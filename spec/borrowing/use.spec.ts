import { AsyncLocalStorage } from 'node:async_hooks';
import { ConnectionClosedError, ConnectionPool, PoolClosedError, UseTimeoutError } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, type Rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const NEVER_SETTLES = new Promise<never>(() => {});

describe.each(KINDS)('use(), over $kind', ({ make }) => {
  const opened = (size = 1, options = {}): Promise<Rig> => openRig(make, size, options);

  describe('runs the work', () => {
    it('use(): runs the work at once, on the least loaded connection, and resolves to its result', async () => {
      const { pool, made } = await opened(2);
      made[0]?.send();
      let ran: TestConnection | undefined;
      const result = pool.use((connection) => {
        ran = connection;
        return Promise.resolve('value');
      });
      expect(ran).toBe(made[1]);
      await expect(result).resolves.toBe('value');
      await expect(pool.use(() => 'no promise')).resolves.toBe('no promise');
      await expect(pool.use(() => undefined, {})).resolves.toBeUndefined();
    });

    it('use(): runs the work in the async context of the caller', async () => {
      const { pool } = await opened();
      const storage = new AsyncLocalStorage<string>();
      const seen = storage.run('mine', () => pool.use(() => storage.getStore()));
      await expect(seen).resolves.toBe('mine');
      const later = storage.run('mine', () => pool.use(() => settle().then(() => storage.getStore())));
      await expect(later).resolves.toBe('mine');
    });

    it.each([
      {
        how: 'throws',
        work: (error: Error) => () => {
          throw error;
        },
      },
      { how: 'rejects', work: (error: Error) => () => Promise.reject(error) },
      {
        how: 'returns a thenable that throws',
        work: (error: Error) => () =>
          Object.defineProperty({}, 'then', {
            get: () => {
              throw error;
            },
          }),
      },
    ])('use(): rejects with the error of work that $how, and leaves no load', async ({ work }) => {
      const { pool } = await opened();
      const error = new Error('of the work');
      await expect(pool.use(work(error))).rejects.toBe(error);
      await expect(pool.use(work(error), { timeout: 100 })).rejects.toBe(error);
      expect(pool.health.pending).toBe(0);
    });

    it('use() of a closed pool: rejects with PoolClosedError instead of throwing, and runs no work', async () => {
      const { pool } = await opened();
      await pool.close();
      let ran = false;
      const refused = pool.use(() => {
        ran = true;
      });
      await expect(refused).rejects.toThrow(PoolClosedError);
      expect(ran).toBe(false);
    });
  });

  describe('counts as load', () => {
    it('use(): counts as load until the work settles', async () => {
      const { pool } = await opened();
      let finish!: () => void;
      const result = pool.use(() => new Promise<void>((resolve) => (finish = resolve)));
      expect(pool.health.pending).toBe(1);
      finish();
      await result;
      expect(pool.health.pending).toBe(0);
    });

    it('use(): nine calls at a time are spread evenly over three connections', async () => {
      const { pool, made } = await opened(3);
      const used: TestConnection[] = [];
      for (let call = 0; call < 9; call++) {
        void pool.use((connection) => {
          used.push(connection);
          return NEVER_SETTLES;
        });
      }
      for (const connection of made) expect(used.filter((one) => one === connection)).toHaveLength(3);
      expect(pool.health.pending).toBe(9);
    });

    it('use() inside the work of use(): gets another connection, and no load is left', async () => {
      const { pool } = await opened(2);
      const pair = await pool.use((outer) => pool.use((inner) => [outer, inner]));
      expect(pair[0]).not.toBe(pair[1]);
      expect(pool.health.pending).toBe(0);
    });
  });

  describe('with a timeout', () => {
    it('use({ timeout }): rejects with UseTimeoutError and aborts; counts as load until the work settles', async () => {
      const { pool, clock } = await opened();
      let signal!: AbortSignal;
      let stop!: () => void;
      const outcome = watch(
        pool.use(
          (_, context) => {
            signal = context.signal;
            return new Promise<void>((resolve) => (stop = resolve));
          },
          { timeout: 250 },
        ),
      );
      await clock.advance(249);
      expect([outcome.status, signal.aborted]).toEqual(['pending', false]);
      await clock.advance(1);
      expect(outcome.reason).toMatchObject({ code: 'ERR_USE_TIMEOUT', sent: 'maybe' });
      expect(outcome.reason).toBeInstanceOf(UseTimeoutError);
      expect(outcome.reason).toMatchObject({
        code: 'ERR_USE_TIMEOUT',
        figures: { total: 1, connected: 1, pending: 1 },
      });
      expect(signal.reason).toBe(outcome.reason);
      expect(pool.health.pending).toBe(1);
      stop();
      await settle();
      expect(pool.health.pending).toBe(0);
      expect(clock.timers).toBe(0);
    });

    it('use({ timeout }): context.signal first read after the timeout is aborted with the UseTimeoutError', async () => {
      const { pool, clock } = await opened();
      let late!: () => AbortSignal;
      const outcome = watch(
        pool.use(
          (_, context) => {
            late = () => context.signal;
            return NEVER_SETTLES;
          },
          { timeout: 10 },
        ),
      );
      await clock.advance(10);
      expect(late().aborted).toBe(true);
      expect(late().reason).toBe(outcome.reason);
    });

    it('use({ timeout }): work that rejects after the timeout has no effect but to end the load', async () => {
      const { pool, clock } = await opened();
      let fail!: (error: Error) => void;
      const outcome = watch(pool.use(() => new Promise<void>((_, reject) => (fail = reject)), { timeout: 10 }));
      await clock.advance(10);
      fail(new Error('too late'));
      await settle();
      expect(outcome.reason).toBeInstanceOf(UseTimeoutError);
      expect(pool.health.pending).toBe(0);
    });

    it('use({ timeout }): leaves no timer when the work settles in time', async () => {
      const { pool, clock } = await opened();
      await pool.use(() => 1, { timeout: 60_000 });
      await pool.use(() => Promise.reject(new Error('quick')), { timeout: 60_000 }).catch(() => {});
      expect(clock.timers).toBe(0);
    });
  });

  describe('with a signal', () => {
    it('use({ signal }): abort rejects with the reason and aborts context.signal', async () => {
      const { pool } = await opened();
      const controller = new AbortController();
      let signal!: AbortSignal;
      const outcome = watch(
        pool.use(
          (_, context) => {
            signal = context.signal;
            return NEVER_SETTLES;
          },
          { signal: controller.signal },
        ),
      );
      const reason = new Error('changed my mind');
      controller.abort(reason);
      await settle();
      expect(outcome).toEqual({ status: 'rejected', reason });
      expect(signal.reason).toBe(reason);
      expect(pool.health.pending).toBe(1);
      await pool.close({ drainTimeout: 0 });
      expect(pool.health.pending).toBe(0);
    });

    it('use({ signal }): rejects with the reason of a signal already aborted, and runs no work', async () => {
      const { pool } = await opened();
      const reason = new Error('too late');
      let ran = false;
      const refused = pool.use(() => (ran = true), { signal: AbortSignal.abort(reason) });
      await expect(refused).rejects.toBe(reason);
      expect([ran, pool.health.pending]).toEqual([false, 0]);
    });

    it('use({ signal }): an abort after the work has ended does not abort context.signal', async () => {
      const { pool } = await opened();
      const controller = new AbortController();
      let signal!: AbortSignal;
      await pool.use(
        (_, context) => {
          signal = context.signal;
        },
        { signal: controller.signal },
      );
      controller.abort();
      expect(signal.aborted).toBe(false);
    });

    it('use({ signal }): rejects when the work itself aborts the signal', async () => {
      const { pool } = await opened();
      const controller = new AbortController();
      const work = (): Promise<never> => {
        controller.abort();
        return NEVER_SETTLES;
      };
      const outcome = watch(pool.use(work, { signal: controller.signal }));
      await settle();
      expect(outcome.status).toBe('rejected');
    });
  });

  describe('when the connection leaves the pool', () => {
    it.each([
      { how: 'removed', take: ({ pool, made }: Rig) => pool.removeConnections(made, { drainTimeout: 0 }) },
      { how: 'closed with the pool', take: ({ pool }: Rig) => pool.close({ drainTimeout: 0 }) },
      { how: 'closed by its owner', take: ({ made }: Rig) => made[0]?.close() },
      {
        how: 'drained too long',
        take: ({ pool, made, clock }: Rig) => {
          pool.removeConnections(made);
          return clock.advance(1_000);
        },
      },
    ])('use() of a connection that is $how: context.signal aborts and the load ends, once', async ({ take }) => {
      const test = await opened();
      let signal!: AbortSignal;
      let late!: () => AbortSignal;
      let stop!: () => void;
      const asked = watch(
        test.pool.use((_, context) => {
          signal = context.signal;
          return new Promise<void>((resolve) => (stop = resolve));
        }),
      );
      void test.pool.use((_, context) => {
        late = () => context.signal;
        return NEVER_SETTLES;
      });
      expect(test.pool.health.pending).toBe(2);
      await take(test);
      await settle();
      expect(signal.reason).toBeInstanceOf(ConnectionClosedError);
      expect(late().aborted).toBe(true);
      const [connection] = test.made as [TestConnection];
      if (test.pool.health.status !== 'closed') await test.pool.extendPoolByConnections([connection]);
      expect(test.pool.health.pending).toBe(0);
      stop();
      await settle();
      expect(asked.status).toBe('resolved');
      expect(test.pool.health.pending).toBe(0);
    });

    it('use() of a removed connection: the work finishes while it drains, then the connection is closed', async () => {
      const { pool, made } = await opened();
      let signal!: AbortSignal;
      let finish!: (value: string) => void;
      const work = pool.use((_, context) => {
        signal = context.signal;
        return new Promise<string>((resolve) => (finish = resolve));
      });
      pool.removeConnections(made);
      await settle();
      expect([signal.aborted, made[0]?.state]).toEqual([false, 'connected']);
      finish('done');
      await expect(work).resolves.toBe('done');
      await settle();
      expect([signal.aborted, made[0]?.state]).toEqual([false, 'closed']);
    });

    it('use() before a removal and after re-adding: each ends only its own load', async () => {
      const { pool, made } = await opened();
      const stops: (() => void)[] = [];
      const work = (): Promise<void> => new Promise((resolve) => stops.push(resolve));
      void pool.use(work);
      pool.removeConnections(made, { drainTimeout: 0 });
      await settle();
      await pool.extendPoolByConnections(made);
      void pool.use(work);
      expect(pool.health.pending).toBe(1);
      stops[0]?.();
      await settle();
      expect(pool.health.pending).toBe(1);
      stops[1]?.();
      await settle();
      expect(pool.health.pending).toBe(0);
    });
  });

  it('use(): 300 calls with success, error, timeout, abort and loss leave no load and no timer', async () => {
    const { pool, clock } = await opened(3, { drainTimeout: 50 });
    const outcomes: string[] = [];
    for (let round = 0; round < 300; round++) {
      const controller = new AbortController();
      const ways: (() => Promise<unknown>)[] = [
        () => pool.use(() => settle()),
        () => pool.use(() => Promise.reject(new Error('failed'))),
        () =>
          pool.use(() => {
            throw new Error('threw');
          }),
        () =>
          pool.use((_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)), {
            timeout: 5,
          }),
        () =>
          pool.use((_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)), {
            signal: controller.signal,
          }),
      ];
      const call = (ways[round % 5] as () => Promise<unknown>)();
      call.then(
        () => outcomes.push('resolved'),
        () => outcomes.push('rejected'),
      );
      controller.abort();
      if (round % 60 === 59) {
        pool.connections[0]?.lose();
        const reconnecting = pool.reconnect(false);
        await clock.advance(1_000);
        await reconnecting;
      }
      if (round % 10 === 9) await clock.advance(5);
    }
    await clock.advance(10);
    expect(outcomes).toHaveLength(300);
    expect(pool.health.pending).toBe(0);
    expect(clock.timers).toBe(0);
  });
});

it('use({ timeout }) resolves when the result arrived while the event loop was blocked beyond the deadline', async () => {
  const pool = new ConnectionPool(1, () => new ScriptedConnection());
  await pool.setup();
  // The blocked loop finds the timer due and the result there at once; the result is older.
  const work = pool.use(() => new Promise<string>((resolve) => setImmediate(() => resolve('in time'))), {
    timeout: 10,
  });
  const blockedUntil = performance.now() + 40;
  while (performance.now() < blockedUntil);
  await expect(work).resolves.toBe('in time');
  await pool.dispose();
});
