import { BehaviorSubject, map, type Observable, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { leastLoaded, type Picker } from 'rxpool';
import { KINDS, OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import type { List } from '../support/pickers.js';
import { openRig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';

/** The picker of a subscription, and the number of its emissions. */
function follow(source: Observable<List>) {
  const followed: { picker?: Picker<TestConnection>; emissions: number; completed: boolean; error?: unknown } = {
    emissions: 0,
    completed: false,
  };
  const subscription = source.pipe(leastLoaded()).subscribe({
    next: (picker) => {
      followed.picker = picker;
      followed.emissions++;
    },
    error: (error: unknown) => {
      followed.error = error;
    },
    complete: () => {
      followed.completed = true;
    },
  });
  return Object.assign(followed, { subscription });
}

describe.each(KINDS)('leastLoaded(), over $kind', ({ make }) => {
  const some = (count: number): TestConnection[] => Array.from({ length: count }, (_, i) => make('accept', `${i}`));

  it('leastLoaded(): pick() returns a connection with the least load after each change of load', () => {
    const [a, b, c] = some(3) as [TestConnection, TestConnection, TestConnection];
    const { picker } = follow(new BehaviorSubject<List>([a, b, c]));
    a.send();
    a.send();
    b.send();
    expect(picker?.pick()).toBe(c);
    c.send();
    c.send();
    expect(picker?.pick()).toBe(b);
    a.reply();
    a.reply();
    expect(picker?.pick()).toBe(a);
  });

  it('leastLoaded(): counts the load that a connection had before it entered the list', () => {
    const [a, b] = some(2) as [TestConnection, TestConnection];
    a.send();
    const { picker } = follow(new BehaviorSubject<List>([a, b]));
    for (let i = 0; i < 5; i++) expect(picker?.pick()).toBe(b);
  });

  it('leastLoaded(): emits the same picker on subscribe and for each list, with the current connections', () => {
    const [a, b] = some(2) as [TestConnection, TestConnection];
    const list$ = new BehaviorSubject<List>([]);
    const followed = follow(list$);
    const { picker } = followed;
    expect([followed.emissions, picker?.size, picker?.pick(), picker?.peek()]).toEqual([1, 0, undefined, undefined]);
    list$.next([a]);
    expect([followed.emissions, picker?.size, picker?.pick()]).toEqual([2, 1, a]);
    list$.next([b]);
    expect([followed.picker === picker, picker?.size, picker?.pick()]).toEqual([true, 1, b]);
    expectUntouched(a);
  });

  it('leastLoaded(): counts a connection once when the list holds it several times', () => {
    const [a, b] = some(2) as [TestConnection, TestConnection];
    const list$ = new BehaviorSubject<List>([a, a, b, a]);
    const followed = follow(list$);
    expect(followed.picker?.size).toBe(2);
    list$.next([a, a]);
    expect(followed.picker?.size).toBe(1);
    list$.next([]);
    expect(followed.picker?.size).toBe(0);
    [a, b].forEach(expectUntouched);
  });

  it('leastLoaded(): takes turns among equally loaded connections, and peek() returns the next pick', () => {
    const all = some(5);
    const { picker } = follow(new BehaviorSubject<List>(all));
    const picks = Array.from({ length: 500 }, () => {
      const next = picker?.peek();
      const pick = picker?.pick();
      expect(pick).toBe(next);
      return pick;
    });
    for (const connection of all) expect(picks.filter((pick) => pick === connection)).toHaveLength(100);
  });

  it('leastLoaded(): pick(key, accepts) returns the least loaded accepted connection, or undefined', () => {
    const [a, b, c] = some(3) as [TestConnection, TestConnection, TestConnection];
    const { picker } = follow(new BehaviorSubject<List>([a, b, c]));
    b.send();
    b.send();
    c.send();
    expect(picker?.pick(undefined, (connection) => connection !== a)).toBe(c);
    expect(picker?.pick(undefined, (connection) => connection === b)).toBe(b);
    expect(picker?.pick(undefined, () => false)).toBeUndefined();
  });

  it('leastLoaded(): several subscriptions rank the same connection, each among its own list', () => {
    const [a, b, c] = some(3) as [TestConnection, TestConnection, TestConnection];
    const first = follow(new BehaviorSubject<List>([a, b]));
    const second = follow(new BehaviorSubject<List>([b, c]));
    const third = follow(new BehaviorSubject<List>([b]));
    b.send();
    expect([first.picker?.pick(), second.picker?.pick(), third.picker?.pick()]).toEqual([a, c, b]);
    first.subscription.unsubscribe();
    c.send();
    c.send();
    expect([second.picker?.pick(), third.picker?.pick()]).toEqual([b, b]);
    second.subscription.unsubscribe();
    third.subscription.unsubscribe();
    [a, b, c].forEach(expectUntouched);
  });

  it('leastLoaded(): after unsubscribe pick() is undefined and every connection is unsubscribed', () => {
    const all = some(4);
    const list$ = new BehaviorSubject<List>(all);
    const { picker, subscription } = follow(list$);
    subscription.unsubscribe();
    expect([picker?.pick(), picker?.peek(), picker?.size]).toEqual([undefined, undefined, 0]);
    expect(picker?.pick(undefined, () => true)).toBeUndefined();
    expect(list$.observed).toBe(false);
    all.forEach(expectUntouched);
    all[0]!.send();
    expect(picker?.pick()).toBeUndefined();
  });

  it.each(['complete', 'error'] as const)(
    'leastLoaded(): after %s of the source pick() is undefined and every connection is unsubscribed',
    (ending) => {
      const all = some(2);
      const list$ = new Subject<List>();
      const followed = follow(list$);
      list$.next(all);
      expect(followed.picker?.size).toBe(2);
      list$[ending]('gone');
      expect([followed.completed, followed.error]).toEqual(ending === 'error' ? [false, 'gone'] : [true, undefined]);
      expect([followed.picker?.pick(), followed.picker?.size]).toEqual([undefined, 0]);
      all.forEach(expectUntouched);
    },
  );

  it('leastLoaded() of pool.connected$: follows losses, reconnects and removals', async () => {
    const { pool, made } = await openRig(make, 3, { drainTimeout: 0 });
    const { picker, subscription } = follow(pool.connected$);
    expect(picker?.size).toBe(3);
    made[0]!.send();
    made[1]!.lose();
    expect([picker?.size, picker?.pick()]).toEqual([2, made[2]]);
    await pool.reconnect();
    made[2]!.send();
    expect([picker?.size, picker?.pick()]).toEqual([3, made[1]]);
    pool.removeConnections([made[1]!]);
    expect(picker?.size).toBe(2);
    subscription.unsubscribe();
    expect(picker?.pick()).toBeUndefined();
    await pool.dispose();
    made.forEach(expectUntouched);
  });

  it('leastLoaded() of a filtered pool.connected$: picks among the filtered members only', async () => {
    const { pool, made } = await openRig(make, 6);
    const even = map((all: List) => all.filter(({ name }) => Number(name.slice(1)) % 2 === 0));
    const { picker } = follow(pool.connected$.pipe(even));
    expect(picker?.size).toBe(3);
    for (let i = 0; i < 9; i++) expect(['#2', '#4', '#6']).toContain(picker?.pick()?.name);
    made[1]!.lose();
    expect(picker?.size).toBe(2);
    made[3]!.send();
    expect(picker?.pick()).toBe(made[5]);
  });

  it('leastLoaded() of pool.connected$: use() of the pool counts as load', async () => {
    const { pool, made } = await openRig(make, 2);
    const { picker } = follow(pool.connected$);
    let finish = (): void => {};
    let used: TestConnection | undefined;
    const work = pool.use(
      (connection) =>
        new Promise<void>((resolve) => {
          used = connection;
          finish = resolve;
        }),
    );
    const other = made.find((connection) => connection !== used);
    for (let i = 0; i < 4; i++) expect(picker?.pick()).toBe(other);
    finish();
    await work;
    const picks = new Set(Array.from({ length: 4 }, () => picker?.pick()));
    expect(picks.size).toBe(2);
  });

  it('leastLoaded() of pool.connected$: completes on dispose(), also for later subscribers', async () => {
    const { pool } = await openRig(make, 2);
    const early = follow(pool.connected$);
    await pool.dispose();
    const late = follow(pool.connected$);
    for (const followed of [early, late]) {
      expect([followed.completed, followed.picker?.size, followed.picker?.pick()]).toEqual([true, 0, undefined]);
    }
  });
});

describe('leastLoaded()', () => {
  it('leastLoaded(): subscribes to the source on subscribe, and unsubscribes with its subscriber', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
      const [a, b] = [new OwnConnection({ name: 'a' }), new OwnConnection({ name: 'b' })];
      const values: Record<string, readonly OwnConnection[]> = { a: [a], b: [a, b], c: [b] };
      const source = hot<readonly OwnConnection[]>('--a--b--c--|', values);
      const sizes = source.pipe(
        leastLoaded(),
        map(({ size }) => size),
      );
      expectObservable(sizes).toBe('                --1--2--1--|', { 1: 1, 2: 2 });
      expectObservable(sizes, '                 ---^---!').toBe('-----2--', { 2: 2 });
      expectSubscriptions(source.subscriptions).toBe(['^----------!', '---^---!']);
    });
  });

  it('leastLoaded(): a connection with an invalid pending$ value is ranked last until the value is valid', () => {
    const [liar, honest] = [new SubjectConnection({ name: 'liar' }), new SubjectConnection({ name: 'honest' })];
    const { picker } = follow(new BehaviorSubject<List>([liar, honest]));
    for (const lie of [Number.NaN, -1, 1e9, 0.5, Number.POSITIVE_INFINITY]) {
      liar.pending$.next(lie);
      honest.pending$.next(900_000);
      expect(picker?.pick()).toBe(honest);
      honest.pending$.next(0);
      expect(picker?.pick()).toBe(honest);
    }
    liar.pending$.next(0);
    honest.pending$.next(1);
    expect(picker?.pick()).toBe(liar);
  });

  it('leastLoaded(): a connection whose pending$ has errored stays in the picker', () => {
    const [a, b] = [new SubjectConnection({ name: 'a' }), new SubjectConnection({ name: 'b' })];
    const { picker, subscription } = follow(new BehaviorSubject<List>([a, b]));
    a.send();
    a.pending$.error(new Error('gone'));
    expect(picker?.size).toBe(2);
    expect(picker?.pick()).toBe(b);
    subscription.unsubscribe();
    expectUntouched(a);
    expectUntouched(b);
  });
});
