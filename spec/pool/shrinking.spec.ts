import { PoolDisposedError } from 'rxpool';
import { KINDS, type Make, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, type Rig, rig, statesOf, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

/** A pool with two members of each status and load, named by those. */
async function mixedPool(make: Make): Promise<Rig & { member(name: string): TestConnection }> {
  const test = rig(make, 0, { maxDials: 2 });
  const kinds = ['unused', 'busy3', 'broken', 'busy1', 'connecting', 'idle'];
  const members = kinds.flatMap((kind) => [1, 2].map((n) => make('accept', `${kind}-${n}`)));
  const member = (name: string): TestConnection => members.find((one) => one.name === name) as TestConnection;
  for (const kind of ['broken', 'connecting']) {
    for (const n of [1, 2]) member(`${kind}-${n}`).onDial = kind === 'broken' ? 'refuse' : 'wait';
  }
  void test.pool.extendPoolByConnections(members);
  await settle();
  for (const n of [1, 2]) {
    member(`busy1-${n}`).send();
    for (let sent = 0; sent < 3; sent++) member(`busy3-${n}`).send();
  }
  expect(figures(test.pool.health)).toEqual({
    poolSize: 12,
    total: 12,
    fresh: 2,
    connecting: 2,
    connected: 6,
    broken: 2,
    pending: 8,
  });
  return { ...test, member };
}

const ORDER = [
  'broken-2',
  'broken-1',
  'idle-2',
  'idle-1',
  'connecting-2',
  'connecting-1',
  'unused-2',
  'unused-1',
  'busy1-2',
  'busy1-1',
  'busy3-2',
  'busy3-1',
];

describe.each(KINDS)('shrinking a pool of $kind', ({ make }) => {
  it('reducePoolConnections(1) removes a broken member whose lease is still open before one that is connected', async () => {
    const { pool, made } = await openRig(make, 2);
    const leases = [await pool.lease(), await pool.lease()];
    made[0]?.lose();
    leases.find(({ connection }) => connection === made[1])?.release();
    expect(pool.reducePoolConnections(1)).toBe(1);
    expect(pool.connections).toEqual(made.slice(1));
    await pool.dispose();
  });

  describe('reducePoolConnections()', () => {
    it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
      'reducePoolConnections(%i, true) removes broken, idle, connecting, unused, then least loaded members',
      async (amount) => {
        const { pool } = await mixedPool(make);
        const before = [...pool.connections];
        expect(pool.reducePoolConnections(amount, true)).toBe(amount);
        expect(pool.poolSize).toBe(12 - amount);
        const leavers = new Set(ORDER.slice(0, amount));
        expect(pool.connections).toEqual(before.filter(({ name }) => !leavers.has(name)));
        await pool.close({ drainTimeout: 0 });
      },
    );

    it('reducePoolConnections() removes ejected connections without load like other unused ones, the latest joined first', async () => {
      const { pool, made } = await openRig(make, 5, { drainTimeout: 1_000 });
      pool.ejectConnections([made[1]!, made[3]!], { duration: 10_000 });
      made[3]!.send();
      expect(pool.reducePoolConnections(2)).toBe(2);
      expect(names(pool.connections)).toBe('#1 #2 #4');
      expect(pool.reducePoolConnections(1)).toBe(1);
      expect(names(pool.connections)).toBe('#1 #4');
      expect(pool.reducePoolConnections(2, true)).toBe(2);
      await pool.close({ drainTimeout: 0 });
    });

    it('reducePoolConnections(10) of 12 keeps members with load, and poolSize becomes the number left', async () => {
      const { pool } = await mixedPool(make);
      expect(pool.reducePoolConnections(10)).toBe(8);
      expect(names(pool.connections)).toBe('busy3-1 busy3-2 busy1-1 busy1-2');
      expect(pool.poolSize).toBe(4);
      await pool.close({ drainTimeout: 0 });
    });

    it('reducePoolConnections(12, true) closes members with load only when their requests are done', async () => {
      const { pool, member } = await mixedPool(make);
      pool.reducePoolConnections(12, true);
      await settle();
      const busy = member('busy1-1');
      expect([busy.state, busy.closes]).toEqual(['connected', 0]);
      expect(member('unused-1').state).toBe('closed');
      busy.reply();
      await settle();
      expect([busy.state, member('busy3-1').state]).toEqual(['closed', 'connected']);
      await pool.close({ drainTimeout: 0 });
    });

    it('reducePoolConnections() removes only the members in excess of the new poolSize', async () => {
      const { pool } = rig(make, 5);
      await pool.extendPoolBySize(2);
      expect(pool.reducePoolConnections(2)).toBe(0);
      expect([pool.poolSize, pool.connections.length]).toEqual([3, 2]);
      expect(pool.reducePoolConnections(2)).toBe(1);
      expect([pool.poolSize, pool.connections.length]).toEqual([1, 1]);
    });

    it('reducePoolConnections() by more than poolSize lowers poolSize to 0, not below', async () => {
      const { pool } = await openRig(make, 2);
      expect(pool.reducePoolConnections(100)).toBe(2);
      expect(pool.poolSize).toBe(0);
      expect(pool.reducePoolConnections(Number.MAX_SAFE_INTEGER)).toBe(0);
    });

    it.each([0, -0, -1, -5, Number.MIN_SAFE_INTEGER])(
      'reducePoolConnections(%i, true) changes nothing and returns 0',
      async (amount) => {
        const { pool, made } = await openRig(make, 2);
        expect(pool.reducePoolConnections(amount, true)).toBe(0);
        expect([pool.poolSize, ...pool.connections]).toEqual([2, ...made]);
      },
    );

    it('reducePoolConnections() before setup() lowers poolSize', async () => {
      const { pool } = rig(make, 3);
      expect(pool.reducePoolConnections(1)).toBe(0);
      await pool.setup();
      expect(pool.connections).toHaveLength(2);
    });

    it('reducePoolConnections() closes a member being dialled, also if its dial is accepted afterwards', async () => {
      const test = rig(make, 1);
      test.script = 'wait';
      const filling = test.pool.setup();
      expect(test.pool.reducePoolConnections(1)).toBe(1);
      await filling;
      test.made[0]?.accept();
      await settle();
      expect(statesOf(test.made)).toBe('closed');
    });

    it('reducePoolConnections() has updated connected$ and health$ when it returns', async () => {
      const { pool, made } = await openRig(make, 3);
      let shown: readonly TestConnection[] = [];
      let size = 0;
      pool.connected$.subscribe((connected) => (shown = connected));
      pool.health$.subscribe(({ poolSize }) => (size = poolSize));
      pool.reducePoolConnections(1);
      expect(shown).toEqual(made.slice(0, 2));
      expect(size).toBe(2);
    });

    it('close() waits for connections that reducePoolConnections() is closing', async () => {
      const { pool, made } = await openRig(make, 1);
      (made[0] as TestConnection).onClose = 'wait';
      pool.reducePoolConnections(1);
      let closed = false;
      const closing = pool.close().then(() => {
        closed = true;
      });
      await settle();
      expect(closed).toBe(false);
      made[0]?.closed();
      await closing;
    });
  });

  describe('cleanupBrokenConnections()', () => {
    it('cleanupBrokenConnections() removes and closes broken members; poolSize stays and setup() refills', async () => {
      const { pool, made } = await openRig(make, 3);
      made[0]?.lose();
      made[2]?.lose();
      expect(pool.cleanupBrokenConnections()).toBe(2);
      expect(pool.connections).toEqual([made[1]]);
      expect([pool.poolSize, pool.isFull()]).toEqual([3, false]);
      expect(statesOf(made)).toBe('closed connected closed');
      await pool.setup();
      expect(names(pool.connections)).toBe('#2 #4 #5');
    });

    it('cleanupBrokenConnections() returns 0 when none is broken, before setup() and after close()', async () => {
      const { pool } = rig(make, 1);
      expect(pool.cleanupBrokenConnections()).toBe(0);
      await pool.setup();
      expect(pool.cleanupBrokenConnections()).toBe(0);
      await pool.close();
      expect(pool.cleanupBrokenConnections()).toBe(0);
    });
  });

  describe('removeConnections()', () => {
    it('removeConnections() removes the given members and ignores non-members and repetitions', async () => {
      const { pool, made } = await openRig(make, 3);
      const [a, b] = made as [TestConnection, TestConnection];
      const stranger = make();
      expect(pool.removeConnections(new Set([a, stranger, b]))).toBe(2);
      expect(pool.removeConnections([a, a, b])).toBe(0);
      expect(pool.connections).toEqual([made[2]]);
      expect(pool.poolSize).toBe(3);
      await settle();
      expect(statesOf(made)).toBe('closed closed connected');
      expect(stranger.closes).toBe(0);
    });

    it.each([
      { bound: 'its own drainTimeout', options: { drainTimeout: 300 }, after: 300 },
      { bound: "the pool's drainTimeout", options: {}, after: 800 },
    ])('removeConnections() drains for up to $bound', async ({ options, after }) => {
      const { pool, made, clock } = await openRig(make, 1, { drainTimeout: 800 });
      made[0]?.send();
      pool.removeConnections(made, options);
      expect(pool.isEmpty()).toBe(true);
      await clock.advance(after - 1);
      expect(statesOf(made)).toBe('connected');
      await clock.advance(1);
      expect(statesOf(made)).toBe('closed');
      expect(clock.timers).toBe(0);
    });

    it('removeConnections() with drainTimeout: 0 closes at once', async () => {
      const { pool, made } = await openRig(make, 1);
      made[0]?.send();
      pool.removeConnections(made, { drainTimeout: 0 });
      expect(statesOf(made)).toBe('closed');
    });

    it('removeConnections() closes a connection at once when it is lost while it drains', async () => {
      const { pool, made, clock } = await openRig(make, 1);
      made[0]?.send();
      pool.removeConnections(made);
      made[0]?.lose();
      await settle();
      expect(statesOf(made)).toBe('closed');
      expect(clock.timers).toBe(0);
    });

    it('removeConnections() ignores connections of another pool', async () => {
      const { pool } = await openRig(make, 1);
      const { pool: other, made } = await openRig(make, 1);
      expect(pool.removeConnections(made)).toBe(0);
      expect(other.connectedConnections).toEqual(made);
    });

    it('a draining connection that is added again stays connected with its request and is not closed', async () => {
      const { pool, made, clock } = await openRig(make, 1);
      made[0]?.send();
      pool.removeConnections(made);
      await pool.extendPoolByConnections(made);
      await settle();
      expect(clock.timers).toBe(0);
      await clock.advance(10_000);
      expect(pool.connectedConnections).toEqual(made);
      expect(made.map(({ state, closes, dials, pending }) => [state, closes, dials, pending])).toEqual([
        ['connected', 0, 1, 1],
      ]);
    });

    it('a closing connection that is added again is redialled once its close() has settled', async () => {
      const { pool, made } = await openRig(make, 1);
      const connection = made[0] as TestConnection;
      connection.onClose = 'wait';
      pool.removeConnections(made);
      const extending = pool.extendPoolByConnections(made);
      await settle();
      expect([connection.dials, pool.isWorking()]).toEqual([1, false]);
      connection.closed();
      await extending;
      expect([connection.dials, pool.isWorking()]).toEqual([2, true]);
    });
  });

  it('close() waits for the second closing of a connection that rejoined during the first and was removed', async () => {
    const { pool, made, clock } = await openRig(make, 1, { closeTimeout: 500 });
    const [connection] = made as [TestConnection];
    connection.onClose = 'wait';
    pool.removeConnections(made);
    connection.onClose = 'hang';
    const extending = watch(pool.extendPoolByConnections(made));
    pool.removeConnections(made);
    connection.closed();
    await settle();
    const outcome = watch(pool.close());
    await settle();
    expect([extending.status, outcome.status]).toEqual(['resolved', 'pending']);
    await clock.advance(500);
    expect([outcome.status, connection.closes, connection.dials]).toEqual(['resolved', 2, 1]);
  });

  it('reducing, cleaning up and removing throw PoolDisposedError after dispose()', async () => {
    const { pool } = await openRig(make, 1);
    await pool.dispose();
    expect(() => pool.reducePoolConnections(1)).toThrow(PoolDisposedError);
    expect(() => pool.cleanupBrokenConnections()).toThrow(PoolDisposedError);
    expect(() => pool.removeConnections([])).toThrow(PoolDisposedError);
  });

  describe('a member that its owner closes', () => {
    it('a member closed by its owner leaves with reason closed-by-owner, and poolSize stays', async () => {
      const { pool, made, events } = await openRig(make, 2);
      await made[0]?.close();
      expect(pool.connections).toEqual([made[1]]);
      expect(pool.poolSize).toBe(2);
      expect(events.at(-1)).toEqual({ type: 'left', connection: made[0], reason: 'closed-by-owner' });
      expect(pool.health.status).toBe('degraded');
    });

    it('a connection closed by its owner can be added again by a connections$ subscriber that sees it leave', async () => {
      const { pool, made } = await openRig(make, 1);
      const [connection] = made as [TestConnection];
      let back: Promise<void> | undefined;
      pool.connections$.subscribe(({ length }) => {
        if (length === 0) back = pool.extendPoolByConnections([connection]);
      });
      await connection.close();
      await back;
      await settle();
      expect(pool.connectedConnections).toEqual([connection]);
      expect(connection.state).toBe('connected');
    });
  });
});
