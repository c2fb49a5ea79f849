import { NEVER, startWith } from 'rxjs';
import {
  CircuitOpenError,
  PoolClosedError,
  PoolDisposedError,
  PoolExhaustedError,
  PoolNotConnectedError,
  PoolSuspendedError,
  WaitQueueFullError,
} from 'rxpool';
import { KINDS } from '../support/connections.js';
import { Job, jobs } from '../support/jobs.js';
import { openRig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('Rejections by a pool that cannot serve a caller, over $kind', ({ make }) => {
  it('maxWaiting: 2: use() and lease() reject with WaitQueueFullError at once when two callers wait', async () => {
    const { pool, clock } = await openRig(make, 1, { maxPending: 1, maxWaiting: 2 });
    const [running, first, second, third] = jobs(pool, 4);
    await settle();
    expect(third?.outcome.reason).toBeInstanceOf(WaitQueueFullError);
    expect(third?.outcome.reason).toMatchObject({
      code: 'ERR_WAIT_QUEUE_FULL',
      sent: 'never',
      message: 'The queue of the pool is full: 2 callers wait for a connection already',
      figures: { total: 1, connected: 1, pending: 1, waiting: 2 },
    });
    await expect(pool.lease()).rejects.toThrow(WaitQueueFullError);
    for (const job of [running, first, second]) job?.finish();
    await settle();
    expect([first?.outcome.value, second?.outcome.value, clock.timers]).toEqual(['done', 'done', 0]);
  });

  it('maxWaiting: 0: use() rejects with PoolExhaustedError, PoolSuspendedError or PoolNotConnectedError', async () => {
    const { pool, made } = await openRig(make, 1, { maxPending: 1, maxWaiting: 0 });
    const lease = pool.tryLease();
    const refusal = (): Promise<unknown> => pool.use(() => {}).catch((error: unknown) => error);
    expect(await refusal()).toBeInstanceOf(PoolExhaustedError);
    pool.suspend();
    expect(await refusal()).toBeInstanceOf(PoolSuspendedError);
    pool.resume();
    lease?.release();
    made[0]?.lose();
    expect(await refusal()).toBeInstanceOf(PoolNotConnectedError);
    expect(pool.health.waiting).toBe(0);
  });

  it.each([
    { what: 'close()', error: PoolClosedError, end: 'close' as const },
    { what: 'dispose()', error: PoolDisposedError, end: 'dispose' as const },
  ])(
    '$what: waiting and later use() and lease() calls reject, each with its own error; running work finishes',
    async ({ error, end }) => {
      const { pool, clock } = await openRig(make, 1, { maxPending: 1 });
      const [running, ...waiting] = jobs(pool, 4);
      const lease = watch(pool.lease());
      const ended = pool[end]();
      expect(pool.health.waiting).toBe(0);
      const late = new Job(pool);
      await settle();
      for (const job of [...waiting, late]) expect(job.outcome.reason).toBeInstanceOf(error);
      expect(lease.reason).toBeInstanceOf(error);
      expect(new Set(waiting.map(({ outcome }) => outcome.reason)).size).toBe(waiting.length);
      expect(running?.outcome.status).toBe('pending');
      running?.finish();
      await ended;
      expect(running?.outcome.value).toBe('done');
      expect(clock.timers).toBe(0);
    },
  );

  it('use(): waits although every dial has failed; with failFast rejects with the dial error as its cause', async () => {
    for (const failFast of [false, true]) {
      const test = rig(make, 2, { failFast });
      test.script = 'wait';
      void test.pool.setup();
      const job = new Job(test.pool);
      await settle();
      const [first, second] = test.made;
      first?.refuse();
      await settle();
      expect(job.outcome.status).toBe('pending');
      const cause = new Error('no route');
      second?.refuse(cause);
      await settle();
      if (failFast) expect(job.outcome.reason).toMatchObject({ code: 'ERR_POOL_NOT_CONNECTED', cause });
      else expect(job.outcome.status).toBe('pending');
      await test.pool.dispose();
    }
  });

  it('failFast: waiting use() rejects with PoolNotConnectedError when the last connecting member is removed', async () => {
    const test = rig(make, 2, { failFast: true });
    test.script = 'wait';
    void test.pool.setup();
    const job = new Job(test.pool);
    await settle();
    test.made[0]?.refuse();
    await settle();
    expect(job.outcome.status).toBe('pending');
    test.pool.removeConnections(test.made.slice(1));
    await settle();
    expect(job.outcome.reason).toBeInstanceOf(PoolNotConnectedError);
    await test.pool.dispose();
  });

  it('use() during setup(): rejects with CircuitOpenError while the circuit breaker is open', async () => {
    const test = rig(make, 1, { breaker: () => NEVER.pipe(startWith('open' as const)) });
    const job = (): Job => new Job(test.pool);
    void test.pool.setup();
    const late = job();
    await settle();
    expect(late.outcome.reason).toBeInstanceOf(CircuitOpenError);
    await test.pool.dispose();
  });

  it('waiting use() whose work throws at once: rejects with that error, and the next waiter is served', async () => {
    const { pool } = await openRig(make, 1, { maxPending: 1 });
    const running = new Job(pool);
    const error = new Error('thrown');
    const thrown = watch(
      pool.use(() => {
        throw error;
      }),
    );
    const next = new Job(pool);
    running.finish();
    await settle();
    expect(thrown.reason).toBe(error);
    expect(next.started).toBe(true);
  });
});
