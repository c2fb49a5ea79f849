import { type ConnectionPoolOptions, type ReconnectBrokenOptions, reconnectBroken } from 'rxpool';
import { KINDS, type Make, type TestConnection } from '../support/connections.js';
import { openRig, type Rig as PoolRig } from '../support/pools.js';
import { ReconnectRig as Rig } from '../support/reconnect-rig.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

describe.each(KINDS)('one success has the others of its endpoint dialled, over $kind', ({ make: makeKind }) => {
  const make = (name: string, endpoint?: string): TestConnection =>
    Object.assign(makeKind('wait', name), endpoint !== undefined && { endpoint });

  const broken = async (name: string, endpoint?: string): Promise<TestConnection> => {
    const connection = make(name, endpoint);
    const dial = connection.connect().catch(() => {});
    connection.refuse();
    await dial;
    return connection;
  };

  /** Waits of 100, 10,000, 10,000 … ms in the order of the connections. */
  const firstSoon = (): number => (++waits === 1 ? 100 : 10_000);
  let waits = 0;

  beforeEach(() => {
    waits = 0;
  });

  it('reconnectBroken(): a dial that succeeds has those that back off dialled at once', async () => {
    const all = [await broken('a'), await broken('b'), await broken('c')];
    const rig = new Rig({ backoff: firstSoon });
    rig.list$.next(all);
    await rig.clock.advance(100);
    for (const connection of all) connection.onDial = 'accept';
    all[0]!.accept();
    await settle();
    expect(rig.log.slice(3)).toEqual([
      '100: a1 dialling',
      '100: a1 reconnected',
      '100: b1 dialling',
      '100: c1 dialling',
      '100: b1 reconnected',
      '100: c1 reconnected',
    ]);
  });

  it('reconnectBroken(): those of another endpoint, and those without one, wait on', async () => {
    const all = [await broken('a', 'x:1'), await broken('b', 'y:1'), await broken('c'), await broken('d', 'x:1')];
    const rig = new Rig({ backoff: firstSoon });
    rig.list$.next(all);
    await rig.clock.advance(100);
    all[0]!.accept();
    await settle();
    expect(all.map(({ dials }) => dials)).toEqual([2, 1, 1, 2]);
  });

  it('reconnectBroken(): one that its owner connects has the others dialled', async () => {
    const all = [await broken('a'), await broken('b')];
    const rig = new Rig({ backoff: () => 10_000 });
    rig.list$.next(all);
    void all[0]!.connect();
    all[0]!.accept();
    await settle();
    expect(rig.log.slice(2)).toEqual(['0: b1 dialling']);
  });

  it('reconnectBroken(): those that are abandoned are dialled as well, unless abandonedInterval is false', async () => {
    for (const abandonedInterval of [30_000, false] as const) {
      waits = 0;
      const all = [await broken('a'), await broken('b')];
      const isTerminal = (): boolean => rig.log.length === 1;
      const rig: Rig = new Rig({ backoff: firstSoon, isTerminal, abandonedInterval });
      rig.list$.next(all);
      await rig.clock.advance(100);
      all[0]!.accept();
      await settle();
      expect(rig.log.slice(0, 2)).toEqual(['0: a1 in 100', '0: b0 abandoned: terminal']);
      expect(all[1]!.dials).toBe(abandonedInterval === false ? 1 : 2);
      rig.subscription.unsubscribe();
    }
  });

  it('reconnectBroken(): one that fails after that waits for its backoff, although another one succeeds meanwhile', async () => {
    const all = [await broken('a'), await broken('b'), await broken('c')];
    const rig = new Rig({ backoff: (attempt) => (++waits === 1 ? 100 : 1_000 * attempt) });
    rig.list$.next(all);
    await rig.clock.advance(100);
    all[0]!.accept();
    await settle();
    all[1]!.refuse();
    await settle();
    all[2]!.accept();
    await settle();
    expect(rig.log.slice(-3)).toEqual(['100: b1 failed', '100: b2 in 2000', '100: c1 reconnected']);
    expect(all[1]!.dials).toBe(2);
    await rig.clock.advance(2_000);
    expect(rig.log.at(-1)).toBe('2100: b2 dialling');
  });

  it('reconnectBroken(): a dial that began before the success of another and fails later is repeated once, at once', async () => {
    const all = [await broken('a'), await broken('b')];
    const rig = new Rig({ backoff: () => (++waits <= 2 ? 100 : 10_000), connectTimeout: 5_000 });
    rig.list$.next(all);
    await rig.clock.advance(100);
    all[0]!.accept();
    await settle();
    all[1]!.refuse();
    await settle();
    expect(rig.log.slice(-3)).toEqual(['100: b1 failed', '100: b2 in 0', '100: b2 dialling']);
    all[1]!.refuse();
    await settle();
    expect(rig.log.slice(-2)).toEqual(['100: b2 failed', '100: b3 in 10000']);
  });

  it('reconnectBroken(): a dial under way when another succeeds, and that succeeds too, leaves the next loss its wait', async () => {
    const all = [await broken('a'), await broken('b')];
    const rig = new Rig({ resetAfter: 1_000 });
    rig.list$.next(all);
    await rig.clock.advance(100);
    for (const connection of all) {
      connection.accept();
      await settle();
    }
    for (const lostAfter of [10, 5_000]) {
      await rig.clock.advance(lostAfter);
      all[1]!.lose();
      rig.list$.next([all[1]!]);
      expect(rig.log.at(-1)).toMatch(lostAfter === 10 ? /b2 in 200$/ : /b1 in 100$/);
      all[1]!.onDial = 'accept';
      await rig.clock.advance(200);
      rig.list$.next([]);
    }
  });

  it('reconnectBroken(): over a server that accepts and hangs up, at most doubles the dials of the backoff', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, number) => broken(`${number}`)));
    const dialsIn = async (count: number): Promise<number> => {
      const rig = new Rig({ backoff: () => 500 + ((37 * ++waits) % 500) });
      const list = all.slice(0, count);
      rig.list$.next(list);
      for (const connection of list) {
        connection.onDial = 'accept';
        connection.state$.subscribe((state) => {
          if (state === 'connected') setImmediate(() => connection.lose());
        });
      }
      await rig.clock.advance(20_000);
      rig.subscription.unsubscribe();
      return rig.log.filter((line) => line.endsWith('dialling')).length;
    };
    const alone = await dialsIn(1);
    expect(alone).toBeGreaterThan(10);
    expect(await dialsIn(8)).toBeLessThan(2.5 * 8 * alone);
  });
});

