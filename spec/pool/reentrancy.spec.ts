import { config, type Observable } from 'rxjs';
import type { ConnectionPool } from 'rxpool';
import { KINDS, type Make, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, type Rig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

type Pool = ConnectionPool<TestConnection>;

const STREAMS: [name: string, of: (pool: Pool) => Observable<unknown>][] = [
  ['connections$', (pool) => pool.connections$],
  ['connected$', (pool) => pool.connected$],
  ['broken$', (pool) => pool.broken$],
  ['snapshot$', (pool) => pool.snapshot$],
  ['leastLoaded$', (pool) => pool.leastLoaded$],
  ['pending$', (pool) => pool.pending$],
  ['health$', (pool) => pool.health$],
  ['events$', (pool) => pool.events$],
];

const CALLS: [name: string, call: (test: Rig, make: Make) => unknown][] = [
  ['setup()', ({ pool }) => pool.setup()],
  ['close()', ({ pool }) => pool.close({ drainTimeout: 0 })],
  ['dispose()', ({ pool }) => pool.dispose()],
  ['extendPoolBySize(1)', ({ pool }) => pool.extendPoolBySize(1)],
  ['extendPoolByConnections()', ({ pool }, make) => pool.extendPoolByConnections([make(), ...pool.connections])],
  ['reducePoolConnections(1)', ({ pool }) => pool.reducePoolConnections(1, true)],
  ['cleanupBrokenConnections()', ({ pool }) => pool.cleanupBrokenConnections()],
  ['removeConnections()', ({ pool }) => pool.removeConnections(pool.connections.slice(0, 1))],
  ['reconnect()', ({ pool }) => pool.reconnect()],
  ['reconnect(false)', ({ pool }) => pool.reconnect(false)],
  ['getLeastLoadedConnection()', ({ pool }) => pool.getLeastLoadedConnection()],
  ['use()', ({ pool }) => pool.use((connection) => connection.send())],
  ['ready()', ({ pool }) => pool.ready({ timeout: 10 })],
  [
    'reading the getters',
    ({ pool }) => [pool.connections, pool.connectedConnections, pool.brokenConnections, pool.health],
  ],
  ['subscribing to every stream', ({ pool }) => STREAMS.map(([, of]) => of(pool).subscribe())],
  ['lose() of a connection', ({ pool }) => pool.connections[0]?.lose()],
  ['close() of a connection', ({ pool }) => pool.connections[0]?.close()],
];

/** The counts in health equal the lists, and the lists equal the states of the connections. */
function expectConsistent({ pool }: Rig): void {
  const { connections, connectedConnections, brokenConnections, health } = pool;
  const { fresh, connecting, connected, draining, ejected, broken, total } = health;
  expect(total).toBe(connections.length);
  expect(connected).toBe(connectedConnections.length);
  expect(broken).toBe(brokenConnections.length);
  expect(fresh + connecting + connected + draining + ejected + broken).toBe(total);
  expect(new Set(connections).size).toBe(total);
  for (const connection of connectedConnections) expect(connection.state).toBe('connected');
  for (const connection of brokenConnections) expect(connection.state).toBe('broken');
}

describe.each(KINDS)('calls inside next(), pool of $kind', ({ make }) => {
  describe.each(STREAMS)('of %s', (stream, of) => {
    it.each(CALLS)(
      `%s inside next() of ${stream} works, and all connected$ subscribers see the same`,
      async (_call, call) => {
        const test = await openRig(make, 3);
        const logs: [string[], string[]] = [[], []];
        const note = (log: string[]) => (all: readonly TestConnection[]) => log.push(names(all));
        test.pool.connected$.subscribe(note(logs[0]));
        let calls = 0;
        of(test.pool).subscribe(() => {
          if (calls++ >= 3) return;
          try {
            const result = call(test, make);
            if (result instanceof Promise) result.catch(() => {});
          } catch {
            // getLeastLoadedConnection() throws when no member is connected.
          }
        });
        test.pool.connected$.subscribe(note(logs[1]));
        for (const log of logs) log.length = 0;
        const steps = [
          () => test.made[1]?.lose(),
          () => test.pool.reconnect().catch(() => {}),
          () => test.pool.extendPoolBySize(1).catch(() => {}),
          () => test.made[0]?.send(),
        ];
        for (const step of steps) {
          await step();
          await settle();
          expectConsistent(test);
        }
        expect(calls).toBeGreaterThan(0);
        expect(logs[0]).toEqual(logs[1]);
        calls = Number.POSITIVE_INFINITY;
        await test.pool.close({ drainTimeout: 0 });
        await settle();
        expect(figures({ ...test.pool.health, poolSize: 0 })).toEqual({});
        await test.clock.advance(60_000);
        expect(test.clock.timers).toBe(0);
      },
    );
  });

  it('extendPoolBySize() inside next() changes the fields at once and emits after the current emission', async () => {
    const { pool } = await openRig(make, 1);
    const log: string[] = [];
    pool.connections$.subscribe(({ length }) => {
      log.push(`first sees ${length}`);
      if (length !== 2) return;
      void pool.extendPoolBySize(1);
      log.push(`first has made it ${pool.connections.length}`);
    });
    pool.connections$.subscribe(({ length }) => log.push(`second sees ${length}`));
    log.length = 0;
    await pool.extendPoolBySize(1);
    expect(log).toEqual(['first sees 2', 'first has made it 3', 'second sees 2', 'first sees 3', 'second sees 3']);
  });

  it('all subscribers of health$ see the same values in the same order when others change the pool in next()', async () => {
    const { pool, made } = await openRig(make, 3);
    const logs: string[][] = [[], [], []];
    const follow = (place: number): unknown =>
      pool.health$.subscribe(({ connected, broken, total }) => logs[place]?.push(`${connected}/${broken}/${total}`));
    follow(0);
    pool.broken$.subscribe(({ length }) => {
      if (length === 1) made[1]?.lose();
      if (length === 2) pool.cleanupBrokenConnections();
    });
    follow(1);
    pool.connected$.subscribe(({ length }) => {
      if (length === 1) void pool.extendPoolBySize(1);
    });
    follow(2);
    made[0]?.lose();
    await settle();
    expect(logs[0]).toEqual(logs[1]);
    expect(logs[1]).toEqual(logs[2]);
    expect(logs[0]?.at(-1)).toBe('2/0/2');
  });

  it('a subscriber added inside next() starts at the current value and sees every later one', async () => {
    const { pool, made } = await openRig(make, 2);
    const late: string[] = [];
    let came = false;
    pool.connected$.subscribe(({ length }) => {
      if (length !== 1 || came) return;
      came = true;
      pool.connected$.subscribe((connected) => late.push(names(connected)));
      made[1]?.lose();
    });
    made[0]?.lose();
    expect(late).toEqual(['#2', '']);
  });

  describe('a subscriber that throws', () => {
    const thrown: unknown[] = [];
    beforeEach(() => {
      thrown.length = 0;
      config.onUnhandledError = (error) => thrown.push(error);
    });
    afterEach(() => {
      config.onUnhandledError = null;
    });

    it('a subscriber that throws affects neither other subscribers nor the pool, and its error is reported', async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
      try {
        const test = await openRig(make, 2);
        const mistake = new Error('a mistake of a subscriber');
        const logs: unknown[][] = STREAMS.map(() => []);
        for (const [place, [, of]] of STREAMS.entries()) {
          of(test.pool).subscribe(() => {
            throw mistake;
          });
          of(test.pool).subscribe((value) => logs[place]?.push(value));
        }
        test.made[0]?.lose();
        await test.pool.reconnect();
        test.made[1]?.send();
        await settle();
        await test.pool.close({ drainTimeout: 0 });
        await test.pool.setup();
        expectConsistent(test);
        for (const log of logs) expect(log.length).toBeGreaterThan(2);
        expect(test.pool.connectedConnections).toHaveLength(2);
        jest.runAllTimers();
        expect(thrown.length).toBeGreaterThanOrEqual(STREAMS.length);
        expect(new Set(thrown)).toEqual(new Set([mistake]));
      } finally {
        jest.useRealTimers();
      }
    });
  });

  it('100,000 calls nested in next() of health$ do not overflow the stack', () => {
    const { pool } = rig(make, 200_000);
    let calls = 0;
    pool.health$.subscribe(() => {
      if (calls++ < 100_000) pool.reducePoolConnections(1);
    });
    expect(calls).toBe(100_001);
    expect(pool.poolSize).toBe(100_000);
  });

  it('1,000 losses, each answered by reconnect() inside broken$, cause 1,000 redials and leave no timer', async () => {
    const test = rig(make, 1);
    await test.pool.setup();
    const [connection] = test.pool.connections as [TestConnection];
    let lost = 0;
    test.pool.broken$.subscribe(({ length }) => {
      if (length > 0 && lost < 1_000) void test.pool.reconnect();
    });
    for (; lost < 1_000; lost++) {
      connection.lose();
      await settle();
    }
    expect(connection.dials).toBe(1_001);
    expect(test.clock.timers).toBe(0);
  });
});
