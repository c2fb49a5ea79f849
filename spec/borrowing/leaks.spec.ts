import { KINDS } from '../support/connections.js';
import { openRig, type Rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('leakThreshold, over $kind', ({ make }) => {
  const opened = (options = {}): Promise<Rig> => openRig(make, 1, { maxPending: 1, leakThreshold: 1_000, ...options });

  const leaks = ({ events }: Rig) => events.filter(({ type }) => type === 'leak-suspected');

  const forgetful = (pool: Rig['pool']) => pool.lease();

  it('leakThreshold: emits leak-suspected once, with the stack of the lease() call', async () => {
    const test = await opened();
    const lease = await forgetful(test.pool);
    await test.clock.advance(999);
    expect(leaks(test)).toEqual([]);
    await test.clock.advance(10_000);
    expect(leaks(test)).toEqual([
      { type: 'leak-suspected', connection: test.made[0], duration: 1_000, acquiredAt: expect.any(String) },
    ]);
    expect(leaks(test)[0]).toMatchObject({ acquiredAt: expect.stringContaining('forgetful') });
    expect(test.clock.timers).toBe(0);
    lease.release();
  });

  it('leakThreshold: counts from the grant of a waiting lease(), and reports the stack of its call', async () => {
    const test = await opened();
    const first = test.pool.tryLease();
    const waiting = forgetful(test.pool);
    await test.clock.advance(900);
    first?.release();
    await waiting;
    await test.clock.advance(999);
    expect(leaks(test)).toEqual([]);
    await test.clock.advance(1);
    expect(leaks(test)).toMatchObject([{ acquiredAt: expect.stringContaining('forgetful') }]);
  });

  it.each(['release', 'invalidate'] as const)(
    'leakThreshold: no leak-suspected and no timer after lease.%s()',
    async (end) => {
      const test = await opened();
      (await test.pool.lease())[end]();
      test.pool.tryLease()?.[end]();
      await settle();
      expect(test.clock.timers).toBe(0);
      await test.clock.advance(5_000);
      expect(leaks(test)).toEqual([]);
    },
  );

  it('leakThreshold: close() leaves no timer for an unreleased lease', async () => {
    const test = await opened();
    await test.pool.lease();
    await test.pool.close({ drainTimeout: 0 });
    expect(test.clock.timers).toBe(0);
  });

  it.each([Number.POSITIVE_INFINITY, 1e12])('leakThreshold: %d sets no timer', async (leakThreshold) => {
    const test = await opened({ leakThreshold });
    await test.pool.lease();
    expect(test.clock.timers).toBe(0);
  });

  it('leakThreshold: the value at the grant of a waiting lease() counts, not that at its call', async () => {
    const test = await opened();
    const first = test.pool.tryLease();
    const waiting = test.pool.lease();
    test.pool.reconfigure({ leakThreshold: Number.POSITIVE_INFINITY });
    first?.release();
    await waiting;
    await settle();
    expect(test.clock.timers).toBe(0);
  });

  it('leakThreshold: use() sets no timer', async () => {
    const test = await opened();
    void test.pool.use(() => new Promise(() => {}));
    expect(test.clock.timers).toBe(0);
  });
});
