import { lastValueFrom, throwError, timer } from 'rxjs';
import {
  type ConnectionPoolOptions,
  ejectOutliers,
  invalidateSilent,
  type Policy,
  reconnectBroken,
  resilient,
} from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, type Rig, watch } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

const never = (): Promise<never> => new Promise(() => {});

const timeoutOf = (what: string): Error => Object.assign(new Error(what), { code: 'ETIMEDOUT' });

describe.each(KINDS)('How work went, over $kind', ({ make }) => {
  /** A pool of two that ejects a connection after three failures in a row. */
  const open = (options: ConnectionPoolOptions<TestConnection> = {}): Promise<Rig> => {
    const ejecting: Policy<TestConnection> = (pool) =>
      pool.connected$.pipe(
        ejectOutliers((connection, duration) => pool.ejectConnections([connection], { duration }), {
          consecutiveFailures: 3,
          panicThreshold: 1,
          scheduler: new VirtualClock().scheduler,
        }),
      );
    return openRig(make, 2, { policies: [ejecting], maxPending: 1, ...options });
  };
  /** Works three times on the first connection. */
  const three = async ({ pool, made }: Rig, work: () => Promise<unknown>, timeout?: number): Promise<void> => {
    const other = pool.tryLease();
    for (let i = 0; i < 3; i++) await pool.use(work, { timeout }).catch(() => {});
    other?.release();
    expect(made).toHaveLength(2);
  };

  it.each<[what: string, error: unknown, ejected: number]>([
    ['ETIMEDOUT', timeoutOf('late'), 1],
    ['a cause with ECONNRESET', new Error('failed', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) }), 1],
    ['a TimeoutError of the platform', new DOMException('late', 'TimeoutError'), 1],
    ['an error of the application', new Error('no such row'), 0],
    ['a string', 'no', 0],
    ['undefined', undefined, 0],
  ])(
    'use(): work that rejects three times with %s counts as a failure of the transport or as an answer',
    async (_, error, ejected) => {
      const test = await open();
      await three(test, () => Promise.reject(error));
      expect(test.pool.health.ejected).toBe(ejected);
    },
  );

  it('use({ timeout }): work that misses its deadline three times counts as failed at the deadline', async () => {
    const test = await open({ maxPending: 9 });
    const held = test.pool.tryLease();
    const first = test.pool.tryLease();
    first?.release();
    const works = [1, 2, 3].map(() => test.pool.use(() => new Promise(() => {}), { timeout: 100 }).catch(() => {}));
    await test.clock.advance(101);
    await Promise.all(works);
    expect(test.pool.health.ejected).toBe(0);
    const later = [1, 2, 3].map(() => test.pool.use(() => new Promise(() => {}), { timeout: 100 }).catch(() => {}));
    await test.clock.advance(101);
    await Promise.all(later);
    held?.release();
    expect(test.pool.health.ejected).toBe(1);
  });

  it('use({ signal }): work whose caller gave up says nothing of its connection', async () => {
    const test = await open();
    const held = test.pool.tryLease();
    for (let i = 0; i < 3; i++) {
      const controller = new AbortController();
      const used = test.pool.use((_, { signal }) => rejectOn(signal), { signal: controller.signal });
      controller.abort(timeoutOf('given up'));
      await expect(used).rejects.toThrow('given up');
      await settle();
    }
    held?.release();
    expect(test.pool.health.ejected).toBe(0);
  });

  it('withConnection(): a stream that errors three times with ECONNRESET counts as failed', async () => {
    const test = await open();
    const held = test.pool.tryLease();
    const failing = (): ReturnType<typeof throwError> =>
      throwError(() => Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    for (let i = 0; i < 3; i++) await lastValueFrom(test.pool.withConnection(failing)).catch(() => {});
    held?.release();
    expect(test.pool.health.ejected).toBe(1);
  });

  it('withConnection(): a stream that is unsubscribed from says nothing of its connection', async () => {
    const test = await open();
    for (let i = 0; i < 8; i++)
      test.pool
        .withConnection(() => timer(1_000))
        .subscribe()
        .unsubscribe();
    expect(test.pool.health.ejected).toBe(0);
  });

  it('use(): a success between failures begins the count anew', async () => {
    const test = await open();
    const held = test.pool.tryLease();
    for (const ok of [false, false, true, false, false]) {
      await test.pool.use(() => (ok ? undefined : Promise.reject(timeoutOf('late')))).catch(() => {});
    }
    held?.release();
    expect(test.pool.health.ejected).toBe(0);
  });

  it('classify of the pool: an error that is fatal invalidates the connection it happened on, with the error as cause', async () => {
    const fatal = new Error('the client is dead');
    const test = await openRig(make, 2, { classify: (error) => (error === fatal ? 'fatal' : 'answer') });
    await expect(test.pool.use(() => Promise.reject(fatal))).rejects.toBe(fatal);
    expect(test.pool.health).toMatchObject({ connected: 1, broken: 1 });
    const lost = test.events.find(({ type }) => type === 'lost');
    expect(lost).toMatchObject({ cause: { code: 'ERR_CONNECTION_INVALIDATED', cause: fatal } });
  });

  it('classify of the connection: used where the pool has none, and given the error', async () => {
    const test = await openRig(make, 1);
    const [connection] = test.made;
    const asked: unknown[] = [];
    const classify = (error: unknown): string => {
      asked.push(error);
      return 'fatal';
    };
    Object.assign(connection as object, { classify });
    await expect(test.pool.use(() => Promise.reject('gone'))).rejects.toBe('gone');
    expect([asked, test.pool.health.broken]).toEqual([['gone'], 1]);
  });

  it('classify: fatal for work of a session that was lost leaves the next session alone', async () => {
    const test = await openRig(make, 1, { classify: () => 'fatal' });
    let fail!: (error: unknown) => void;
    const used = watch(test.pool.use(() => new Promise((_, reject) => (fail = reject))));
    test.made[0]?.lose(new Error('reset'));
    await test.pool.reconnect();
    fail(new Error('reset'));
    await settle();
    expect([used.status, test.pool.health.connected]).toEqual(['rejected', 1]);
  });

  it('classify that throws: the event policy-failed tells it, and the default decides', async () => {
    const cause = new Error('a mistake');
    const test = await openRig(make, 1, {
      classify: () => {
        throw cause;
      },
    });
    await expect(test.pool.use(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(test.events).toContainEqual({ type: 'policy-failed', cause });
    expect(test.pool.health.connected).toBe(1);
  });

  it('a deadline that passes for work of a lost session does not invalidate the next', async () => {
    const test = await openRig(make, 1);
    const { scheduler } = test.clock;
    test.pool.reconfigure({ policies: resilient({ scheduler, validateIdle: false, ejectOutliers: false }) });
    test.pool.use(never, { timeout: 5_000 }).catch(() => {});
    test.made[0]?.lose(new Error('reset'));
    await test.pool.reconnect();
    await test.clock.advance(5_100);
    expect(test.events.filter(({ type }) => type === 'lost')).toHaveLength(1);
  });

  it('answers of a lost session do not hide the silence of the next', async () => {
    const test = await openRig(make, 1);
    const { scheduler } = test.clock;
    const silent: string[] = [];
    const telling = invalidateSilent<TestConnection>(({ name }) => silent.push(name), { after: 200, scheduler });
    test.pool.connected$.pipe(telling).subscribe();
    const finish: (() => void)[] = [];
    for (let i = 0; i < 10; i++) void test.pool.use(() => new Promise<void>((resolve) => finish.push(resolve)));
    test.made[0]?.lose();
    await test.pool.reconnect();
    for (let i = 0; i < 10; i++) {
      test.pool.use(never, { timeout: 50 }).catch(() => {});
      await test.clock.advance(100);
      finish.pop()?.();
      await settle();
    }
    expect(silent.length).toBeGreaterThan(0);
  });

  it('work of a lost session that succeeds proves nothing of the next: the backoff of reconnectBroken() grows', async () => {
    const test = await openRig(make, 1);
    const attempts: number[] = [];
    const backoff = (attempt: number): number => {
      attempts.push(attempt);
      return 10;
    };
    const { scheduler } = test.clock;
    test.pool.broken$.pipe(reconnectBroken({ scheduler, backoff, resetAfter: 60_000 })).subscribe();
    const finish: (() => void)[] = [];
    for (let i = 0; i < 5; i++) void test.pool.use(() => new Promise<void>((resolve) => finish.push(resolve)));
    for (let i = 0; i < 4; i++) {
      test.made[0]?.lose();
      await test.clock.advance(20);
      finish.pop()?.();
      await settle();
    }
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  it('use() and withConnection(): work that rejects with what cannot be inspected gives its connection back', async () => {
    const test = await openRig(make, 1, { maxPending: 1 });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const used = watch(test.pool.use(() => Promise.reject(proxy)));
    await settle();
    expect([used.status, test.pool.health.pending]).toEqual(['rejected', 0]);
    const told: unknown[] = [];
    test.pool.withConnection(() => Promise.reject(proxy)).subscribe({ error: () => told.push('error') });
    await settle();
    expect([told, test.pool.health.pending]).toEqual([['error'], 0]);
  });
});

const rejectOn = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
