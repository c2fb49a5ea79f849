import { BehaviorSubject } from 'rxjs';
import { ConnectTimeoutError, reconnectBroken } from 'rxpool';
import { KINDS, SubjectConnection, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { brokenOf, ReconnectRig as Rig } from '../support/reconnect-rig.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

describe.each(KINDS)('reconnectBroken({ connectTimeout }), without a pool, over $kind', ({ make }) => {
  /** A broken connection whose next dial gets no answer. */
  const broken = async (): Promise<TestConnection> => {
    const connection = make('refuse', 'a');
    await connection.connect().catch(() => {});
    connection.onDial = 'wait';
    return connection;
  };

  it('reconnectBroken(): a dial without an answer fails after 5 s by default and is retried after the backoff', async () => {
    const a = await broken();
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100 + 4_999);
    expect(rig.log.at(-1)).toBe('100: a1 dialling');
    await rig.clock.advance(1);
    expect(rig.log.slice(-2)).toEqual(['5100: a1 failed', '5100: a2 in 200']);
    expect(rig.failures).toEqual([expect.objectContaining({ code: 'ERR_CONNECT_TIMEOUT' })]);
    a.onDial = 'accept';
    await rig.clock.advance(200);
    expect(rig.log.slice(-2)).toEqual(['5300: a2 dialling', '5300: a2 reconnected']);
    expect([a.dials, a.closes, a.state]).toEqual([3, 1, 'connected']);
    await rig.clock.advance(1_000);
    expect(rig.clock.timers).toBe(0);
  });

  it('reconnectBroken({ isTerminal }): is asked about the ConnectTimeoutError of a dial that timed out', async () => {
    const a = await broken();
    const isTerminal = (cause: unknown): boolean => cause instanceof ConnectTimeoutError;
    const rig = new Rig({ connectTimeout: 50, isTerminal }, brokenOf(a));
    await rig.clock.advance(100 + 50);
    expect(rig.log.slice(-2)).toEqual(['150: a1 failed', '150: a1 abandoned: terminal']);
    rig.subscription.unsubscribe();
  });

  it('reconnectBroken({ connectTimeout }): a timed-out dial that connects late is neither closed nor redialled', async () => {
    const a = await broken();
    const rig = new Rig({ connectTimeout: 50 }, brokenOf(a));
    await rig.clock.advance(100 + 50);
    expect([a.state, a.closes]).toEqual(['connecting', 0]);
    a.accept();
    await settle();
    await rig.clock.advance(1_000);
    expect([a.state, a.closes, a.dials]).toEqual(['connected', 0, 2]);
    expect(rig.log.at(-1)).toBe('150: a2 in 200');
    expect(rig.clock.timers).toBe(0);
  });

  it('reconnectBroken({ connectTimeout }): a timed-out dial that fails late is retried once, without close()', async () => {
    const a = await broken();
    const rig = new Rig({ connectTimeout: 50 }, brokenOf(a));
    await rig.clock.advance(100 + 50);
    a.onDial = 'refuse';
    a.refuse();
    await settle();
    expect(rig.clock.timers).toBe(1);
    await rig.clock.advance(200);
    expect(rig.log.slice(-4)).toEqual(['150: a2 in 200', '350: a2 dialling', '350: a2 failed', '350: a3 in 300']);
    expect(a.closes).toBe(0);
  });

  it('reconnectBroken({ connectTimeout }): a connection closed by its owner after the timeout is not redialled', async () => {
    const a = await broken();
    const rig = new Rig({ connectTimeout: 50 }, brokenOf(a));
    await rig.clock.advance(100 + 50);
    await a.close();
    expect(rig.clock.timers).toBe(0);
    await rig.clock.advance(1_000);
    expect([a.state, a.dials]).toEqual(['closed', 2]);
    rig.subscription.unsubscribe();
    expectUntouched(a);
  });

  it('reconnectBroken({ connectTimeout }): a dial by the owner after close() is not timed out', async () => {
    const a = await broken();
    const rig = new Rig({ connectTimeout: 50 }, brokenOf(a));
    await rig.clock.advance(100);
    void a.close();
    a.connect().catch(() => {});
    await rig.clock.advance(1_000);
    expect(rig.log.at(-1)).toBe('100: a1 failed');
    expect([a.state, a.closes, a.dials]).toEqual(['connecting', 1, 3]);
  });

  it('reconnectBroken(): after a ConnectTimeoutError from connect() itself, retries once the list shows it again', async () => {
    const a = await broken();
    const rig = new Rig();
    rig.list$.next([a]);
    await rig.clock.advance(100);
    rig.list$.next([]);
    a.refuse(new ConnectTimeoutError('its own deadline'));
    await settle();
    expect(rig.log.at(-1)).toBe('100: a1 failed');
    rig.list$.next([a]);
    await rig.clock.advance(200);
    expect(rig.log.slice(-2)).toEqual(['100: a2 in 200', '300: a2 dialling']);
    expect(a.closes).toBe(0);
  });

  it('reconnectBroken({ connectTimeout, maxAttempts, abandonedInterval: false }): a timed-out dial is an attempt; the last one is closed', async () => {
    const a = await broken();
    const rig = new Rig({ connectTimeout: 50, maxAttempts: 2, abandonedInterval: false }, brokenOf(a));
    await rig.clock.advance(100 + 50 + 200 + 50);
    expect(rig.log.slice(-2)).toEqual(['400: a2 failed', '400: a2 abandoned: max-attempts']);
    expect([a.state, a.closes, a.dials]).toEqual(['closed', 2, 3]);
    expect(rig.clock.timers).toBe(0);
    rig.subscription.unsubscribe();
    expectUntouched(a);
  });

  it.each([50, 60, 350])(
    'reconnectBroken({ connectTimeout: 50 }): unsubscribing %d ms after the first dial began closes nothing',
    async (after) => {
      const a = await broken();
      const rig = new Rig({ connectTimeout: 50 }, brokenOf(a));
      await rig.clock.advance(100 + after);
      const { closes } = a;
      rig.subscription.unsubscribe();
      expect(rig.clock.timers).toBe(0);
      await rig.clock.advance(1_000);
      expect([a.state, a.closes]).toEqual(['connecting', closes]);
      expectUntouched(a);
    },
  );

  it('reconnectBroken({ connectTimeout }): unsubscribing on reconnect-abandoned leaves the dial unclosed', async () => {
    const a = await broken();
    const rig: Rig = new Rig({ connectTimeout: 50, maxAttempts: 1 }, brokenOf(a));
    rig.onEvent = ({ type }) => {
      if (type === 'reconnect-abandoned') rig.subscription.unsubscribe();
    };
    await rig.clock.advance(1_000);
    expect(rig.log.at(-1)).toBe('150: a1 abandoned: max-attempts');
    expect([a.state, a.closes]).toEqual(['connecting', 0]);
    expectUntouched(a);
  });

  it('reconnectBroken({ connectTimeout }): unsubscribing when the timed-out dial is closed prevents the redial', async () => {
    const a = await broken();
    const rig = new Rig({ connectTimeout: 50 }, brokenOf(a));
    const watching = a.state$.subscribe((state) => {
      if (state === 'closed') rig.subscription.unsubscribe();
    });
    await rig.clock.advance(1_000);
    watching.unsubscribe();
    expect([a.state, a.dials]).toEqual(['closed', 2]);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('reconnectBroken({ connectTimeout }): completes at the timeout when the source completes during a dial', async () => {
    const a = await broken();
    const rig = new Rig({ connectTimeout: 50 });
    rig.list$.next([a]);
    await rig.clock.advance(100);
    rig.list$.complete();
    await rig.clock.advance(49);
    expect(rig.completed).toBe(false);
    await rig.clock.advance(1);
    expect(rig.completed).toBe(true);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it.each(['reject', 'throw', 'hang'] as const)(
    'reconnectBroken({ connectTimeout }): a timed-out dial is redialled also when close() does this: %s',
    async (onClose) => {
      const a = await broken();
      a.onClose = onClose;
      const rig = new Rig({ connectTimeout: 50 }, brokenOf(a));
      await rig.clock.advance(100 + 50);
      a.onDial = 'accept';
      await rig.clock.advance(200);
      expect(rig.log.at(-1)).toBe('350: a2 reconnected');
    },
  );

  it('reconnectBroken({ connectTimeout }): closes and redials a timed-out connection while the list never changes', async () => {
    const a = await broken();
    const rig = new Rig({ connectTimeout: 50 }, new BehaviorSubject([a]));
    await rig.clock.advance(100 + 50 + 200);
    expect([a.state, a.closes, a.dials]).toEqual(['connecting', 1, 3]);
    await rig.clock.advance(50);
    expect(rig.log.slice(-2)).toEqual(['400: a2 failed', '400: a3 in 300']);
  });
});

describe('reconnectBroken({ connectTimeout }) as the heal option of a pool', () => {
  it('pool with heal: the connectTimeout of the pool counts, not the one of reconnectBroken()', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const heal = reconnectBroken<TestConnection>({ backoff: () => 100, connectTimeout: 10, scheduler });
    const make = (): TestConnection => new SubjectConnection({ name: 'a' });
    const { made, events } = await openRig(make, 1, { heal, scheduler, connectTimeout: 1_000 });
    made[0]!.onDial = 'wait';
    made[0]!.lose();
    await clock.advance(100 + 999);
    expect(events.map(({ type }) => type)).not.toContain('connect-failed');
    await clock.advance(1);
    expect(events.map(({ type }) => type)).toContain('connect-failed');
  });

  it('pool with heal: a timed-out dial is closed once, by the pool and not by reconnectBroken()', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const heal = reconnectBroken<TestConnection>({ backoff: () => 100, scheduler });
    const make = (): TestConnection => new SubjectConnection({ name: 'a' });
    const { made } = await openRig(make, 1, { heal, scheduler, connectTimeout: 1_000 });
    const a = made[0]!;
    let closes = 0;
    a.close = async () => {
      closes++;
    };
    a.onDial = 'wait';
    a.lose();
    await clock.advance(100 + 1_000 + 100);
    expect([closes, a.state]).toEqual([1, 'connecting']);
  });
});
