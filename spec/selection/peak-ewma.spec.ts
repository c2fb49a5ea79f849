import { BehaviorSubject } from 'rxjs';
import { type PeakEwmaOptions, peakEwma } from 'rxpool';
import { OwnConnection } from '../support/connections.js';
import { follow, type List, lottery, shares, TellingConnection } from '../support/pickers.js';
import { openRig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Two connections, so that both are drawn each time and the cheaper one is the answer. */
class Duel {
  readonly clock = new VirtualClock();
  readonly a = new TellingConnection({ name: 'a' });
  readonly b = new TellingConnection({ name: 'b' });
  readonly followed;

  constructor(options: PeakEwmaOptions = {}) {
    const list$ = new BehaviorSubject<List>([this.a, this.b]);
    const { scheduler } = this.clock;
    this.followed = follow(peakEwma({ decay: 1_000, random: lottery(1), scheduler, ...options }), list$);
  }

  /** Who wins, whichever is drawn first. */
  get winner(): string {
    const winners = new Set(Array.from({ length: 20 }, () => this.followed.picker.pick()?.name));
    return [...winners].sort().join(' or ');
  }
}

describe('peakEwma()', () => {
  it('prefers whoever answers faster', () => {
    const duel = new Duel();
    duel.a.tell(20);
    duel.b.tell(10);
    expect(duel.winner).toBe('b');
  });

  it('multiplies latency by load, the new request included', () => {
    const duel = new Duel();
    duel.a.tell(31);
    duel.b.tell(10);
    duel.b.send();
    duel.b.send();
    expect(duel.winner).toBe('b');
    duel.b.send();
    expect(duel.winner).toBe('a');
  });

  it('believes a slow reply at once', () => {
    const duel = new Duel();
    for (let i = 0; i < 100; i++) duel.a.tell(5);
    duel.b.tell(50);
    expect(duel.winner).toBe('a');
    duel.a.tell(51);
    expect(duel.winner).toBe('b');
  });

  it('believes fast replies bit by bit, by the time that they have been coming for', async () => {
    const duel = new Duel();
    duel.a.tell(100);
    for (let i = 0; i < 1_000; i++) duel.a.tell(0);
    duel.b.tell(90);
    expect(duel.winner).toBe('b');
    for (let i = 0; i < 10; i++) {
      await duel.clock.advance(100);
      duel.a.tell(0);
      duel.b.tell(90);
    }
    // What is left of the 100 ms is 1/e, between 36 and 37.
    duel.b.send();
    expect(duel.winner).toBe('a');
    duel.a.send();
    duel.a.send();
    duel.a.send();
    expect(duel.winner).toBe('a');
    duel.a.send();
    expect(duel.winner).toBe('b');
  });

  it('comes down to what is usual, and no lower', async () => {
    const duel = new Duel();
    duel.a.tell(1_000);
    for (let i = 0; i < 100; i++) {
      await duel.clock.advance(100);
      duel.a.tell(10);
    }
    duel.b.tell(9.9);
    expect(duel.winner).toBe('b');
    duel.b.tell(10.1);
    expect(duel.winner).toBe('a');
  });

  it('forgets what was slow with time, so that it is tried again', async () => {
    const duel = new Duel();
    duel.a.tell(1_000);
    for (let i = 0; i < 40; i++) {
      duel.b.tell(20);
      expect(duel.winner).toBe('b');
      await duel.clock.advance(97);
    }
    // ln(1000 / 20) is 3.91.
    await duel.clock.advance(35);
    duel.b.tell(20);
    expect(duel.winner).toBe('a');
  });

  it('takes ten seconds to forget, unless told otherwise', async () => {
    const duel = new Duel({ decay: undefined });
    duel.a.tell(100);
    await duel.clock.advance(9_900);
    duel.b.tell(37);
    expect(duel.winner).toBe('b');
    await duel.clock.advance(200);
    duel.b.tell(37);
    expect(duel.winner).toBe('a');
  });

  it('gives one request to a connection with no history, and no more until it has answered', () => {
    const duel = new Duel();
    duel.b.tell(5_000);
    expect(duel.winner).toBe('a');
    duel.a.send();
    for (let i = 0; i < 1_000; i++) duel.b.send();
    expect(duel.winner).toBe('b');
    duel.a.reply();
    duel.a.tell(5);
    expect(duel.winner).toBe('a');
  });

  it('does not take a connection for fast that fails fast', async () => {
    const duel = new Duel();
    duel.b.tell(100);
    duel.a.fail();
    expect(duel.winner).toBe('b');
    await duel.clock.advance(2_250);
    duel.b.tell(100);
    expect(duel.winner).toBe('b');
    await duel.clock.advance(100);
    duel.b.tell(100);
    expect(duel.winner).toBe('a');
  });

  it('takes a failure for as slow as it was, if that is slower', () => {
    const duel = new Duel({ failurePenalty: 50 });
    duel.a.tell(200, false);
    duel.b.tell(100);
    expect(duel.winner).toBe('b');
    duel.b.tell(250);
    expect(duel.winner).toBe('a');
  });

  it('lets load count where replies take no time at all', async () => {
    const duel = new Duel();
    duel.a.tell(0);
    duel.b.tell(0);
    duel.a.send();
    expect(duel.winner).toBe('b');
    await duel.clock.advance(1_000_000);
    expect(duel.winner).toBe('b');
    duel.b.send();
    expect(duel.winner).toBe('a or b');
  });

  it('ranks by load those that tell nothing, and those that have stopped telling', () => {
    const [c, d] = [new OwnConnection({ name: 'c' }), new OwnConnection({ name: 'd' })];
    const { picker } = follow(peakEwma({ random: lottery(1) }), new BehaviorSubject<List>([c, d]));
    for (let i = 0; i < 500; i++) picker.pick()?.send();
    expect([c.pending, d.pending]).toEqual([250, 250]);

    const duel = new Duel();
    duel.a.tell(1);
    duel.b.tell(1_000);
    for (const connection of [duel.a, duel.b]) connection.outcomes$.complete();
    for (let i = 0; i < 10; i++) duel.followed.picker.pick()?.send();
    expect([duel.a.pending, duel.b.pending]).toEqual([5, 5]);
  });

  it('waits for nothing, and stops listening when it is left', () => {
    const duel = new Duel();
    duel.a.tell(5);
    duel.followed.picker.pick();
    expect(duel.clock.timers).toBe(0);
    expect(duel.a.outcomes$.observed).toBe(true);
    duel.followed.subscription.unsubscribe();
    [duel.a, duel.b].forEach(expectUntouched);
  });

  it('sends most of what it has to the fast ones of many, and some to each', () => {
    const all = Array.from({ length: 10 }, (_, i) => new TellingConnection({ name: `${i}` }));
    const { picker } = follow(
      peakEwma({ random: lottery(3), scheduler: new VirtualClock().scheduler }),
      new BehaviorSubject<List>(all),
    );
    for (const connection of all) connection.tell(Number(connection.name) < 5 ? 10 : 100);
    for (let i = 0; i < 1_000; i++) picker.pick()?.send();
    const fast = all.slice(0, 5).reduce((sum, { pending }) => sum + pending, 0);
    // Two slow ones are drawn 2 times in 9, whatever the others do.
    expect(fast).toBeGreaterThan(750);
    for (const { pending } of all) expect(pending).toBeGreaterThan(20);
  });

  it('gives equals their shares', () => {
    const all = Array.from({ length: 5 }, () => new TellingConnection());
    const { picker } = follow(
      peakEwma({ random: lottery(9), scheduler: new VirtualClock().scheduler }),
      new BehaviorSubject<List>(all),
    );
    for (const share of shares(all, 10_000, () => picker.pick() as TellingConnection)) {
      expect(Math.abs(share - 2_000)).toBeLessThan(400);
    }
  });

  it('chooses for a pool by what its connections tell', async () => {
    const make = () => new TellingConnection();
    const { scheduler } = new VirtualClock();
    const rig = await openRig(make, 2, { select: peakEwma({ random: lottery(1), scheduler }) });
    const [slow, fast] = rig.made as [TellingConnection, TellingConnection];
    await rig.pool.use(() => {});
    slow.tell(50);
    fast.tell(5);
    for (let i = 0; i < 10; i++) expect(rig.pool.getLeastLoadedConnection()).toBe(fast);
    await rig.pool.dispose();
    rig.made.forEach(expectUntouched);
  });
});
