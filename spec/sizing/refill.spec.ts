import { Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type AdditionEvent, type AdditionOptions, cleanupBroken, type Health, refill } from 'rxpool';
import { KINDS } from '../support/connections.js';
import { openRig, rig } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';
import { figures } from './figures.js';

class Rig {
  readonly clock = new VirtualClock();
  readonly health$ = new Subject<Health>();
  /** The calls of `add()`, with their times. */
  readonly asked: string[] = [];
  readonly events: AdditionEvent[] = [];
  readonly failures: unknown[] = [];
  /** What `add()` returns. */
  add: (count: number) => unknown = () => undefined;
  readonly subscription;

  constructor(options: AdditionOptions = {}) {
    const add = (count: number): unknown => {
      this.asked.push(`${this.clock.now}: ${count}`);
      return this.add(count);
    };
    this.subscription = this.health$
      .pipe(refill(add, { scheduler: this.clock.scheduler, backoff: () => 100, ...options }))
      .subscribe({
        next: (event) => this.events.push(event),
        error: (error: unknown) => this.failures.push(error),
      });
  }

  show(given: Partial<Health>): void {
    this.health$.next(figures(given));
  }
}

describe('refill', () => {
  it('refill errors with its source, and adds nothing after that', async () => {
    const rig = new Rig();
    rig.show({ poolSize: 2, total: 1 });
    const cause = new Error('of the source');
    rig.health$.error(cause);
    await rig.clock.advance(1_000);
    expect([rig.failures, rig.asked, rig.clock.timers]).toEqual([[cause], [], 0]);
  });

  it('refill adds the missing connections in a turn of its own and emits once health$ shows them', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
      const values = {
        f: figures({ poolSize: 4, total: 4 }),
        m: figures({ poolSize: 4, total: 2 }),
        n: figures({ poolSize: 4, total: 3 }),
      };
      const source = hot('                                    --f--m---f--n--f--|', values);
      // The command adds nothing and stays pending: what health$ shows was added by others.
      const events = source.pipe(refill(() => new Promise(() => {})));
      expectObservable(events).toBe('                         ---------a-----b--|', {
        a: { type: 'added', count: 2 },
        b: { type: 'added', count: 1 },
      });
      expectObservable(source.pipe(refill(() => {})), '       ---^---!').toBe('-');
      expectSubscriptions(source.subscriptions).toBe(['       ^-----------------!', '---^---!']);
    });
  });

  it('refill adds nothing while there are enough or too many members, or the pool is closed', async () => {
    const rig = new Rig();
    rig.show({ poolSize: 2, total: 2 });
    rig.show({ poolSize: 2, total: 3 });
    rig.show({ poolSize: 2, total: 0, status: 'closed' });
    await rig.clock.advance(1_000);
    expect(rig.asked).toEqual([]);
    expect(rig.clock.timers).toBe(0);
  });

  it('refill adds by the latest health, not by values in between', async () => {
    const rig = new Rig();
    rig.show({ poolSize: 4, total: 3 });
    rig.show({ poolSize: 4, total: 1 });
    await rig.clock.advance(0);
    expect(rig.asked).toEqual(['0: 3']);
    rig.show({ poolSize: 4, total: 4 });
    rig.show({ poolSize: 4, total: 3 });
    rig.show({ poolSize: 4, total: 4 });
    await rig.clock.advance(1_000);
    expect(rig.asked).toHaveLength(1);
  });

  it('refill does not add again while its addition is pending and health$ does not show it', async () => {
    const rig = new Rig();
    let joined!: () => void;
    rig.add = () => new Promise<void>((resolve) => (joined = resolve));
    rig.show({ poolSize: 4, total: 2 });
    await rig.clock.advance(0);
    rig.show({ poolSize: 4, total: 2, pending: 7 });
    rig.show({ poolSize: 4, total: 3 });
    await rig.clock.advance(10_000);
    expect(rig.asked).toEqual(['0: 2']);
    rig.show({ poolSize: 4, total: 4 });
    joined();
    await rig.clock.advance(2_000);
    expect(rig.asked).toEqual(['0: 2']);
    expect(rig.events).toEqual([{ type: 'added', count: 2 }]);
    expect(rig.clock.timers).toBe(0);
  });

  it('refill adds more while connections that it added before are still connecting', async () => {
    const rig = new Rig();
    rig.add = () => {
      rig.show({ poolSize: 4, total: 4, connecting: 2 });
      return new Promise(() => {});
    };
    rig.show({ poolSize: 4, total: 2 });
    await rig.clock.advance(10);
    rig.show({ poolSize: 4, total: 3, connecting: 2 });
    await rig.clock.advance(10);
    expect(rig.asked).toEqual(['0: 2', '10: 1']);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no more');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no more'))],
  ])('refill emits add-failed and tries again after the backoff when add() %s', async (_how, add) => {
    const backoff = jest.fn((attempt: number) => 100 * attempt);
    const rig = new Rig({ backoff });
    rig.add = add;
    rig.show({ poolSize: 2, total: 1 });
    await rig.clock.advance(50);
    rig.show({ poolSize: 2, total: 0 });
    await rig.clock.advance(300);
    expect(rig.asked).toEqual(['0: 1', '100: 2', '300: 2']);
    expect(rig.events[2]).toEqual({ type: 'add-failed', count: 2, cause: new Error('no more') });
    expect(backoff.mock.calls).toEqual([
      [1, 0],
      [2, 100],
      [3, 200],
    ]);
    rig.add = () => rig.show({ poolSize: 2, total: 2 });
    await rig.clock.advance(300);
    expect(rig.events[3]).toEqual({ type: 'added', count: 2 });
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
  });

  it('refill resets its backoff when nothing has failed for a second', async () => {
    const rig = new Rig({ backoff: (attempt) => 100 * attempt });
    rig.add = () => Promise.reject(new Error('no more'));
    rig.show({ poolSize: 2, total: 1 });
    await rig.clock.advance(150);
    rig.show({ poolSize: 2, total: 2 });
    await rig.clock.advance(2_000);
    expect(rig.clock.timers).toBe(0);
    rig.show({ poolSize: 2, total: 1 });
    await rig.clock.advance(150);
    expect(rig.asked).toEqual(['0: 1', '100: 1', '2150: 1', '2250: 1']);
  });

  it('refill adds without delay while other connections break', async () => {
    const rig = new Rig();
    for (let broken = 1; broken <= 8; broken++) rig.show({ poolSize: 20, total: 16, broken });
    await rig.clock.advance(0);
    expect(rig.asked).toEqual(['0: 4']);
  });

  it('refill waits for the backoff after an addition that brought no connection up, unless one comes up', async () => {
    const rig = new Rig({ backoff: (attempt) => 100 * attempt });
    rig.add = async () => rig.show({ poolSize: 4, total: 4, connected: 2, broken: 2 });
    rig.show({ poolSize: 4, total: 2, connected: 2 });
    await rig.clock.advance(10);
    rig.show({ poolSize: 4, total: 2, connected: 2 });
    await rig.clock.advance(40);
    expect(rig.asked).toEqual(['0: 2']);
    await rig.clock.advance(60);
    expect(rig.asked).toEqual(['0: 2', '100: 2']);
    rig.show({ poolSize: 4, total: 4, connected: 3, broken: 1 });
    rig.show({ poolSize: 4, total: 3, connected: 3 });
    await rig.clock.advance(0);
    expect(rig.asked).toEqual(['0: 2', '100: 2', '110: 1']);
  });

  it('refill adds again a second after an addition of which health$ shows no member', async () => {
    const rig = new Rig();
    rig.show({ poolSize: 2, total: 1 });
    for (let i = 0; i < 250; i++) {
      await rig.clock.advance(10);
      rig.show({ poolSize: 2, total: 1, pending: i });
    }
    expect(rig.asked).toEqual(['0: 1', '1000: 1', '2000: 1']);
    expect(rig.events).toEqual([]);
  });

  it('refill errors when backoff() throws or returns NaN', async () => {
    const mistake = new Error('no idea');
    const throwing = new Rig({
      backoff: () => {
        throw mistake;
      },
    });
    const nonsense = new Rig({ backoff: () => Number.NaN });
    for (const rig of [throwing, nonsense]) {
      rig.show({ poolSize: 2, total: 1 });
      await rig.clock.advance(0);
      expect(rig.health$.observed).toBe(false);
      expect(rig.clock.timers).toBe(0);
    }
    expect(throwing.failures).toEqual([mistake]);
    expect(nonsense.failures).toEqual([expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' })]);
  });

  it('refill cancels its timer on unsubscribe and ignores an add() that rejects later', async () => {
    const rig = new Rig();
    rig.show({ poolSize: 2, total: 1 });
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    const late = new Rig();
    let refuse!: (cause: unknown) => void;
    late.add = () => new Promise((_resolve, reject) => (refuse = reject));
    late.show({ poolSize: 2, total: 1 });
    await late.clock.advance(0);
    late.subscription.unsubscribe();
    refuse(new Error('too late'));
    await settle();
    expect([rig.asked, late.events, late.failures]).toEqual([[], [], []]);
    expect(late.clock.timers).toBe(0);
  });

  it('refill stops when it is unsubscribed from inside add()', async () => {
    const rig = new Rig();
    rig.add = () => {
      rig.show({ poolSize: 4, total: 3 });
      return Promise.reject(new Error('the other one'));
    };
    rig.health$.subscribe(({ total }) => total === 3 && rig.subscription.unsubscribe());
    rig.show({ poolSize: 4, total: 2 });
    await rig.clock.advance(1_000);
    expect(rig.asked).toEqual(['0: 2']);
    expect(rig.clock.timers).toBe(0);
  });
});

