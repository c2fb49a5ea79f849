import { KINDS } from '../support/connections.js';
import { jobs } from '../support/jobs.js';
import { openRig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('The number of callers that wait for one of $kind', ({ make }) => {
  it('is that of the moment in health, and shown once a turn in health$', async () => {
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

  it('is told in the figures of every refusal, and ends with the pool', async () => {
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
