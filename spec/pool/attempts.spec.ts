import { KINDS } from '../support/connections.js';
import { openRig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('attempts of a pool of $kind', ({ make }) => {
  it('setup() and reconnect() dial a connection once by default', async () => {
    const test = rig(make, 1);
    test.script = 'refuse';
    await test.pool.setup();
    await test.pool.reconnect();
    expect([test.made[0]?.dials, test.clock.timers]).toEqual([2, 0]);
  });

  it('setup({ attempts: 3 }) dials what is refused twice more, after a backoff, and then resolves', async () => {
    const test = rig(make, 2);
    test.script = 'refuse';
    const outcome = watch(test.pool.setup({ attempts: 3 }));
    await settle();
    expect(test.made.map(({ dials }) => dials)).toEqual([1, 1]);
    await test.clock.advance(249);
    expect(test.made.map(({ dials }) => dials)).toEqual([1, 1]);
    await test.clock.advance(251);
    expect(test.made.map(({ dials }) => dials)).toEqual([2, 2]);
    expect(outcome.status).toBe('pending');
    await test.clock.advance(1_000);
    expect(test.made.map(({ dials }) => dials)).toEqual([3, 3]);
    expect([outcome.status, test.pool.health.broken, test.clock.timers]).toEqual(['resolved', 2, 0]);
  });

  it('setup({ attempts: 3 }) finds a server that is 700 ms late, and dials what is connected no more', async () => {
    const test = rig(make, 2);
    test.script = 'refuse';
    const outcome = watch(test.pool.setup({ attempts: 3 }));
    await test.clock.advance(100);
    test.made[0]!.onDial = 'accept';
    await test.clock.advance(600);
    test.made[1]!.onDial = 'accept';
    await test.clock.advance(800);
    expect([outcome.status, test.pool.health.status]).toEqual(['resolved', 'healthy']);
    expect(test.made[0]?.dials).toBe(2);
  });

  it.each([true, false])(
    'reconnect(%p, { attempts: 3 }) resolves with those connected in the end',
    async (onlyBroken) => {
      const test = await openRig(make, 2);
      for (const connection of test.made) connection.onDial = 'refuse';
      test.made[0]?.lose();
      test.made[1]?.lose();
      const outcome = watch(test.pool.reconnect(onlyBroken, { attempts: 3 }));
      await test.clock.advance(600);
      for (const connection of test.made) connection.onDial = 'accept';
      await test.clock.advance(1_000);
      expect([outcome.status, outcome.value]).toEqual(['resolved', 2]);
    },
  );

  it('setup({ attempts }) settles in its backoff when the pool is closed, when all are up, and at its signal', async () => {
    for (const end of ['close', 'connect', 'abort'] as const) {
      const test = rig(make, 1);
      test.script = 'refuse';
      const controller = new AbortController();
      const outcome = watch(test.pool.setup({ attempts: Number.POSITIVE_INFINITY, signal: controller.signal }));
      await test.clock.advance(10);
      test.made[0]!.onDial = 'accept';
      if (end === 'close') await test.pool.close();
      if (end === 'connect') await test.made[0]!.connect();
      if (end === 'abort') controller.abort();
      await settle();
      expect([end, outcome.status]).toEqual([end, end === 'abort' ? 'rejected' : 'resolved']);
      expect([test.made[0]?.dials, test.clock.timers]).toEqual([end === 'connect' ? 2 : 1, 0]);
    }
  });

  it.each([0, 1.5, -1, Number.NaN])(
    'setup() and reconnect() reject attempts: %p before anything changes',
    async (attempts) => {
      const { pool, made } = rig(make, 1);
      await expect(pool.setup({ attempts })).rejects.toThrow('options.attempts');
      expect(made).toEqual([]);
      await expect(pool.reconnect(true, { attempts })).rejects.toThrow(RangeError);
    },
  );
});
