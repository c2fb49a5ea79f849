import { Observable } from 'rxjs';
import type { Picker } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('a suspended pool of $kind', ({ make }) => {
  it('says so in its events, once each time', async () => {
    const { pool, events } = await openRig(make, 1);
    events.length = 0;
    pool.resume();
    pool.suspend();
    pool.suspend();
    pool.resume();
    pool.resume();
    expect(events).toEqual([{ type: 'suspended' }, { type: 'resumed' }]);
  });

  it('gives nothing out, in whichever way it is asked', async () => {
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

  it('refuses those who would not wait', async () => {
    const { pool } = await openRig(make, 1, { maxWaiting: 0 });
    pool.suspend();
    await expect(pool.use(() => 'never')).rejects.toMatchObject({ code: 'ERR_POOL_SUSPENDED' });
    pool.resume();
    await expect(pool.use(() => 'done')).resolves.toBe('done');
  });

  it('shows nobody to be picked, and shows it at once', async () => {
    const { pool } = await openRig(make, 1);
    const shown: (string | undefined)[] = [];
    pool.leastLoaded$.subscribe((connection) => shown.push(connection?.name));
    pool.suspend();
    pool.suspend();
    pool.resume();
    pool.resume();
    expect(shown).toEqual(['#1', undefined, '#1']);
  });

  it('leaves work under way alone, and the rest of its figures', async () => {
    const { pool, made } = await openRig(make, 1);
    const lease = await pool.lease();
    pool.suspend();
    expect(pool.health).toMatchObject({ status: 'healthy', connected: 1, pending: 1 });
    expect(lease.signal.aborted).toBe(false);
    lease.release();
    expect([pool.isWorking(), made[0]?.state]).toEqual([true, 'connected']);
    await expect(pool.ready()).resolves.toBeUndefined();
  });

  it('keeps to the deadlines of those who wait, and says why', async () => {
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

  it('serves them in their order, before who comes after', async () => {
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

  it('serves nobody where it was resumed and suspended again', async () => {
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

  it('serves nobody any more when a strategy suspends it in the middle', async () => {
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

  it('is closed as any other, and stays suspended when it is opened again', async () => {
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

  it('may be suspended before setup()', async () => {
    const { pool } = rig(make, 1);
    pool.suspend();
    await expect(pool.use(() => 'never')).rejects.toMatchObject({ code: 'ERR_POOL_EMPTY' });
    await pool.setup();
    const waiting = watch(pool.use(() => 'done'));
    await settle();
    expect(waiting.status).toBe('pending');
    pool.resume();
    await settle();
    expect(waiting.value).toBe('done');
  });
});
