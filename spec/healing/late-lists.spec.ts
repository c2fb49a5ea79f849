import { BehaviorSubject, debounceTime, delay, NEVER, type Observable, startWith } from 'rxjs';
import { cleanupBroken, constantBackoff, reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, type Rig as PoolRig } from '../support/pools.js';
import { brokenOf, ReconnectRig as Rig } from '../support/reconnect-rig.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

type List = Observable<readonly TestConnection[]>;

describe.each(KINDS)('reconnectBroken() over lists that are late or never change, over $kind', ({ make }) => {
  const up = async (): Promise<TestConnection> => {
    const connection = make('accept', 'a');
    await connection.connect();
    return connection;
  };

  const never = (a: TestConnection): List => NEVER.pipe(startWith([a]));

  it('reconnectBroken() over debounceTime(50): two losses are redialled once each', async () => {
    const a = await up();
    const rig = new Rig();
    const { scheduler } = rig.clock;
    const log: string[] = [];
    brokenOf(a)
      .pipe(debounceTime(50, scheduler), reconnectBroken({ backoff: constantBackoff(5), scheduler }))
      .subscribe(({ type }) => log.push(`${rig.clock.now}: ${type}`));
    a.lose();
    await rig.clock.advance(500);
    a.lose();
    await rig.clock.advance(5_000);
    expect(log).toEqual([
      '50: reconnect-scheduled',
      '55: reconnecting',
      '55: reconnected',
      '550: reconnect-scheduled',
      '555: reconnecting',
      '555: reconnected',
    ]);
    expect([a.state, a.dials, rig.clock.timers]).toEqual(['connected', 3, 0]);
  });

  it('reconnectBroken() over debounceTime(50): a second loss within those 50 ms is redialled', async () => {
    const a = await up();
    const { clock } = new Rig();
    const { scheduler } = clock;
    brokenOf(a)
      .pipe(debounceTime(50, scheduler), reconnectBroken({ backoff: constantBackoff(5), scheduler }))
      .subscribe();
    a.lose();
    await clock.advance(60);
    a.lose();
    await clock.advance(100);
    expect([a.state, a.dials]).toEqual(['connected', 3]);
  });

  it('reconnectBroken({ maxAttempts: 3 }): a list that never changes abandons nothing that is connected', async () => {
    const a = await up();
    const rig = new Rig({ maxAttempts: 3, backoff: () => 100 }, never(a));
    await rig.clock.advance(60_000);
    expect([rig.log, a.dials, rig.clock.timers]).toEqual([[], 1, 0]);
  });

  it('reconnectBroken(): a list that never changes has each loss redialled, and nothing else', async () => {
    const a = await up();
    const rig = new Rig({ maxAttempts: 3 }, never(a));
    for (const _ of [1, 2, 3, 4, 5]) {
      a.lose();
      await rig.clock.advance(2_000);
    }
    expect(rig.log).toEqual(
      [0, 2_000, 4_000, 6_000, 8_000].flatMap((at) => [
        `${at}: a1 in 100`,
        `${at + 100}: a1 dialling`,
        `${at + 100}: a1 reconnected`,
      ]),
    );
    expect([a.dials, rig.clock.timers]).toEqual([6, 0]);
    rig.subscription.unsubscribe();
    expectUntouched(a);
  });

  it('reconnectBroken(): a list that never changes has failed dials repeated, and given up after maxAttempts', async () => {
    const a = await up();
    const rig = new Rig({ maxAttempts: 2, abandonedInterval: false }, never(a));
    a.onDial = 'refuse';
    a.lose();
    await rig.clock.advance(60_000);
    expect(rig.log.slice(-3)).toEqual(['300: a2 dialling', '300: a2 failed', '300: a2 abandoned: max-attempts']);
    a.onDial = 'accept';
    await a.connect();
    a.lose();
    expect(rig.log.at(-1)).toBe('60000: a1 in 100');
  });

  it('reconnectBroken(): a late list has a connection that was dialled by its owner meanwhile left alone', async () => {
    const a = await up();
    const rig = new Rig();
    a.lose();
    await a.connect();
    rig.list$.next([a]);
    await rig.clock.advance(5_000);
    rig.list$.next([]);
    expect([rig.log, a.dials, rig.clock.timers]).toEqual([[], 2, 0]);
    expectUntouched(a);
  });

  it('reconnectBroken(): a late list has a dial of the owner waited for, and its failure followed by the backoff', async () => {
    const a = await up();
    const rig = new Rig({}, never(a));
    a.lose();
    await rig.clock.advance(50);
    a.onDial = 'wait';
    a.connect().catch(() => {});
    await rig.clock.advance(1_000);
    expect(rig.log).toEqual(['0: a1 in 100']);
    a.refuse();
    await settle();
    expect(rig.log.slice(1)).toEqual(['1050: a2 in 200']);
    expect(a.dials).toBe(2);
  });

  it('reconnectBroken(): a connection that its owner closed before a late list shows it is not dialled', async () => {
    const a = await up();
    const rig = new Rig();
    a.lose();
    await a.close();
    rig.list$.next([a]);
    await rig.clock.advance(1_000);
    expect([rig.log, a.dials]).toEqual([[], 1]);
    rig.list$.next([]);
    expectUntouched(a);
  });

  it('reconnectBroken({ resetAfter }): a list that never changes has the backoff reset after resetAfter', async () => {
    const a = await up();
    const rig = new Rig({ resetAfter: 500 }, never(a));
    a.lose();
    await rig.clock.advance(100 + 499);
    a.lose();
    await rig.clock.advance(200 + 500);
    a.lose();
    expect(rig.log.filter((line) => line.includes(' in '))).toEqual([
      '0: a1 in 100',
      '599: a2 in 200',
      '1299: a1 in 100',
    ]);
  });
});

