import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { BehaviorSubject, Observable, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  ConnectionPool,
  leastLoaded,
  peakEwma,
  powerOfTwoChoices,
  preferred,
  roundRobin,
  type Strategy,
  sticky,
} from 'rxpool';
import { KINDS, OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { follow, type List, lottery, TellingConnection } from '../support/pickers.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

type Keyed = Strategy<TestConnection, string>;

const { scheduler } = new VirtualClock();

const STRATEGIES: Record<string, () => Keyed> = {
  'leastLoaded()': () => leastLoaded(),
  'leastLoaded() with options': () => leastLoaded({ slowStart: 1_000, failurePenalty: 1_000, scheduler }),
  'powerOfTwoChoices()': () => powerOfTwoChoices({ random: lottery(1) }),
  'roundRobin()': () => roundRobin(),
  'peakEwma()': () => peakEwma({ random: lottery(2), scheduler }),
  'preferred()': () => preferred(({ name }) => name < '1'),
  'preferred() with roundRobin()': () => preferred(({ name }) => name > '1', { spillOver: 0, strategy: roundRobin() }),
  'sticky()': () => sticky((key: string) => key, { idOf: ({ name }) => name }),
};

const named = (names: string): TestConnection[] => [...names].map((name) => new OwnConnection({ name }));

describe.each(Object.entries(STRATEGIES))('%s', (name, strategy) => {
  describe.each(KINDS)('over $kind', ({ make }) => {
    const some = (count: number): TestConnection[] => Array.from({ length: count }, (_, i) => make('accept', `${i}`));

    it(`${name}: emits the same picker on subscribe and for each list, with the current connections`, () => {
      const [a, b] = some(2) as [TestConnection, TestConnection];
      const list$ = new BehaviorSubject<List>([]);
      const followed = follow(strategy(), list$);
      const { picker } = followed;
      const seen = (): unknown[] => [followed.emissions.length, picker.size, picker.pick('k'), picker.peek('k')];
      expect(seen()).toEqual([1, 0, undefined, undefined]);
      list$.next([a, a]);
      expect(seen()).toEqual([2, 1, a, a]);
      list$.next([b]);
      expect(seen()).toEqual([3, 1, b, b]);
      expectUntouched(a);
      list$.next([]);
      expect(seen()).toEqual([4, 0, undefined, undefined]);
      expect(new Set(followed.emissions).size).toBe(1);
    });

    it(`${name}: after unsubscribe pick() is undefined and every connection is unsubscribed`, () => {
      const all = some(4);
      const list$ = new BehaviorSubject<List>(all);
      const { picker, subscription } = follow(strategy(), list$);
      picker.pick('k');
      subscription.unsubscribe();
      expect([picker.pick('k'), picker.pick('k', () => true), picker.peek('k'), picker.size]).toEqual([
        undefined,
        undefined,
        undefined,
        0,
      ]);
      expect(picker.pick(undefined as never)).toBeUndefined();
      expect(list$.observed).toBe(false);
      all.forEach(expectUntouched);
      all[0]?.send();
      expect(picker.pick('k')).toBeUndefined();
    });

    it.each(['complete', 'error'] as const)(
      `${name}: after %s of the source pick() is undefined and every connection is unsubscribed`,
      (ending) => {
        const all = some(2);
        const list$ = new Subject<List>();
        const followed = follow(strategy(), list$);
        list$.next(all);
        list$[ending]('gone');
        expect([followed.completed, followed.error]).toEqual(ending === 'error' ? [false, 'gone'] : [true, undefined]);
        expect([followed.picker.size, followed.picker.pick('k')]).toEqual([0, undefined]);
        all.forEach(expectUntouched);
      },
    );

    it(`${name} as the select option: use() keeps to maxPending and picks connected members only`, async () => {
      const made: TestConnection[] = [];
      const pool = new ConnectionPool<TestConnection, string>(
        3,
        () => {
          const connection = make('accept', `${made.length}`);
          made.push(connection);
          return connection;
        },
        { select: strategy(), heal: false, maxPending: 2, drainTimeout: 0 },
      );
      await pool.setup();
      let finish = (): void => {};
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const used: TestConnection[] = [];
      const uses = Array.from({ length: 6 }, () =>
        pool.use(
          async (connection) => {
            used.push(connection);
            await finished;
          },
          { key: 'k' },
        ),
      );
      expect(used).toHaveLength(6);
      for (const connection of made) expect(used.filter((one) => one === connection)).toHaveLength(2);
      finish();
      await Promise.all(uses);
      made[0]?.lose();
      for (let i = 0; i < 10; i++)
        expect(await pool.use((connection) => connection, { key: `${i}` })).not.toBe(made[0]);
      await pool.dispose();
      made.forEach(expectUntouched);
    });
  });

  it(`${name} as the select option: leastLoaded$ emits the only member below maxPending`, async () => {
    const made: TestConnection[] = [];
    const pool = new ConnectionPool<TestConnection, string>(
      3,
      () => {
        const connection = new OwnConnection({ name: `${made.length}` });
        made.push(connection);
        return connection;
      },
      { select: strategy(), heal: false, maxPending: 1, drainTimeout: 0 },
    );
    await pool.setup();
    let shown: TestConnection | undefined;
    pool.leastLoaded$.subscribe((connection) => {
      shown = connection;
    });
    for (const free of made) {
      const others = made.filter((one) => one !== free);
      for (const other of others) other.send();
      await settle();
      // Without a key, sticky() cannot pick.
      expect(shown).toBe(name === 'sticky()' ? undefined : free);
      for (const other of others) other.reply();
    }
    await pool.dispose();
  });

  it(`${name}: emits with its source, and unsubscribes with its subscriber`, () => {
    const testing = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    testing.run(({ hot, expectObservable, expectSubscriptions }) => {
      const [a, b] = named('ab') as [TestConnection, TestConnection];
      const source = hot<List>('--a--b--c--|', { a: [a], b: [a, b], c: [b] });
      const sizes = new Observable<number>((subscriber) =>
        strategy()(source).subscribe({
          next: ({ size }) => subscriber.next(size),
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
      expectObservable(sizes).toBe('                --1--2--1--|', { 1: 1, 2: 2 });
      expectObservable(sizes, '                 ---^---!').toBe('-----2--', { 2: 2 });
      expectSubscriptions(source.subscriptions).toBe(['^----------!', '---^---!']);
    });
  });

  it(`${name} property: pick() returns what peek() returned, listed and accepted, or undefined`, () => {
    const step = fc.record({
      type: fc.constantFrom('toggle', 'send', 'reply', 'pick', 'pick'),
      who: fc.nat(7),
      accepted: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const all = named('abcdefgh');
        const list$ = new BehaviorSubject<List>([]);
        const { picker, subscription } = follow(strategy(), list$);
        for (const { type, who, accepted } of steps) {
          const one = all[who] as TestConnection;
          if (type === 'send') one.send();
          if (type === 'reply') one.reply();
          if (type === 'toggle')
            list$.next(
              list$.value.includes(one) ? list$.value.filter((other) => other !== one) : [...list$.value, one],
            );
          const accepts = (candidate: TestConnection): boolean => ((accepted >> all.indexOf(candidate)) & 1) === 1;
          const acceptable = list$.value.filter(accepts);
          const foreseenAmong = picker.peek(`${who}`, accepts);
          expect(picker.peek(`${who}`, accepts)).toBe(foreseenAmong);
          const picked = picker.pick(`${who}`, accepts);
          expect(picked).toBe(foreseenAmong);
          if (acceptable.length === 0) expect(picked).toBeUndefined();
          else expect(acceptable).toContain(picked);
          const foreseen = picker.peek(`${who}`);
          expect(picker.peek(`${who}`)).toBe(foreseen);
          expect(picker.pick(`${who}`)).toBe(foreseen);
          expect(picker.size).toBe(list$.value.length);
        }
        subscription.unsubscribe();
        all.forEach(expectUntouched);
      }),
    );
  });

  it(`${name}: pick() throws what accepts() throws, and the next pick() works`, () => {
    const all = named('abc');
    const { picker } = follow(strategy(), new BehaviorSubject<List>(all));
    const refuse = (): never => {
      throw new Error('cannot say');
    };
    expect(() => picker.pick('k', refuse)).toThrow('cannot say');
    expect(all).toContain(picker.pick('k'));
  });

  it(`${name}: accepts() may change the list; later picks are among the connections then listed`, () => {
    const all = named('abcd');
    const list$ = new BehaviorSubject<List>(all);
    const { picker } = follow(strategy(), list$);
    picker.pick('k', () => {
      list$.next([]);
      return false;
    });
    expect([picker.pick('k'), picker.peek('k'), picker.size]).toEqual([undefined, undefined, 0]);
    list$.next(all);
    const accepted = picker.pick('k', (connection) => {
      list$.next(all.slice(0, 1));
      return connection === all[0];
    });
    expect([all[0], undefined]).toContain(accepted);
    expect([picker.pick('k'), picker.size]).toEqual([all[0], 1]);
    list$.next([]);
    all.forEach(expectUntouched);
  });

  it(`${name}: a connection that has left the list is garbage-collected`, async () => {
    const list$ = new BehaviorSubject<List>([]);
    const { picker } = follow(strategy(), list$);
    /** A function of its own, so that no local variable keeps the connection. */
    const passThrough = (): WeakRef<TestConnection> => {
      const [leaver, ...others] = ['a', 'b', 'c'].map((name) => new TellingConnection({ name }));
      list$.next([leaver as TellingConnection, ...others]);
      leaver?.fail();
      for (let i = 0; i < 20; i++) picker.pick(`${i}`)?.send();
      picker.peek('k');
      list$.next(others);
      return new WeakRef<TestConnection>(leaver as TellingConnection);
    };
    const leaver = passThrough();
    for (let i = 0; i < 5 && leaver.deref(); i++) {
      await settle();
      collectGarbage();
    }
    expect([picker.size, leaver.deref()]).toEqual([2, undefined]);
  });

  it(`${name}: a subscriber may change the source and unsubscribe inside next()`, () => {
    const all = named('abc');
    const list$ = new BehaviorSubject<List>(all);
    const sizes: number[] = [];
    const subscription = strategy()(list$).subscribe((picker) => {
      if (picker.size === 3) list$.next(all.slice(1));
      sizes.push(picker.size);
      if (picker.size === 1) subscription.unsubscribe();
    });
    expect(sizes).toEqual([2, 2]);
    list$.next(all.slice(2));
    expect(sizes).toEqual([2, 2, 1]);
    all.forEach(expectUntouched);
  });
});

/** A connection that runs `onSubscribe` before a subscription to its `pending$`. */
class ReentrantConnection extends SubjectConnection {
  onSubscribe = (): void => {};

  constructor() {
    super({ name: 'm' });
    const subscribe = this.pending$.subscribe.bind(this.pending$);
    this.pending$.subscribe = (...args: unknown[]) => {
      this.onSubscribe();
      return subscribe(...(args as []));
    };
  }
}

describe.each(['leastLoaded()', 'leastLoaded() with options', 'powerOfTwoChoices()', 'peakEwma()', 'sticky()'])(
  'A connection that reenters while %s subscribes to it',
  (name) => {
    const strategy = STRATEGIES[name] as () => Keyed;

    it(`${name}: a connection may change the list while the strategy subscribes to it`, () => {
      const [a, reentrant, b] = [new OwnConnection({ name: 'a' }), new ReentrantConnection(), new OwnConnection()];
      const list$ = new BehaviorSubject<List>([]);
      const followed = follow(strategy(), list$);
      reentrant.onSubscribe = () => list$.next([b]);
      list$.next([a, reentrant]);
      expect([followed.picker.size, followed.picker.pick('k')]).toEqual([1, b]);
      followed.subscription.unsubscribe();
      [a, reentrant, b].forEach(expectUntouched);
    });

    it(`${name}: a connection may end the subscription while the strategy subscribes to it`, () => {
      const [a, reentrant, b] = [new OwnConnection({ name: 'a' }), new ReentrantConnection(), new OwnConnection()];
      const list$ = new BehaviorSubject<List>([]);
      const followed = follow(strategy(), list$);
      reentrant.onSubscribe = () => followed.subscription.unsubscribe();
      list$.next([a, reentrant, b]);
      expect([followed.picker.size, followed.picker.pick('k')]).toEqual([0, undefined]);
      [a, reentrant, b].forEach(expectUntouched);
    });
  },
);

describe.each(['leastLoaded() with options', 'peakEwma()'])('Invalid outcomes, with %s', (name) => {
  const strategy = STRATEGIES[name] as () => Keyed;

  it.each<[string, (connection: TellingConnection) => void]>([
    [
      'values without ok and durationMs',
      ({ outcomes$ }) => {
        for (const value of [undefined, null, 5, {}]) outcomes$.next(value as never);
      },
    ],
    [
      'getters that throw',
      ({ outcomes$ }) =>
        outcomes$.next({
          ok: false,
          get durationMs(): number {
            throw new Error('unknown');
          },
        }),
    ],
    [
      'invalid durations',
      (connection) => {
        for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300, '5' as never]) connection.tell(value);
      },
    ],
    ['an ok that is no boolean', ({ outcomes$ }) => outcomes$.next({ ok: 'no' as never, durationMs: 5 })],
  ])(`${name}: outcomes$ with invalid values does not change the picks: %s`, (_, tell) => {
    const [a, b] = [new TellingConnection({ name: 'a' }), new TellingConnection({ name: 'b' })];
    const { picker } = follow(strategy(), new BehaviorSubject<List>([a, b]));
    tell(a);
    b.send();
    for (let i = 0; i < 20; i++) expect(picker.pick('k')).toBe(a);
  });

  it.each<[string, (connection: TellingConnection) => void]>([
    ['errors', ({ outcomes$ }) => outcomes$.error(new Error('gone'))],
    ['completes', ({ outcomes$ }) => outcomes$.complete()],
  ])(`${name}: a connection whose outcomes$ %s is still picked by load`, (_, end) => {
    const [a, b] = [new TellingConnection({ name: 'a' }), new TellingConnection({ name: 'b' })];
    const { picker, subscription } = follow(strategy(), new BehaviorSubject<List>([a, b]));
    end(a);
    b.send();
    for (let i = 0; i < 20; i++) expect(picker.pick('k')).toBe(a);
    a.send();
    a.send();
    for (let i = 0; i < 20; i++) expect(picker.pick('k')).toBe(b);
    subscription.unsubscribe();
    [a, b].forEach(expectUntouched);
  });

  it(`${name}: an outcomes$ that throws on access, or is no observable, is ignored`, () => {
    const throwing = Object.defineProperty(new OwnConnection({ name: 'a' }), 'outcomes$', {
      get: () => {
        throw new Error('not today');
      },
    });
    const empty = Object.assign(new OwnConnection({ name: 'b' }), { outcomes$: {} as never });
    const { picker, error } = follow(strategy(), new BehaviorSubject<List>([throwing, empty]));
    throwing.send();
    expect([error, picker.size, picker.pick('k')]).toEqual([undefined, 2, empty]);
  });
});
