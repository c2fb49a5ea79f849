import { Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type AdditionEvent, type GrowOnDemandOptions, growOnDemand, type Health } from 'rxpool';
import { KINDS } from '../support/connections.js';
import { openRig, rig } from '../support/pools.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { figures } from './figures.js';

class Rig {
  readonly clock = new VirtualClock();
  readonly health$ = new Subject<Health>();
  /** The calls of `add()`, with their times. */
  readonly asked: string[] = [];
  readonly events: AdditionEvent[] = [];
  shown: Partial<Health>;
  readonly subscription;

  /** A pool that adds what it is asked for, up to `maxSize`, and leaves it connecting. */
  constructor(shown: Partial<Health>, options: GrowOnDemandOptions = {}, maxSize = Number.POSITIVE_INFINITY) {
    this.shown = shown;
    const add = (count: number): void => {
      this.asked.push(`${this.clock.now}: ${count}`);
      const { total = 0, connecting = 0 } = this.shown;
      const joining = Math.min(count, maxSize - total);
      this.show({ total: total + joining, connecting: connecting + joining });
    };
    this.subscription = this.health$
      .pipe(growOnDemand(add, { scheduler: this.clock.scheduler, backoff: () => 100, ...options }))
      .subscribe((event) => this.events.push(event));
    this.show({});
  }

  show(changed: Partial<Health>): void {
    this.shown = { ...this.shown, ...changed };
    this.health$.next(figures(this.shown));
  }

  /** Emits a change of health, and advances the clock by a millisecond. */
  async next(changed: Partial<Health>): Promise<void> {
    this.show(changed);
    await this.clock.advance(1);
  }
}

const four = { total: 4, connected: 4 };

