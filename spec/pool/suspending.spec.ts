import { Observable } from 'rxjs';
import type { Picker } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('a suspended pool of $kind', ({ make }) => {
  it('suspend() and resume() emit one event per change, however often they are called', async () => {
    const { pool, events } = await openRig(make, 1);
    events.length = 0;
    pool.resume();
    pool.suspend();
    pool.suspend();
    pool.resume();
    pool.resume();
    expect(events).toEqual([{ type: 'suspended' }, { type: 'resumed' }]);
  });

  it('a suspended pool queues use(), lease() and withConnection() until resume(), and allows no other pick', async () => {
    const { pool } = await openRig(make, 2);
    pool.suspend();
    const calls = [
      watch<unknown>(pool.use(({ name }) => name)),
      watch<unknown>(pool.use(({ name }) => name, { timeout: 60_000 })),
      watch<unknown>(pool.lease()),
    ];
    const streamed: string[] = [];
    pool.withConnection(({ name }) => [name]).subscribe((name) => streamed.push(name));
    expect(pool.tryLease()).toBeUndefined();
    expect(() => pool.getLeastLoadedConnection()).toThrow(
      expect.objectContaining({ code: 'ERR_POOL_SUSPENDED', sent: 'never' }),
    );
    await settle();
    expect(calls.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending']);
    expect([streamed, pool.health.waiting]).toEqual([[], 4]);
    pool.resume();
    await settle();
    expect(calls.map(({ status }) => status)).toEqual(['resolved', 'resolved', 'resolved']);
    expect([streamed.length, pool.health.waiting]).toEqual([1, 0]);
    expect(pool.getLeastLoadedConnection()).toBeDefined();
  });

  it('use() with maxWaiting: 0 rejects with ERR_POOL_SUSPENDED while suspended, and works after resume()', async () => {
    const { pool } = await openRig(make, 1, { maxWaiting: 0 });
    pool.suspend();
    await expect(pool.use(() => 'never')).rejects.toMatchObject({ code: 'ERR_POOL_SUSPENDED' });
    pool.resume();
    await expect(pool.use(() => 'done')).resolves.toBe('done');
  });

  it('leastLoaded$ emits undefined at suspend() and the connection again at resume()', async () => {
    const { pool } = await openRig(make, 1);
    const shown: (string | undefined)[] = [];
    pool.leastLoaded$.subscribe((connection) => shown.push(connection?.name));
    pool.suspend();
    pool.suspend();
    pool.resume();
    pool.resume();
    expect(shown).toEqual(['#1', undefined, '#1']);
  });

  it('suspend() leaves leases and health alone, and ready() still resolves', async () => {
    const { pool, made } = await openRig(make, 1);
    const lease = await pool.lease();
    pool.suspend();
    expect(pool.health).toMatchObject({ status: 'healthy', connected: 1, pending: 1 });
    expect(lease.signal.aborted).toBe(false);
    lease.release();
    expect([pool.isWorking(), made[0]?.state]).toEqual([true, 'connected']);
    await expect(pool.ready()).resolves.toBeUndefined();
  });

  it('waitTimeout and signals still apply while suspended, and the timeout message says suspended', async () => {
    const { pool, clock } = await openRig(make, 1, { waitTimeout: 500 });
    pool.suspend();
    const waiting = watch(pool.use(() => 'never'));
    const controller = new AbortController();
    const aborted = watch(pool.use(() => 'never', { signal: controller.signal }));
    controller.abort(new Error('enough'));
    await clock.advance(499);
    expect([waiting.status, aborted.status]).toEqual(['pending', 'rejected']);
    await clock.advance(1);
    expect(waiting.reason).toMatchObject({ code: 'ERR_WAIT_TIMEOUT', message: expect.stringContaining('suspended') });
    expect(clock.timers).toBe(0);
  });

  it('resume() serves waiters first come, first served, before new callers', async () => {
    const { pool } = await openRig(make, 1, { maxPending: 1 });
    pool.suspend();
    const order: number[] = [];
    const work = (number: number) => () => {
      order.push(number);
      return settle();
    };
    const calls = [1, 2, 3].map((number) => pool.use(work(number)));
    pool.resume();
    calls.push(pool.use(work(4)));
    await Promise.all(calls);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('resume() followed at once by suspend() serves no waiter', async () => {
    const { pool } = await openRig(make, 1);
    pool.suspend();
    const waiting = watch(pool.use(() => 'done'));
    pool.resume();
    pool.suspend();
    await settle();
    expect(waiting.status).toBe('pending');
    pool.resume();
    await settle();
    expect(waiting.value).toBe('done');
  });

  it('suspend() called by a strategy while waiters are served stops serving after that pick', async () => {
    let suspend = (): void => {};
    const { pool, made } = await openRig(make, 1, {
      select: (source) =>
        new Observable<Picker<TestConnection>>((subscriber) => {
          const pick = (): TestConnection | undefined => {
            suspend();
            return made[0];
          };
          subscriber.next({ pick, peek: () => made[0], size: 1 });
          return source.subscribe();
        }),
    });
    pool.suspend();
    const calls = [pool.use(() => 1), pool.use(() => 2)].map((call) => watch(call));
    suspend = () => pool.suspend();
    pool.resume();
    await settle();
    expect(calls.map(({ status }) => status)).toEqual(['resolved', 'pending']);
    await pool.close();
  });

  it('close() of a suspended pool rejects waiters, and setup() reopens it still suspended', async () => {
    const { pool } = await openRig(make, 1);
    pool.suspend();
    const waiting = watch(pool.use(() => 'never'));
    await pool.close();
    expect(waiting.reason).toMatchObject({ code: 'ERR_POOL_CLOSED' });
    expect(() => pool.getLeastLoadedConnection()).toThrow(expect.objectContaining({ code: 'ERR_POOL_CLOSED' }));
    await pool.setup();
    expect(pool.tryLease()).toBeUndefined();
    pool.resume();
    expect(pool.getLeastLoadedConnection().name).toBe('#2');
    await pool.dispose();
    pool.suspend();
    pool.resume();
    expect(pool.health.status).toBe('closed');
  });

  it('suspend() before the first use applies once the pool is open', async () => {
    const { pool } = rig(make, 1);
    pool.suspend();
    const waiting = watch(pool.use(() => 'done'));
    await settle();
    expect(waiting.status).toBe('pending');
    pool.resume();
    await settle();
    expect(waiting.value).toBe('done');
  });
});
