import * as fc from 'fast-check';
import { Subscription } from 'rxjs';
import { Live } from '../../src/streams/live.js';
import { Rounds } from '../../src/streams/rounds.js';

/** What a subscriber does when it is told something, or somebody does from outside. */
type Act =
  | { readonly type: 'change' }
  | { readonly type: 'come'; readonly to: number; readonly acts: readonly Act[] }
  | { readonly type: 'go'; readonly who: number }
  | { readonly type: 'several'; readonly changes: number }
  | { readonly type: 'elsewhere'; readonly acts: readonly Act[] };

const { act } = fc.letrec<{ act: Act; acts: Act[] }>((tie) => ({
  acts: fc.array(tie('act'), { maxLength: 4, depthIdentifier: 'acts' }),
  act: fc.oneof(
    { depthSize: 'medium', depthIdentifier: 'acts' },
    fc.constant<Act>({ type: 'change' }),
    fc.record({ type: fc.constant('go' as const), who: fc.nat({ max: 9 }) }),
    fc.record({ type: fc.constant('come' as const), to: fc.nat({ max: 2 }), acts: tie('acts') }),
    fc.record({ type: fc.constant('several' as const), changes: fc.integer({ min: 2, max: 3 }) }),
    fc.record({ type: fc.constant('elsewhere' as const), acts: tie('acts') }),
  ),
}));

interface Follower {
  readonly logs: readonly (readonly number[])[];
  readonly subscription: Subscription;
}

/** Two streams that show the version of one thing, the first before the second, and a third of something else. */
class Stage {
  readonly rounds = new Rounds();
  readonly group: Live<unknown>[] = [];
  readonly lives = [0, 1].map(() => new Live(this.rounds, () => this.version, this.group));
  readonly followers: Follower[] = [];
  readonly disagreements: string[] = [];
  version = 0;
  #acts = 0;

  play(acts: readonly Act[]): void {
    for (const one of acts) if (this.#acts++ < 60) this.act(one);
  }

  act(one: Act): void {
    if (one.type === 'change') this.change();
    else if (one.type === 'come') this.come(one.to, one.acts);
    else if (one.type === 'go') this.go(one.who);
    else if (one.type === 'elsewhere') this.rounds.run(() => this.play(one.acts));
    else {
      this.rounds.hold(() => {
        for (let i = 0; i < one.changes; i++) this.change();
      });
    }
  }

  change(): void {
    // As the pool does: a change that nobody can come in the middle of is not prepared for.
    if (this.rounds.busy) for (const live of this.group) live.pin();
    this.version++;
    const shows = this.lives.map((live) => live.capture());
    if (shows.some((show) => show)) {
      this.rounds.run(() => {
        for (const show of shows) show?.();
      });
    }
  }

  /** Follows the first, the second, or both of them as `combineLatest` does. */
  come(to: number, acts: readonly Act[]): void {
    const subscription = new Subscription();
    const followed = to === 2 ? [0, 1] : [to];
    const logs = followed.map((): number[] => []);
    this.followers.push({ logs, subscription });
    followed.forEach((which, place) => {
      if (subscription.closed) return;
      const subscriber = this.lives[which]!.observable.subscribe((version) => {
        logs[place]!.push(version);
        this.expectAgreement(logs);
        this.play(acts);
      });
      subscription.add(subscriber);
    });
  }

  go(who: number): void {
    const follower = this.followers[who % Math.max(1, this.followers.length)];
    follower?.subscription.unsubscribe();
  }

  /** Whoever follows both never sees them further apart than the step that is being told. */
  expectAgreement(logs: readonly (readonly number[])[]): void {
    const [first, second] = logs.map((log) => log.at(-1));
    if (first === undefined || second === undefined || first === second || first === second + 1) return;
    this.disagreements.push(`${logs[0]} beside ${logs[1]}`);
  }

  expectOrder(): void {
    for (const { logs, subscription } of this.followers) {
      for (const log of logs) {
        expect(log).toEqual([...new Set(log)].sort((a, b) => a - b));
        if (!subscription.closed) expect(log.at(-1)).toBe(this.version);
      }
    }
  }
}

describe('Live streams of one group', () => {
  it('never take anybody back in time, leave nothing out at the end and agree, whatever is done inside `next`', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
        const stage = new Stage();
        stage.play(acts);
        stage.expectOrder();
        expect(stage.disagreements).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });
});
