import { NEVER, of, throwError } from 'rxjs';
import { ConnectionPool, type ConnectionPoolOptions, type Measurement, type PoolObserver } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { jobs } from '../support/jobs.js';
import { openRig, type Rig, rig, thrownBy } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

type Options = ConnectionPoolOptions<TestConnection>;

/** An observer that logs what it is told, as one line each. */
class Log implements PoolObserver<TestConnection> {
  readonly lines: string[] = [];
  readonly all: Measurement<TestConnection, string>[] = [];

  onWait(wait: Measurement<TestConnection, string>): void {
    this.#note('wait', wait);
  }

  onUse(use: Measurement<TestConnection, string>): void {
    this.#note('use', use);
  }

  onDial(dial: Measurement<TestConnection, string>): void {
    this.#note('dial', dial);
  }

  /** The lines since the last call. */
  get taken(): string[] {
    return this.lines.splice(0);
  }

  #note(what: string, measurement: Measurement<TestConnection, string>): void {
    const { name, outcome, durationMs } = measurement;
    this.lines.push(`${what} ${name ?? 'none'} ${outcome} ${durationMs}`);
    this.all.push(measurement);
  }
}

describe.each(KINDS)('the option observer, over $kind', ({ make }) => {
  const open = async (options: Options = {}, size = 1): Promise<Rig & { readonly log: Log }> => {
    const log = new Log();
    const opened = await openRig(make, size, {
      observer: log,
      name: 'orders',
      maxPending: 1,
      waitTimeout: 100,
      ...options,
    });
    log.taken;
    return Object.assign(opened, { log });
  };

  it('use() that waits: onWait has the time in the queue, and onUse the time of its work', async () => {
    const { pool, clock, log } = await open();
    const [first, second] = jobs(pool, 2);
    await clock.advance(30);
    first?.finish();
    await clock.advance(20);
    second?.finish();
    await settle();
    expect(log.taken).toEqual(['wait #1 acquired 0', 'use #1 ok 30', 'wait #1 acquired 30', 'use #1 ok 20']);
  });

  it('onWait and onUse name the pool, the connection and its endpoint', async () => {
    const { pool, made, log } = await open();
    Object.defineProperty(made[0], 'endpoint', { value: 'replica:1', configurable: true });
    await pool.use(() => {});
    const about = {
      pool: 'orders',
      connection: made[0],
      name: '#1',
      endpoint: 'replica:1',
      durationMs: 0,
      error: undefined,
    };
    expect(log.all.slice(-2)).toEqual([
      { ...about, outcome: 'acquired' },
      { ...about, outcome: 'ok' },
    ]);
  });

  it.each<[call: string, run: (pool: ConnectionPool<TestConnection>) => unknown]>([
    ['use()', (pool) => pool.use(() => {})],
    ['use({ timeout })', (pool) => pool.use(() => {}, { timeout: 50 })],
    ['withConnection()', (pool) => pool.withConnection(() => of(1)).subscribe()],
    ['lease()', async (pool) => (await pool.lease()).release()],
    ['lease({ signal })', async (pool) => (await pool.lease({ signal: new AbortController().signal })).release()],
    ['tryLease()', (pool) => pool.tryLease()?.release()],
  ])('%s of a free connection: onWait and onUse are called once', async (_, run) => {
    const { pool, log } = await open();
    await run(pool);
    await settle();
    expect(log.taken).toEqual(['wait #1 acquired 0', 'use #1 ok 0']);
  });

  it('tryLease() and use() that are given none: onWait tells refusals of use() alone', async () => {
    const { pool, log } = await open({ maxWaiting: 0 });
    pool.tryLease();
    log.taken;
    expect(pool.tryLease()).toBeUndefined();
    await pool.use(() => {}).catch(() => {});
    expect(log.taken).toEqual(['wait none refused 0']);
    expect(log.all.at(-1)?.error).toMatchObject({ code: 'ERR_POOL_EXHAUSTED' });
  });

  it('onWait tells waitTimeout, the deadline of the call, its signal, and a closed pool apart', async () => {
    const { pool, clock, log } = await open({ drainTimeout: 0 });
    pool.tryLease();
    log.taken;
    const controller = new AbortController();
    for (const options of [{}, { timeout: 40 }, { signal: controller.signal }, { waitTimeout: 500 }])
      pool.use(() => {}, options).catch(() => {});
    await clock.advance(30);
    controller.abort();
    await clock.advance(120);
    await pool.close();
    expect(log.taken.filter((line) => line.startsWith('wait'))).toEqual([
      'wait none aborted 30',
      'wait none timeout 40',
      'wait none timeout 100',
      'wait none refused 150',
    ]);
    const refused = log.all.find(({ outcome }) => outcome === 'refused');
    expect(refused?.error).toMatchObject({ code: 'ERR_POOL_CLOSED' });
  });

  it('onUse tells an error, a deadline that passed and a caller that gave up apart', async () => {
    const { pool, clock, log } = await open();
    await pool.use(() => Promise.reject(new Error('no such table'))).catch(() => {});
    expect(log.all.at(-1)?.error).toEqual(new Error('no such table'));
    pool.withConnection(() => throwError(() => new Error('no such table'))).subscribe({ error: () => {} });
    await settle();
    const [late] = jobs(pool, 1, { timeout: 50 });
    await clock.advance(60);
    late?.finish();
    await settle();
    const controller = new AbortController();
    const [dismissed] = jobs(pool, 1, { signal: controller.signal });
    controller.abort();
    dismissed?.finish();
    await settle();
    pool
      .withConnection(() => NEVER)
      .subscribe()
      .unsubscribe();
    expect(log.taken.filter((line) => line.startsWith('use'))).toEqual([
      'use #1 error 0',
      'use #1 error 0',
      'use #1 timeout 60',
      'use #1 aborted 0',
      'use #1 ok 0',
    ]);
  });

  it('onDial tells how long a dial took, and how it ended', async () => {
    const log = new Log();
    const test = rig(make, 4, { observer: log, connectTimeout: 200 });
    test.script = 'wait';
    void test.pool.setup();
    await test.clock.advance(30);
    test.made[0]?.accept();
    test.made[1]?.refuse(new Error('no route'));
    await settle();
    test.pool.removeConnections([test.made[2] as TestConnection]);
    await test.clock.advance(200);
    expect(log.lines).toEqual([
      'dial #1 connected 30',
      'dial #2 error 30',
      'dial #3 aborted 30',
      'dial #4 timeout 200',
    ]);
    expect(log.all.map(({ error }) => (error as Error | undefined)?.message)).toEqual([
      undefined,
      'no route',
      undefined,
      expect.stringContaining('200 ms'),
    ]);
  });

  it('an observer that throws harms nothing, and is told of in events$', async () => {
    const cause = new Error('full disk');
    const fail = (): never => {
      throw cause;
    };
    const test = await openRig(make, 1, { observer: { onWait: fail, onUse: fail, onDial: fail } });
    expect(await test.pool.use(() => 'done')).toBe('done');
    test.pool.tryLease()?.release();
    expect(test.events.filter(({ type }) => type === 'observer-failed')).toEqual(
      Array.from({ length: 5 }, () => ({ type: 'observer-failed', cause })),
    );
    expect(test.pool.health.pending).toBe(0);
  });

  it('an observer finds the fields of the pool whole, and may call it', async () => {
    const seen: string[] = [];
    const test = rig(make, 1, {
      observer: {
        onDial: () => seen.push(`${test.pool.health.connected} connected`),
        onUse: () => seen.push(`${test.pool.health.pending} pending, ${test.pool.tryLease() ? 'one' : 'none'} free`),
      },
      maxPending: 1,
    });
    await test.pool.setup();
    await test.pool.use(() => {});
    expect(seen).toEqual(['1 connected', '0 pending, one free']);
  });
});

