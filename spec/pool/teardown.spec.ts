import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KINDS, SubjectConnection } from '../support/connections.js';
import { openRig, type Rig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const run = promisify(execFile);

describe.each([
  { ending: 'close()', end: ({ pool }: Rig) => pool.close({ drainTimeout: 0 }) },
  { ending: 'dispose()', end: ({ pool }: Rig) => pool.dispose() },
])('after $ending of a pool of connections made of two subjects', ({ end }) => {
  const make = (): SubjectConnection => new SubjectConnection();
  const members = ({ made }: Rig): SubjectConnection[] => made as SubjectConnection[];

  const PHASES: [phase: string, reach: (test: Rig) => unknown][] = [
    ['a new pool', () => {}],
    ['one that was set up', ({ pool }) => pool.setup()],
    [
      'dials under way and in the queue',
      (test) => {
        test.script = 'wait';
        void test.pool.setup();
      },
    ],
    [
      'a dial that has timed out',
      async (test) => {
        test.script = 'wait';
        void test.pool.setup();
        await test.clock.advance(5_000);
      },
    ],
    [
      'redials that wait',
      async (test) => {
        test.script = 'refuse';
        await test.pool.setup();
        await test.clock.advance(3_000);
      },
    ],
    [
      'a redial just done',
      async (test) => {
        await test.pool.setup();
        members(test)[0]?.lose();
        await test.clock.advance(200);
      },
    ],
    [
      'a rolling reconnect',
      async (test) => {
        await test.pool.setup();
        for (const connection of test.made) connection.send();
        void test.pool.reconnect(false);
        for (const connection of test.made) connection.reply();
      },
    ],
    [
      'somebody who waits until it is ready',
      (test) => {
        watch(test.pool.ready({ timeout: 60_000 }));
      },
    ],
    [
      'work that is done',
      async (test) => {
        await test.pool.setup();
        await test.pool.use(() => 1, { timeout: 60_000, signal: new AbortController().signal });
      },
    ],
    [
      'streams that ended',
      async (test) => {
        await test.pool.setup();
        members(test)[0]?.state$.error(new Error('broke'));
        members(test)[1]?.pending$.complete();
        await settle();
      },
    ],
  ];

  it.each(PHASES)('no timer waits and nobody listens: %s', async (_, reach) => {
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
  it('has no timer while nothing is under way, and none left after a thousand rounds', async () => {
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

  it('lets go of the signals it is given', async () => {
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

describe('a program that uses a pool badly and ends', () => {
  it('hears nothing of unhandled rejections, exceptions or warnings, and is not kept alive', async () => {
    const program = ['spec/package/run.mjs', 'spec/support/bad-program.ts'];
    const { stdout, stderr } = await run(process.execPath, ['--trace-warnings', ...program], { timeout: 20_000 });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(['alarms: 0', 'status: closed', 'observed: false']);
  }, 30_000);
});
