import { KINDS } from '../support/connections.js';
import { jobs } from '../support/jobs.js';
import { openRig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('health.waiting, over $kind', ({ make }) => {
  it('health.waiting: changes synchronously; health$ emits it once per turn', async () => {
    const { pool, clock } = await openRig(make, 1, { maxPending: 1, waitTimeout: 100 });
    const shown: number[] = [];
    pool.health$.subscribe(({ waiting }) => shown.push(waiting));
    const [running, ...waiting] = jobs(pool, 6);
    expect(pool.health.waiting).toBe(5);
    expect(shown).toEqual([0]);
    await settle();
    expect(shown).toEqual([0, 5]);
    running?.finish();
    await settle();
    expect(pool.health.waiting).toBe(4);
    expect(shown).toEqual([0, 5, 4]);
    waiting[0]?.finish();
    waiting[1]?.finish();
    await settle();
    expect(pool.health.waiting).toBe(2);
    expect(shown.at(-1)).toBe(2);
    await clock.advance(100);
    expect([pool.health.waiting, shown.at(-1)]).toEqual([0, 0]);
    waiting[2]?.finish();
    await settle();
  });

  it('health.waiting: each rejection has the number in its figures; it is 0 after close()', async () => {
    const { pool } = await openRig(make, 1, { maxPending: 1, maxWaiting: 3 });
    const shown: number[] = [];
    pool.health$.subscribe(({ waiting }) => shown.push(waiting));
    const [, ...others] = jobs(pool, 5);
    await settle();
    expect(others.map(({ outcome }) => outcome.reason)).toMatchObject([
      undefined,
      undefined,
      undefined,
      { figures: { total: 1, connected: 1, pending: 1, waiting: 3 } },
    ]);
    await pool.close({ drainTimeout: 0 });
    expect(others.slice(0, 3).map(({ outcome }) => outcome.reason)).toMatchObject([
      { figures: { waiting: 3 } },
      { figures: { waiting: 2 } },
      { figures: { waiting: 1 } },
    ]);
    expect([pool.health.waiting, shown.at(-1)]).toEqual([0, 0]);
  });
});
