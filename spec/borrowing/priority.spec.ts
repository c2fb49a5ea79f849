import * as fc from 'fast-check';
import { Observable } from 'rxjs';
import { ConnectionPool, type UseOptions } from 'rxpool';
import { KINDS, OwnConnection } from '../support/connections.js';
import { type Outcome, openRig, type Rig, watch } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

/** A pool of one exclusive connection, which is lent, and the names of those that have been served since. */
async function busy(make = KINDS[0]!.make, options = {}) {
  const test: Rig = await openRig(make, 1, { maxPending: 1, waitTimeout: 1_000, ...options });
  const held = await test.pool.lease();
  const served: string[] = [];
  const call = (name: string, terms: UseOptions): Outcome<void> =>
    watch(test.pool.use(async () => void served.push(name), terms));
  return { ...test, held, served, call };
}

describe.each(KINDS)('priority of a call, over $kind', ({ make }) => {
  it('use({ priority }): of callers that wait the higher number is served first, equals in their order', async () => {
    const { served, call, held } = await busy(make);
    for (const [name, priority] of [
      ['a', 0],
      ['b', 2],
      ['c', undefined],
      ['d', -1],
      ['e', 2],
      ['f', 1],
    ] as const) {
      call(name, { priority });
    }
    held.release();
    await settle();
    expect(served.join('')).toBe('befacd');
  });

  it('lease({ priority }), withConnection({ priority }): wait in the same order as use()', async () => {
    const { pool, served, call, held } = await busy(make);
    call('use', {});
    pool.withConnection(async () => void served.push('withConnection'), { priority: 1 }).subscribe();
    void pool.lease({ priority: 2 }).then((lease) => {
      served.push('lease');
      lease.release();
    });
    held.release();
    await settle();
    expect(served).toEqual(['lease', 'withConnection', 'use']);
  });

  it('use({ priority }): takes no connection from work that runs', async () => {
    const { served, call, held, pool } = await busy(make);
    const urgent = call('urgent', { priority: 1_000 });
    await settle();
    expect([urgent.status, held.signal.aborted, pool.health.waiting]).toEqual(['pending', false, 1]);
    held.release();
    await settle();
    expect(served).toEqual(['urgent']);
  });

  it('use({ priority }): one of a lower priority that is passed over ends at its waitTimeout', async () => {
    const { call, clock } = await busy(make);
    const low = call('low', { priority: -1, waitTimeout: 100 });
    call('high', { priority: 1 });
    await clock.advance(101);
    expect(low.reason).toMatchObject({ code: 'ERR_WAIT_TIMEOUT' });
  });

  it('use({ priority }): maxWaiting refuses the next caller whatever its priority', async () => {
    const { call } = await busy(make, { maxWaiting: 2 });
    call('a', { priority: -5 });
    call('b', { priority: -5 });
    const third = call('c', { priority: 5 });
    await settle();
    expect(third.reason).toMatchObject({ code: 'ERR_WAIT_QUEUE_FULL' });
  });

  it('use({ priority }): a caller whose connection is lost between grant and start waits on in its old place', async () => {
    const { call, served, held, made, pool } = await busy(make);
    for (const [name, priority] of [
      ['a', 1],
      ['b', 1],
      ['c', 0],
      ['d', 2],
    ] as const)
      call(name, { priority });
    held.release();
    // The waiter has been granted in the microtask, and its caller has not gone on.
    await Promise.resolve();
    made[0]?.lose();
    await settle();
    expect([served, pool.health.waiting]).toEqual([[], 4]);
    await pool.reconnect();
    await settle();
    expect(served.join('')).toBe('dabc');
  });
});

describe('priority of a call', () => {
  it('use({ key, priority }): keys that get no connection hold up no other, whatever their priority', async () => {
    const { scheduler } = new VirtualClock();
    const all = ['a', 'b'].map((name) => new OwnConnection({ name }));
    const pool = new ConnectionPool<OwnConnection, string>(2, () => all.shift() as OwnConnection, {
      scheduler,
      heal: false,
      maxPending: 1,
      select: (source) =>
        new Observable((subscriber) =>
          source.subscribe((connections) => {
            const pick = (key: string, accepts = (_: OwnConnection): boolean => true): OwnConnection | undefined =>
              connections.find((one) => one.name === key && accepts(one));
            subscriber.next({ pick, peek: pick, size: connections.length });
          }),
        ),
    });
    await pool.setup();
    const a = await pool.lease({ key: 'a' });
    const b = await pool.lease({ key: 'b' });
    const served: string[] = [];
    const call = (name: string, key: string, priority: number): void =>
      void pool.use(async () => void served.push(name), { key, priority });
    call('a, low', 'a', 0);
    call('b, low', 'b', 0);
    call('a, high', 'a', 9);
    b.release();
    await settle();
    expect(served).toEqual(['b, low']);
    a.release();
    await settle();
    expect(served).toEqual(['b, low', 'a, high', 'a, low']);
    await pool.dispose();
  });

  it('use({ priority }): any callers, some of which give up, are served by priority and then by arrival', async () => {
    const callers = fc.array(fc.record({ priority: fc.integer({ min: -2, max: 2 }), leaves: fc.boolean() }));
    await fc.assert(
      fc.asyncProperty(callers, async (list) => {
        const { pool, served, call, held } = await busy();
        const leaving = new AbortController();
        list.forEach(({ priority, leaves }, place) => {
          call(`${place}`, { priority, ...(leaves && { signal: leaving.signal }) });
        });
        leaving.abort();
        held.release();
        await settle();
        const expected = list
          .map((caller, place) => ({ ...caller, place }))
          .filter(({ leaves }) => !leaves)
          .sort((one, other) => other.priority - one.priority || one.place - other.place)
          .map(({ place }) => `${place}`);
        expect(served).toEqual(expected);
        await pool.dispose();
      }),
      { numRuns: 200 },
    );
  });
});
