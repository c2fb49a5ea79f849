import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { NEVER, queueScheduler, Subject, takeUntil } from 'rxjs';
import { UseTimeoutError, WaitTimeoutError } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { Job, jobs, microtasks } from '../support/jobs.js';
import { openRig, type Rig, rig, watch } from '../support/pools.js';
import { fussy } from '../support/strategies.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('Deadlines and abort signals of waiting callers, over $kind', ({ make }) => {
  const exhausted = async (options = {}): Promise<Rig & { readonly running: Job }> => {
    const test = await openRig(make, 1, { maxPending: 1, ...options });
    return Object.assign(test, { running: new Job(test.pool) });
  };

  describe('deadlines', () => {
    it('use({ waitTimeout }): rejects with WaitTimeoutError at its deadline, after 5 s by default', async () => {
      const { pool, clock } = await exhausted();
      const [usual, short] = [new Job(pool), new Job(pool, { waitTimeout: 20 })];
      await clock.advance(19);
      expect(short.outcome.status).toBe('pending');
      await clock.advance(1);
      expect(short.outcome.reason).toBeInstanceOf(WaitTimeoutError);
      await clock.advance(4_979);
      expect(usual.outcome.status).toBe('pending');
      await clock.advance(1);
      expect(usual.outcome.reason).toBeInstanceOf(WaitTimeoutError);
      expect([short.started, usual.started, clock.timers, pool.health.waiting]).toEqual([false, false, 0, 0]);
    });

    it('use({ timeout: 0 }) with a synchronous scheduler: rejects with UseTimeoutError and starts no work', async () => {
      const { pool, clock } = await openRig(make, 1, { scheduler: queueScheduler });
      const job = new Job(pool, { timeout: 0 });
      await settle();
      expect(job.started).toBe(false);
      expect(job.outcome.reason).toMatchObject({ code: 'ERR_USE_TIMEOUT' });
      expect([pool.health.pending, clock.timers]).toEqual([0, 0]);
    });

    it('use() at waitTimeout, all connections full: WaitTimeoutError counts connections and pending requests', async () => {
      const { pool, clock } = await exhausted({ waitTimeout: 100 });
      const job = new Job(pool);
      await clock.advance(100);
      expect(job.outcome.reason).toMatchObject({
        code: 'ERR_WAIT_TIMEOUT',
        sent: 'never',
        message:
          'No connection of the pool was free within 100 ms: 1 of 1 connections are connected, and those are at their limit with 1 requests pending',
        figures: { total: 1, connected: 1, pending: 1, waiting: 1 },
      });
      expect((job.outcome.reason as Error).cause).toBeUndefined();
    });

    it('use() at waitTimeout, none connected: WaitTimeoutError has the dial error as its cause', async () => {
      const test = rig(make, 2, { waitTimeout: 100 });
      test.script = 'wait';
      void test.pool.setup();
      await settle();
      const cause = new Error('no route');
      test.made[0]?.refuse(cause);
      const job = new Job(test.pool);
      await test.clock.advance(100);
      expect(job.outcome.reason).toMatchObject({
        message:
          'No connection of the pool was free within 100 ms: 0 of 2 connections are connected, 1 being dialled, 1 broken',
        cause,
        figures: { total: 2, connected: 0, pending: 0, waiting: 1 },
      });
      await test.pool.dispose();
    });

    it('use() at waitTimeout, pool suspended: WaitTimeoutError says so', async () => {
      const { pool, clock } = await openRig(make, 1, { waitTimeout: 100 });
      pool.suspend();
      const job = new Job(pool);
      await clock.advance(100);
      expect(job.outcome.reason).toMatchObject({
        message: 'No connection of the pool was free within 100 ms: it is suspended',
      });
    });

    it('use({ timeout }): waiting counts; rejects with UseTimeoutError whether or not the work has started', async () => {
      const { pool, clock, running } = await exhausted();
      const [first, second] = [new Job(pool, { timeout: 50 }), new Job(pool, { timeout: 50 })];
      await clock.advance(30);
      running.finish();
      await settle();
      expect([first.started, second.started]).toEqual([true, false]);
      await clock.advance(19);
      expect(first.context?.signal.aborted).toBe(false);
      await clock.advance(1);
      expect(first.outcome.reason).toBeInstanceOf(UseTimeoutError);
      expect(first.context?.signal.reason).toBe(first.outcome.reason);
      expect(first.outcome.reason).toMatchObject({
        message: 'The work on #1 of the pool did not settle within 50 ms',
      });
      expect(second.outcome.reason).toBeInstanceOf(UseTimeoutError);
      expect(second.outcome.reason).toMatchObject({
        message:
          'The work had to wait for a connection of the pool for all its 50 ms: 1 of 1 connections are connected, and those are at their limit with 1 requests pending',
        sent: 'never',
      });
      first.finish();
      await settle();
      expect([second.started, pool.health.pending, clock.timers]).toEqual([false, 0, 0]);
    });

    it('use({ timeout }): UseTimeoutError of a call that only waited has the last dial error as its cause', async () => {
      const test = rig(make, 1);
      test.script = 'refuse';
      await test.pool.setup();
      const job = new Job(test.pool, { timeout: 10 });
      await test.clock.advance(10);
      expect(job.outcome.reason).toMatchObject({ cause: new Error('refused by the script') });
    });
  });

  describe('abort signals', () => {
    it('use(), lease(), withConnection(): abort while waiting rejects with the reason and leaves no listener', async () => {
      const { pool, clock, running } = await exhausted();
      const controller = new AbortController();
      const { signal } = controller;
      const reason = new Error('changed my mind');
      const waiting = [
        new Job(pool, { signal, timeout: 1_000 }).outcome,
        watch(pool.lease({ signal })),
        watch(new Promise((_, reject) => pool.withConnection(() => [1], { signal }).subscribe({ error: reject }))),
      ];
      const others = jobs(pool, 2);
      expect(pool.health.waiting).toBe(5);
      controller.abort(reason);
      expect(pool.health.waiting).toBe(2);
      await settle();
      for (const outcome of waiting) expect(outcome).toEqual({ status: 'rejected', reason });
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
      for (const job of [running, ...others]) job.finish();
      await settle();
      expect(others.every((job) => job.started)).toBe(true);
      expect([pool.health.pending, clock.timers]).toEqual([0, 0]);
    });

    it.each([0, 1, 2, 3, 4, 5, 6])(
      'use({ signal }): abort %i microtasks after release(): the next waiter is served, no load is left',
      async (turns) => {
        const { pool, clock } = await openRig(make, 1, { maxPending: 1 });
        const lease = pool.tryLease();
        const controller = new AbortController();
        const { signal } = controller;
        const outcomes: unknown[] = [];
        const ran: string[] = [];
        const work = async (): Promise<void> => void ran.push('work');
        void pool.use(work, { signal }).catch((error: unknown) => outcomes.push(error));
        const next = new Job(pool);
        lease?.release();
        await microtasks(turns);
        const reason = new Error('changed my mind');
        const hadRun = ran.length;
        controller.abort(reason);
        await settle();
        expect(ran).toHaveLength(hadRun);
        if (hadRun === 0) expect(outcomes).toEqual([reason]);
        expect(next.started).toBe(true);
        next.finish();
        await settle();
        expect([pool.health.pending, clock.timers, getEventListeners(signal, 'abort').length]).toEqual([0, 0, 0]);
      },
    );

    it.each([0, 1, 2, 3, 4, 5, 6])(
      'lease({ signal }): abort %i microtasks after release(): resolves or rejects, and the next is served',
      async (turns) => {
        const { pool } = await openRig(make, 1, { maxPending: 1 });
        const before = pool.tryLease();
        const controller = new AbortController();
        const leasing = watch(pool.lease({ signal: controller.signal }));
        const next = new Job(pool);
        before?.release();
        await microtasks(turns);
        controller.abort(new Error('changed my mind'));
        await settle();
        const { value } = leasing;
        expect(next.started).toBe(leasing.status === 'rejected');
        expect(value?.signal.aborted ?? false).toBe(false);
        value?.release();
        await settle();
        expect(next.started).toBe(true);
      },
    );

    it('use({ signal }): abort inside pick() rejects with the reason and starts no work', async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const reason = new Error('changed my mind');
      const select = fussy<TestConnection, unknown>(() => {
        controller.abort(reason);
        return true;
      });
      const { pool, clock } = await openRig(make, 1, { select });
      const job = new Job(pool, { signal, timeout: 50 });
      await settle();
      expect([job.started, job.outcome]).toEqual([false, { status: 'rejected', reason }]);
      expect([pool.health.pending, clock.timers, getEventListeners(signal, 'abort').length]).toEqual([0, 0, 0]);
    });

    it('withConnection(): unsubscribing inside pick() starts no work', async () => {
      const stop = new Subject();
      const select = fussy<TestConnection, unknown>(() => {
        stop.next(undefined);
        return true;
      });
      const { pool } = await openRig(make, 1, { select });
      let ran = false;
      const results$ = pool.withConnection(() => {
        ran = true;
        return NEVER;
      });
      results$.pipe(takeUntil(stop)).subscribe();
      expect([ran, pool.health.pending]).toEqual([false, 0]);
    });

    it('use({ signal }): abort while waiting does not cancel the dial, which serves the next caller', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      void test.pool.setup();
      const controller = new AbortController();
      const gone = new Job(test.pool, { signal: controller.signal });
      await settle();
      controller.abort();
      await settle();
      expect(gone.outcome.status).toBe('rejected');
      expect(test.made.map(({ state, closes }) => [state, closes])).toEqual([['connecting', 0]]);
      const next = new Job(test.pool);
      test.made[0]?.accept();
      await settle();
      expect(next.connection).toBe(test.made[0]);
    });
  });

  it('use() of a new pool: opens it, waits for the first connection and runs there', async () => {
    const { pool, made, clock } = rig(make, 2);
    const job = new Job(pool);
    expect([made.length, pool.health.status]).toEqual([2, 'starting']);
    await settle();
    expect(made).toContain(job.connection);
    job.finish();
    await settle();
    expect([job.outcome.status, pool.health.status, clock.timers]).toEqual(['resolved', 'healthy', 0]);
  });
});