describe.each(KINDS)('one success has the other members of a pool of $kind dialled', ({ make }: { make: Make }) => {
  /** A pool of eight that has lost its server, and whose first redial is due in 100 ms. */
  async function downPool(
    options: ReconnectBrokenOptions = {},
    poolOptions: ConnectionPoolOptions<TestConnection> = {},
  ): Promise<PoolRig> {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    let waits = 0;
    const backoff = (): number => (++waits === 1 ? 100 : 10_000);
    const heal = reconnectBroken<TestConnection>({ backoff, scheduler, ...options });
    const opened = await openRig(make, 8, { heal, scheduler, ...poolOptions });
    for (const connection of opened.made) {
      connection.onDial = 'wait';
      connection.lose();
    }
    await clock.advance(100);
    return { ...opened, clock };
  }

  it('heal: the first member that is back has the others dialled at once, maxDials at a time', async () => {
    const { pool, made } = await downPool({}, { maxDials: 3 });
    expect(pool.health.connecting).toBe(1);
    made[0]!.accept();
    await settle();
    expect(pool.health).toMatchObject({ connected: 1, connecting: 3, broken: 4 });
    for (const connection of made) connection.onDial = 'accept';
    for (const connection of made) connection.accept();
    await settle();
    expect(pool.health).toMatchObject({ status: 'healthy', connected: 8 });
    await pool.dispose();
  });

  it('heal with a warmup: a member that connects and is not warmed up has no other dialled', async () => {
    let isWarm = false;
    const warmup = async (): Promise<void> => {
      if (!isWarm) throw new Error('NOT READY');
    };
    isWarm = true;
    const { pool, made, clock } = await downPool({}, { warmup });
    isWarm = false;
    made[0]!.accept();
    await settle();
    expect(made.map(({ dials }) => dials)).toEqual([2, 1, 1, 1, 1, 1, 1, 1]);
    for (const connection of made) connection.onDial = 'accept';
    isWarm = true;
    await clock.advance(10_000);
    expect(pool.health.connected).toBe(8);
    await pool.dispose();
  });

  it('heal: a member that its owner dials and that is back has the others dialled', async () => {
    const { pool, made } = await downPool({ backoff: () => 10_000 });
    for (const connection of made) connection.onDial = 'accept';
    await made[3]!.connect();
    await settle();
    expect(pool.health.connected).toBe(8);
    await pool.dispose();
  });
});
