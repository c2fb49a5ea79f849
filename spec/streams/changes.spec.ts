import { Subject } from 'rxjs';
import { ConnectionPool } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { type Change, changesOf } from '../../src/streams/changes.js';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';

/** Follows changes, and minds that none adds what is there or removes what is not. */
class Follower<C> {
  readonly held = new Set<C>();
  readonly log: string[] = [];
  completed = false;
  mistakes = 0;

  take({ added, removed }: Change<C>): void {
    for (const one of removed) if (!this.held.delete(one)) this.mistakes++;
    for (const one of added) {
      if (this.held.has(one)) this.mistakes++;
      this.held.add(one);
    }
    this.log.push(`+${added.join('')} -${removed.join('')}`);
  }

  get observer() {
    return {
      next: (change: Change<C>) => this.take(change),
      complete: () => {
        this.completed = true;
      },
    };
  }
}

describe('changesOf', () => {
  it('tells how each array differs from the one before, doubles aside', () => {
    const source = new Subject<readonly string[]>();
    const follower = new Follower<string>();
    const subscription = changesOf(source).subscribe(follower.observer);
    for (const array of [['a'], ['a', 'b'], ['b', 'b', 'c'], ['c', 'b'], []]) source.next(array);
    expect(follower.log).toEqual(['+a -', '+b -', '+c -a', '+ -', '+ -cb']);
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
  });

  it('starts afresh for each subscriber, and passes the end on', () => {
    const source = new Subject<readonly string[]>();
    const changes = changesOf(source);
    const [first, second] = [new Follower<string>(), new Follower<string>()];
    changes.subscribe(first.observer);
    source.next(['a']);
    changes.subscribe(second.observer);
    source.next(['a', 'b']);
    source.complete();
    expect(second.log).toEqual(['+ab -']);
    expect([first.completed, second.completed]).toEqual([true, true]);
  });
});

describe.each(KINDS)('The changes of a pool of $kind', ({ make }) => {
  const LISTS = ['connections', 'connected', 'broken'] as const;
  const GETTERS = {
    connections: 'connections',
    connected: 'connectedConnections',
    broken: 'brokenConnections',
  } as const;

  it.each(LISTS)('add up to %s, whoever else subscribes', async (list) => {
    const { pool, made } = await openRig(make, 3);
    const follower = new Follower<TestConnection>();
    changesOf(pool[`${list}$`]).subscribe(follower.observer);
    const expectAgreement = (): void => {
      expect([...follower.held]).toEqual(expect.arrayContaining([...pool[GETTERS[list]]]));
      expect(follower.held.size).toBe(pool[GETTERS[list]].length);
    };
    expectAgreement();
    made[1]!.lose();
    expectAgreement();
    await pool.extendPoolBySize(2);
    expectAgreement();
    pool.reducePoolConnections(2);
    expectAgreement();
    await pool.reconnect();
    expectAgreement();
    await pool.close();
    expectAgreement();
    expect(follower.mistakes).toBe(0);
  });

  it.each(LISTS)('tell somebody who comes inside a `next` nothing twice: %s', async (list) => {
    const { pool, made } = await openRig(make, 4);
    const followers: Follower<TestConnection>[] = [];
    const come = (): void => {
      const follower = new Follower<TestConnection>();
      followers.push(follower);
      changesOf(pool[`${list}$`]).subscribe(follower.observer);
    };
    come();
    let acts = 0;
    pool.connections$.subscribe(come);
    pool.connected$.subscribe(() => {
      if (acts++ > 5) return;
      pool.connectedConnections[0]?.lose();
      pool.cleanupBrokenConnections();
      come();
    });
    made[3]!.lose();
    expect(followers.length).toBeGreaterThan(5);
    for (const follower of followers) {
      expect(follower.mistakes).toBe(0);
      expect(follower.held.size).toBe(pool[GETTERS[list]].length);
    }
  });

  it.each(LISTS)('end with an empty list when the pool is disposed of, for late comers too: %s', async (list) => {
    const { pool } = await openRig(make, 2);
    const [early, late] = [new Follower<TestConnection>(), new Follower<TestConnection>()];
    changesOf(pool[`${list}$`]).subscribe(early.observer);
    await pool.dispose();
    changesOf(pool[`${list}$`]).subscribe(late.observer);
    for (const { held, completed, mistakes } of [early, late]) {
      expect([held.size, completed, mistakes]).toEqual([0, true, 0]);
    }
    expect(late.log).toEqual(['+ -']);
  });
});

describe('The changes of a pool', () => {
  it('build no array while they alone are followed', async () => {
    const pool = new ConnectionPool(50, () => new ScriptedConnection(), { heal: false });
    const freeze = jest.spyOn(Object, 'freeze');
    const arrays = (): number => freeze.mock.calls.filter(([value]) => Array.isArray(value)).length;
    const subscription = changesOf(pool.connected$).subscribe();
    const before = arrays();
    await pool.setup();
    const after = arrays();
    freeze.mockRestore();
    expect(after).toBe(before);
    subscription.unsubscribe();
    await pool.dispose();
  });

  it('are made of no more arrays than a list that is followed has values', async () => {
    const pool = new ConnectionPool(200, () => new ScriptedConnection({ onDial: 'refuse' }), {
      heal: false,
      maxDials: 200,
    });
    await pool.setup();
    pool.connected$.subscribe();
    const freeze = jest.spyOn(Object, 'freeze');
    const dialled = pool.setup();
    const arrays = freeze.mock.calls.filter(([value]) => Array.isArray(value)).length;
    freeze.mockRestore();
    expect(arrays).toBe(0);
    await dialled;
    await pool.dispose();
  });
});
