import * as fc from 'fast-check';
import { BehaviorSubject } from 'rxjs';
import { leastLoaded } from 'rxpool';
import { OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { follow, type List } from '../support/pickers.js';
import { openRig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

/** No connection carries so many requests: such a count ranks behind every other, and counts as none in sums. */
const UNBELIEVABLE = 1_000_000_000;

/** Mostly everyday loads; some that are too high for an index to keep a place for each. */
const load = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 4 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4_094, max: 4_099 }) },
  { weight: 1, arbitrary: fc.constantFrom(40, 900_000, UNBELIEVABLE) },
);
const which = fc.nat({ max: 11 });

const step = fc.oneof(
  fc.record({ type: fc.constantFrom('add' as const, 'jump' as const), which, load }),
  fc.record({ type: fc.constantFrom('remove' as const, 'up' as const, 'up' as const, 'down' as const), which }),
  fc.record({ type: fc.constantFrom('pick' as const, 'peek' as const) }),
  fc.record({ type: fc.constant('pickAmong' as const), divisor: fc.integer({ min: 1, max: 4 }) }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One of the library's own begins its requests one by one, and so no more than a few. */
function carry(connection: TestConnection, load: number): void {
  if (connection instanceof SubjectConnection) connection.pending$.next(load);
  while (connection.pending < Math.min(load, 40)) connection.send();
  while (connection.pending > load) connection.reply();
}

/** The picker beside the simplest thing that could be right: a list that is searched. */
class Bench {
  readonly all = Array.from({ length: 12 }, (_, i): TestConnection => {
    const name = `${i}`;
    return i % 2 === 0 ? new OwnConnection({ name }) : new SubjectConnection({ name });
  });
  readonly list$ = new BehaviorSubject<List>([]);
  readonly picker = follow(leastLoaded(), this.list$).picker;

  take(one: Step): void {
    if (one.type === 'pick') this.expectLeast(() => true);
    else if (one.type === 'peek') expect(this.picker.peek()).toBe(this.picker.peek());
    else if (one.type === 'pickAmong') this.expectLeast(({ name }) => Number(name) % one.divisor === 0);
    else if ('which' in one) this.change(one, this.all[one.which]!);
    expect(this.picker.size).toBe(this.list$.value.length);
  }

  change(one: Extract<Step, { readonly which: number }>, connection: TestConnection): void {
    const list = this.list$.value;
    if (one.type === 'add' && !list.includes(connection)) {
      carry(connection, one.load);
      this.list$.next([...list, connection]);
    } else if (one.type === 'remove') this.list$.next(list.filter((other) => other !== connection));
    else if (one.type === 'jump') carry(connection, one.load);
    else if (one.type === 'up') connection.send();
    else if (one.type === 'down' && connection.pending > 0) connection.reply();
  }

  expectLeast(accepts: (connection: { readonly name: string }) => boolean): void {
    const loads = this.list$.value.filter(accepts).map(({ pending }) => Math.min(pending, UNBELIEVABLE));
    const picked = this.picker.pick(undefined, accepts);
    expect(picked && Math.min(picked.pending, UNBELIEVABLE)).toBe(loads.length > 0 ? Math.min(...loads) : undefined);
    if (picked) expect([this.list$.value.includes(picked), accepts(picked)]).toEqual([true, true]);
  }
}

describe('leastLoaded()', () => {
  it('leastLoaded(): pick() property: agrees with a search through the list after any loads, joins and leaves', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const bench = new Bench();
        for (const one of steps) bench.take(one);
      }),
      { numRuns: 300 },
    );
  });

  it('leastLoaded(): peek() property: gives what the next pick() gives', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const bench = new Bench();
        for (const one of steps) {
          bench.take(one);
          const foreseen = bench.picker.peek();
          expect(bench.picker.pick()).toBe(foreseen);
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['4,103 requests', 4_103],
    ['an unbelievable number of requests', UNBELIEVABLE],
  ])('leastLoaded(): pick() takes turns among connections that each carry %s, until one has less', (_, equal) => {
    const all = Array.from({ length: 7 }, (_value, i) => new SubjectConnection({ name: `${i}` }));
    all.forEach((connection, i) => {
      connection.pending$.next(i < 5 ? equal : equal + 1);
    });
    const list$ = new BehaviorSubject<List>(all);
    const { picker } = follow(leastLoaded(), list$);
    const turns = (count: number, accepts?: (connection: { readonly name: string }) => boolean): string =>
      Array.from({ length: count }, () => picker.pick(undefined, accepts)!.name)
        .sort()
        .join('');
    // What cannot be believed is all the same.
    const [ten, rest] = equal === UNBELIEVABLE ? ['00112233445566', 14] : ['0011223344', 10];
    expect(turns(rest as number)).toBe(ten);
    expect(turns(6, ({ name }) => name < '5' && Number(name) % 2 === 0)).toBe('002244');
    const idle = new SubjectConnection({ name: '7' });
    list$.next([...all, idle]);
    expect(turns(2)).toBe('77');
    expect(turns(4, ({ name }) => name === '5' || name === '6')).toBe('5566');
  });
});

describe('The figures of a pool', () => {
  it('health.pending and pending$ property: give the sum of the loads, an unbelievable one counting as none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat({ max: 5 }), load), { maxLength: 60 }), async (jumps) => {
        const { pool, made } = await openRig(
          (onDial = 'accept', name = '') => new SubjectConnection({ onDial, name }),
          6,
          { drainTimeout: 0 },
        );
        let shown = -1;
        pool.pending$.subscribe((pending) => {
          shown = pending;
        });
        for (const [place, to] of jumps) (made[place] as SubjectConnection).pending$.next(to);
        const sum = made.reduce((total, { pending }) => total + (pending < UNBELIEVABLE ? pending : 0), 0);
        expect(pool.health.pending).toBe(sum);
        await settle();
        expect(shown).toBe(sum);
        await pool.dispose();
      }),
      { numRuns: 50 },
    );
  });
});
