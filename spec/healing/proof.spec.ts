import { BehaviorSubject, type Observable, Subject, throwError } from 'rxjs';
import { type Outcome, reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { brokenOf, ReconnectRig as Rig } from '../support/reconnect-rig.js';
import { expectUntouched } from '../support/untouched.js';
import { VirtualClock } from '../support/virtual-clock.js';

const answered: Outcome = { ok: true, durationMs: 1 };
const failed: Outcome = { ok: false, durationMs: 1 };

describe.each(KINDS)('A connection that comes up again, of $kind', ({ make }) => {
  const telling = <O extends Observable<Outcome>>(
    connection: TestConnection,
    outcomes$: O,
  ): TestConnection & { outcomes$: O } => Object.assign(connection, { outcomes$ });

  const broken = async (): Promise<TestConnection> => {
    const connection = make('refuse', 'a');
    await connection.connect().catch(() => {});
    connection.onDial = 'accept';
    return connection;
  };

  const cutOff = async (times: number, rig: Rig, a: TestConnection, carry: () => void): Promise<string[]> => {
    for (let i = 0; i < times; i++) {
      while (a.state !== 'connected') await rig.clock.advance(100);
      carry();
      await rig.clock.advance(100);
      a.lose();
    }
    return rig.log.filter((line) => line.includes(' in ')).map((line) => line.replace(/^.* in /, ''));
  };

  it('is proven by the first request that is answered, at once', async () => {
    const a = telling(await broken(), new Subject<Outcome>());
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100);
    expect(rig.clock.timers).toBe(1);
    a.outcomes$.next(answered);
    expect(rig.clock.timers).toBe(0);
    expect(a.outcomes$.observed).toBe(false);
    a.lose();
    expect(rig.log.at(-1)).toBe('100: a1 in 100');
  });

  it('that is cut off again and again, and works in between, waits no longer each time', async () => {
    const a = telling(await broken(), new Subject<Outcome>());
    const rig = new Rig({}, brokenOf(a));
    const waits = await cutOff(5, rig, a, () => a.outcomes$.next(answered));
    expect(waits).toEqual(['100', '100', '100', '100', '100', '100']);
  });

  it.each<[string, Outcome | undefined]>([
    ['carries nothing', undefined],
    ['answers nothing', failed],
  ])('and is closed again and again before it %s waits longer each time', async (_what, outcome) => {
    const a = telling(await broken(), new Subject<Outcome>());
    const rig = new Rig({}, brokenOf(a));
    const waits = await cutOff(4, rig, a, () => {
      if (outcome) a.outcomes$.next(outcome);
    });
    expect(waits).toEqual(['100', '200', '300', '400', '500']);
  });

  it('is proven by having been up for `resetAfter`, where nobody asks anything of it', async () => {
    const a = telling(await broken(), new Subject<Outcome>());
    const rig = new Rig({ resetAfter: 50 }, brokenOf(a));
    await rig.clock.advance(150);
    expect(rig.clock.timers).toBe(0);
    expect(a.outcomes$.observed).toBe(false);
    a.lose();
    expect(rig.log.at(-1)).toBe('150: a1 in 100');
  });

  it('is proven by what it answers when somebody else has dialled it, and not before it is up', async () => {
    const a = telling(await broken(), new Subject<Outcome>());
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

  it('is not proven by what is replayed of earlier times', async () => {
    const a = telling(await broken(), new BehaviorSubject(answered));
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(150);
    a.lose();
    expect(rig.log.at(-1)).toBe('150: a2 in 200');
  });

  it.each<[string, unknown]>([
    ['fail', throwError(() => new Error('no outcomes'))],
    ['are no stream', 'none'],
    ['are nonsense', new BehaviorSubject(undefined)],
  ])('is proven by time alone where its outcomes %s', async (_what, outcomes$) => {
    const a = Object.assign(await broken(), { outcomes$ });
    const rig = new Rig({ resetAfter: 50 }, brokenOf(a as TestConnection));
    await rig.clock.advance(149);
    expect(rig.clock.timers).toBe(1);
    await rig.clock.advance(1);
    expect(rig.clock.timers).toBe(0);
    expect(rig.failures).toEqual([]);
  });

  it('is not asked for proof any more when nobody subscribes', async () => {
    const a = telling(await broken(), new Subject<Outcome>());
    const rig = new Rig({}, brokenOf(a));
    await rig.clock.advance(100);
    expect(a.outcomes$.observed).toBe(true);
    rig.subscription.unsubscribe();
    expect(a.outcomes$.observed).toBe(false);
    expect(rig.clock.timers).toBe(0);
    expectUntouched(a);
  });

  it('in a pool as well', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const heal = reconnectBroken<TestConnection>({ backoff: (attempt) => attempt * 100, scheduler });
    const { pool, made, events } = await openRig(make, 1, { heal, scheduler });
    const a = telling(made[0]!, new Subject<Outcome>());
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