describe.each(KINDS)('refill with a pool of $kind', ({ make }) => {
  it('refill replaces removed, closed and broken members, but not those that reducePoolConnections() removes', async () => {
    const { pool, clock, made } = await openRig(make, 4);
    pool.health$.pipe(refill((count) => pool.extendPoolBySize(count), { scheduler: clock.scheduler })).subscribe();
    pool.removeConnections([made[0]!]);
    await made[1]!.close();
    made[2]!.lose();
    pool.cleanupBrokenConnections();
    expect(pool.connections).toHaveLength(1);
    await clock.advance(200);
    expect(pool.connectedConnections).toHaveLength(4);
    pool.reducePoolConnections(3);
    await clock.advance(2_000);
    expect([pool.connections.length, pool.poolSize, made.length]).toEqual([1, 1, 7]);
    expect(clock.timers).toBe(0);
  });

  it('refill adds all missing members at once when one removal causes another', async () => {
    const { pool, clock, made } = await openRig(make, 3);
    const added: AdditionEvent[] = [];
    const filling = refill((count) => pool.extendPoolBySize(count), { scheduler: clock.scheduler });
    pool.health$.pipe(filling).subscribe((event) => added.push(event));
    const leaving = pool.connected$.subscribe(({ length }) => length === 2 && pool.removeConnections(made.slice(1, 3)));
    pool.removeConnections([made[0]!]);
    await clock.advance(1_000);
    leaving.unsubscribe();
    expect(added).toEqual([{ type: 'added', count: 3 }]);
    expect([pool.connections.length, pool.poolSize]).toEqual([3, 3]);
  });

  it('refill adds nothing to a closed pool and goes on after setup()', async () => {
    const { pool, clock, made } = await openRig(make, 2);
    pool.health$.pipe(refill((count) => pool.extendPoolBySize(count), { scheduler: clock.scheduler })).subscribe();
    pool.removeConnections([made[0]!]);
    await pool.close();
    await clock.advance(1_000);
    expect([pool.health.status, made.length]).toEqual(['closed', 2]);
    await pool.setup();
    pool.removeConnections([made[2]!]);
    await clock.advance(1_000);
    expect([pool.connections.length, made.length]).toEqual([2, 5]);
    await pool.dispose();
    expect(clock.timers).toBe(0);
  });

  it('refill backs off exponentially while dials fail and cleanupBroken removes the broken at once', async () => {
    const opened = rig(make, 2);
    const { pool, clock, made } = opened;
    opened.script = 'refuse';
    await pool.setup();
    const { scheduler } = clock;
    const backoff = (attempt: number): number => Math.min(100 * 2 ** attempt, 5_000);
    pool.broken$.pipe(cleanupBroken((dead) => pool.removeConnections(dead))).subscribe();
    const filling = refill((count) => pool.extendPoolBySize(count), { scheduler, backoff });
    pool.health$.pipe(filling).subscribe();
    await clock.advance(60_000);
    expect(pool.connections).toHaveLength(0);
    // 200 ms, 400, … 3.2 s, and 5 s from there on, two connections each time.
    expect(made.length).toBeGreaterThan(20);
    expect(made.length).toBeLessThan(60);
  });

  it('refill emits add-failed while the factory throws, and refills once it works', async () => {
    let works = true;
    const { pool, clock } = rig((script, name) => {
      if (!works) throw new Error('out of addresses');
      return make(script, name);
    }, 2);
    await pool.setup();
    const failed: unknown[] = [];
    const { scheduler } = clock;
    pool.health$
      .pipe(refill((count) => pool.extendPoolBySize(count), { scheduler, backoff: () => 100 }))
      .subscribe((event) => event.type === 'add-failed' && failed.push(event.cause));
    works = false;
    pool.removeConnections(pool.connections);
    await clock.advance(250);
    expect(failed).toHaveLength(3);
    expect(failed[0]).toMatchObject({ code: 'ERR_CONNECTION_FACTORY' });
    works = true;
    await clock.advance(100);
    expect(pool.connectedConnections).toHaveLength(2);
  });
});
