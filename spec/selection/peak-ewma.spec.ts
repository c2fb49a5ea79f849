import { BehaviorSubject } from 'rxjs';
import { type PeakEwmaOptions, peakEwma } from 'rxpool';
import { OwnConnection } from '../support/connections.js';
import { follow, type List, lottery, shares, TellingConnection } from '../support/pickers.js';
import { openRig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Two connections: both are drawn each time, and the one of lower cost is picked. */
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

  /** The connections that were picked in 20 picks. */
  get winner(): string {
    const winners = new Set(Array.from({ length: 20 }, () => this.followed.picker.pick()?.name));
    return [...winners].sort().join(' or ');
  }
}

describe('peakEwma()', () => {
  it('peakEwma(): picks the connection with the lower latency', () => {
    const duel = new Duel();
    duel.a.tell(20);
    duel.b.tell(10);
    expect(duel.winner).toBe('b');
  });

  it('peakEwma(): the cost is latency × (load + 1)', () => {
    const duel = new Duel();
    duel.a.tell(31);
    duel.b.tell(10);
    duel.b.send();
    duel.b.send();
    expect(duel.winner).toBe('b');
    duel.b.send();
    expect(duel.winner).toBe('a');
  });

  it('peakEwma(): one reply slower than the average counts at once', () => {
    const duel = new Duel();
    for (let i = 0; i < 100; i++) duel.a.tell(5);
    duel.b.tell(50);
    expect(duel.winner).toBe('a');
    duel.a.tell(51);
    expect(duel.winner).toBe('b');
  });

  it('peakEwma({ decay }): fast replies lower the latency over time, to 1/e of the difference after `decay`', async () => {
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

  it('peakEwma(): the latency decays to that of recent replies, and not below it', async () => {
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

  it('peakEwma({ decay }): the latency of a connection without replies decays, until it is picked again', async () => {
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

  it('peakEwma() by default: the latency decays to 1/e in 10 s', async () => {
    const duel = new Duel({ decay: undefined });
    duel.a.tell(100);
    await duel.clock.advance(9_900);
    duel.b.tell(37);
    expect(duel.winner).toBe('b');
    await duel.clock.advance(200);
    duel.b.tell(37);
    expect(duel.winner).toBe('a');
  });

  it('peakEwma(): a connection without history gets one request, and no second until it has answered', () => {
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

  it('peakEwma(): a fast failure counts as slow', async () => {
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

  it('peakEwma({ failureLatency }): a failure counts with its own duration where that exceeds the penalty', () => {
    const duel = new Duel({ failureLatency: 50 });
    duel.a.tell(200, false);
    duel.b.tell(100);
    expect(duel.winner).toBe('b');
    duel.b.tell(250);
    expect(duel.winner).toBe('a');
  });

  it('peakEwma(): with latencies of 0 ms, picks by load', async () => {
    const duel = new Duel();
    duel.a.tell(0);
    duel.b.tell(0);
    duel.a.send();
    expect(duel.winner).toBe('b');
    await duel.clock.advance(1_000_000);
    expect(duel.winner).toBe('b');
    duel.a.reply();
    duel.a.send();
    duel.b.send();
    expect(duel.winner).toBe('a or b');
  });

  it('peakEwma(): picks by load where connections have no outcomes$ or outcomes$ has completed', () => {
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

  it('peakEwma(): while a request is not answered, its age counts as the latency', async () => {
    const duel = new Duel();
    duel.a.tell(10);
    duel.b.tell(25);
    duel.a.send();
    expect(duel.winner).toBe('a');
    await duel.clock.advance(20);
    expect(duel.winner).toBe('b');
    duel.a.reply();
    expect(duel.winner).toBe('a');
  });

  it('peakEwma(): the age counts from the latest answer, and from the first request after a pause', async () => {
    const duel = new Duel();
    duel.a.tell(10);
    duel.b.tell(25);
    await duel.clock.advance(100);
    duel.a.send();
    duel.a.send();
    duel.b.tell(35);
    expect(duel.winner).toBe('a');
    await duel.clock.advance(100);
    duel.b.tell(25);
    expect(duel.winner).toBe('b');
    duel.a.reply();
    expect(duel.winner).toBe('a');
  });

  it.each([
    ['two of six', 2, 6],
    ['half of a hundred', 50, 100],
  ])(
    'peakEwma(): of 10,000 requests each connection gets at most two when %s stop answering',
    async (_, silent, of) => {
      const all = Array.from({ length: of }, (_value, i) => new TellingConnection({ name: `${i}` }));
      const clock = new VirtualClock();
      const options = { random: lottery(4), scheduler: clock.scheduler };
      const { picker } = follow(peakEwma(options), new BehaviorSubject<List>(all));
      for (const connection of all) connection.tell(2);
      for (let i = 0; i < 10_000; i++) {
        if (i % 10 === 0) clock.scheduler.frame += 10;
        const picked = picker.pick() as TellingConnection;
        picked.send();
        if (all.indexOf(picked) < silent) continue;
        picked.reply();
        picked.tell(2);
      }
      for (const { pending } of all.slice(0, silent)) expect(pending).toBeLessThanOrEqual(2);
    },
  );

  it('peakEwma(): sets no timer, and unsubscribing unsubscribes from all connections', () => {
    const duel = new Duel();
    duel.a.tell(5);
    duel.followed.picker.pick();
    expect(duel.clock.timers).toBe(0);
    expect(duel.a.outcomes$.observed).toBe(true);
    duel.followed.subscription.unsubscribe();
    [duel.a, duel.b].forEach(expectUntouched);
  });

  it('peakEwma(): of 1,000 requests over 750 go to the five fast connections of ten, and some to each', () => {
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

  it('peakEwma(): connections without history or load get equal shares within 20 %', () => {
    const all = Array.from({ length: 5 }, () => new TellingConnection());
    const { picker } = follow(
      peakEwma({ random: lottery(9), scheduler: new VirtualClock().scheduler }),
      new BehaviorSubject<List>(all),
    );
    for (const share of shares(all, 10_000, () => picker.pick() as TellingConnection)) {
      expect(Math.abs(share - 2_000)).toBeLessThan(400);
    }
  });

  it('peakEwma() as the select option: the pool picks the connection with the lower latency', async () => {
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
