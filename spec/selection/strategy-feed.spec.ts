import { combineLatest, map, Observable, Subject } from 'rxjs';
import { leastLoaded, type Outcome, type Picker, peakEwma, roundRobin, type Strategy } from 'rxpool';
import { StrategyFeed } from '../../src/selection/strategy-feed.js';
import { KINDS, type Make, OwnConnection, type TestConnection } from '../support/connections.js';
import type { List } from '../support/pickers.js';
import { openRig, type Rig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

const all = (): boolean => true;

/** A list that counts how often somebody has had an array of it. */
class Counted {
  views = 0;
  readonly members: TestConnection[] = [];

  get view(): List {
    this.views++;
    return [...this.members];
  }
}

function feeding(
  list: { readonly view: List },
  strategy: Strategy<TestConnection>,
): StrategyFeed<TestConnection, void> {
  const feed = new StrategyFeed<TestConnection, void>(list);
  feed.begin(strategy);
  return feed;
}

/** Picks the first, with something in common to do at the beginning and at the end. */
const firstOf =
  (begin: () => void, end: () => void = () => {}): Strategy<TestConnection> =>
  (source) =>
    new Observable((subscriber) => {
      let all: List = [];
      subscriber.add(end);
      subscriber.add(source.subscribe((list) => (all = list)));
      subscriber.next({ pick: () => all[0], peek: () => all[0], size: 1 });
      begin();
    });

const fail = (): never => {
  throw new Error('not today');
};

describe('A strategy that is fed a list', () => {
  it('has no array built for a change, where it goes by changes', () => {
    const list = new Counted();
    const feed = feeding(list, roundRobin());
    const before = list.views;
    for (let i = 0; i < 100; i++) {
      const connection = new OwnConnection({ name: `${i}` });
      list.members.push(connection);
      feed.note({ added: [connection], removed: [] });
      expect(feed.peek(undefined, all)).toBe(list.members[0]);
    }
    expect(list.views).toBe(before);
    for (const connection of list.members) expect(feed.pick(undefined, all)).toBe(connection);
    feed.end();
  });

  it('is given an array for each state of the list that it is told of', () => {
    const list = { view: [] as List };
    const arrays: List[] = [];
    const [a, b] = [new OwnConnection({ name: 'a' }), new OwnConnection({ name: 'b' })];
    const feed = feeding(
      list,
      map((array): Picker<TestConnection> => {
        arrays.push(array);
        return { pick: () => array[0], peek: () => array[0], size: array.length };
      }),
    );
    for (const connection of [a, b]) {
      list.view = [...list.view, connection];
      feed.note({ added: [connection], removed: [] });
    }
    feed.tell();
    feed.tell();
    expect(arrays).toEqual([[], [a, b]]);
  });

  it('may subscribe to it more than once', () => {
    const list = { view: [] as List };
    const [a, b] = [new OwnConnection({ name: 'a' }), new OwnConnection({ name: 'b' })];
    const eitherOf: Strategy<TestConnection> = (source) =>
      combineLatest([
        source.pipe(
          map((array) => array.filter(({ name }) => name === 'a')),
          leastLoaded<TestConnection>(),
        ),
        source.pipe(leastLoaded<TestConnection>()),
      ]).pipe(
        map(([preferred, any]) => ({
          pick: (key, accepts) => preferred.pick(key, accepts) ?? any.pick(key, accepts),
          peek: (key) => preferred.peek(key) ?? any.peek(key),
          size: any.size,
        })),
      );
    const feed = feeding(list, eitherOf);
    list.view = [b];
    feed.note({ added: [b], removed: [] });
    expect(feed.pick(undefined, all)).toBe(b);
    list.view = [b, a];
    feed.note({ added: [a], removed: [] });
    expect(feed.pick(undefined, all)).toBe(a);
    feed.end();
    [a, b].forEach(expectUntouched);
  });

  it('has one that left and came back leave and come back, though nobody picked meanwhile', () => {
    const a = new OwnConnection({ name: 'a' });
    const list = { view: [a] as List };
    const entered: string[] = [];
    const strategy = leastLoaded<TestConnection>({ weight: ({ name }) => entered.push(name) });
    const feed = feeding(list, strategy);
    feed.note({ added: [], removed: [a] });
    feed.note({ added: [a], removed: [] });
    expect(feed.peek(undefined, all)).toBe(a);
    expect(entered).toEqual(['a', 'a']);
    feed.end();
    expectUntouched(a);
  });
});

describe.each(KINDS)('A strategy of a pool of $kind', ({ make }) => {
  /** Two connections, the second of which has just come up again. */
  const renewed = async (clock: VirtualClock, strategy: Strategy<TestConnection>): Promise<Rig> => {
    const rig = await openRig(make, 2, { select: strategy, scheduler: clock.scheduler });
    await clock.advance(10_000);
    rig.made[1]?.lose();
    await clock.advance(10_000);
    await rig.pool.reconnect();
    return rig;
  };

  it('spares a newcomer from the moment in which it comes up, whenever somebody picks', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const { pool, made } = await renewed(clock, leastLoaded({ slowStart: 1_000, scheduler }));
    const [old, newcomer] = made as [TestConnection, TestConnection];
    // Four to one: even when the newcomer has a quarter of its weight.
    for (const busy of [old, old, old, old, newcomer]) busy.send();
    await clock.advance(240);
    expect(pool.getLeastLoadedConnection()).toBe(old);
    await clock.advance(20);
    expect(pool.getLeastLoadedConnection()).toBe(newcomer);
  });

  it('hears what became of requests that were sent before anybody picked', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    const telling: Make = (onDial, name) => Object.assign(make(onDial, name), { outcomes$: new Subject<Outcome>() });
    const select = peakEwma<TestConnection>({ random: () => 0, scheduler });
    const { pool, made } = await openRig(telling, 2, { select, scheduler });
    const [slow, fast] = made as (TestConnection & { readonly outcomes$: Subject<Outcome> })[];
    fast?.outcomes$.next({ ok: true, durationMs: 1 });
    slow?.outcomes$.next({ ok: true, durationMs: 500 });
    for (let i = 0; i < 10; i++) expect(pool.getLeastLoadedConnection()).toBe(fast);
    await pool.dispose();
    expect([fast?.outcomes$.observed, slow?.outcomes$.observed]).toEqual([false, false]);
  });

  it('is told when all is done that belongs to a change, and before any subscriber of the pool', async () => {
    const told: string[] = [];
    const seen: unknown[] = [];
    const select: Strategy<TestConnection> = (source) =>
      source.pipe(
        map((list) => {
          const { health } = holder.rig?.pool ?? {};
          told.push(`${list.length} of ${health?.total ?? 0}`);
          return { pick: () => list[0], peek: () => list[0], size: list.length };
        }),
      );
    const holder: { rig?: Rig } = {};
    const rig = await openRig(make, 2, { select, drainTimeout: 0 });
    holder.rig = rig;
    rig.pool.connected$.subscribe(({ length }) => seen.push([length, told.at(-1)]));
    rig.pool.removeConnections([rig.made[0]!]);
    await rig.pool.extendPoolBySize(2);
    expect(seen.slice(1)).toEqual([
      [1, '1 of 1'],
      [2, '2 of 3'],
      [3, '3 of 3'],
    ]);
  });

  it('may change the pool when it is told', async () => {
    const holder: { rig?: Rig } = {};
    const select = leastLoaded<TestConnection>({
      weight: (connection) => {
        if (connection.name === '#3') holder.rig?.pool.removeConnections([connection, holder.rig.made[0]!]);
        return 1;
      },
    });
    const rig = await openRig(make, 2, { select, drainTimeout: 0 });
    holder.rig = rig;
    const lists: string[] = [];
    const { pool, made } = rig;
    pool.connected$.subscribe((list) => lists.push(list.map(({ name }) => name).join(' ')));
    await pool.extendPoolBySize(1);
    expect(lists).toEqual(['#1 #2', '#1 #2 #3', '#2']);
    for (let i = 0; i < 5; i++) expect(pool.getLeastLoadedConnection()).toBe(made[1]);
    await pool.dispose();
    made.forEach(expectUntouched);
  });

  it('may throw when it is let go of, which keeps nothing from ending', async () => {
    const { pool } = await openRig(make, 2, { select: firstOf(() => {}, fail), drainTimeout: 0 });
    let completed = 0;
    for (const stream of [pool.connections$, pool.leastLoaded$, pool.health$, pool.events$]) {
      (stream as Observable<unknown>).subscribe({ complete: () => completed++ });
    }
    await pool.dispose();
    expect(completed).toBe(4);
  });

  it('may throw when another takes its place, which does', async () => {
    const { pool, made } = await openRig(make, 2, { select: firstOf(() => {}, fail) });
    pool.reconfigure({ select: roundRobin(), maxPending: 1 });
    const picked = [1, 2].map(() => pool.getLeastLoadedConnection());
    expect(picked).toEqual(made);
    await pool.dispose();
    made.forEach(expectUntouched);
  });

  it('hears of what it changed while it was subscribed to', async () => {
    const { pool, made } = await openRig(make, 2, { drainTimeout: 0 });
    let removed = false;
    const select = leastLoaded<TestConnection>({
      weight: () => {
        if (!removed) pool.removeConnections([made[1]!]);
        removed = true;
        return 1;
      },
    });
    pool.reconfigure({ select });
    await settle();
    expectUntouched(made[1]!);
    for (let i = 0; i < 4; i++) expect(pool.getLeastLoadedConnection()).toBe(made[0]);
    await pool.dispose();
    made.forEach(expectUntouched);
  });

  it('leaves the one before it current where it changed the pool and failed', async () => {
    const { pool, made } = await openRig(make, 2, { select: firstOf(() => {}), drainTimeout: 0 });
    const select = (): never => {
      pool.removeConnections([made[0]!]);
      return fail();
    };
    expect(() => pool.reconfigure({ select })).toThrow('not today');
    expect(pool.getLeastLoadedConnection()).toBe(made[1]);
  });

  it('may have the pool disposed of while it is subscribed to, and ends', async () => {
    const { pool, made } = await openRig(make, 2, { drainTimeout: 0 });
    const ends: string[] = [];
    pool.reconfigure({
      select: firstOf(
        () => void pool.dispose(),
        () => ends.push('ended'),
      ),
    });
    await pool.dispose();
    expect([ends, pool.health.status]).toEqual([['ended'], 'closed']);
    made.forEach(expectUntouched);
  });
});
