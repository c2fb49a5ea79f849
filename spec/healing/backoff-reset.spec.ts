import { BehaviorSubject, type Observable, Subject, throwError } from 'rxjs';
import { type Outcome, reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { brokenOf, ReconnectRig as Rig } from '../support/reconnect-rig.js';
import { expectUntouched } from '../support/untouched.js';
import { VirtualClock } from '../support/virtual-clock.js';

const answered: Outcome = { ok: true, durationMs: 1 };
const failed: Outcome = { ok: false, durationMs: 1 };

describe.each(KINDS)('reconnectBroken() resets the backoff, over $kind', ({ make }) => {
  const withOutcomes = <O extends Observable<Outcome>>(
    connection: TestConnection,
    outcomes$: O,
  ): TestConnection & { outcomes$: O } => Object.assign(connection, { outcomes$ });

  const broken = async (): Promise<TestConnection> => {
    const connection = make('refuse', 'a');
    await connection.connect().catch(() => {});
    connection.onDial = 'accept';
    return connection;
  };

  const loseRepeatedly = async (
    times: number,
    rig: Rig,
    a: TestConnection,
    beforeLoss: () => void,
  ): Promise<string[]> => {
    for (let i = 0; i < times; i++) {
      while (a.state !== 'connected') await rig.clock.advance(100);
      beforeLoss();
      await rig.clock.advance(100);
      a.lose();
    }
    return rig.log.filter((line) => line.includes(' in ')).map((line) => line.replace(/^.* in /, ''));
  };

  it('reconnectBroken(): the first successful outcome after a reconnect resets the backoff at once', async () => {
    const a = withOutcomes(await broken(), new Subject<Outcome>());
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100);
    expect(rig.clock.timers).toBe(1);
    a.outcomes$.next(answered);
    expect(rig.clock.timers).toBe(0);
    expect(a.outcomes$.observed).toBe(false);
    a.lose();
    expect(rig.log.at(-1)).toBe('100: a1 in 100');
  });

  it('reconnectBroken(): the backoff does not grow when each loss is preceded by a successful outcome', async () => {
    const a = withOutcomes(await broken(), new Subject<Outcome>());
    const rig = new Rig({}, brokenOf(a));
    const waits = await loseRepeatedly(5, rig, a, () => a.outcomes$.next(answered));
    expect(waits).toEqual(['100', '100', '100', '100', '100', '100']);
  });

  it.each<[string, Outcome | undefined]>([
    ['no outcome', undefined],
    ['only a failed outcome', failed],
  ])('reconnectBroken(): the backoff grows with each loss when there was %s before it', async (_what, outcome) => {
    const a = withOutcomes(await broken(), new Subject<Outcome>());
    const rig = new Rig({}, brokenOf(a));
    const waits = await loseRepeatedly(4, rig, a, () => {
      if (outcome) a.outcomes$.next(outcome);
    });
    expect(waits).toEqual(['100', '200', '300', '400', '500']);
  });

  it('reconnectBroken({ resetAfter }): without outcomes, the backoff is reset after resetAfter', async () => {
    const a = withOutcomes(await broken(), new Subject<Outcome>());
    const rig = new Rig({ resetAfter: 50 }, brokenOf(a));
    await rig.clock.advance(150);
    expect(rig.clock.timers).toBe(0);
    expect(a.outcomes$.observed).toBe(false);
    a.lose();
    expect(rig.log.at(-1)).toBe('150: a1 in 100');
  });

  it('reconnectBroken(): when the owner dials, only an outcome after the connect resets the backoff', async () => {
    const a = withOutcomes(await broken(), new Subject<Outcome>());
    const rig = new Rig({ backoff: () => 10_000 }, brokenOf(a));
    a.onDial = 'wait';
    void a.connect();
    a.outcomes$.next(answered);
    expect(a.outcomes$.observed).toBe(true);
    a.accept();
    await rig.clock.advance(1);
    a.outcomes$.next(answered);
    expect(a.outcomes$.observed).toBe(false);
    expect(rig.clock.timers).toBe(0);
  });

  it('reconnectBroken(): an outcome that outcomes$ replays on subscribe does not reset the backoff', async () => {
    const a = withOutcomes(await broken(), new BehaviorSubject(answered));
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(150);
    a.lose();
    expect(rig.log.at(-1)).toBe('150: a2 in 200');
  });

  it.each<[string, unknown]>([
    ['errors', throwError(() => new Error('no outcomes'))],
    ['is not an observable', 'none'],
    ['emits undefined', new BehaviorSubject(undefined)],
  ])(
    'reconnectBroken({ resetAfter }): only resetAfter resets the backoff when outcomes$ %s',
    async (_what, outcomes$) => {
      const a = Object.assign(await broken(), { outcomes$ });
      const rig = new Rig({ resetAfter: 50 }, brokenOf(a as TestConnection));
      await rig.clock.advance(149);
      expect(rig.clock.timers).toBe(1);
      await rig.clock.advance(1);
      expect(rig.clock.timers).toBe(0);
      expect(rig.failures).toEqual([]);
    },
  );

  it('reconnectBroken(): unsubscribing unsubscribes from outcomes$ and cancels the timer', async () => {
    const a = withOutcomes(await broken(), new Subject<Outcome>());
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100);
    expect(a.outcomes$.observed).toBe(true);
    rig.subscription.unsubscribe();
    expect(a.outcomes$.observed).toBe(false);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('heal: a successful outcome of a member resets its backoff; dispose() leaves no timer or subscription', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const heal = reconnectBroken<TestConnection>({ backoff: (attempt) => attempt * 100, scheduler });
    const { pool, made, events } = await openRig(make, 1, { heal, scheduler });
    const a = withOutcomes(made[0]!, new Subject<Outcome>());
    for (const outcome of [answered, failed, failed, answered]) {
      a.lose();
      await clock.advance(400);
      a.outcomes$.next(outcome);
    }
    a.lose();
    const attempts = events.flatMap((event) => (event.type === 'reconnect-scheduled' ? [event.attempt] : []));
    expect(attempts).toEqual([1, 1, 2, 3, 1]);
    await Promise.all([pool.dispose(), clock.advance(10)]);
    expect(clock.timers).toBe(0);
    expect(a.outcomes$.observed).toBe(false);
    expectUntouched(a);
  });
});
