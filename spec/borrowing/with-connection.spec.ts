import {
  concat,
  fromEvent,
  mergeMap,
  NEVER,
  Observable,
  of,
  Subject,
  Subscription,
  take,
  takeUntil,
  throwError,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { ConnectionClosedError, type UseContext, UseTimeoutError } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { Job } from '../support/jobs.js';
import { openRig, type Rig, thrownBy } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('withConnection(), over $kind', ({ make }) => {
  const exclusive = (options = {}): Promise<Rig> => openRig(make, 1, { maxPending: 1, ...options });

  /** Records each notification with `health.pending` at that moment. */
  function record({ pool }: Rig, results$: Observable<unknown>): { readonly log: unknown[]; stop(): void } {
    const log: unknown[] = [];
    const subscription = results$.subscribe({
      next: (value) => log.push([value, pool.health.pending]),
      error: (error: unknown) => log.push(['error', error, pool.health.pending]),
      complete: () => log.push(['complete', pool.health.pending]),
    });
    return { log, stop: () => subscription.unsubscribe() };
  }

  it('withConnection(): is cold; each subscription acquires a connection of its own', async () => {
    const { pool, made } = await openRig(make, 2, { maxPending: 1 });
    const used: TestConnection[] = [];
    const results$ = pool.withConnection((connection) => {
      used.push(connection);
      return new Subject();
    });
    expect(used).toEqual([]);
    const subscriptions = [results$.subscribe(), results$.subscribe()];
    expect(new Set(used)).toEqual(new Set(made));
    expect(pool.health.pending).toBe(2);
    for (const one of subscriptions) one.unsubscribe();
    expect(pool.health.pending).toBe(0);
  });

  it.each([
    { kind: 'an observable', input: () => of(1, 2) },
    { kind: 'an iterable', input: () => [1, 2] },
    {
      kind: 'an async iterable',
      input: async function* () {
        yield 1;
        yield 2;
      },
    },
  ])('withConnection(): the work may return $kind; releases before complete', async ({ input }) => {
    const test = await exclusive();
    const { log } = record(test, test.pool.withConnection(input));
    await settle();
    expect(log).toEqual([
      [1, 1],
      [2, 1],
      ['complete', 0],
    ]);
  });

  it('withConnection(): releases before error when the work rejects, errors, throws or returns a number', async () => {
    const test = await exclusive();
    const error = new Error('of the work');
    for (const work of [
      () => Promise.reject(error),
      () => throwError(() => error),
      () => {
        throw error;
      },
    ]) {
      const { log } = record(test, test.pool.withConnection(work));
      await settle();
      expect(log).toEqual([['error', error, 0]]);
    }
    const { log } = record(
      test,
      test.pool.withConnection(() => 7 as never),
    );
    expect(log).toEqual([['error', expect.any(TypeError), 0]]);
  });

  it('withConnection(): unsubscribing aborts context.signal, then releases', async () => {
    const test = await exclusive();
    let signal!: AbortSignal;
    let abortedBeforeRelease = false;
    const { stop } = record(
      test,
      test.pool.withConnection((_, context) => {
        signal = context.signal;
        return new Promise(() => {});
      }),
    );
    signal.addEventListener('abort', () => (abortedBeforeRelease = test.pool.health.pending === 1));
    stop();
    expect([abortedBeforeRelease, signal.aborted, test.pool.health.pending]).toEqual([true, true, 0]);
  });

  it('withConnection(): context.signal is not aborted when the work completes or errors', async () => {
    const { pool } = await exclusive();
    const signals: AbortSignal[] = [];
    const work = (end: Observable<never>) =>
      pool.withConnection((_, { signal }) => {
        signals.push(signal);
        return end;
      });
    work(of()).subscribe();
    work(throwError(() => new Error('of the work'))).subscribe({ error: () => {} });
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });

  it('withConnection(): releases after the teardown of the work, on unsubscribe and on abort', async () => {
    const { pool } = await exclusive();
    const cleaned: number[] = [];
    const work = () => new Observable<never>(() => () => cleaned.push(pool.health.pending));
    const controller = new AbortController();
    pool.withConnection(work).subscribe().unsubscribe();
    pool.withConnection(work, { signal: controller.signal }).subscribe({ error: () => {} });
    controller.abort();
    expect(cleaned).toEqual([1, 1]);
    expect(pool.health.pending).toBe(0);
  });

  it('withConnection(): releases although the teardown of the work throws', async () => {
    const { pool } = await exclusive();
    const work = () =>
      new Observable<never>(() => () => {
        throw new Error('of the teardown');
      });
    const subscription = pool.withConnection(work).subscribe();
    expect(() => subscription.unsubscribe()).toThrow('of the teardown');
    expect(pool.health.pending).toBe(0);
  });

  it('withConnection(): unsubscribing while waiting leaves the queue, and the work never runs', async () => {
    const test = await exclusive();
    const running = new Job(test.pool);
    let ran = false;
    const { log, stop } = record(
      test,
      test.pool.withConnection(() => {
        ran = true;
        return [1];
      }),
    );
    expect(test.pool.health.waiting).toBe(1);
    stop();
    expect([test.pool.health.waiting, test.clock.timers]).toEqual([0, 0]);
    running.finish();
    await settle();
    expect([ran, log, test.pool.health.pending]).toEqual([false, [], 0]);
  });

  it.each([0, 1, 2, 3, 4])(
    'withConnection(): unsubscribing %i microtasks after release() to it leaves no load',
    async (turns) => {
      const test = await exclusive();
      const lease = test.pool.tryLease();
      const { stop } = record(
        test,
        test.pool.withConnection(() => new Subject()),
      );
      lease?.release();
      for (let turn = 0; turn < turns; turn++) await undefined;
      stop();
      await settle();
      expect(test.pool.health.pending).toBe(0);
    },
  );

  describe('with a synchronous source', () => {
    let made = 0;

    function* endless(): Generator<number> {
      for (made = 0; ; made++) {
        if (made > 1_000) throw new Error('was not stopped');
        yield made;
      }
    }

    it('withConnection(): take(2) stops a synchronous iterable after two values, and releases', async () => {
      const test = await exclusive();
      const { log } = record(test, test.pool.withConnection(endless).pipe(take(2)));
      expect(log.slice(0, 2)).toEqual([
        [0, 1],
        [1, 1],
      ]);
      expect(log).toHaveLength(3);
      expect([made, test.pool.health.pending]).toEqual([1, 0]);
    });

    it('withConnection(): unsubscribing inside next() of a synchronous iterable releases at once', async () => {
      const { pool } = await exclusive();
      const borrowed: number[] = [];
      const subscription = new Subscription();
      const stoppable$ = new Observable<number>((subscriber) => {
        subscription.add(subscriber);
        return pool.withConnection(endless).subscribe(subscriber);
      });
      stoppable$.subscribe(() => {
        borrowed.push(pool.health.pending);
        subscription.unsubscribe();
        borrowed.push(pool.health.pending);
      });
      expect(borrowed).toEqual([1, 0]);
      expect(made).toBe(0);
    });

    it('withConnection(): concat() of it with itself works with maxPending: 1', async () => {
      const test = await exclusive();
      const twice$ = test.pool.withConnection(() => [1]);
      const { log } = record(test, concat(twice$, twice$));
      expect(log).toEqual([
        [1, 1],
        [1, 1],
        ['complete', 0],
      ]);
    });
  });

  it('withConnection({ timeout }): errors with UseTimeoutError at its deadline, waiting included', async () => {
    const test = await exclusive();
    const running = new Job(test.pool);
    let cleaned = 0;
    const { log } = record(
      test,
      test.pool.withConnection(() => new Observable(() => () => cleaned++), { timeout: 30 }),
    );
    await test.clock.advance(20);
    running.finish();
    await test.clock.advance(9);
    expect(log).toEqual([]);
    await test.clock.advance(1);
    expect(log).toEqual([['error', expect.any(UseTimeoutError), 0]]);
    expect([cleaned, test.clock.timers]).toEqual([1, 0]);
  });

  it.each([
    { how: 'completes', end: () => of(undefined) },
    { how: 'errors', end: () => throwError(() => new Error('of the work')) },
  ])(
    'withConnection(): errors with UseTimeoutError or the abort reason although the work $how on the abort',
    async ({ end }) => {
      const test = await exclusive();
      const signals: AbortSignal[] = [];
      const loadsAtAbort: number[] = [];
      const work = (_: TestConnection, { signal }: UseContext): Observable<never> => {
        signals.push(signal);
        signal.addEventListener('abort', () => loadsAtAbort.push(test.pool.health.pending));
        return NEVER.pipe(takeUntil(fromEvent(signal, 'abort').pipe(mergeMap(end))));
      };
      const late = record(test, test.pool.withConnection(work, { timeout: 50 }));
      await test.clock.advance(50);
      expect(late.log).toEqual([['error', expect.any(UseTimeoutError), 0]]);
      const controller = new AbortController();
      const impatient = record(test, test.pool.withConnection(work, { signal: controller.signal }));
      const reason = new Error('changed my mind');
      controller.abort(reason);
      expect(impatient.log).toEqual([['error', reason, 0]]);
      expect(signals.map((signal) => signal.reason)).toEqual([expect.any(UseTimeoutError), reason]);
      expect([loadsAtAbort, test.clock.timers]).toEqual([[1, 1], 0]);
    },
  );

  it('withConnection(): close() aborts context.signal, and the result is what the work does then', async () => {
    const test = await exclusive();
    const { log } = record(
      test,
      test.pool.withConnection(
        (_, { signal }) =>
          new Observable((subscriber) => {
            signal.addEventListener('abort', () => subscriber.error(signal.reason));
          }),
      ),
    );
    await test.pool.close({ drainTimeout: 0 });
    expect(log).toEqual([['error', expect.any(ConnectionClosedError), 0]]);
  });

  it('withConnection(): throws for invalid arguments; errors on subscribe when aborted or disposed', async () => {
    const { pool } = await exclusive();
    expect(thrownBy(() => pool.withConnection(7 as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(thrownBy(() => pool.withConnection(() => [], { waitTimeout: -1 }))).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
    const reason = new Error('before');
    const results$ = pool.withConnection(() => [1], { signal: AbortSignal.abort(reason) });
    const errors: unknown[] = [];
    results$.subscribe({ error: (error: unknown) => errors.push(error) });
    await pool.dispose();
    pool.withConnection(() => [1]).subscribe({ error: (error: { code: string }) => errors.push(error.code) });
    expect(errors).toEqual([reason, 'ERR_POOL_DISPOSED']);
  });

  it('withConnection(): emits with its work, and unsubscribes from it with its subscriber', async () => {
    const { pool } = await openRig(make, 1);
    const marbles = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    marbles.run(({ cold, expectObservable, expectSubscriptions }) => {
      const [whole, failing, cut] = [cold('--a--b--|'), cold('  --a--#'), cold('     --a--b--|')];
      expectObservable(pool.withConnection(() => whole)).toBe('--a--b--|');
      expectSubscriptions(whole.subscriptions).toBe('         ^-------!');
      expectObservable(pool.withConnection(() => failing)).toBe('--a--#');
      expectSubscriptions(failing.subscriptions).toBe('         ^----!');
      expectObservable(
        pool.withConnection(() => cut),
        '----!',
      ).toBe('--a--');
      expectSubscriptions(cut.subscriptions).toBe('            ^---!');
    });
    expect(pool.health.pending).toBe(0);
  });
});