/** The times of one call, in milliseconds. */
const caller = fc.record({
  at: fc.nat(40),
  waitTimeout: fc.nat(40),
  lasts: fc.nat(30),
  abortsAfter: fc.option(fc.nat(40), { nil: undefined }),
});

describe.each(KINDS)('Many waiting callers, over $kind', ({ make }) => {
  it('use() property: calls settle once, at their deadline at the latest, and start first come, first served', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(caller, { maxLength: 25 }), fc.integer({ min: 1, max: 3 }), async (callers, size) => {
        const { pool, clock } = await openRig(make, size, { maxPending: 1 });
        const started: number[] = [];
        let settled = 0;
        const calls = [...callers].sort((a, b) => a.at - b.at);
        const done = calls.map(async ({ at, waitTimeout, lasts, abortsAfter }, place) => {
          const { scheduler } = clock;
          const pause = (delay: number): Promise<void> =>
            new Promise((resolve) => scheduler.schedule(() => resolve(), delay));
          await pause(at);
          const controller = new AbortController();
          if (abortsAfter !== undefined) scheduler.schedule(() => controller.abort(), abortsAfter);
          let waited = true;
          const work = (): Promise<void> => {
            waited = false;
            started.push(place);
            expect(clock.now - at).toBeLessThanOrEqual(waitTimeout);
            return pause(lasts);
          };
          await pool.use(work, { waitTimeout, signal: controller.signal }).then(
            () => settled++,
            () => settled++,
          );
          if (waited) expect(clock.now - at).toBe(Math.min(waitTimeout, abortsAfter ?? waitTimeout));
        });
        const end = Promise.all(done);
        await clock.advance(2_000);
        await end;
        expect(settled).toBe(calls.length);
        expect(started).toEqual([...started].sort((a, b) => a - b));
        expect([pool.health.pending, pool.health.waiting, clock.timers]).toEqual([0, 0, 0]);
      }),
      { numRuns: 60 },
    );
  }, 30_000);
});
