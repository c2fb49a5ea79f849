import { NEVER, Observable } from 'rxjs';
import { ConnectionPool } from 'rxpool';
import { KINDS, OwnConnection, type TestConnection } from '../support/connections.js';
import { openRig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const never = (): Promise<never> => new Promise(() => {});

describe.each(KINDS)('Deadlines that share a timer, over $kind', ({ make }) => {
  it('withConnection({ timeout }): a teardown that throws at its deadline leaves other calls their deadlines', async () => {
    const test = await openRig(make, 2);
    const seen: string[] = [];
    const throwing = new Observable<never>(() => () => {
      throw new Error('teardown');
    });
    test.pool.withConnection(() => throwing, { timeout: 100 }).subscribe({ error: () => seen.push('first') });
    test.pool.withConnection(() => NEVER, { timeout: 100 }).subscribe({ error: () => seen.push('second') });
    const third = watch(test.pool.use(never, { timeout: 100 }));
    await expect(test.clock.advance(150)).rejects.toThrow('teardown');
    await test.clock.advance(1_000);
    await settle();
    expect([...seen, third.status]).toEqual(['first', 'second', 'rejected']);
  });

  it('use({ timeout }) with many different timeouts: each passes in time, and no timer is left', async () => {
    const test = await openRig(make, 1);
    const calls = Array.from({ length: 50 }, (_, i) => watch(test.pool.use(never, { timeout: 100 + ((i * 7) % 50) })));
    const settled = [];
    for (let passed = 0; passed < 150; passed++) {
      await test.clock.advance(1);
      settled.push(calls.filter(({ status }) => status === 'rejected').length);
    }
    expect([settled[98], settled[99], settled[120], settled[149]]).toEqual([0, 1, 22, 50]);
    expect(test.clock.timers).toBe(0);
  });
});

describe('The longest timeout', () => {
  it('use({ timeout }) and waitTimeout of 2,147,483,647 ms never pass, by the real clock', async () => {
    const pool = new ConnectionPool<TestConnection>(1, () => new OwnConnection(), {
      maxPending: 1,
      waitTimeout: 2 ** 31 - 1,
    });
    await pool.setup();
    for (let i = 0; i < 30; i++) {
      const lease = await pool.lease();
      const used = pool.use(() => new Promise((resolve) => setTimeout(resolve, 3)), { timeout: 2 ** 31 - 1 });
      await new Promise((resolve) => setTimeout(resolve, 3));
      lease.release();
      await used;
    }
    await pool.dispose();
  });
});
