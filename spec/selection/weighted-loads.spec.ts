import { BehaviorSubject } from 'rxjs';
import { type LeastLoadedOptions, leastLoaded } from 'rxpool';
import { SubjectConnection, type TestConnection } from '../support/connections.js';
import { follow, type List, lottery, shares, TellingConnection } from '../support/pickers.js';
import { openRig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { VirtualClock } from '../support/virtual-clock.js';

const connections = (count: number): TellingConnection[] =>
  Array.from({ length: count }, (_, i) => new TellingConnection({ name: `${i}` }));

/** Connections with numbers for names, in virtual time. */
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

  /** Puts requests in flight, each where it belongs, and answers how many there are on each. */
  place(count: number): number[] {
    for (let i = 0; i < count; i++) this.pick().send();
    return this.all.map(({ pending }) => pending);
  }
}

const byNumber = ({ name }: TestConnection): number => Number(name) + 1;

describe('leastLoaded() by weight', () => {
  it('spreads load in proportion to weight', () => {
    const rig = new Rig(4, { weight: byNumber });
    expect(rig.place(100)).toEqual([10, 20, 30, 40]);
  });

  it('gives turns in proportion to weight where nothing is under way', () => {
    const rig = new Rig(4, { weight: byNumber });
    expect(shares(rig.all, 1_000, () => rig.pick())).toEqual([100, 200, 300, 400]);
  });

  it('answers with the least load for its weight, at every step of a long day', () => {
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

  it('lets equals take turns', () => {
    const rig = new Rig(5, { weight: () => 3 });
    for (let round = 0; round < 50; round++) expect(shares(rig.all, 5, () => rig.pick())).toEqual([1, 1, 1, 1, 1]);
  });

  it('favours nobody when callers come in a rhythm', () => {
    for (const count of [2, 3, 4, 6, 8]) {
      const rig = new Rig(count, { weight: () => 1 });
      const served = shares(rig.all, 10_000, () => {
        rig.pick();
        return rig.pick();
      });
      for (const share of served) expect(Math.abs(share - 10_000 / count)).toBeLessThan(2_000 / count);
    }
  });

  it('owes no turns to whoever was busy, nor to a newcomer', () => {
    const rig = new Rig(3, { weight: () => 1 });
    rig.all[0]?.send();
    for (let i = 0; i < 1_000; i++) rig.pick();
    rig.all[0]?.reply();
    const newcomer = new TellingConnection({ name: 'new' });
    rig.list$.next([...rig.all, newcomer]);
    for (const share of shares([...rig.all, newcomer], 40, () => rig.pick())) {
      expect(share).toBeGreaterThanOrEqual(9);
      expect(share).toBeLessThanOrEqual(11);
    }
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1'])(
    'errors when a weight is %p, and lets everybody go',
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

  it('errors with what the weighing of a newcomer throws, and throws nothing at whoever brings it', () => {
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

describe('leastLoaded() with a slow start', () => {
  /** How many picks of 2,100 a newcomer gets beside two others when it has been there for so long. */
  const shareAfter = async (age: number): Promise<number> => {
    const rig = new Rig(2, { slowStart: 10_000 });
    await rig.clock.advance(20_000);
    const newcomer = new TellingConnection({ name: 'new' });
    rig.list$.next([...rig.all, newcomer]);
    await rig.clock.advance(age);
    const [share] = shares([newcomer], 2_100, () => rig.pick());
    return share as number;
  };

  it('gives a newcomer a share that grows from a tenth to the whole', async () => {
    const grown = await Promise.all([0, 1_000, 2_500, 5_000, 7_500, 9_999, 10_000, 50_000].map(shareAfter));
    const due = [0.1, 0.1, 0.25, 0.5, 0.75, 1, 1, 1].map((weight) => (2_100 * weight) / (2 + weight));
    grown.forEach((share, i) => {
      expect(Math.abs(share - (due[i] as number))).toBeLessThan(3);
    });
  });

  it('keeps load off a newcomer for as long', async () => {
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

  it('begins anew for whoever comes back', async () => {
    const rig = new Rig(3, { slowStart: 1_000 });
    await rig.clock.advance(1_000);
    const [first] = rig.all as [TellingConnection];
    rig.list$.next(rig.all.slice(1));
    rig.list$.next(rig.all);
    const [share] = shares([first], 210, () => rig.pick());
    expect(share).toBeLessThanOrEqual(11);
  });

  it('treats alike those who came together', () => {
    const rig = new Rig(3, { slowStart: 10_000, weight: byNumber });
    expect(rig.place(60)).toEqual([10, 20, 30]);
  });

  it('stands still while the clock is set back, and goes on', async () => {
    let now = 1_000_000;
    const scheduler = { now: () => now, schedule: () => undefined as never };
    const rig = new Rig(1, { slowStart: 1_000, scheduler });
    now += 1_000;
    const newcomer = new TellingConnection({ name: 'new' });
    rig.list$.next([...rig.all, newcomer]);
    now -= 500_000;
    expect(shares([newcomer], 110, () => rig.pick())).toEqual([10]);
    now += 1_000;
    expect(shares([newcomer], 100, () => rig.pick())).toEqual([50]);
  });
});

describe('leastLoaded() with a penalty for failures', () => {
  it('counts a failure as one request, less and less', async () => {
    const rig = new Rig(2, { failurePenalty: 1_000 });
    const [failing, busy] = rig.all as [TellingConnection, TellingConnection];
    failing.fail();
    failing.fail();
    busy.send();
    expect(rig.pick()).toBe(busy);
    // Twice 1/e is less than one.
    await rig.clock.advance(1_000);
    expect(rig.pick()).toBe(failing);
    failing.fail();
    expect(rig.pick()).toBe(busy);
  });

  it('forgets a failure in the end, where there is no load to compare it with', async () => {
    const rig = new Rig(2, { failurePenalty: 1_000 });
    const [failing, idle] = rig.all as [TellingConnection, TellingConnection];
    failing.fail();
    expect(shares([failing, idle], 10, () => rig.pick())).toEqual([0, 10]);
    await rig.clock.advance(2_900);
    expect(shares([failing, idle], 10, () => rig.pick())).toEqual([0, 10]);
    await rig.clock.advance(200);
    expect(shares([failing, idle], 10, () => rig.pick())).toEqual([5, 5]);
  });

  it('forgives no more quickly for being asked often', async () => {
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

  it('keeps requests from a connection that fails each one at once, and not from one that is slow', async () => {
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

  it('weighs failures as it weighs load', () => {
    const rig = new Rig(2, { failurePenalty: 1_000, weight: byNumber });
    const [light, heavy] = rig.all as [TellingConnection, TellingConnection];
    light.fail();
    heavy.fail();
    expect(rig.pick()).toBe(heavy);
  });

  it('listens to nobody where it is not asked for', () => {
    const rig = new Rig(1, { slowStart: 1_000 });
    expect(rig.all[0]?.outcomes$.observed).toBe(false);
  });

  it('hears what a connection tells at once', () => {
    const rig = new Rig(2, { failurePenalty: 1_000 });
    const hasty = Object.assign(new SubjectConnection({ name: 'hasty' }), {
      outcomes$: new BehaviorSubject({ ok: false, durationMs: 1 }),
    });
    rig.list$.next([...rig.all, hasty]);
    expect(shares<TestConnection>([hasty], 10, () => rig.pick())).toEqual([0]);
  });
});

describe('leastLoaded() with options', () => {
  it('waits for nothing: time is looked at when somebody asks', () => {
    const rig = new Rig(3, { slowStart: 1_000, failurePenalty: 1_000 });
    rig.all[0]?.fail();
    rig.pick();
    expect(rig.clock.timers).toBe(0);
  });

  it('chooses for a pool', async () => {
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
