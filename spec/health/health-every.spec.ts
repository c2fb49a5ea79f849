import { Subject, take } from 'rxjs';
import { ConnectionPool, type Health, healthEvery } from 'rxpool';
import { figures } from '../sizing/figures.js';
import { OwnConnection } from '../support/connections.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A source of figures behind `healthEvery(100)`, and what that emitted: when, and which. */
class Screen {
  readonly clock = new VirtualClock();
  readonly source = new Subject<Health>();
  readonly shown: string[] = [];
  readonly subscription = this.source.pipe(healthEvery(100, this.clock)).subscribe({
    next: ({ status, pending }) => this.shown.push(`${this.clock.now} ${status} ${pending}`),
    error: (error: unknown) => this.shown.push(`${error}`),
    complete: () => this.shown.push('complete'),
  });

  say(pending: number, status: Health['status'] = 'healthy'): void {
    this.source.next(figures({ status, pending }));
  }
}

describe('healthEvery()', () => {
  it('healthEvery(100): emits the first value at once, then the latest once in 100 ms', async () => {
    const screen = new Screen();
    for (let pending = 0; pending < 50; pending++) {
      screen.say(pending);
      await screen.clock.advance(10);
    }
    expect(screen.shown).toEqual([
      '0 healthy 0',
      '100 healthy 9',
      '200 healthy 19',
      '300 healthy 29',
      '400 healthy 39',
      '500 healthy 49',
    ]);
  });

  it('healthEvery(100): emits a value at once that comes more than 100 ms after the one before', async () => {
    const screen = new Screen();
    screen.say(0);
    await screen.clock.advance(150);
    screen.say(1);
    expect(screen.shown).toEqual(['0 healthy 0', '150 healthy 1']);
    expect(screen.clock.timers).toBe(1);
    await screen.clock.advance(100);
    expect(screen.clock.timers).toBe(0);
  });

  it('healthEvery(100): emits a change of status at once, and waits 100 ms again after it', async () => {
    const screen = new Screen();
    screen.say(0);
    await screen.clock.advance(50);
    screen.say(1);
    screen.say(2, 'degraded');
    screen.say(3, 'down');
    screen.say(4, 'down');
    await screen.clock.advance(99);
    expect(screen.shown).toEqual(['0 healthy 0', '50 degraded 2', '50 down 3']);
    await screen.clock.advance(1);
    expect(screen.shown.at(-1)).toBe('150 down 4');
  });

  it('healthEvery(100): emits nothing when the figures are back at those shown', async () => {
    const screen = new Screen();
    screen.say(0);
    screen.say(1);
    screen.say(0);
    await screen.clock.advance(1_000);
    expect(screen.shown).toEqual(['0 healthy 0']);
  });

  it('healthEvery(100): emits the value held back, then completes, when its source completes', () => {
    const screen = new Screen();
    screen.say(0);
    screen.say(1);
    screen.source.complete();
    expect(screen.shown).toEqual(['0 healthy 0', '0 healthy 1', 'complete']);
    expect(screen.clock.timers).toBe(0);
  });

  it('healthEvery(100): errors with its source, at once', () => {
    const screen = new Screen();
    screen.say(0);
    screen.say(1);
    screen.source.error('gone');
    expect(screen.shown).toEqual(['0 healthy 0', 'gone']);
    expect(screen.clock.timers).toBe(0);
  });

  it('healthEvery(100): goes on by the clock when a timer is lost', async () => {
    const screen = new Screen();
    screen.say(0);
    for (const timer of screen.clock.scheduler.actions.splice(0)) timer.unsubscribe();
    screen.clock.scheduler.frame += 100;
    screen.say(1);
    expect(screen.shown.at(-1)).toBe('100 healthy 1');
  });

  it('healthEvery(100): leaves no timer behind when its subscriber unsubscribes, within its first value as well', () => {
    const screen = new Screen();
    screen.say(0);
    screen.subscription.unsubscribe();
    expect([screen.clock.timers, screen.source.observed]).toEqual([0, false]);

    const { clock } = screen;
    const pool = new ConnectionPool(1, () => new OwnConnection());
    pool.health$.pipe(healthEvery(100, clock), take(1)).subscribe();
    expect(clock.timers).toBe(0);
  });

  it('healthEvery(100) over pool.health$: emits once for a thousand requests in a hundred milliseconds', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const pool = new ConnectionPool(1, () => new OwnConnection(), { scheduler, drainTimeout: 0 });
    await pool.setup();
    const emitted: Health[] = [];
    pool.health$.pipe(healthEvery(100, { scheduler })).subscribe((health) => emitted.push(health));
    for (let i = 0; i < 1_000; i++) {
      (pool.connections[0] as OwnConnection).send();
      await undefined;
    }
    await clock.advance(100);
    expect(emitted.map(({ pending }) => pending)).toEqual([0, 1_000]);
    await pool.dispose();
    expect(emitted.at(-1)?.status).toBe('closed');
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['healthEvery(0)', 'ERR_OUT_OF_RANGE', 0],
    ['healthEvery(-1)', 'ERR_OUT_OF_RANGE', -1],
    ['healthEvery(Infinity)', 'ERR_OUT_OF_RANGE', Number.POSITIVE_INFINITY],
    ["healthEvery('100')", 'ERR_INVALID_ARG_TYPE', '100' as never],
  ])('%s throws an error with the code %s', (_, code, ms) => {
    expect(() => healthEvery(ms)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/^ms must/) }),
    );
  });
});
