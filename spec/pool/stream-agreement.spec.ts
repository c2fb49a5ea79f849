import * as fc from 'fast-check';
import { type Observable, Subscription } from 'rxjs';
import { ConnectionPool } from 'rxpool';
import { OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { scaled } from '../support/scales.js';
import { settle } from '../support/virtual-clock.js';

type Pool = ConnectionPool<TestConnection>;
type List = readonly TestConnection[];

const STREAMS = ['connections$', 'connected$', 'broken$', 'snapshot$', 'health$'] as const;
type StreamName = (typeof STREAMS)[number];

const COMBINED: readonly StreamName[] = ['connections$', 'connected$', 'broken$'];

/** What happens from outside, or inside a `next`. */
type Act =
  | { readonly type: 'change'; readonly count: number }
  | { readonly type: 'follow'; readonly streams: readonly StreamName[]; readonly acts: readonly Act[] }
  | { readonly type: 'unsubscribe'; readonly place: number };

const streams = fc.oneof(
  fc.constantFrom(...STREAMS).map((one) => [one]),
  fc.constantFrom([...COMBINED], [...COMBINED].reverse(), [...STREAMS]),
);

const { acts } = fc.letrec<{ act: Act; acts: Act[] }>((tie) => ({
  acts: fc.array(tie('act'), { maxLength: 5, depthIdentifier: 'acts' }),
  act: fc.oneof(
    { depthSize: 'medium', depthIdentifier: 'acts' },
    fc.record({ type: fc.constant('change' as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ type: fc.constant('unsubscribe' as const), place: fc.nat(9) }),
    fc.record({ type: fc.constant('follow' as const), streams, acts: tie('acts') }),
  ),
}));

/** Joining and losing connections: each takes every stream in one direction only, so that a step back shows. */
const MODES = ['join', 'lose'] as const;

const versionOf = (name: StreamName, value: unknown, mode: (typeof MODES)[number]): number => {
  if (name === 'snapshot$') {
    const { connections, broken } = value as { readonly connections: List; readonly broken: List };
    return connections.length + broken.length;
  }
  if (name === 'health$') {
    const { total, broken } = value as { readonly total: number; readonly broken: number };
    return total + broken;
  }
  const { length } = value as List;
  return name === 'connected$' && mode === 'lose' ? -length : length;
};

interface Follower {
  readonly logs: ReadonlyMap<StreamName, unknown[]>;
  readonly subscription: Subscription;
}

/** A pool that changes in one direction, and its subscribers. */
class Stage {
  readonly followers: Follower[] = [];
  readonly wrongs: string[] = [];
  #next = 0;
  #acts = 0;

  constructor(
    readonly mode: (typeof MODES)[number],
    readonly pool: Pool,
    readonly reserve: List,
  ) {}

  play(planned: readonly Act[]): void {
    for (const one of planned) if (this.#acts++ < 60) this.act(one);
  }

  act(one: Act): void {
    if (one.type === 'change') this.change(one.count);
    else if (one.type === 'follow') this.follow(one.streams, one.acts);
    else this.followers[one.place % Math.max(1, this.followers.length)]?.subscription.unsubscribe();
  }

  change(count: number): void {
    const some = this.reserve.slice(this.#next, this.#next + count);
    this.#next += some.length;
    if (this.mode === 'join') void this.pool.extendPoolByConnections(some);
    else if (some.length === 1) some[0]?.lose();
    else this.pool.invalidateConnections(some);
  }

  follow(names: readonly StreamName[], planned: readonly Act[]): Follower {
    const subscription = new Subscription();
    const logs = new Map(names.map((name): [StreamName, unknown[]] => [name, []]));
    const follower = { logs, subscription };
    this.followers.push(follower);
    for (const [name, log] of logs) {
      if (subscription.closed) break;
      const stream: Observable<unknown> = this.pool[name];
      const one = stream.subscribe((value) => {
        log.push(value);
        this.check(follower);
        this.play(planned);
      });
      subscription.add(one);
    }
    return follower;
  }

  /** No connection is connected and broken at once, or either without being a member. */
  check({ logs }: Follower): void {
    const [connections, connected, broken] = COMBINED.map((name) => logs.get(name)?.at(-1)) as (List | undefined)[];
    if (!connections || !connected || !broken) return;
    if (connected.some((one) => broken.includes(one))) this.wrongs.push('connected and broken');
    if (![...connected, ...broken].every((one) => connections.includes(one))) this.wrongs.push('no member');
  }

  /** What is wrong with the logs once all is over. */
  get faults(): string[] {
    const { pool, mode, followers, wrongs } = this;
    const now: Record<StreamName, unknown> = {
      connections$: pool.connections,
      connected$: pool.connectedConnections,
      broken$: pool.brokenConnections,
      snapshot$: {
        connections: pool.connections,
        connected: pool.connectedConnections,
        broken: pool.brokenConnections,
      },
      health$: pool.health,
    };
    const faults = [...wrongs];
    for (const name of STREAMS) {
      const logs = followers.flatMap(({ logs, subscription }) => {
        const log = logs.get(name);
        return log?.length ? [{ log, closed: subscription.closed }] : [];
      });
      for (const { log, closed } of logs) {
        const versions = log.map((value) => versionOf(name, value, mode));
        const forward = versions.every((version, place) => place === 0 || version > versions[place - 1]!);
        // Figures also change with what is being dialled.
        const inOrder = name === 'health$' ? versions.join() === [...versions].sort((a, b) => a - b).join() : forward;
        if (!inOrder) faults.push(`${name} goes back: ${versions}`);
        if (closed) continue;
        expect(log.at(-1)).toEqual(now[name]);
        const [longest] = logs.filter((one) => !one.closed).sort((a, b) => b.log.length - a.log.length);
        if (longest!.log.slice(-log.length).some((value, place) => value !== log[place])) {
          faults.push(`${name} shows two subscribers different values`);
        }
      }
    }
    return faults;
  }
}

describe.each(MODES)('The streams of a pool (mode: %s)', (mode) => {
  it.each([
    { kind: 'BaseConnection', make: (): TestConnection => new OwnConnection() },
    { kind: 'connections over two subjects', make: (): TestConnection => new SubjectConnection() },
  ])(
    'never go back, agree, and end at the present value, whatever subscribers change in next(): $kind',
    async ({ make }) => {
      await fc.assert(
        fc.asyncProperty(acts, fc.subarray([...STREAMS]), async (planned, observed) => {
          const reserve = Array.from({ length: 40 }, make);
          await Promise.all(reserve.map((one) => one.connect()));
          const pool: Pool = new ConnectionPool(0, make, { heal: false });
          await pool.setup();
          if (mode === 'lose') await pool.extendPoolByConnections(reserve);
          const stage = new Stage(mode, pool, reserve);
          for (const name of observed) stage.follow([name], []);
          stage.play(planned);
          await settle();
          expect(stage.faults).toEqual([]);
          for (const { subscription } of stage.followers) subscription.unsubscribe();
          await pool.dispose();
        }),
        { numRuns: scaled('streamAgreement') },
      );
    },
  );

  it('start a first subscriber inside the next() of another stream at the value that is shown, and end at the present one', async () => {
    const reserve = Array.from({ length: 6 }, (): TestConnection => new SubjectConnection());
    await Promise.all(reserve.map((one) => one.connect()));
    const unchanging = mode === 'join' ? 'broken$' : 'connections$';
    for (const outer of STREAMS.filter((one) => one !== unchanging)) {
      for (const inner of STREAMS.filter((one) => one !== outer)) {
        const pool = new ConnectionPool<TestConnection>(0, () => new SubjectConnection(), { heal: false });
        await pool.setup();
        if (mode === 'lose') await pool.extendPoolByConnections(reserve);
        const stage = new Stage(mode, pool, reserve);
        let calls = 0;
        const source: Observable<unknown> = pool[outer];
        source.subscribe(() => {
          if (++calls !== 2) return;
          stage.change(1);
          stage.change(2);
          stage.follow([inner], []);
          stage.change(1);
        });
        stage.change(1);
        await settle();
        expect(stage.followers).toHaveLength(1);
        expect(stage.faults).toEqual([]);
        await pool.dispose();
        await Promise.all(reserve.map((one) => one.connect()));
      }
    }
  });
});
