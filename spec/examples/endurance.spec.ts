import { filter } from 'rxjs';
import { cutting, seededRandom } from '../../examples/demo/cutter.js';
import type { Result } from '../../examples/demo/load.js';
import { flatOut } from '../../examples/demo/pace.js';
import { type Setup, setUp } from '../../examples/demo/setup.js';
import { Tally } from '../../examples/demo/tally.js';
import { scaled } from '../support/scales.js';
import { until } from '../support/until.js';

const TOTAL = scaled('endurance');
/** Requests from one cut to the next. */
const CUT_EVERY = TOTAL / 50;
/** How many connections are cut each time follows from this; what is in flight just then is up to the machine. */
const SEED = Number(process.env['ENDURANCE_SEED'] ?? 20_240_501);

const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

/** The demo, as fast as it goes, with connections being cut. */
describe(`${TOTAL} requests while connections are cut (ENDURANCE_SEED=${SEED})`, () => {
  const tally = new Tally();
  const settled = new Uint8Array(TOTAL + 1_000);
  let before: number;
  let setup: Setup;
  let cut = 0;
  let maybe = 0;
  const events = { lost: 0, connected: 0 };

  beforeAll(async () => {
    before = sockets();
    setup = await setUp({
      size: 8,
      latency: 0,
      backoff: { initial: 10, max: 30 },
      requestTimeout: 3_000,
      // Only what is cut is to be lost.
      flaws: { silencesNeighbour: false },
    });
    const { pool, load, target } = setup;
    pool.events$.subscribe(({ type }) => {
      if (type === 'lost' || type === 'connected') events[type]++;
    });
    load.results$.subscribe((result: Result) => {
      tally.add(result);
      if (result.type === 'failed' && result.maybe) maybe++;
      settled[result.id] = (settled[result.id] ?? 0) + 1;
    });
    const moments$ = load.results$.pipe(filter((_, index) => index % CUT_EVERY === CUT_EVERY / 2));
    const cuts = cutting(target, moments$, { size: 8, random: seededRandom(SEED) }).subscribe((count) => {
      cut += count;
    });
    await flatOut(load, pool, { workers: 200, total: TOTAL });
    cuts.unsubscribe();
    await until(() => events.connected === events.lost);
    await pool.ready({ min: 8 });
  }, 600_000);

  afterAll(async () => {
    await setup.pool.dispose();
    await setup.target.close();
  });

  it('endurance of the demo: every request settles once', () => {
    const { issued, outstanding } = setup.load;
    expect(issued).toBe(TOTAL);
    expect(outstanding).toBe(0);
    expect(settled.subarray(0, issued).every((times) => times === 1)).toBe(true);
    expect(settled.subarray(issued).every((times) => times === 0)).toBe(true);
    expect(tally.answered + tally.wrong + tally.failed).toBe(TOTAL);
  });

  it('endurance: every caller receives the reply to its own request', () => {
    expect(tally.wrong).toBe(0);
  });

  it('endurance of the demo: only requests on a cut connection, or without any connection, fail', () => {
    const { errors, answered } = tally;
    expect([...errors.keys()].filter((code) => !/^ERR_(CONNECTION_LOST|POOL_NOT_CONNECTED)$/.test(code))).toEqual([]);
    // One request is on the wire of a connection at a time.
    expect(maybe).toBeLessThanOrEqual(cut);
    expect(answered).toBeGreaterThan(TOTAL * 0.95);
  });

  it('endurance of the demo: every connection that was cut reconnects', () => {
    expect(events.lost).toBeGreaterThan(10);
    expect(events.connected).toBe(events.lost);
    expect(setup.pool.health).toMatchObject({ status: 'healthy', connected: 8 });
  });

  it('endurance of the demo: no request is pending at the end', () => {
    expect(setup.pool.health.pending).toBe(0);
    expect(setup.made.map(({ pending }) => pending)).toEqual(new Array(8).fill(0));
  });

  it('endurance of the demo: close() closes every socket', async () => {
    await setup.pool.close();
    expect(setup.made.map(({ state }) => state)).toEqual(new Array(8).fill('closed'));
    await until(() => setup.target.connections === 0);
    await setup.target.close();
    await until(() => sockets() === before);
  }, 5_000);
});
