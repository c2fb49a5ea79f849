import * as fc from 'fast-check';
import { scaled } from '../support/scales.js';
import { settle } from '../support/virtual-clock.js';
import { schedule } from './actions.js';
import { expectSame, NOTHING, remainsOf } from './agreement.js';
import { BOUND, CONNECT_TIMEOUT, Scenario } from './scenario.js';

const RUNS = scaled('interleavings');

/** All connections are closed and unsubscribed, and every caller has settled once. */
function expectNothingLeft({ rig, callers, capacities }: Scenario): void {
  const { pool, clock, made } = rig;
  expectSame(pool.health.status, 'closed');
  expectSame([pool.health.total, pool.health.pending, pool.health.waiting, clock.timers], [0, 0, 0, 0]);
  expectSame(made.map(remainsOf), Array(made.length).fill(NOTHING));
  expectSame(
    [...capacities.values()].filter(({ observed }) => observed),
    [],
  );
  expectSame(callers.allViolations, []);
}

describe('Interleaved calls of a pool', () => {
  const rejections: unknown[] = [];
  const record = (reason: unknown): number => rejections.push(reason);

  beforeAll(() => process.on('unhandledRejection', record));
  afterAll(() => process.off('unhandledRejection', record));

  it(`pool property: close() resolves within its bound and leaves nothing, in ${RUNS} random schedules`, async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (planned) => {
        const scenario = new Scenario(planned);
        const { callers, observers, open } = scenario;
        const { pool, clock, made } = scenario.rig;
        const shownAfterClose: string[] = [];
        for (const one of planned.actions) await scenario.act(one);
        scenario.stopNested();
        if (planned.finishesAll) {
          await scenario.finishAll();
          scenario.stopNested();
          // No lease or use is open: the load of the pool is that of the connections' own requests.
          expectSame(
            pool.health.pending,
            pool.connections.reduce((sum, { pending }) => sum + pending, 0),
          );
        }
        scenario.call('the last close', pool.close());
        expectSame([pool.connections, pool.connectedConnections, pool.brokenConnections], [[], [], []]);
        pool.connections$.subscribe((connections) => shownAfterClose.push(...connections.map(({ name }) => name)));
        await settle();
        expectSame(callers.unanswered, []);
        await clock.advance(BOUND);
        expectSame([[...open], clock.timers], [[], 0]);
        // Dials that cannot be cancelled connect now.
        for (const connection of made) connection.accept();
        await clock.advance(2 * CONNECT_TIMEOUT);
        for (const { finish } of callers.all) finish();
        await settle();
        expectNothingLeft(scenario);
        expectSame(observers.violations, []);
        await pool.dispose();
        for (const end of Object.values(observers.ends)) expectSame(end, 'completed');
        expectSame([shownAfterClose, rejections], [[], []]);
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});
