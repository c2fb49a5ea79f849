import { NEVER, Subject, startWith } from 'rxjs';
import type { ConnectionPoolOptions } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, type Rig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

type Options = ConnectionPoolOptions<TestConnection>;

/** A pool in some state, and the calls that are pending in it. */
interface Scene {
  readonly test: Rig;
  readonly calls: Promise<unknown>[];
}

const DRAIN = 400;
const CLOSE = 300;

describe.each(KINDS)('a pool of $kind', ({ make }) => {
  const bounds: Options = { drainTimeout: DRAIN, closeTimeout: CLOSE };
  const open = (size: number, options?: Options): Promise<Rig> => openRig(make, size, { ...bounds, ...options });

  /** Starts setup() of two members that answer dials by the script. */
  function opening(script: Rig['script'], options?: Options): Scene {
    const test = rig(make, 2, { ...bounds, ...options });
    test.script = script;
    return { test, calls: [test.pool.setup()] };
  }

  const SCENES: Record<string, () => Promise<Scene> | Scene> = {
    'was never set up': () => ({ test: rig(make, 2, bounds), calls: [] }),
    'has idle members': async () => {
      const test = await open(0);
      void test.pool.extendPoolByConnections([make('wait'), make('wait')]);
      test.pool.reconfigure({ maxDials: 1 });
      return { test, calls: [] };
    },
    'has a dial in flight': () => opening('wait'),
    'has a dial queued by maxDials': () => opening('wait', { maxDials: 1 }),
    'has broken members': () => opening('refuse'),
    'runs a warmup': () => opening('accept', { warmup: () => new Promise(() => {}) }),
    'has an open breaker': () => opening('accept', { breaker: () => NEVER.pipe(startWith('open' as const)) }),
    'has a half-open breaker': () => opening('wait', { breaker: () => NEVER.pipe(startWith('half-open' as const)) }),
    'has requests in flight': async () => {
      const test = await open(2);
      for (const connection of test.made) connection.send();
      return { test, calls: [] };
    },
    'has leases and waiters': async () => {
      const test = await open(1, { maxPending: 1 });
      const lease = await test.pool.lease();
      const recalled = new Promise((resolve) => lease.signal.addEventListener('abort', resolve));
      return { test, calls: [recalled, test.pool.use(() => 'never'), test.pool.lease()] };
    },
    'drains removed members without a limit': async () => {
      const test = await open(2);
      for (const connection of test.made) connection.send();
      test.pool.reconfigure({ poolSize: 1 });
      return { test, calls: [] };
    },
    'closes removed members': async () => {
      const test = await open(2);
      for (const connection of test.made) connection.onClose = 'hang';
      test.pool.removeConnections(test.made);
      return { test, calls: [test.pool.setup()] };
    },
    'drains members for reconnect(false)': async () => {
      const test = await open(2);
      for (const connection of test.made) connection.send();
      return { test, calls: [test.pool.reconnect(false)] };
    },
    'closes members for reconnect(false)': async () => {
      const test = await open(2);
      for (const connection of test.made) connection.onClose = 'hang';
      return { test, calls: [test.pool.reconnect(false)] };
    },
    'closes invalidated members': async () => {
      const test = await open(2);
      for (const connection of test.made) connection.onClose = 'hang';
      test.pool.invalidateConnections(test.made);
      return { test, calls: [test.pool.reconnect()] };
    },
    'has ejected every member': async () => {
      const test = await open(2);
      test.made[0]?.send();
      test.pool.ejectConnections(test.made, { duration: 60_000 });
      return { test, calls: [] };
    },
    'dials a replacement for renew()': async () => {
      const test = await open(2);
      test.script = 'wait';
      return { test, calls: [test.pool.renew(), test.pool.renew({ maxUnavailable: 2 })] };
    },
    'dials replacements while the old members drain': async () => {
      const test = await open(2);
      for (const connection of test.made) connection.send();
      test.script = 'wait';
      return { test, calls: [test.pool.renew({ maxUnavailable: 2 }), test.pool.reconnect(false)] };
    },
    'runs a reset': async () => {
      const test = await open(1, { maxPending: 1, reset: () => new Promise(() => {}) });
      await test.pool.use(() => 'done');
      return { test, calls: [test.pool.use(() => 'never')] };
    },
    'is suspended': async () => {
      const test = await open(1);
      test.pool.suspend();
      return { test, calls: [test.pool.use(() => 'never')] };
    },
  };

  describe.each(Object.entries(SCENES))('that %s', (state, enter) => {
    async function enterScene(): Promise<Scene> {
      const scene = await enter();
      for (const call of scene.calls) call.catch(() => {});
      await settle();
      return scene;
    }

    it.each(['close', 'dispose'] as const)(
      `%s() of a pool that ${state} settles pending calls in time and leaves nothing open`,
      async (end) => {
        const { test, calls } = await enterScene();
        const asked = calls.map((call) => watch(call));
        for (const connection of test.made) connection.onClose = 'hang';
        const dials = test.made.map((connection) => connection.dials);
        const closing = watch(test.pool[end]());
        expect(test.pool.connections).toEqual([]);
        expect(test.pool.health).toMatchObject({ status: 'closed', total: 0, pending: 0, waiting: 0 });
        await test.clock.advance(DRAIN + CLOSE);
        expect(closing.status).toBe('resolved');
        expect(asked.filter(({ status }) => status === 'pending')).toEqual([]);
        expect(test.made.filter(({ state }) => state !== 'closed' && state !== 'idle')).toEqual([]);
        expect(test.made.map((connection) => connection.dials)).toEqual(dials);
        expect(test.clock.timers).toBe(0);
        for (const connection of test.made) connection.accept();
        await settle();
        expect(test.made.filter(({ state }) => state === 'connected')).toEqual([]);
      },
    );

    it(`close() and setup() of a pool that ${state} settle pending calls and serve again`, async () => {
      const { test, calls } = await enterScene();
      const asked = calls.map((call) => watch(call));
      const old = [...test.made];
      const closing = watch(test.pool.close());
      test.pool.reconfigure({ breaker: false, warmup: false, reset: false });
      test.pool.resume();
      test.script = 'accept';
      const setup = watch(test.pool.setup());
      await test.clock.advance(DRAIN + CLOSE);
      expect([closing.status, setup.status]).toEqual(['resolved', 'resolved']);
      expect(asked.filter(({ status }) => status === 'pending')).toEqual([]);
      const { poolSize, status, total, connected } = test.pool.health;
      expect({ status, total, connected }).toEqual({
        status: poolSize === 0 ? 'empty' : 'healthy',
        total: poolSize,
        connected: poolSize,
      });
      expect(old.filter((connection) => test.pool.connections.includes(connection))).toEqual([]);
      expect(old.filter(({ state }) => state === 'connected')).toEqual([]);
      await expect(test.pool.use(() => 'served')).resolves.toBe('served');
      const last = watch(test.pool.dispose());
      await test.clock.advance(DRAIN + CLOSE);
      expect([last.status, test.clock.timers]).toEqual(['resolved', 0]);
    });
  });

  it('close({ drainTimeout: 2 ** 31 - 1 }) aborts lease signals at the call and waits for the release', async () => {
    const { pool } = await open(1);
    const lease = await pool.lease();
    const closing = watch(pool.close({ drainTimeout: 2 ** 31 - 1 }));
    expect(lease.signal.aborted).toBe(true);
    expect(lease.signal.reason).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
    await settle();
    expect(closing.status).toBe('pending');
    lease.release();
    await settle();
    expect(closing.status).toBe('resolved');
  });

  it("setup() called by a lease's abort listener or a state$ subscriber during close() reopens the pool", async () => {
    for (const busy of [true, false]) {
      const work = new Subject();
      const test = await open(2, { policies: [() => work] });
      const lease = busy ? await test.pool.lease() : undefined;
      const first = lease?.connection ?? (test.made[0] as TestConnection);
      let setup: ReturnType<typeof watch<void>> | undefined;
      const again = (): void => {
        setup = watch(test.pool.setup());
      };
      if (lease) lease.signal.addEventListener('abort', again);
      else first.state$.subscribe((state) => state === 'closed' && again());
      const closing = watch(test.pool.close());
      lease?.release();
      await settle();
      expect([closing.status, setup?.status]).toEqual(['resolved', 'resolved']);
      expect(test.pool.health).toMatchObject({ status: 'healthy', total: 2 });
      expect(test.made.slice(0, 2).map(({ state }) => state)).toEqual(['closed', 'closed']);
      expect(work.observed).toBe(true);
    }
  });

  it('a connection that an abort listener adds again during removeConnections() stays a member', async () => {
    const test = await open(2);
    const lease = await test.pool.lease();
    const other = test.made.find((connection) => connection !== lease.connection) as TestConnection;
    let extending: Promise<void> | undefined;
    lease.signal.addEventListener('abort', () => {
      extending = test.pool.extendPoolByConnections([other]);
    });
    expect(test.pool.removeConnections([lease.connection, other])).toBe(2);
    await extending;
    expect(test.pool.connections).toEqual([other]);
    lease.release();
    await settle();
    expect([other.state, other.closes, test.pool.health.connected]).toEqual(['connected', 0, 1]);
    expect(test.clock.timers).toBe(0);
  });
});