describe('growOnDemand', () => {
  it('growOnDemand adds one connection for a burst of waiters, then as many as still wait once it is up', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
      const values = {
        q: figures({ ...four }),
        w: figures({ ...four, waiting: 9 }),
        p: figures({ ...four, total: 5, connecting: 1, waiting: 9 }),
        u: figures({ total: 5, connected: 5, waiting: 8 }),
        r: figures({ total: 13, connected: 5, connecting: 8, waiting: 8 }),
      };
      const source = hot('                                         --q--w-p-----u--r--|', values);
      const events = source.pipe(growOnDemand(() => new Promise(() => {})));
      expectObservable(events).toBe('                              -------a--------b--|', {
        a: { type: 'added', count: 1 },
        b: { type: 'added', count: 8 },
      });
      expectObservable(source.pipe(growOnDemand(() => {})), '      ---^---!').toBe('-');
      expectSubscriptions(source.subscriptions).toBe(['            ^------------------!', '---^---!']);
    });
  });

  it('growOnDemand adds nothing while no caller waits or the pool is closed', async () => {
    const rig = new Rig(four);
    await rig.next({ pending: 1_000 });
    await rig.next({ status: 'closed', waiting: 3 });
    await rig.next({ total: 0, connected: 0 });
    expect(rig.asked).toEqual([]);
    expect(rig.clock.timers).toBe(0);
  });

  it('growOnDemand grows an empty pool by one connection, then by as many as wait', async () => {
    const rig = new Rig({ status: 'empty' });
    await rig.next({ waiting: 5 });
    await rig.next({ connecting: 0, connected: 1, waiting: 4 });
    await rig.next({ connecting: 0, connected: 5, waiting: 0 });
    expect(rig.asked).toEqual(['0: 1', '1: 4']);
    expect(rig.events).toEqual([
      { type: 'added', count: 1 },
      { type: 'added', count: 4 },
    ]);
    expect(rig.clock.timers).toBe(0);
  });

  it('growOnDemand adds nothing for waiters that are served before it acts', async () => {
    const rig = new Rig({ status: 'empty' });
    await rig.next({ waiting: 1_000 });
    rig.show({ connecting: 0, connected: 1 });
    rig.show({ waiting: 0 });
    await rig.clock.advance(1_000);
    expect(rig.asked).toEqual(['0: 1']);
  });

  it('growOnDemand subtracts connecting and fresh members from the number of waiters', async () => {
    const rig = new Rig(four);
    await rig.next({ waiting: 10 });
    await rig.next({ connecting: 2, fresh: 3, total: 10, connected: 5, waiting: 9 });
    expect(rig.asked).toEqual(['0: 1', '1: 4']);
  });

  it('growOnDemand adds nothing while as many as wait are being dialled, unless none comes up for a second', async () => {
    const rig = new Rig(four);
    await rig.next({ connecting: 1, fresh: 1, total: 6, waiting: 2 });
    await rig.clock.advance(998);
    expect(rig.asked).toEqual([]);
    await rig.clock.advance(10);
    expect(rig.asked).toEqual(['1000: 1']);
    await rig.next({ connecting: 2, fresh: 0, total: 6 });
    await rig.next({ connecting: 1, connected: 5, waiting: 1 });
    await rig.clock.advance(500);
    expect(rig.asked).toHaveLength(1);
  });

  it('growOnDemand adds one at once where fewer are being dialled than wait', async () => {
    const rig = new Rig(four);
    await rig.next({ connecting: 1, total: 5, waiting: 10 });
    expect(rig.asked).toEqual(['0: 1']);
    await rig.next({ waiting: 20 });
    await rig.clock.advance(500);
    expect(rig.asked).toHaveLength(1);
  });

  it('growOnDemand adds while other members break and are dialled again and again', async () => {
    const rig = new Rig(four);
    await rig.next({ waiting: 5 });
    for (let i = 0; i < 10; i++) {
      await rig.next({ connecting: 1, broken: 1, connected: 3 });
      await rig.next({ connecting: 2, broken: 0 });
    }
    await rig.next({ connecting: 1, connected: 4 });
    expect(rig.asked).toEqual(['0: 1', '21: 4']);
  });

  it('growOnDemand adds no more beside dials that hang than callers wait, one a second', async () => {
    const rig = new Rig(four);
    await rig.next({ waiting: 3 });
    await rig.clock.advance(60_000);
    expect(rig.asked.length).toBeGreaterThanOrEqual(3);
    expect(rig.asked.length).toBeLessThanOrEqual(4);
    expect(rig.asked[1]).toBe('1000: 1');
  });

  it('growOnDemand adds no more connections that are refused than callers wait', async () => {
    const rig = new Rig(four);
    for (let i = 1; i <= 1_000; i++) {
      await rig.next({ waiting: 3 });
      await rig.clock.advance(99);
      await rig.next({ connecting: 0, broken: rig.shown.total! - 4 });
    }
    expect(rig.asked.length).toBeGreaterThanOrEqual(3);
    expect(rig.asked.length).toBeLessThanOrEqual(4);
  });

  it.each<[string, Partial<Health>]>([
    ['the pool is suspended', { suspended: true, connected: 4, used: 4 }],
    ['connections are idle and none is in use', { connected: 4, idle: 4 }],
  ])('growOnDemand adds nothing for waiters and load while %s', async (_, shown) => {
    for (const options of [{}, { targetLoad: 1 }]) {
      const rig = new Rig({ total: 4, ...shown }, options);
      await rig.next({ waiting: 300, pending: shown.suspended ? 400 : 0 });
      await rig.clock.advance(10_000);
      expect(rig.asked).toEqual([]);
      await rig.next({ suspended: false, idle: 0, used: 4 });
      expect(rig.asked).toHaveLength(1);
    }
  });

  it('growOnDemand counts callers less the idle connections while others are in use', async () => {
    const rig = new Rig({ total: 4, connected: 4, used: 2, idle: 2 });
    await rig.next({ waiting: 2 });
    expect(rig.asked).toEqual([]);
    await rig.next({ waiting: 5 });
    await rig.next({ connecting: 0, connected: 5, used: 3 });
    expect(rig.asked).toEqual(['1: 1', '2: 3']);
  });

  it('growOnDemand starts with one connection again after there were no waiters', async () => {
    const rig = new Rig(four);
    await rig.next({ waiting: 2 });
    await rig.next({ connecting: 0, connected: 5, waiting: 0 });
    await rig.next({ waiting: 7 });
    expect(rig.asked).toEqual(['0: 1', '2: 1']);
  });

  it('growOnDemand waits for the backoff after a failed dial and then adds one', async () => {
    const rig = new Rig(four, { backoff: (attempt) => 100 * attempt });
    await rig.next({ waiting: 5 });
    await rig.next({ connecting: 0, connected: 5 });
    expect(rig.asked).toEqual(['0: 1', '1: 5']);
    await rig.next({ connecting: 4, broken: 1 });
    await rig.clock.advance(50);
    await rig.next({ connecting: 0, broken: 5 });
    expect(rig.asked).toHaveLength(2);
    await rig.clock.advance(50);
    expect(rig.asked[2]).toBe('101: 1');
  });

  it('growOnDemand adds nothing while no member is connected in a pool that is not empty', async () => {
    const rig = new Rig(four);
    await rig.next({ waiting: 50, connected: 0, broken: 4 });
    await rig.clock.advance(60_000);
    await rig.next({ connecting: 1, broken: 3 });
    expect(rig.asked).toEqual([]);
    await rig.next({ connecting: 0, connected: 1, waiting: 49 });
    expect(rig.asked).toEqual(['60002: 49']);
  });

  it('growOnDemand adds one after the backoff when the connection that failed has been removed', async () => {
    const rig = new Rig({ status: 'empty' });
    await rig.next({ waiting: 5 });
    await rig.next({ connecting: 0, broken: 1 });
    await rig.next({ broken: 0, total: 0 });
    await rig.clock.advance(1_000);
    expect(rig.asked).toEqual(['0: 1', '100: 1']);
  });

  it('growOnDemand backs off when the pool is at maxSize', async () => {
    const rig = new Rig(four, {}, 4);
    for (let waiting = 1; waiting <= 500; waiting++) {
      await rig.next({ waiting });
      await rig.clock.advance(9);
    }
    expect(rig.asked.length).toBeGreaterThan(1);
    expect(rig.asked.length).toBeLessThanOrEqual(6);
    expect(rig.events).toEqual([]);
  });

  it('growOnDemand emits the number added when maxSize allowed fewer than asked for', async () => {
    const rig = new Rig(four, {}, 7);
    await rig.next({ waiting: 9 });
    await rig.next({ connecting: 0, connected: 5, waiting: 8 });
    expect(rig.asked[1]).toBe('1: 8');
    expect(rig.events[1]).toEqual({ type: 'added', count: 2 });
  });

  it('growOnDemand emits add-failed and asks for one again after each backoff when add() throws', async () => {
    const health$ = new Subject<Health>();
    const clock = new VirtualClock();
    const add = jest.fn(() => {
      throw new Error('no more');
    });
    const events: AdditionEvent[] = [];
    health$
      .pipe(growOnDemand(add, { scheduler: clock.scheduler, backoff: () => 100 }))
      .subscribe((event) => events.push(event));
    health$.next(figures({ waiting: 3 }));
    await clock.advance(250);
    expect(add.mock.calls).toEqual([[1], [1], [1]]);
    expect(events[2]).toEqual({ type: 'add-failed', count: 1, cause: new Error('no more') });
  });

  it('growOnDemand cancels its timer on unsubscribe', async () => {
    const rig = new Rig(four, {}, 4);
    await rig.next({ waiting: 1 });
    expect(rig.clock.timers).toBeGreaterThan(0);
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
  });

  describe('targetLoad', () => {
    it('growOnDemand({ targetLoad }) adds one when load per member reaches it, before a caller waits', async () => {
      const rig = new Rig(four, { targetLoad: 10 });
      await rig.next({ pending: 39 });
      expect(rig.asked).toEqual([]);
      await rig.next({ pending: 40 });
      await rig.next({ connecting: 0, connected: 5, pending: 49 });
      expect(rig.asked).toEqual(['1: 1']);
    });

    it('growOnDemand({ targetLoad }) adds as many as bring load, waiters included, down to it', async () => {
      const rig = new Rig(four, { targetLoad: 10 });
      await rig.next({ pending: 60, waiting: 15 });
      await rig.next({ connecting: 0, connected: 5 });
      expect(rig.asked).toEqual(['0: 1', '1: 3']);
    });

    it('growOnDemand({ targetLoad }) adds one for a waiter although load is below it', async () => {
      const rig = new Rig(four, { targetLoad: 10 });
      await rig.next({ pending: 8, waiting: 1 });
      expect(rig.asked).toEqual(['0: 1']);
    });

    it('growOnDemand({ targetLoad }) adds nothing to an empty pool until a caller waits', async () => {
      const rig = new Rig({ status: 'empty' }, { targetLoad: 10 });
      await rig.next({});
      expect(rig.asked).toEqual([]);
      await rig.next({ waiting: 1 });
      expect(rig.asked).toEqual(['1: 1']);
    });
  });
});

