import { BehaviorSubject } from 'rxjs';
import { type LeastLoadedOptions, leastLoaded } from 'rxpool';
import { SubjectConnection, type TestConnection } from '../support/connections.js';
import { follow, type List, lottery, shares, TellingConnection } from '../support/pickers.js';
import { openRig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { VirtualClock } from '../support/virtual-clock.js';

const connections = (count: number): TellingConnection[] =>
  Array.from({ length: count }, (_, i) => new TellingConnection({ name: `${i}` }));

/** Connections named by index, and a virtual clock. */
class Rig {
  readonly clock = new VirtualClock();
  readonly all: TellingConnection[];
  readonly list$: BehaviorSubject<List>;
  readonly followed;

  constructor(count: number, options: LeastLoadedOptions<TestConnection>) {
    this.all = connections(count);
    this.list$ = new BehaviorSubject<List>(this.all);
    this.followed = follow(leastLoaded({ scheduler: this.clock.scheduler, ...options }), this.list$);
  }

  pick(): TellingConnection {
    return this.followed.picker.pick() as TellingConnection;
  }

  /** Sends `count` requests to the picked connections. Returns the load of each connection. */
  place(count: number): number[] {
    for (let i = 0; i < count; i++) this.pick().send();
    return this.all.map(({ pending }) => pending);
  }
}

const byNumber = ({ name }: TestConnection): number => Number(name) + 1;

describe('leastLoaded({ weight })', () => {
  it('leastLoaded({ weight }): spreads 100 requests in proportion to weight', () => {
    const rig = new Rig(4, { weight: byNumber });
    expect(rig.place(100)).toEqual([10, 20, 30, 40]);
  });

  it('leastLoaded({ weight }): without requests under way, picks in proportion to weight', () => {
    const rig = new Rig(4, { weight: byNumber });
    expect(shares(rig.all, 1_000, () => rig.pick())).toEqual([100, 200, 300, 400]);
  });

  it('leastLoaded({ weight }): each of 5,000 picks has the least load per weight', () => {
    const rig = new Rig(7, { weight: byNumber });
    const draw = lottery(3);
    for (let i = 0; i < 5_000; i++) {
      const cost = (connection: TestConnection): number => connection.pending / byNumber(connection);
      const picked = rig.pick();
      expect(cost(picked)).toBe(Math.min(...rig.all.map(cost)));
      if (draw() < 0.6) picked.send();
      const other = rig.all[Math.floor(draw() * 7)];
      if (other && other.pending > 0 && draw() < 0.6) other.reply();
    }
  });

  it('leastLoaded({ weight }): connections of equal weight and load take turns', () => {
    const rig = new Rig(5, { weight: () => 3 });
    for (let round = 0; round < 50; round++) expect(shares(rig.all, 5, () => rig.pick())).toEqual([1, 1, 1, 1, 1]);
  });

  it('leastLoaded({ weight }): every second pick is spread evenly within 20 %', () => {
    for (const count of [2, 3, 4, 6, 8]) {
      const rig = new Rig(count, { weight: () => 1 });
      const served = shares(rig.all, 10_000, () => {
        rig.pick();
        return rig.pick();
      });
      for (const share of served) expect(Math.abs(share - 10_000 / count)).toBeLessThan(2_000 / count);
    }
  });

  it('leastLoaded({ weight }): neither a busy connection nor a new one gets extra picks to catch up', () => {
    const rig = new Rig(3, { weight: () => 1 });
    rig.all[0]?.send();
    for (let i = 0; i < 1_000; i++) rig.pick();
    rig.all[0]?.reply();
    const added = new TellingConnection({ name: 'new' });
    rig.list$.next([...rig.all, added]);
    for (const share of shares([...rig.all, added], 40, () => rig.pick())) {
      expect(share).toBeGreaterThanOrEqual(9);
      expect(share).toBeLessThanOrEqual(11);
    }
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1'])(
    'leastLoaded({ weight }): errors for a weight of %p, and unsubscribes from all connections',
    (bad) => {
      const rig = new Rig(2, { weight: ({ name }) => (name === '1' ? (bad as number) : 1) });
      expect(rig.followed.error).toMatchObject({
        code: 'ERR_OUT_OF_RANGE',
        message: expect.stringMatching('^options.weight.connection. must be a positive number'),
      });
      expect(rig.list$.observed).toBe(false);
      rig.all.forEach(expectUntouched);
    },
  );

  it('leastLoaded({ weight }): errors when weight() throws for a new connection; the source does not throw', () => {
    const rig = new Rig(1, {
      weight: ({ name }) => {
        if (name === 'heavy') throw new Error('too heavy');
        return 1;
      },
    });
    rig.list$.next([...rig.all, new SubjectConnection({ name: 'heavy' })]);
    expect(rig.followed.error).toEqual(new Error('too heavy'));
    expect([rig.followed.picker.size, rig.pick()]).toEqual([0, undefined]);
    rig.all.forEach(expectUntouched);
  });
});

describe('leastLoaded({ slowStart })', () => {
  /** Number of 2,100 picks for a connection of this age, beside two old ones. */
  const shareAfter = async (age: number): Promise<number> => {
    const rig = new Rig(2, { slowStart: 10_000 });
    await rig.clock.advance(20_000);
    const added = new TellingConnection({ name: 'new' });
    rig.list$.next([...rig.all, added]);
    await rig.clock.advance(age);
    const [share] = shares([added], 2_100, () => rig.pick());
    return share as number;
  };

  it('leastLoaded({ slowStart }): the share of a new connection grows from a tenth to a full one', async () => {
    const grown = await Promise.all([0, 1_000, 2_500, 5_000, 7_500, 9_999, 10_000, 50_000].map(shareAfter));
    const due = [0.1, 0.1, 0.25, 0.5, 0.75, 1, 1, 1].map((weight) => (2_100 * weight) / (2 + weight));
    grown.forEach((share, i) => {
      expect(Math.abs(share - (due[i] as number))).toBeLessThan(3);
    });
  });

  it('leastLoaded({ slowStart }): the load of a new connection grows with its share', async () => {
    const rig = new Rig(2, { slowStart: 10_000 });
    await rig.clock.advance(10_000);
    rig.all.push(new TellingConnection({ name: 'new' }));
    rig.list$.next([...rig.all]);
    expect(rig.place(42)).toEqual([20, 20, 2]);
    await rig.clock.advance(5_000);
    expect(rig.place(8)).toEqual([20, 20, 10]);
    await rig.clock.advance(5_000);
    expect(rig.place(10)).toEqual([20, 20, 20]);
  });

  it('leastLoaded({ slowStart }): starts again for a connection that left the list and is back', async () => {
    const rig = new Rig(3, { slowStart: 1_000 });
    await rig.clock.advance(1_000);
    const [first] = rig.all as [TellingConnection];
    rig.list$.next(rig.all.slice(1));
    rig.list$.next(rig.all);
    const [share] = shares([first], 210, () => rig.pick());
    expect(share).toBeLessThanOrEqual(11);
  });

  it('leastLoaded({ slowStart, weight }): connections of the same age get load in proportion to weight', () => {
    const rig = new Rig(3, { slowStart: 10_000, weight: byNumber });
    expect(rig.place(60)).toEqual([10, 20, 30]);
  });

  it('leastLoaded({ slowStart }): setting the clock back delays the growth of the share, which then goes on', async () => {
    let now = 1_000_000;
    const scheduler = { now: () => now, schedule: () => undefined as never };
    const rig = new Rig(1, { slowStart: 1_000, scheduler });
    now += 1_000;
    const added = new TellingConnection({ name: 'new' });
    rig.list$.next([...rig.all, added]);
    now -= 500_000;
    expect(shares([added], 110, () => rig.pick())).toEqual([10]);
    now += 1_000;
    expect(shares([added], 100, () => rig.pick())).toEqual([50]);
  });
});

describe('leastLoaded({ failurePenalty })', () => {
  it('leastLoaded({ failurePenalty }): a failure counts as one request, and decays over time', async () => {
    const rig = new Rig(2, { failurePenalty: 1_000 });
    const [failing, busy] = rig.all as [TellingConnection, TellingConnection];
    failing.fail();
    failing.fail();
    busy.send();
    expect(rig.pick()).toBe(busy);
    // Two failures have decayed to 2/e requests, less than one.
    await rig.clock.advance(1_000);
    expect(rig.pick()).toBe(failing);
    failing.fail();
    expect(rig.pick()).toBe(busy);
  });

  it('leastLoaded({ failurePenalty }): without any load, a failure counts for about 3 times failurePenalty', async () => {
    const rig = new Rig(2, { failurePenalty: 1_000 });
    const [failing, idle] = rig.all as [TellingConnection, TellingConnection];
    failing.fail();
    expect(shares([failing, idle], 10, () => rig.pick())).toEqual([0, 10]);
    await rig.clock.advance(2_900);
    expect(shares([failing, idle], 10, () => rig.pick())).toEqual([0, 10]);
    await rig.clock.advance(200);
    expect(shares([failing, idle], 10, () => rig.pick())).toEqual([5, 5]);
  });

  it('leastLoaded({ failurePenalty }): frequent picks do not make failures decay faster', async () => {
    const rig = new Rig(2, { failurePenalty: 1_000 });
    const [failing, busy] = rig.all as [TellingConnection, TellingConnection];
    for (let i = 0; i < 20; i++) failing.fail();
    for (let i = 0; i < 10; i++) busy.send();
    for (let i = 0; i < 65; i++) {
      await rig.clock.advance(10);
      expect(rig.pick()).toBe(busy);
    }
    await rig.clock.advance(60);
    expect(rig.pick()).toBe(failing);
  });

  it('leastLoaded({ failurePenalty }): a connection that fails each request gets under 1 % of 2,000 requests', async () => {
    const rig = new Rig(4, { failurePenalty: 5_000 });
    const [failing, ...others] = rig.all as [TellingConnection, ...TellingConnection[]];
    const served = new Map<TestConnection, number>();
    for (let i = 0; i < 2_000; i++) {
      await rig.clock.advance(1);
      const picked = rig.pick();
      served.set(picked, (served.get(picked) ?? 0) + 1);
      if (picked === failing) failing.fail();
      else picked.send();
      for (const other of others) if (other.pending > 4) other.reply();
    }
    expect(served.get(failing)).toBeLessThan(20);
    for (const other of others) expect(served.get(other)).toBeGreaterThan(600);
  });

  it('leastLoaded({ failurePenalty, weight }): failures are divided by weight, like load', () => {
    const rig = new Rig(2, { failurePenalty: 1_000, weight: byNumber });
    const [light, heavy] = rig.all as [TellingConnection, TellingConnection];
    light.fail();
    heavy.fail();
    expect(rig.pick()).toBe(heavy);
  });

  it('leastLoaded({ slowStart }): does not subscribe to outcomes$ without failurePenalty', () => {
    const rig = new Rig(1, { slowStart: 1_000 });
    expect(rig.all[0]?.outcomes$.observed).toBe(false);
  });

  it('leastLoaded({ failurePenalty }): counts a failure that outcomes$ emits on subscribe', () => {
    const rig = new Rig(2, { failurePenalty: 1_000 });
    const failed = Object.assign(new SubjectConnection({ name: 'failed' }), {
      outcomes$: new BehaviorSubject({ ok: false, durationMs: 1 }),
    });
    rig.list$.next([...rig.all, failed]);
    expect(shares<TestConnection>([failed], 10, () => rig.pick())).toEqual([0]);
  });
});

describe('leastLoaded({ slowStart, failurePenalty, weight })', () => {
  it('leastLoaded({ slowStart, failurePenalty }): sets no timer', () => {
    const rig = new Rig(3, { slowStart: 1_000, failurePenalty: 1_000 });
    rig.all[0]?.fail();
    rig.pick();
    expect(rig.clock.timers).toBe(0);
  });

  it('leastLoaded({ weight }) as the select option: the pool spreads requests in proportion to weight', async () => {
    const weight = ({ name }: TestConnection): number => (name === '#2' ? 3 : 1);
    const { pool, made } = await openRig((onDial = 'accept', name = '') => new SubjectConnection({ onDial, name }), 3, {
      select: leastLoaded({ weight }),
      drainTimeout: 0,
    });
    for (let i = 0; i < 50; i++) pool.getLeastLoadedConnection().send();
    expect(made.map(({ pending }) => pending)).toEqual([10, 30, 10]);
    await pool.dispose();
    made.forEach(expectUntouched);
  });
});
