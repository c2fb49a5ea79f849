import { concat, delay, EMPTY, NEVER, Observable, of, Subject, tap, throwError } from 'rxjs';
import { exponentialBackoff, type Heal, type PoolEvent, type ReconnectEvent, reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, rig } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

type Event = PoolEvent<TestConnection>;

const typesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type);

/** The default `heal`, with waits of 100, 200, 300 … ms of the virtual clock. */
const healing = (clock: VirtualClock): Heal<TestConnection> =>
  reconnectBroken({ backoff: (attempt) => attempt * 100, scheduler: clock.scheduler });

describe.each(KINDS)('Pool option heal, over $kind', ({ make }) => {
  it('heal by default: lost members are connected again within 100 ms, the first ceiling of the backoff', async () => {
    const { pool, clock, made } = await openRig(make, 3, { heal: undefined });
    made[0]!.lose();
    made[2]!.lose();
    expect(pool.connectedConnections).toHaveLength(1);
    await clock.advance(100);
    expect(pool.connectedConnections).toHaveLength(3);
    await clock.advance(1_000);
    expect(clock.timers).toBe(0);
  });

  it('heal: a reconnect-abandoned of a connection that is connected, or of one that is no member, abandons none', async () => {
    const told$ = new Subject<ReconnectEvent<TestConnection>>();
    const { pool, made } = await openRig(make, 1, { heal: () => told$ });
    for (const connection of [made[0]!, make('accept')])
      told$.next({ type: 'reconnect-abandoned', connection, attempt: 1, reason: 'max-attempts', cause: undefined });
    expect(pool.health).toMatchObject({ connected: 1, abandoned: 0 });
    await expect(pool.use(() => 'served')).resolves.toBe('served');
  });

  it('heal: failed dials of pool.reconnect() count as attempts of the backoff', async () => {
    const clock = new VirtualClock();
    const waits: number[] = [];
    const heal = reconnectBroken<TestConnection>({
      backoff: (attempt) => waits.push(attempt) && 5_000,
      scheduler: clock.scheduler,
    });
    const { pool, made } = await openRig(make, 2, { heal, scheduler: clock.scheduler });
    made[0]!.onDial = 'refuse';
    made[0]!.lose();
    for (let i = 0; i < 3; i++) {
      await clock.advance(1_500);
      await pool.reconnect();
    }
    expect(waits).toEqual([1, 2, 3, 4]);
    pool.removeConnections([made[0]!]);
    await clock.advance(1_000);
    expect(clock.timers).toBe(0);
  });

  it('heal by default: dials members whose first dial, by setup(), failed', async () => {
    const opened = rig(make, 2, { heal: undefined });
    opened.script = 'refuse';
    await opened.pool.setup();
    expect(opened.pool.brokenConnections).toHaveLength(2);
    for (const connection of opened.made) connection.onDial = 'accept';
    await opened.clock.advance(100);
    expect(opened.pool.connectedConnections).toHaveLength(2);
  });

  it('heal: events$ has its events in order with those of the member', async () => {
    const setup = rig(make, 1);
    const test = await openRig(make, 1, { heal: healing(setup.clock), scheduler: setup.clock.scheduler });
    test.events.length = 0;
    test.made[0]!.onDial = 'refuse';
    test.made[0]!.lose();
    await setup.clock.advance(100);
    test.made[0]!.onDial = 'accept';
    await setup.clock.advance(200);
    expect(typesOf(test.events)).toEqual([
      'lost',
      'reconnect-scheduled',
      'connecting',
      'connect-failed',
      'reconnect-scheduled',
      'connecting',
      'connected',
    ]);
  });

  it('heal: false: a lost member stays broken until reconnect()', async () => {
    const { pool, clock, made } = await openRig(make, 2, { heal: false });
    made[0]!.lose();
    await clock.advance(60_000);
    expect(pool.brokenConnections).toEqual([made[0]]);
    expect(clock.timers).toBe(0);
    expect(await pool.reconnect()).toBe(2);
  });

  it('heal with maxDials: 3: never more than three of 20 broken members are dialled at a time', async () => {
    const clock = new VirtualClock();
    const backoff = exponentialBackoff({ random: () => 1 });
    const heal = reconnectBroken<TestConnection>({ backoff, scheduler: clock.scheduler });
    const { pool, made } = await openRig(make, 20, { heal, maxDials: 3, scheduler: clock.scheduler });
    for (const connection of made) {
      connection.onDial = 'wait';
      connection.lose();
    }
    await clock.advance(100);
    const dialled = (): TestConnection[] => made.filter(({ state }) => state === 'connecting');
    expect(dialled()).toHaveLength(3);
    expect(pool.health).toMatchObject({ connecting: 3, broken: 17 });
    for (let i = 0; i < 20; i++) {
      dialled()[0]?.accept();
      await settle();
      expect(dialled().length).toBeLessThanOrEqual(3);
    }
    expect(pool.connectedConnections).toHaveLength(20);
  });

  it('heal with connectTimeout: a dial without an answer fails and is retried after a longer backoff', async () => {
    const clock = new VirtualClock();
    const heal = healing(clock);
    const { pool, made, events } = await openRig(make, 1, { heal, connectTimeout: 1_000, scheduler: clock.scheduler });
    made[0]!.onDial = 'wait';
    made[0]!.lose();
    await clock.advance(100 + 1_000);
    expect(pool.brokenConnections).toEqual([made[0]]);
    expect(events.at(-2)).toMatchObject({ type: 'connect-failed', cause: { code: 'ERR_CONNECT_TIMEOUT' } });
    expect(events).toContainEqual(expect.objectContaining({ type: 'reconnect-scheduled', attempt: 2, delay: 200 }));
    made[0]!.onDial = 'accept';
    await clock.advance(200);
    expect(pool.connectedConnections).toEqual([made[0]]);
  });

  it('heal: the backoff keeps growing when the connection is accepted and lost at once', async () => {
    const clock = new VirtualClock();
    const { pool, made, events } = await openRig(make, 1, { heal: healing(clock), scheduler: clock.scheduler });
    pool.connected$.subscribe(([connection]) => {
      if (connection && made[0]!.dials > 1) void Promise.resolve().then(() => made[0]!.lose());
    });
    made[0]!.lose();
    await clock.advance(100 + 200 + 300 + 400);
    const delays = events.flatMap((event) => (event.type === 'reconnect-scheduled' ? [event.delay] : []));
    expect(delays).toEqual([100, 200, 300, 400, 500]);
  });

  it('heal: reconnect() and setup() share the dial under way', async () => {
    const clock = new VirtualClock();
    const { pool, made } = await openRig(make, 1, { heal: healing(clock), scheduler: clock.scheduler });
    made[0]!.onDial = 'wait';
    made[0]!.lose();
    await clock.advance(100);
    const all = Promise.all([pool.reconnect(), pool.setup(), pool.reconnect(false)]);
    await settle();
    expect(made[0]!.dials).toBe(2);
    made[0]!.accept();
    expect(await all).toEqual([1, undefined, 1]);
  });

  it('heal: a member removed by a subscriber of its reconnect-scheduled event is not dialled', async () => {
    const { pool, made, clock } = await openRig(make, 2, { heal: undefined });
    pool.events$.subscribe(({ type }) => {
      if (type === 'reconnect-scheduled') pool.cleanupBrokenConnections();
    });
    made[0]!.lose();
    await clock.advance(5_000);
    expect(pool.connections).toEqual([made[1]]);
    expect([made[0]!.state, made[0]!.dials]).toEqual(['closed', 1]);
    expect(clock.timers).toBe(0);
  });

  it('reconnectBroken() of a delayed broken$: a removed member is not dialled', async () => {
    const { pool, clock, made } = await openRig(make, 2);
    const { scheduler } = clock;
    pool.broken$.pipe(delay(1_000, scheduler), reconnectBroken({ backoff: () => 100, scheduler })).subscribe();
    made[0]!.lose();
    await clock.advance(1_050);
    pool.removeConnections([made[0]!]);
    await clock.advance(5_000);
    expect([made[0]!.state, made[0]!.dials]).toEqual(['closed', 1]);
    expect(clock.timers).toBe(0);
  });

  it('heal: close() unsubscribes from it and setup() subscribes anew', async () => {
    const clock = new VirtualClock();
    let subscriptions = 0;
    let teardowns = 0;
    const heal: Heal<TestConnection> = (broken$) =>
      new Observable((subscriber) => {
        subscriptions++;
        subscriber.add(() => teardowns++);
        return healing(clock)(broken$).subscribe(subscriber);
      });
    const { pool, made } = await openRig(make, 2, { heal, scheduler: clock.scheduler });
    made[0]!.lose();
    await Promise.all([pool.close(), clock.advance(10)]);
    expect([subscriptions, teardowns, clock.timers]).toEqual([1, 1, 0]);
    await clock.advance(10_000);
    expect(made[0]!.dials).toBe(1);
    await pool.setup();
    expect([subscriptions, teardowns]).toEqual([2, 1]);
    await pool.extendPoolBySize(1);
    expect(subscriptions).toBe(2);
    await Promise.all([pool.dispose(), clock.advance(10)]);
    expect([subscriptions, teardowns, clock.timers]).toEqual([2, 2, 0]);
  });

  it('heal as a user-defined operator: gets the broken list, and its events are in events$', async () => {
    const own$ = new Subject<ReconnectEvent<TestConnection>>();
    const lists: (readonly TestConnection[])[] = [];
    const { made, events } = await openRig(make, 2, {
      heal: (broken$) => {
        broken$.subscribe((broken) => lists.push(broken));
        return own$;
      },
    });
    made[1]!.lose();
    expect(lists).toEqual([[], [made[1]]]);
    const event = { type: 'reconnect-scheduled', connection: made[1]!, attempt: 7, delay: 5 } as const;
    own$.next(event);
    expect(events.at(-1)).toEqual(event);
  });

  it.each<[string, Heal<TestConnection>]>([
    ['errors', () => throwError(() => new Error('no healing'))],
    [
      'throws',
      () => {
        throw new Error('no healing');
      },
    ],
    ['returns no observable', () => undefined as unknown as Observable<never>],
  ])('heal that %s: emits heal-failed once; the next setup() after close() tries it again', async (_, failing) => {
    let fail = true;
    const clock = new VirtualClock();
    const heal: Heal<TestConnection> = (broken$) => (fail ? failing(broken$) : healing(clock)(broken$));
    const { pool, made, events } = await openRig(make, 2, { heal, scheduler: clock.scheduler });
    expect(typesOf(events).filter((type) => type === 'heal-failed')).toHaveLength(1);
    made[0]!.lose();
    await clock.advance(10_000);
    expect(pool.health).toMatchObject({ status: 'degraded', connected: 1, broken: 1 });
    expect(await pool.reconnect()).toBe(2);
    fail = false;
    await Promise.all([pool.close(), clock.advance(10)]);
    await pool.setup();
    pool.connections[0]!.lose();
    await clock.advance(100);
    expect(pool.connectedConnections).toHaveLength(2);
  });

  it.each<[string, Heal<TestConnection>]>([
    ['completes at once', () => EMPTY],
    ['does nothing', () => NEVER],
  ])('heal that %s: emits no heal-failed', async (_, heal) => {
    const { pool, made, events } = await openRig(make, 2, { heal });
    made[0]!.lose();
    await settle();
    expect(typesOf(events)).not.toContain('heal-failed');
    expect(pool.health.connected).toBe(1);
  });

  it('heal that errors later: events$ has its earlier events and then heal-failed', async () => {
    const clock = new VirtualClock();
    let scheduled = 0;
    const heal: Heal<TestConnection> = (broken$) =>
      concat(
        healing(clock)(broken$).pipe(
          tap(() => {
            if (++scheduled === 2) throw new Error('enough');
          }),
        ),
        of(),
      );
    const { pool, made, events } = await openRig(make, 1, { heal, scheduler: clock.scheduler });
    events.length = 0;
    made[0]!.lose();
    await clock.advance(1_000);
    expect(typesOf(events)).toEqual(['lost', 'reconnect-scheduled', 'heal-failed']);
    expect(clock.timers).toBe(0);
    expect(pool.brokenConnections).toEqual(made);
  });

  it('heal that calls pool.close() when it is called: setup() leaves the pool closed', async () => {
    const test = rig(make, 2, {
      heal: () => {
        void test.pool.close();
        return NEVER;
      },
    });
    await Promise.all([test.pool.setup(), test.clock.advance(10_000)]);
    expect(test.pool.health).toMatchObject({ status: 'closed', total: 0 });
    for (const connection of test.made) expect(connection.state).toBe('closed');
    expect(test.clock.timers).toBe(0);
  });
});
