import { combineLatest, type Observable, type Subscription } from 'rxjs';
import type { ConnectionPool } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { names, openRig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

type Pool = ConnectionPool<TestConnection>;

const STREAMS = [
  {
    name: 'connections$',
    of: (pool: Pool): Observable<unknown> => pool.connections$,
    getter: (pool: Pool) => pool.connections,
  },
  {
    name: 'connected$',
    of: (pool: Pool): Observable<unknown> => pool.connected$,
    getter: (pool: Pool) => pool.connectedConnections,
  },
  {
    name: 'broken$',
    of: (pool: Pool): Observable<unknown> => pool.broken$,
    getter: (pool: Pool) => pool.brokenConnections,
  },
  {
    name: 'snapshot$',
    of: (pool: Pool): Observable<unknown> => pool.snapshot$,
    getter: (pool: Pool) => ({
      connections: pool.connections,
      connected: pool.connectedConnections,
      broken: pool.brokenConnections,
    }),
  },
  { name: 'health$', of: (pool: Pool): Observable<unknown> => pool.health$, getter: (pool: Pool) => pool.health },
  {
    name: 'pending$',
    of: (pool: Pool): Observable<unknown> => pool.pending$,
    getter: (pool: Pool) => pool.health.pending,
  },
];

describe.each(KINDS)('the streams of a pool of $kind', ({ make }) => {
  describe.each(STREAMS)('$name', ({ name, of, getter }) => {
    it(`${name} replays the current value on subscribe and equals the getter after each change`, async () => {
      const { pool, made } = rig(make, 2);
      const checks: (() => void)[] = [];
      const check = (): void => {
        let latest: unknown;
        const subscription = of(pool).subscribe((value) => {
          latest = value;
        });
        expect(latest).toEqual(getter(pool));
        checks.push(() => expect(latest).toEqual(getter(pool)));
        for (const one of checks) one();
        subscription.add(() => checks.pop());
      };
      check();
      void pool.setup();
      check();
      await settle();
      check();
      made[0]?.lose();
      check();
      made[1]?.send();
      await settle();
      check();
      pool.cleanupBrokenConnections();
      check();
      void pool.close({ drainTimeout: 0 });
      check();
      await pool.setup();
      check();
      await pool.dispose();
      check();
    });

    it(`${name} is hot: two subscribers see the same, and unsubscribing one does not affect the other`, async () => {
      const { pool, made } = await openRig(make, 2);
      const seen: unknown[][] = [[], []];
      const first = of(pool).subscribe((value) => seen[0]?.push(value));
      of(pool).subscribe((value) => seen[1]?.push(value));
      made[0]?.lose();
      expect(seen[0]).toEqual(seen[1]);
      first.unsubscribe();
      pool.cleanupBrokenConnections();
      await pool.setup();
      expect(seen[1]?.at(-1)).toEqual(getter(pool));
      await pool.dispose();
    });

    it(`${name} does not repeat its value to a subscriber when another one has unsubscribed`, async () => {
      const { pool } = await openRig(make, 2);
      const seen: unknown[] = [];
      of(pool).subscribe((value) => seen.push(value));
      of(pool).subscribe().unsubscribe();
      // Flushes the streams, and changes none of them.
      pool.reconfigure({});
      expect(seen).toHaveLength(1);
      await pool.dispose();
    });

    it(`${name} starts with the current value for a subscriber that comes after changes without one`, async () => {
      const { pool, made } = await openRig(make, 2);
      of(pool).subscribe().unsubscribe();
      made[0]?.lose();
      made[1]?.send();
      pool.removeConnections([made[1] as TestConnection], { drainTimeout: 0 });
      let latest: unknown;
      of(pool).subscribe((value) => {
        latest = value;
      });
      expect(latest).toEqual(getter(pool));
      await pool.dispose();
    });

    it(`${name} emits frozen values`, async () => {
      const { pool } = await openRig(make, 1);
      of(pool).subscribe((value) => expect(typeof value !== 'object' || Object.isFrozen(value)).toBe(true));
      await pool.close();
    });
  });

  it('connected$ emits a new array per change, and nothing when only load changes', async () => {
    const { pool, made } = await openRig(make, 2);
    const arrays: (readonly TestConnection[])[] = [];
    pool.connected$.subscribe((connected) => arrays.push(connected));
    made[0]?.send();
    await settle();
    made[0]?.lose();
    await pool.reconnect();
    expect(arrays.map(names)).toEqual(['#1 #2', '#2', '#1 #2']);
    expect(new Set(arrays).size).toBe(3);
    expect(arrays.at(-1)).toBe(pool.connectedConnections);
  });

  it('connections$ emits a join first and a leave last; a move is emitted first by the list being left', async () => {
    const { pool, made } = rig(make, 2);
    const log: string[] = [];
    const follow = (name: string, stream: Observable<readonly TestConnection[]>): Subscription =>
      stream.subscribe((all) => log.push(`${name}: ${names(all)}`));
    follow('broken', pool.broken$);
    follow('connected', pool.connected$);
    follow('connections', pool.connections$);
    log.length = 0;
    const taken = (): string[] => log.splice(0);

    const [a, b] = [make('accept', 'a'), make('accept', 'b')] as const;
    await b.connect();
    void pool.extendPoolByConnections([b]);
    expect(taken()).toEqual(['connections: b', 'connected: b']);
    await pool.extendPoolByConnections([a]);
    expect(taken()).toEqual(['connections: b a', 'connected: b a']);
    a.lose();
    expect(taken()).toEqual(['connected: b', 'broken: a']);
    await pool.reconnect();
    expect(taken()).toEqual(['broken: ', 'connected: b a']);
    pool.removeConnections([a]);
    expect(taken()).toEqual(['connected: b', 'connections: b']);
    b.lose();
    expect(taken()).toEqual(['connected: ', 'broken: b']);
    pool.cleanupBrokenConnections();
    expect(taken()).toEqual(['broken: ', 'connections: ']);
    expect(made).toHaveLength(0);
  });

  it('combineLatest([connected$, broken$]) never has a connection in both lists', async () => {
    const { pool, made } = await openRig(make, 3);
    let seen = 0;
    combineLatest([pool.connected$, pool.broken$, pool.connections$]).subscribe(([connected, broken, all]) => {
      seen++;
      expect(connected.filter((connection) => broken.includes(connection))).toEqual([]);
      expect([...connected, ...broken].every((connection) => all.includes(connection))).toBe(true);
    });
    for (let round = 0; round < 5; round++) {
      made[round % 3]?.lose();
      made[(round + 1) % 3]?.lose();
      await pool.reconnect();
    }
    pool.reducePoolConnections(2);
    await pool.close();
    await pool.setup();
    await pool.dispose();
    expect(seen).toBeGreaterThan(30);
  });

  it('snapshot$ emits lists that fit each other and equal the getters', async () => {
    const { pool, made } = await openRig(make, 2);
    pool.snapshot$.subscribe(({ connections, connected, broken }) => {
      expect(connected.length + broken.length).toBeLessThanOrEqual(connections.length);
      expect(connected.filter((connection) => broken.includes(connection))).toEqual([]);
    });
    let snapshot: unknown;
    pool.snapshot$.subscribe((latest) => {
      snapshot = latest;
    });
    made[0]?.lose();
    const { connections, connectedConnections: connected, brokenConnections: broken } = pool;
    expect(snapshot).toEqual({ connections, connected, broken });
    await pool.dispose();
  });

  it('pending$ emits nothing and leaves no timer after unsubscribe, and health.pending stays current', async () => {
    const { pool, clock } = await openRig(make, 1);
    const [connection] = pool.connections as [TestConnection];
    connection.send();
    await settle();
    let shown = -1;
    const subscription = pool.pending$.subscribe((pending) => {
      shown = pending;
    });
    expect(shown).toBe(1);
    subscription.unsubscribe();
    connection.reply();
    await settle();
    expect([shown, pool.health.pending, clock.timers]).toEqual([1, 0, 0]);
  });
});
