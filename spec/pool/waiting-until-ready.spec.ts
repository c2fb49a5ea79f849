import { PoolClosedError, PoolDisposedError, PoolError, ReadyTimeoutError } from 'rxpool';
import { KINDS } from '../support/connections.js';
import { openRig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('ready() of a pool of $kind', ({ make }) => {
  it('ready({ min }) resolves at once when at least min members are connected', async () => {
    const { pool } = await openRig(make, 2);
    await expect(pool.ready()).resolves.toBeUndefined();
    await expect(pool.ready({ min: 2, timeout: 0 })).resolves.toBeUndefined();
    await expect(pool.ready({ min: 0 })).resolves.toBeUndefined();
  });

  it('ready({ min }) resolves once min members are connected, also when called before setup()', async () => {
    const test = rig(make, 3);
    test.script = 'wait';
    const outcomes = [watch(test.pool.ready({ min: 0 })), watch(test.pool.ready()), watch(test.pool.ready({ min: 2 }))];
    const states = (): string => outcomes.map(({ status }) => status).join(' ');
    await settle();
    expect(states()).toBe('resolved pending pending');
    void test.pool.setup();
    test.made[0]?.accept();
    await settle();
    expect(states()).toBe('resolved resolved pending');
    test.made[1]?.refuse();
    await settle();
    expect(states()).toBe('resolved resolved pending');
    test.made[2]?.accept();
    await settle();
    expect(states()).toBe('resolved resolved resolved');
  });

  it('ready() without a timeout waits for as long as it takes', async () => {
    const test = rig(make, 1);
    test.script = 'wait';
    const outcome = watch(test.pool.ready());
    await test.clock.advance(24 * 3_600_000);
    expect(outcome.status).toBe('pending');
    test.script = 'accept';
    await test.pool.extendPoolBySize(1);
    await settle();
    expect(outcome.status).toBe('resolved');
  });

  it('ready({ timeout }) rejects with ReadyTimeoutError, the last dial failure as cause and the pool figures', async () => {
    const test = rig(make, 2);
    test.script = 'wait';
    void test.pool.setup();
    const outcome = watch(test.pool.ready({ min: 2, timeout: 300 }));
    test.made[0]?.accept();
    test.made[1]?.refuse(new Error('no route'));
    await test.clock.advance(299);
    expect(outcome.status).toBe('pending');
    await test.clock.advance(1);
    expect(outcome.reason).toBeInstanceOf(ReadyTimeoutError);
    expect(outcome.reason).toMatchObject({
      code: 'ERR_READY_TIMEOUT',
      cause: new Error('no route'),
      figures: { total: 2, connected: 1, pending: 0, waiting: 0 },
    });
    expect(outcome.reason).toBeInstanceOf(PoolError);
  });

  it('ready({ timeout }) leaves no timer after it has resolved', async () => {
    const test = rig(make, 1);
    const outcome = watch(test.pool.ready({ timeout: 300 }));
    expect(test.clock.timers).toBeGreaterThan(0);
    await test.pool.setup();
    expect([outcome.status, test.clock.timers]).toEqual(['resolved', 0]);
  });

  it("ready({ signal }) rejects with the signal's reason when it aborts or has aborted before", async () => {
    const { pool, clock } = rig(make, 1);
    const controller = new AbortController();
    const outcome = watch(pool.ready({ timeout: 300, signal: controller.signal }));
    const reason = new Error('never mind');
    controller.abort(reason);
    await settle();
    expect(outcome).toEqual({ status: 'rejected', reason });
    expect(clock.timers).toBe(0);
    await expect(pool.ready({ signal: controller.signal })).rejects.toBe(reason);
  });

  it('pending ready() calls reject with PoolClosedError on close(), even if setup() follows at once', async () => {
    const { pool } = rig(make, 1);
    const [closed, reopened] = [watch(pool.ready()), watch(pool.ready({ min: 5 }))];
    void pool.close();
    await settle();
    expect(closed.reason).toBeInstanceOf(PoolClosedError);
    expect(reopened.reason).toBeInstanceOf(PoolClosedError);

    await pool.setup();
    const outcome = watch(pool.ready({ min: 2 }));
    void pool.close();
    void pool.setup();
    await settle();
    expect(outcome.reason).toBeInstanceOf(PoolClosedError);
    await expect(pool.ready()).resolves.toBeUndefined();
  });

  it('a pending ready() rejects with PoolDisposedError on dispose()', async () => {
    const { pool } = rig(make, 1);
    const outcome = watch(pool.ready());
    await pool.dispose();
    await settle();
    expect(outcome.reason).toBeInstanceOf(PoolDisposedError);
  });
});