describe.each(KINDS)('growOnDemand with a pool of $kind', ({ make }) => {
  it('growOnDemand({ targetLoad }) grows a pool by one and, once that is connected, by the rest', async () => {
    const opened = await openRig(make, 2);
    const { pool, clock, made } = opened;
    const { scheduler } = clock;
    const growth = growOnDemand((count) => pool.extendPoolBySize(count), { scheduler, targetLoad: 2 });
    pool.health$.pipe(growth).subscribe();
    const send = (count: number): void => {
      for (let i = 0; i < count; i++) pool.getLeastLoadedConnection().send();
    };
    send(3);
    await clock.advance(10);
    expect(pool.poolSize).toBe(2);
    send(1);
    await clock.advance(10);
    expect([pool.poolSize, pool.connectedConnections.length]).toEqual([3, 3]);
    opened.script = 'wait';
    send(40);
    await clock.advance(900);
    expect(pool.poolSize).toBe(4);
    opened.script = 'accept';
    made[3]!.accept();
    await clock.advance(10);
    expect([pool.poolSize, pool.connectedConnections.length]).toEqual([23, 23]);
    void pool.dispose();
    await clock.advance(10_000);
    expect(clock.timers).toBe(0);
  });

  it('growOnDemand emits add-failed while the factory throws, and adds once it works', async () => {
    let works = true;
    const { pool, clock } = rig((script, name) => {
      if (!works) throw new Error('out of addresses');
      return make(script, name);
    }, 1);
    await pool.setup();
    const { scheduler } = clock;
    const options = { scheduler, targetLoad: 1, backoff: () => 100 };
    const events: string[] = [];
    pool.health$
      .pipe(growOnDemand((count) => pool.extendPoolBySize(count), options))
      .subscribe(({ type }) => events.push(type));
    works = false;
    pool.getLeastLoadedConnection().send();
    await clock.advance(250);
    works = true;
    await clock.advance(100);
    expect(events).toEqual(['add-failed', 'add-failed', 'add-failed', 'added']);
    expect(pool.connectedConnections).toHaveLength(2);
  });
});