describe.each(KINDS)('pool.observe(), over $kind', ({ make }) => {
  it('tells an observer from the call on until its function is called, beside the option observer', async () => {
    const [option, added] = [new Log(), new Log()];
    const { pool } = await openRig(make, 1, { observer: option });
    const stop = pool.observe(added);
    await pool.use(() => {});
    pool.tryLease()?.release();
    stop();
    stop();
    await pool.use(() => {});
    const seen = ['wait #1 acquired 0', 'use #1 ok 0', 'wait #1 acquired 0', 'use #1 ok 0'];
    expect(added.lines).toEqual(seen);
    expect(option.taken).toEqual(['dial #1 connected 0', ...seen, 'wait #1 acquired 0', 'use #1 ok 0']);
  });

  it('one observer added twice is told twice, and once after one of the functions', async () => {
    const log = new Log();
    const { pool } = await openRig(make, 1);
    const stop = pool.observe(log);
    pool.observe(log);
    await pool.use(() => {});
    stop();
    await pool.use(() => {});
    expect(log.lines.filter((line) => line.startsWith('use'))).toHaveLength(3);
  });

  it('tells nothing of what began before the call, or before another observer ended', async () => {
    const log = new Log();
    const test = rig(make, 2, { maxPending: 1 });
    test.script = 'wait';
    void test.pool.setup();
    test.pool.observe(log)();
    test.pool.observe(log);
    const waiting = test.pool.use(() => {});
    test.made[0]?.accept();
    await waiting;
    const lease = test.pool.tryLease();
    test.made[1]?.accept();
    await settle();
    lease?.release();
    expect(log.lines).toEqual(['wait #1 acquired 0', 'use #1 ok 0', 'wait #1 acquired 0', 'use #1 ok 0']);
  });

  it('a caller that waits since before the call is not told of', async () => {
    const log = new Log();
    const { pool } = await openRig(make, 1, { maxPending: 1 });
    const lease = pool.tryLease();
    const waiting = pool.use(() => {});
    pool.observe(log);
    lease?.release();
    await waiting;
    expect(log.lines).toEqual([]);
  });

  it('a disposed pool refuses an observer', async () => {
    const { pool } = await openRig(make, 1);
    await pool.dispose();
    expect(thrownBy(() => pool.observe({}))).toMatchObject({ code: 'ERR_POOL_DISPOSED' });
  });

  it('observe({ onwait }): throws a TypeError that names it', async () => {
    const { pool } = await openRig(make, 1);
    expect(thrownBy(() => pool.observe({ onwait: () => {} } as never))).toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
      message: 'observer.onwait is no option; did you mean onWait?',
    });
  });
});

describe('a wrong observer', () => {
  it.each<[what: string, observer: unknown, expected: object]>([
    ['5', 5, { code: 'ERR_INVALID_ARG_TYPE', message: expect.stringMatching(/^options\.observer must be/) }],
    [
      '{ onWait: 5 }',
      { onWait: 5 },
      { code: 'ERR_INVALID_ARG_TYPE', message: expect.stringMatching(/^options\.observer\.onWait must be/) },
    ],
    [
      '{ onwait }',
      { onwait: () => {} },
      { code: 'ERR_UNKNOWN_OPTION', message: 'options.observer.onwait is no option; did you mean onWait?' },
    ],
  ])('new ConnectionPool() with the observer %s: throws an error that names it', (_, observer, expected) => {
    expect(thrownBy(() => new ConnectionPool(1, () => ({}) as never, { observer: observer as never }))).toMatchObject(
      expected,
    );
  });
});
