import { AsyncLocalStorage } from 'node:async_hooks';
import { ConnectionClosedError, PoolClosedError, UseTimeoutError } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, type Rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const NEVER_SETTLES = new Promise<never>(() => {});

describe.each(KINDS)('use() of a pool of $kind', ({ make }) => {
  const opened = (size = 1, options = {}): Promise<Rig> => openRig(make, size, options);

  describe('runs the work', () => {
    it('at once, on the least loaded connection, and gives its result', async () => {
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

    it('in the async context of the caller', async () => {
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
    ])('and passes on its error when it $how', async ({ work }) => {
      const { pool } = await opened();
      const error = new Error('of the work');
      await expect(pool.use(work(error))).rejects.toBe(error);
      await expect(pool.use(work(error), { timeout: 100 })).rejects.toBe(error);
      expect(pool.health.pending).toBe(0);
    });

    it('never throws, not even before it runs', async () => {
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

  describe('borrows the connection', () => {
    it('until the work settles', async () => {
      const { pool } = await opened();
      let finish!: () => void;
      const result = pool.use(() => new Promise<void>((resolve) => (finish = resolve)));
      expect(pool.health.pending).toBe(1);
      finish();
      await result;
      expect(pool.health.pending).toBe(0);
    });

    it('so that others take the work meanwhile, evenly', async () => {
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

    it('within its own work too', async () => {
      const { pool } = await opened(2);
      const pair = await pool.use((outer) => pool.use((inner) => [outer, inner]));
      expect(pair[0]).not.toBe(pair[1]);
      expect(pool.health.pending).toBe(0);
    });
  });

  describe('with a timeout', () => {
    it('answers the caller at the deadline and aborts the signal; the borrowing lasts until the work stops', async () => {
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

    it('aborts a signal that is asked for afterwards', async () => {
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

    it('does not mind work that fails after it was given up', async () => {
      const { pool, clock } = await opened();
      let fail!: (error: Error) => void;
      const outcome = watch(pool.use(() => new Promise<void>((_, reject) => (fail = reject)), { timeout: 10 }));
      await clock.advance(10);
      fail(new Error('too late for anybody to care'));
      await settle();
      expect(outcome.reason).toBeInstanceOf(UseTimeoutError);
      expect(pool.health.pending).toBe(0);
    });

    it('leaves no timer behind when the work is in time', async () => {
      const { pool, clock } = await opened();
      await pool.use(() => 1, { timeout: 60_000 });
      await pool.use(() => Promise.reject(new Error('quick')), { timeout: 60_000 }).catch(() => {});
      expect(clock.timers).toBe(0);
    });
  });

  describe('with a signal', () => {
    it('answers the caller with the reason when it aborts, and tells the work', async () => {
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

    it('does not run the work when it has aborted before', async () => {
      const { pool } = await opened();
      const reason = new Error('too late');
      let ran = false;
      const refused = pool.use(() => (ran = true), { signal: AbortSignal.abort(reason) });
      await expect(refused).rejects.toBe(reason);
      expect([ran, pool.health.pending]).toEqual([false, 0]);
    });

    it('has no say once the work is done', async () => {
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

    it('answers work that aborts it itself', async () => {
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

  describe('of a connection that is taken away', () => {
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
    ])('as it is $how: the signal aborts, the borrowing ends, once', async ({ take }) => {
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

    it('lets work finish while it drains', async () => {
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

    it('counts work of before and after a return apart', async () => {
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

  it('gives back after any mix of success, error, timeout, abort and loss', async () => {
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