describe.each(KINDS)('operators over late lists of a pool of $kind', ({ make }) => {
  const opened = async (size: number): Promise<PoolRig> => {
    const clock = new VirtualClock();
    return { ...(await openRig(make, size, { scheduler: clock.scheduler })), clock };
  };

  it('reconnectBroken() over pool.broken$ with debounceTime(50): one dial for each loss', async () => {
    const { pool, clock, made } = await opened(2);
    const { scheduler } = clock;
    const log: string[] = [];
    pool.broken$
      .pipe(debounceTime(50, scheduler), reconnectBroken({ backoff: constantBackoff(5), scheduler }))
      .subscribe(({ type }) => log.push(type));
    for (const _ of [1, 2]) {
      made[0]!.lose();
      await clock.advance(2_000);
    }
    expect(log).toEqual([...Array(2)].flatMap(() => ['reconnect-scheduled', 'reconnecting', 'reconnected']));
    expect([pool.health.connected, clock.timers]).toEqual([2, 0]);
    await pool.dispose();
  });

  it('reconnectBroken() over pool.broken$ with delay(50): a member that has left meanwhile is not dialled', async () => {
    const { pool, clock, made } = await opened(2);
    const { scheduler } = clock;
    pool.broken$.pipe(delay(50, scheduler), reconnectBroken({ backoff: constantBackoff(5), scheduler })).subscribe();
    made[0]!.lose();
    pool.cleanupBrokenConnections();
    await clock.advance(1_000);
    expect([made[0]!.dials, clock.timers]).toEqual([1, 0]);
    expectUntouched(made[0]!);
    await pool.dispose();
  });

  it('reconnectBroken() over a list that never changes: a dial of the pool that fails is followed by the backoff', async () => {
    const { pool, clock, made } = await opened(1);
    const { scheduler } = clock;
    const log: string[] = [];
    new BehaviorSubject(made)
      .pipe(reconnectBroken({ backoff: (attempt) => attempt * 100, scheduler }))
      .subscribe(({ type, attempt }) => log.push(`${clock.now}: ${type} ${attempt}`));
    made[0]!.onDial = 'refuse';
    made[0]!.lose();
    await clock.advance(50);
    await pool.reconnect();
    await settle();
    expect(log).toEqual(['0: reconnect-scheduled 1', '50: reconnect-scheduled 2']);
    made[0]!.onDial = 'accept';
    await clock.advance(5_000);
    expect(log.slice(2)).toEqual(['250: reconnecting 2', '250: reconnected 2']);
    await pool.dispose();
  });

  it('cleanupBroken({ after: 10 }) over a list that never changes: removes a member when a dial of the pool has failed', async () => {
    const { pool, clock, made } = await opened(2);
    const { scheduler } = clock;
    new BehaviorSubject([made[0]!])
      .pipe(cleanupBroken((dead) => pool.removeConnections(dead), { after: 10, scheduler }))
      .subscribe();
    made[0]!.onDial = 'wait';
    made[0]!.lose();
    void pool.reconnect();
    await clock.advance(100);
    expect(pool.connections).toEqual(made);
    made[0]!.refuse();
    await settle();
    expect(pool.connections).toEqual([made[1]]);
    await pool.dispose();
  });

  it.each([0, 5])(
    'cleanupBroken({ after: %d }) over pool.broken$ with delay(50): removes nothing that is up, and what stays broken',
    async (after) => {
      const { pool, clock, made } = await opened(3);
      const { scheduler } = clock;
      const remove = (dead: readonly TestConnection[]): number => pool.removeConnections(dead);
      pool.broken$.pipe(delay(50, scheduler), cleanupBroken(remove, { after, scheduler })).subscribe();
      for (let loss = 0; loss < 5; loss++) {
        made[0]!.lose();
        await clock.advance(10);
        await pool.reconnect();
        await clock.advance(60 + loss * 7);
      }
      expect(pool.connections).toEqual(made);
      made[1]!.lose();
      await clock.advance(50 + after);
      expect(pool.connections).toEqual([made[0], made[2]]);
      await clock.advance(1_000);
      expect(clock.timers).toBe(0);
      await pool.dispose();
    },
  );

  it('cleanupBroken({ after }) over pool.broken$ with delay(50): leaves a member alone while it is being dialled', async () => {
    const { pool, clock, made } = await opened(1);
    const { scheduler } = clock;
    const remove = (dead: readonly TestConnection[]): number => pool.removeConnections(dead);
    pool.broken$.pipe(delay(50, scheduler), cleanupBroken(remove, { after: 10, scheduler })).subscribe();
    made[0]!.lose();
    await clock.advance(40);
    made[0]!.onDial = 'wait';
    void pool.reconnect();
    await clock.advance(40);
    expect(pool.connections).toEqual(made);
    made[0]!.accept();
    await clock.advance(1_000);
    expect(pool.health.connected).toBe(1);
    await pool.dispose();
  });
});

describe.each(KINDS)('cleanupBroken() over lists that never change, over $kind', ({ make }) => {
  it('cleanupBroken({ after }): removes a connection once it has been broken for `after`, and not while it is up', async () => {
    const a = make('accept', 'a');
    await a.connect();
    const { clock } = new Rig();
    const removed: string[] = [];
    const list$ = new BehaviorSubject<readonly TestConnection[]>([a]);
    list$
      .pipe(
        cleanupBroken((dead) => removed.push(`${clock.now}: ${dead.length}`), {
          after: 100,
          scheduler: clock.scheduler,
        }),
      )
      .subscribe();
    await clock.advance(1_000);
    a.lose();
    await clock.advance(90);
    await a.connect();
    await clock.advance(1_000);
    expect(removed).toEqual([]);
    a.lose();
    await clock.advance(1_000);
    expect(removed).toEqual(['2190: 1']);
  });
});
