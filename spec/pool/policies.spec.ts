import { concatMap, defer, EMPTY, filter, finalize, map, NEVER, type Observable, Subject, tap, throwError } from 'rxjs';
import { type ConnectionPoolOptions, type Policy, recycle, refill } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { names, openRig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

type Options = ConnectionPoolOptions<TestConnection>;

describe.each(KINDS)('the policies of a pool of $kind', ({ make }) => {
  /** A policy that notes when it is subscribed to and unsubscribed from. */
  function noted(name: string, notes: string[], source: Observable<unknown> = NEVER): Policy<TestConnection> {
    return () =>
      defer(() => {
        notes.push(`${name} begins`);
        return source.pipe(finalize(() => notes.push(`${name} ends`)));
      });
  }

  const failures = (events: readonly { readonly type: string }[]): unknown[] =>
    events.filter(({ type }) => type === 'policy-failed');

  it.each(['close', 'dispose'] as const)('policies start with setup() and end with %s()', async (end) => {
    const notes: string[] = [];
    const test = rig(make, 1, { policies: [noted('a', notes), noted('b', notes)] });
    expect(notes).toEqual([]);
    await test.pool.setup();
    await test.pool.setup();
    expect(notes.splice(0)).toEqual(['a begins', 'b begins']);
    await test.pool[end]();
    expect(notes.splice(0)).toEqual(['a ends', 'b ends']);
    if (end === 'dispose') return;
    await test.pool.extendPoolBySize(1).catch(() => {});
    expect(notes).toEqual([]);
    await test.pool.setup();
    expect(notes.splice(0)).toEqual(['a begins', 'b begins']);
    await test.pool.dispose();
    expect(notes).toEqual(['a ends', 'b ends']);
  });

  it('policies receive the pool, subscribe to its streams and call it inside next()', async () => {
    const seen: string[] = [];
    const growing: Policy<TestConnection> = (pool) =>
      pool.health$.pipe(
        filter(({ connected, poolSize }) => connected === poolSize && poolSize < 4),
        tap(({ poolSize }) => seen.push(`grow from ${poolSize}`)),
        concatMap(() => pool.extendPoolBySize(1)),
      );
    const weeding: Policy<TestConnection> = (pool) =>
      pool.broken$.pipe(
        filter((broken) => broken.length > 0),
        map((broken) => pool.removeConnections(broken)),
      );
    const test = await openRig(make, 2, { policies: [growing, weeding] });
    await settle();
    expect([seen, test.pool.health.connected]).toEqual([['grow from 2', 'grow from 3'], 4]);
    test.made[1]?.lose();
    expect(names(test.pool.connections)).toBe('#1 #3 #4');
    await test.pool.close();
    expect([failures(test.events), test.clock.timers]).toEqual([[], 0]);
  });

  it.each<[string, Policy<TestConnection>]>([
    [
      'throws',
      () => {
        throw new Error('mistake');
      },
    ],
    ['returns no stream', () => undefined as never],
    ['errors at once', () => throwError(() => new Error('mistake'))],
    ['errors at the first change', ({ events$ }) => events$.pipe(map(() => Object.keys(undefined as never)))],
    [
      'throws when it is unsubscribed from',
      () =>
        NEVER.pipe(
          finalize(() => {
            throw new Error('mistake');
          }),
        ),
    ],
  ])('a policy that %s emits policy-failed and does not affect pool or policies', async (_, policy) => {
    const notes: string[] = [];
    const test = rig(make, 2, { policies: [policy, noted('other', notes)] });
    await test.pool.setup();
    await settle();
    expect([test.pool.health.status, notes]).toEqual(['healthy', ['other begins']]);
    await test.pool.close();
    expect(notes).toEqual(['other begins', 'other ends']);
    expect(failures(test.events)).toEqual([{ type: 'policy-failed', cause: expect.any(Error) }]);
    expect([test.pool.connections, test.clock.timers]).toEqual([[], 0]);
    await test.pool.setup();
    expect(test.pool.health.connected).toBe(2);
    await test.pool.dispose();
    expect(failures(test.events)).toHaveLength(2);
  });

  it('a policy whose command fails emits policy-failed each time, and goes on until the command succeeds', async () => {
    let isForbidden = true;
    const rotating: Policy<TestConnection> = (pool) =>
      pool.connected$.pipe(
        recycle(
          (due) => {
            if (isForbidden) throw new Error('not allowed to');
            return pool.renew({ connections: due });
          },
          { maxLifetime: 1_000, spread: 0, backoff: () => 100, scheduler: test.clock.scheduler },
        ),
      );
    const test = rig(make, 2, { policies: [rotating] });
    await test.pool.setup();
    await test.clock.advance(1_150);
    expect(failures(test.events)).toEqual(Array(2).fill({ type: 'policy-failed', cause: new Error('not allowed to') }));
    isForbidden = false;
    await test.clock.advance(100);
    expect(names(test.pool.connectedConnections)).toBe('#3 #4');
    await test.clock.advance(1_000);
    expect([names(test.pool.connectedConnections), failures(test.events).length]).toEqual(['#5 #6', 2]);
    await test.pool.dispose();
    expect(test.clock.timers).toBe(0);
  });

  it('refill emits policy-failed while the factory throws, and fills the pool once it does not', async () => {
    let works = true;
    const filling: Policy<TestConnection> = (pool) =>
      pool.health$.pipe(
        refill((count) => pool.extendPoolBySize(count), { backoff: () => 100, scheduler: test.clock.scheduler }),
      );
    const maker: typeof make = (...args) => {
      if (!works) throw new Error('out of addresses');
      return make(...args);
    };
    const test = rig(maker, 2, { policies: [filling] });
    await test.pool.setup();
    works = false;
    test.pool.removeConnections(test.pool.connections);
    await test.clock.advance(150);
    expect(failures(test.events)).toHaveLength(2);
    expect(failures(test.events)[0]).toMatchObject({ cause: { code: 'ERR_CONNECTION_FACTORY' } });
    works = true;
    await test.clock.advance(100);
    expect(test.pool.health.connected).toBe(2);
  });

  it('policies that failed or completed start again at setup() after close(), not at reconfigure()', async () => {
    const notes: string[] = [];
    const policies = [
      noted('ended', notes, EMPTY),
      noted(
        'failed',
        notes,
        throwError(() => new Error('mistake')),
      ),
    ];
    const { pool } = await openRig(make, 1, { policies });
    expect(notes.splice(0)).toHaveLength(4);
    pool.reconfigure({ policies: [...policies] });
    expect(notes).toEqual([]);
    await pool.close();
    await pool.setup();
    expect(notes).toHaveLength(4);
  });

  it.each(['close', 'dispose'] as const)(
    '%s() called by a policy as it starts ends the policies before it and starts none after it',
    async (end) => {
      const notes: string[] = [];
      const ending: Policy<TestConnection> = () => {
        void test.pool[end]();
        return defer(() => {
          notes.push('subscribed');
          return NEVER.pipe(finalize(() => notes.push('ended')));
        });
      };
      const test = rig(make, 2, { policies: [noted('before', notes), ending, noted('after', notes)] });
      const setup = watch(test.pool.setup());
      await settle();
      expect([setup.status, test.pool.health.status]).toEqual(['resolved', 'closed']);
      expect(notes.filter((note) => !note.includes('begins') && note !== 'subscribed')).toEqual(
        notes.includes('subscribed') ? ['before ends', 'ended'] : ['before ends'],
      );
      expect(notes).not.toContain('after begins');
      expect(test.made.map(({ state }) => state)).toEqual(['closed', 'closed']);
    },
  );

  it('setup() called by a policy as it ends reopens the pool and starts the policies again', async () => {
    const notes: string[] = [];
    let again = true;
    const reopening: Policy<TestConnection> = () =>
      NEVER.pipe(
        finalize(() => {
          if (again) void test.pool.setup();
          again = false;
        }),
      );
    const test = rig(make, 1, { policies: [reopening, noted('other', notes)] });
    await test.pool.setup();
    await test.pool.close();
    await settle();
    expect([test.pool.health.status, names(test.pool.connections)]).toEqual(['healthy', '#2']);
    expect([...notes].sort()).toEqual(['other begins', 'other begins', 'other ends']);
    await test.pool.dispose();
    expect([...notes].sort()).toEqual(['other begins', 'other begins', 'other ends', 'other ends']);
  });

  it('reconfigure({ policies }) ends removed policies, starts new ones and leaves the others running', async () => {
    const notes: string[] = [];
    const [a, b, c] = [noted('a', notes), noted('b', notes), noted('c', notes)];
    const { pool } = await openRig(make, 1, { policies: [a, b] });
    notes.length = 0;
    pool.reconfigure({ policies: [c, b] });
    expect(notes.splice(0)).toEqual(['a ends', 'c begins']);
    pool.reconfigure({ maxPending: 5 });
    expect(notes).toEqual([]);
    pool.reconfigure({ policies: [] });
    expect(notes.splice(0).sort()).toEqual(['b ends', 'c ends']);
    await pool.close();
    pool.reconfigure({ policies: [a] });
    expect(notes).toEqual([]);
    await pool.setup();
    expect(notes).toEqual(['a begins']);
    await pool.dispose();
  });

  it('reconfigure({ policies }) called by a policy as it starts replaces it and those not yet started', async () => {
    const notes: string[] = [];
    const late = noted('late', notes);
    const changing: Policy<TestConnection> = () => {
      test.pool.reconfigure({ policies: [late] });
      return NEVER.pipe(finalize(() => notes.push('changing ends')));
    };
    const test = rig(make, 1, { policies: [changing, noted('never', notes)] });
    await test.pool.setup();
    expect(notes).toEqual(['late begins', 'changing ends']);
    await test.pool.close();
    expect(notes.at(-1)).toBe('late ends');
  });

  it('reconfigure({ heal }) restarts healing only; policies keep running', async () => {
    const notes: string[] = [];
    const heal =
      (name: string): NonNullable<Exclude<Options['heal'], false>> =>
      () =>
        defer(() => {
          notes.push(`${name} begins`);
          return NEVER.pipe(finalize(() => notes.push(`${name} ends`)));
        });
    const { pool } = await openRig(make, 1, { heal: heal('first'), policies: [noted('policy', notes)] });
    pool.reconfigure({ heal: heal('second') });
    expect(notes).toEqual(['first begins', 'policy begins', 'first ends', 'second begins']);
    pool.reconfigure({ heal: false });
    expect(notes.at(-1)).toBe('second ends');
    await pool.close();
    expect(notes.at(-1)).toBe('policy ends');
  });

  it('changing the policies array after construction has no effect', async () => {
    const notes: string[] = [];
    const policies = [noted('a', notes)];
    const { pool } = rig(make, 1, { policies });
    policies.push(noted('b', notes));
    await pool.setup();
    expect(notes).toEqual(['a begins']);
    policies.length = 0;
    pool.reconfigure({ maxPending: 3 });
    expect(notes).toEqual(['a begins']);
    await pool.dispose();
  });

  it('close() ends policies before it emits its events', async () => {
    const heard: string[] = [];
    const told = new Subject<void>();
    const listening: Policy<TestConnection> = ({ events$ }) =>
      events$.pipe(
        tap(({ type }) => heard.push(type)),
        finalize(() => told.next()),
      );
    const { pool } = await openRig(make, 1, { policies: [listening] });
    heard.length = 0;
    await pool.close();
    expect(heard).toEqual([]);
  });
});
