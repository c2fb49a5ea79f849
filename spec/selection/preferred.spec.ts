import fc from 'fast-check';
import { BehaviorSubject, map } from 'rxjs';
import {
  type Connection,
  ConnectionPool,
  leastLoaded,
  type Picker,
  preferred,
  roundRobin,
  type Strategy,
} from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { OwnConnection, type TestConnection } from '../support/connections.js';
import { follow, type List } from '../support/pickers.js';
import { thrownBy } from '../support/pools.js';

const isNear = ({ name = '' }: Connection): boolean => name.startsWith('n');

const named = (...names: string[]): TestConnection[] => names.map((name) => new OwnConnection({ name }));

/** Picks, and puts a request on each that is picked. */
const work = (picker: Picker<TestConnection>, count: number): string =>
  Array.from({ length: count }, () => {
    const connection = picker.pick();
    connection?.send();
    return connection?.name;
  }).join(' ');

const connected = async (...names: string[]): Promise<TestConnection[]> => {
  const all = named(...names);
  for (const connection of all) await connection.connect();
  return all;
};

describe('preferred()', () => {
  it('picks preferred connections until they are ahead of the others by more than spillOver requests', async () => {
    const all = await connected('f1', 'n1');
    const { picker } = follow(preferred<TestConnection>(isNear, { spillOver: 2 }), new BehaviorSubject<List>(all));
    expect(work(picker, 8)).toBe('n1 n1 n1 f1 n1 f1 n1 f1');
  });

  it('with spillOver: 0 takes both by load, the preferred ones first among equals', async () => {
    const all = await connected('f1', 'n1');
    const { picker } = follow(preferred<TestConnection>(isNear, { spillOver: 0 }), new BehaviorSubject<List>(all));
    expect(work(picker, 4)).toBe('n1 f1 n1 f1');
  });

  it('with spillOver: Infinity takes others only where no preferred one is accepted', async () => {
    const all = await connected('f1', 'n1');
    const { picker } = follow(
      preferred<TestConnection>(isNear, { spillOver: Number.POSITIVE_INFINITY }),
      new BehaviorSubject<List>(all),
    );
    expect(work(picker, 100)).toBe(Array.from({ length: 100 }, () => 'n1').join(' '));
    expect(picker.pick(undefined, (connection) => !isNear(connection))?.name).toBe('f1');
  });

  it('without spillOver, picks a preferred connection until it carries 17 requests more', async () => {
    const all = await connected('f1', 'n1');
    const { picker } = follow(preferred<TestConnection>(isNear), new BehaviorSubject<List>(all));
    expect(work(picker, 18)).toBe([...Array.from({ length: 17 }, () => 'n1'), 'f1'].join(' '));
  });

  it('chooses within either part by the strategy given, one instance for each', async () => {
    const all = await connected('n1', 'n2', 'f1', 'f2');
    const source = new BehaviorSubject<List>(all);
    const { picker } = follow(preferred<TestConnection>(isNear, { spillOver: 0, strategy: roundRobin() }), source);
    expect(work(picker, 8)).toBe('n1 n2 f1 f2 n1 n2 f1 f2');
  });

  it('takes a strategy of your own, which is given arrays of its part', async () => {
    const arrays: string[] = [];
    const first: Strategy<TestConnection> = map((some: List) => {
      arrays.push(some.map(({ name }) => name).join(''));
      return { pick: () => some[0], peek: () => some[0], size: some.length };
    });
    const source = new BehaviorSubject<List>(named('n', 'f'));
    const { picker } = follow(preferred<TestConnection>(isNear, { strategy: first }), source);
    expect([picker.pick()?.name, picker.size]).toEqual(['n', 2]);
    source.next(named('f'));
    expect([picker.pick()?.name, picker.size]).toEqual(['f', 1]);
    expect(arrays).toEqual(['', '', 'n', 'f', '', 'f']);
  });

  it('property: peek() gives what pick() will, and a preferred one is never passed over within spillOver', () => {
    fc.assert(
      fc.property(
        fc.nat(6),
        fc.array(fc.tuple(fc.boolean(), fc.nat(20)), { maxLength: 8 }),
        fc.nat(255),
        (spillOver, loads, mask) => {
          const all = loads.map(([near, load], place) => {
            const connection = new OwnConnection({ name: `${near ? 'n' : 'f'}${place}` });
            for (let i = 0; i < load; i++) connection.send();
            return connection;
          });
          const accepts = (connection: TestConnection): boolean =>
            (mask & (1 << all.indexOf(connection as OwnConnection))) > 0;
          const { picker } = follow(preferred<TestConnection>(isNear, { spillOver }), new BehaviorSubject<List>(all));
          const least = (some: List): number => Math.min(...some.filter(accepts).map(({ pending }) => pending));
          const near = least(all.filter(isNear));
          const far = least(all.filter((connection) => !isNear(connection)));
          const peeked = picker.peek(undefined, accepts);
          const picked = picker.pick(undefined, accepts);
          expect(picked).toBe(peeked);
          if (picked === undefined) expect([near, far]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
          else {
            expect(isNear(picked)).toBe(near <= far + spillOver && near !== Number.POSITIVE_INFINITY);
            expect(picked.pending).toBe(isNear(picked) ? near : far);
          }
        },
      ),
    );
  });

  it('as the select option: spills over at maxPending and in an outage of the preferred zone, and comes back', async () => {
    const plan = ['n1', 'f1'];
    const pool = new ConnectionPool(2, () => new ScriptedConnection({ name: plan.shift() ?? '' }), {
      select: preferred<ScriptedConnection>(isNear, { spillOver: Number.POSITIVE_INFINITY }),
      maxPending: 1,
      heal: false,
    });
    await pool.setup();
    const [near, far] = pool.connections as [ScriptedConnection, ScriptedConnection];
    const leases = [pool.tryLease(), pool.tryLease(), pool.tryLease()];
    expect(leases.map((lease) => lease?.connection)).toEqual([near, far, undefined]);
    for (const lease of leases) lease?.release();
    near.lose();
    expect(pool.getLeastLoadedConnection()).toBe(far);
    await pool.reconnect();
    expect(pool.getLeastLoadedConnection()).toBe(near);
    await pool.dispose();
  });

  it('errors with what isPreferred throws, and with the error of its strategy', () => {
    const cause = new Error('no zone');
    const source = new BehaviorSubject<List>(named('n'));
    const throwing = (): never => {
      throw cause;
    };
    expect(follow(preferred<TestConnection>(throwing), source).error).toBe(cause);
    expect(
      follow(preferred<TestConnection>(isNear, { strategy: leastLoaded({ weight: throwing }) }), source).error,
    ).toBe(cause);
    expect(source.observed).toBe(false);
  });

  it('preferred() with wrong arguments throws an error with a code', () => {
    const wrong = (value: unknown): never => value as never;
    const calls = [
      () => preferred<TestConnection>(wrong('eu')),
      () => preferred<TestConnection>(isNear, { spillOver: -1 }),
      () => preferred<TestConnection>(isNear, { spillOver: wrong('2') }),
      () => preferred<TestConnection>(isNear, { strategy: wrong({}) }),
      () => preferred<TestConnection>(isNear, wrong({ spillover: 2 })),
    ];
    expect(calls.map((call) => (thrownBy(call) as { readonly code: string }).code)).toEqual([
      'ERR_INVALID_ARG_TYPE',
      'ERR_OUT_OF_RANGE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_UNKNOWN_OPTION',
    ]);
  });
});
