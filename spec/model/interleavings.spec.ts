import * as fc from 'fast-check';
import { settle } from '../support/virtual-clock.js';
import { schedule } from './acts.js';
import { expectSame, NOTHING, remainsOf } from './agreement.js';
import { BOUND, CONNECT_TIMEOUT, Play } from './play.js';

/** Everything that was opened is shut, nobody listens any more, and everybody was answered. */
function expectNothingLeft({ rig, borrowers, capacities }: Play): void {
  const { pool, clock, made } = rig;
  expectSame(pool.health.status, 'closed');
  expectSame([pool.health.total, pool.health.pending, pool.health.waiting, clock.timers], [0, 0, 0, 0]);
  expectSame(made.map(remainsOf), Array(made.length).fill(NOTHING));
  expectSame(
    [...capacities.values()].filter(({ observed }) => observed),
    [],
  );
  expectSame(borrowers.wrongly, []);
}

describe('Whatever is called while whatever else is under way', () => {
  const rejections: unknown[] = [];
  const record = (reason: unknown): number => rejections.push(reason);

  beforeAll(() => process.on('unhandledRejection', record));
  afterAll(() => process.off('unhandledRejection', record));

  it('close() resolves within its bound, and nothing outlives it: 10,000 schedules', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (planned) => {
        const play = new Play(planned);
        const { borrowers, onlookers, open } = play;
        const { pool, clock, made } = play.rig;
        const ups: string[] = [];
        for (const one of planned.acts) await play.act(one);
        play.unfollow();
        if (planned.rests) {
          await play.rest();
          play.unfollow();
          // No borrowing is open: what the pool carries is what the connections say.
          expectSame(
            pool.health.pending,
            pool.connections.reduce((sum, { pending }) => sum + pending, 0),
          );
        }
        play.call('the last close', pool.close());
        expectSame([pool.connections, pool.connectedConnections, pool.brokenConnections], [[], [], []]);
        pool.connections$.subscribe((connections) => ups.push(...connections.map(({ name }) => name)));
        await settle();
        expectSame(borrowers.unanswered, []);
        await clock.advance(BOUND);
        expectSame([[...open], clock.timers], [[], 0]);
        // Dials that could not be called off come up now.
        for (const connection of made) connection.accept();
        await clock.advance(2 * CONNECT_TIMEOUT);
        for (const { finish } of borrowers.all) finish();
        await settle();
        expectNothingLeft(play);
        expectSame(onlookers.wrongs, []);
        await pool.dispose();
        for (const end of Object.values(onlookers.ends)) expectSame(end, 'completed');
        expectSame([ups, rejections], [[], []]);
      }),
      { numRuns: 10_000 },
    );
  }, 180_000);
});
