import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KINDS, SubjectConnection } from '../support/connections.js';
import { openRig, type Rig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const run = promisify(execFile);

describe.each([
  { ending: 'close()', end: ({ pool }: Rig) => pool.close({ drainTimeout: 0 }) },
  { ending: 'dispose()', end: ({ pool }: Rig) => pool.dispose() },
])('after $ending of a pool of connections made of two subjects', ({ ending, end }) => {
  const make = (): SubjectConnection => new SubjectConnection();
  const members = ({ made }: Rig): SubjectConnection[] => made as SubjectConnection[];

  const PHASES: [phase: string, reach: (test: Rig) => unknown][] = [
    ['new pool', () => {}],
    ['pool set up', ({ pool }) => pool.setup()],
    [
      'dials in flight and queued',
      (test) => {
        test.script = 'wait';
        void test.pool.setup();
      },
    ],
    [
      'dial timed out',
      async (test) => {
        test.script = 'wait';
        void test.pool.setup();
        await test.clock.advance(5_000);
      },
    ],
    [
      'redials in backoff',
      async (test) => {
        test.script = 'refuse';
        await test.pool.setup();
        await test.clock.advance(3_000);
      },
    ],
    [
      'redial just done',
      async (test) => {
        await test.pool.setup();
        members(test)[0]?.lose();
        await test.clock.advance(200);
      },
    ],
    [
      'reconnect(false) in progress',
      async (test) => {
        await test.pool.setup();
        for (const connection of test.made) connection.send();
        void test.pool.reconnect(false);
        for (const connection of test.made) connection.reply();
      },
    ],
    [
      'ready() pending',
      (test) => {
        watch(test.pool.ready({ timeout: 60_000 }));
      },
    ],
    [
      'use() done',
      async (test) => {
        await test.pool.setup();
        await test.pool.use(() => 1, { timeout: 60_000, signal: new AbortController().signal });
      },
    ],
    [
      'connection streams ended',
      async (test) => {
        await test.pool.setup();
        members(test)[0]?.state$.error(new Error('broke'));
        members(test)[1]?.pending$.complete();
        await settle();
      },
    ],
  ];

  it.each(PHASES)(`after ${ending} there is no timer and no subscription left: %s`, async (_, reach) => {
    const test = rig(make, 3, { heal: undefined, maxDials: 2 });
    await reach(test);
    await end(test);
    await settle();
    expect(test.clock.timers).toBe(0);
    expect(members(test).filter(({ observed }) => observed)).toEqual([]);
    expect(test.pool.isEmpty()).toBe(true);
  });
});

describe.each(KINDS)('a pool of $kind', ({ make }) => {
  it('an idle pool has no timer, and none is left after 1,000 use() calls, losses and reopenings', async () => {
    const { pool, clock } = await openRig(make, 2);
    expect(clock.timers).toBe(0);
    for (let round = 0; round < 1_000; round++) {
      await pool.use(
        (connection) => {
          connection.send();
          connection.reply();
        },
        { timeout: 1_000 },
      );
      if (round % 100 === 0) {
        pool.connections[0]?.lose();
        await pool.reconnect();
        await pool.close();
        await pool.setup();
      }
    }
    expect(clock.timers).toBe(0);
  });

  it('calls that are given a signal remove every abort listener they add', async () => {
    const { pool } = await openRig(make, 1);
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    await pool.use(() => 1, { signal });
    await pool.ready({ signal, min: 1 });
    await pool.setup({ signal });
    await pool.extendPoolBySize(1, { signal });
    await pool.reconnect(false, { signal });
    await pool.close({ signal });
    expect(added.mock.calls.length).toBeGreaterThan(3);
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });
});

describe('a program that misuses a pool and ends', () => {
  it('a program whose pool calls fail unawaited gets no unhandled rejection or warning, and exits', async () => {
    const program = ['spec/package/run.mjs', 'spec/support/bad-program.ts'];
    const { stdout, stderr } = await run(process.execPath, ['--trace-warnings', ...program], { timeout: 20_000 });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(['alarms: 0', 'status: closed', 'observed: false']);
  }, 30_000);
});
