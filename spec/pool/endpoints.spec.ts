import { BehaviorSubject, NEVER, Observable, of, Subject, skip, take, throwError } from 'rxjs';
import {
  CommandFailure,
  cleanupBroken,
  NoEndpointsError,
  PoolClosedError,
  RenewalError,
  refill,
  WaitTimeoutError,
} from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { EndpointRig } from '../support/endpoint-rig.js';
import { thrownBy, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

/** More than the time after which members are moved. */
const SETTLED = 2_000;

const SERVERS = ['a', 'b', 'c'];

describe('A pool with a list of endpoints', () => {
  it('setup() of many pools gives each endpoint as many of the connections that are left over, within a tenth', async () => {
    const extra = new Map(SERVERS.map((endpoint) => [endpoint, 0]));
    for (let pool = 0; pool < 300; pool++) {
      const rig = await new EndpointRig(4, SERVERS, {}, pool / 300).setup();
      for (const { endpoint, connected } of rig.pool.health.endpoints ?? []) {
        expect([1, 2]).toContain(connected);
        if (connected === 2) extra.set(endpoint, (extra.get(endpoint) ?? 0) + 1);
      }
      await rig.end();
    }
    for (const count of extra.values()) expect(Math.abs(count - 100)).toBeLessThanOrEqual(10);
  });

  it('setup() gives each endpoint its share, the first ones what is left over where a pool has drawn 0', async () => {
    const rig = await new EndpointRig(7, SERVERS).setup();
    expect(rig.connected).toBe('a:3 b:2 c:2');
    expect(rig.made.map(({ endpoint }) => endpoint).join(' ')).toBe('a b c a b c a');
    expect(rig.requests.every(({ replaces }) => replaces === undefined)).toBe(true);
    await rig.end();
  });

  it('setup() with fewer connections than endpoints gives each connection another endpoint', async () => {
    const rig = await new EndpointRig(2, SERVERS).setup();
    expect(rig.shares).toBe('a:1 b:1 c:0');
    await rig.end();
  });

  it('renew() of some members keeps each at its endpoint, wherever it stands in the list', async () => {
    const rig = await new EndpointRig(6, SERVERS).setup();
    for (const endpoint of ['c', 'a', 'b', 'b']) {
      await rig.pool.renew({ connections: rig.to(endpoint).slice(0, 1) });
      expect(rig.requests.at(-1)).toMatchObject({ endpoint });
      expect(rig.connected).toBe('a:2 b:2 c:2');
    }
    await rig.pool.renew({ maxUnavailable: 4 });
    expect(rig.connected).toBe('a:2 b:2 c:2');
    await rig.end();
  });

  it('renew() takes a member of the fuller endpoint to the one with fewer', async () => {
    const rig = await new EndpointRig(4, SERVERS).setup();
    rig.pool.removeConnections(rig.to('b'));
    await rig.pool.renew({ connections: rig.to('a').slice(0, 1) });
    expect(rig.shares).toBe('a:1 b:1 c:1');
    await rig.end();
  });

  it('extendPoolBySize() fills the endpoints that have fewer', async () => {
    const rig = await new EndpointRig(6, SERVERS).setup();
    rig.pool.removeConnections([...rig.to('b'), ...rig.to('c').slice(0, 1)]);
    await rig.pool.extendPoolBySize(3);
    expect(rig.connected).toBe('a:2 b:2 c:2');
    await rig.end();
  });

  it('after an outage of one server with cleanupBroken and refill it has its share again', async () => {
    const rig: EndpointRig = await new EndpointRig(6, SERVERS, {
      policies: [
        (pool) =>
          pool.broken$.pipe(
            cleanupBroken((dead) => pool.removeConnections(dead), { after: 500, scheduler: rig.clock.scheduler }),
          ),
        (pool) =>
          pool.health$.pipe(refill((count) => pool.extendPoolBySize(count), { scheduler: rig.clock.scheduler })),
      ],
    }).setup();
    rig.stop('b');
    await rig.clock.advance(60_000);
    expect(rig.connected).toBe('a:2 b:0 c:2');
    expect(rig.pool.health).toMatchObject({ status: 'degraded', connected: 4 });
    rig.start('b');
    await rig.clock.advance(60_000);
    expect(rig.connected).toBe('a:2 b:2 c:2');
    expect(rig.pool.health.status).toBe('healthy');
    await rig.end();
  });

  it('reducePoolConnections() and reconfigure() take from the endpoint with the most', async () => {
    const rig = await new EndpointRig(8, SERVERS).setup();
    expect(rig.shares).toBe('a:3 b:3 c:2');
    rig.pool.reducePoolConnections(2);
    expect(rig.shares).toBe('a:2 b:2 c:2');
    rig.pool.reconfigure({ poolSize: 4 });
    expect([...rig.shares.matchAll(/:(\d)/g)].map(([, count]) => count).sort()).toEqual(['1', '1', '2']);
    rig.pool.reconfigure({ poolSize: 9 });
    await settle();
    expect(rig.connected).toBe('a:3 b:3 c:3');
    await rig.end();
  });

  it('reducePoolConnections() takes a broken member first where endpoints have as many', async () => {
    const rig = await new EndpointRig(6, SERVERS, { heal: false }).setup();
    rig.to('b')[0]?.lose();
    rig.pool.reducePoolConnections(1);
    expect([rig.shares, rig.connected]).toEqual(['a:2 b:1 c:2', 'a:2 b:1 c:2']);
    await rig.end();
  });

  it('reducePoolConnections() leaves busy members alone, although their endpoint has the most', async () => {
    const rig = await new EndpointRig(4, SERVERS).setup();
    for (const connection of rig.to('a')) connection.send();
    expect(rig.pool.reducePoolConnections(1)).toBe(1);
    expect(rig.to('a')).toHaveLength(2);
    await rig.end();
  });

  it('members that were removed from one endpoint, and are not replaced, are made up for by the others', async () => {
    const rig = await new EndpointRig(6, SERVERS).setup();
    rig.pool.removeConnections(rig.to('a'));
    expect(rig.shares).toBe('a:0 b:2 c:2');
    await rig.clock.advance(10 * SETTLED);
    expect([...rig.connected.matchAll(/:(\d)/g)].map(([, count]) => count).sort()).toEqual(['1', '1', '2']);
    await rig.end();
  });

  it('a member that is lost and dialled anew stays at its endpoint', async () => {
    const rig = await new EndpointRig(6, SERVERS).setup();
    for (const connection of rig.to('a')) connection.lose();
    await rig.clock.advance(10 * SETTLED);
    expect(rig.connected).toBe('a:2 b:2 c:2');
    expect(rig.made).toHaveLength(6);
    await rig.end();
  });

  it('connections that were added count at the endpoint that they name, and are left alone where it is none of the list', async () => {
    const rig = await new EndpointRig(3, SERVERS).setup();
    const added = ['a', 'elsewhere', undefined].map((endpoint) => new ScriptedConnection({ endpoint }));
    await rig.pool.extendPoolByConnections(added);
    expect(rig.shares).toBe('a:2 b:1 c:1');
    await rig.clock.advance(10 * SETTLED);
    expect(rig.pool.connections).toEqual(expect.arrayContaining(added));
    await rig.end();
  });

  it('extendPoolByConnections() with three connections to one endpoint: one of them is moved to another', async () => {
    const rig = await new EndpointRig(0, SERVERS).setup();
    const added = Array.from({ length: 3 }, () => new ScriptedConnection({ endpoint: 'a' }));
    await rig.pool.extendPoolByConnections(added);
    await rig.clock.advance(10 * SETTLED);
    expect(rig.connected).toBe('a:1 b:1 c:1');
    expect(rig.fewest).toBe(0);
    await rig.end();
  });
});

describe('reconfigure({ endpoints }) of a pool at work', () => {
  it('an endpoint that enters gets its share, by new connections that are up before the old ones leave', async () => {
    const rig = await new EndpointRig(6, ['a', 'b']).setup();
    rig.fewest = 6;
    rig.pool.reconfigure({ endpoints: ['a', 'b', 'c'] });
    expect(rig.shares).toBe('a:3 b:3 c:0');
    await rig.clock.advance(10 * SETTLED);
    expect(rig.connected).toBe('a:2 b:2 c:2');
    expect([rig.fewest, rig.pool.poolSize, rig.made.length]).toEqual([6, 6, 8]);
    expect(rig.eventsOf('endpoints-changed')).toMatchObject([{ endpoints: ['a', 'b', 'c'] }]);
    expect(rig.eventsOf('left')).toMatchObject([{ reason: 'rebalanced' }, { reason: 'rebalanced' }]);
    await rig.end();
  });

  it('an endpoint that leaves loses its members one by one, each when it has finished what it carries', async () => {
    const rig = await new EndpointRig(6, SERVERS).setup();
    const [busy] = rig.to('c') as [ScriptedConnection];
    busy.send();
    rig.fewest = 6;
    rig.pool.reconfigure({ endpoints: ['a', 'b'] });
    expect(rig.shares).toBe('a:2 b:2 c:2');
    await rig.clock.advance(10 * SETTLED);
    expect([rig.connected, rig.fewest]).toEqual(['a:3 b:3', 6]);
    expect(busy.state).toBe('connected');
    busy.reply();
    await settle();
    expect(busy.state).toBe('closed');
    await rig.end();
  });

  it('members of an endpoint that has left are replaced without delay between them where they are broken', async () => {
    const rig = await new EndpointRig(6, SERVERS).setup();
    rig.stop('c');
    rig.pool.reconfigure({ endpoints: ['a', 'b'] });
    await rig.clock.advance(1_100);
    expect(rig.connected).toBe('a:3 b:3');
    await rig.end();
  });

  it('an endpoint that enters and refuses costs no connection, is tried again, and gets its share when it is there', async () => {
    const rig = await new EndpointRig(6, ['a', 'b']).setup();
    rig.stop('c');
    rig.fewest = 6;
    rig.pool.reconfigure({ endpoints: SERVERS });
    await rig.clock.advance(120_000);
    expect([rig.connected, rig.fewest]).toEqual(['a:3 b:3 c:0', 6]);
    const failures = rig.eventsOf('policy-failed');
    expect(failures.length).toBeGreaterThan(3);
    expect(failures.length).toBeLessThan(30);
    expect(failures[0]).toMatchObject({ cause: expect.any(RenewalError) });
    rig.start('c');
    await rig.clock.advance(60_000);
    expect([rig.connected, rig.fewest]).toEqual(['a:2 b:2 c:2', 6]);
    await rig.end();
  });

  it('an endpoint that enters and refuses holds up neither another that enters nor renew()', async () => {
    const rig = await new EndpointRig(6, ['a', 'b']).setup();
    rig.stop('c');
    rig.fewest = 6;
    rig.pool.reconfigure({ endpoints: ['a', 'b', 'c', 'd'] });
    await rig.clock.advance(20_000);
    expect([rig.connected, rig.fewest]).toEqual(['a:2 b:2 c:0 d:2', 6]);
    await expect(rig.pool.renew()).resolves.toBe(6);
    expect(rig.connected).toBe('a:2 b:2 c:0 d:2');
    rig.start('c');
    await rig.clock.advance(60_000);
    expect(rig.to('c')).toHaveLength(1);
    await rig.end();
  });

  it('where maxSize leaves no room the old connection is closed before the new one is dialled', async () => {
    const rig = await new EndpointRig(4, ['a', 'b'], { maxSize: 4 }).setup();
    let most = 0;
    rig.pool.events$.subscribe(() => {
      most = Math.max(most, rig.made.filter(({ state }) => state === 'connected' || state === 'connecting').length);
    });
    rig.fewest = 4;
    rig.pool.reconfigure({ endpoints: ['a', 'c'] });
    await rig.clock.advance(10 * SETTLED);
    expect([rig.connected, most, rig.fewest]).toEqual(['a:2 c:2', 4, 3]);
    await rig.end();
  });

  it('with a larger poolSize in the same call the new connections go by the new list', async () => {
    const rig = await new EndpointRig(2, ['a']).setup();
    rig.pool.reconfigure({ endpoints: SERVERS, poolSize: 6 });
    await settle();
    expect([rig.connected, rig.made.length]).toEqual(['a:2 b:2 c:2', 6]);
    await rig.end();
  });

  it('a factory that throws leaves the list as it was', async () => {
    const rig = await new EndpointRig(2, ['a']).setup();
    const push = rig.requests.push;
    rig.requests.push = () => {
      throw new Error('no');
    };
    expect(() => rig.pool.reconfigure({ endpoints: SERVERS, poolSize: 6 })).toThrow('connectionFactory');
    rig.requests.push = push;
    expect(rig.shares).toBe('a:2');
    await rig.end();
  });

  it('gives a pool endpoints that had none, and takes them away again with false', async () => {
    const rig = await new EndpointRig(2, undefined).setup();
    expect(rig.pool.health).not.toHaveProperty('endpoints');
    rig.pool.reconfigure({ endpoints: ['a', 'b'], poolSize: 4 });
    await settle();
    expect(rig.connected).toBe('a:1 b:1');
    rig.pool.reconfigure({ endpoints: false, poolSize: 6 });
    await settle();
    expect(rig.requests.slice(-2)).toEqual([{}, {}]);
    expect(rig.pool.health).not.toHaveProperty('endpoints');
    await rig.end();
  });

  it('followed by close(): no member is moved and no timer stays; setup() dials by the new list', async () => {
    const rig = await new EndpointRig(6, ['a', 'b']).setup();
    rig.pool.reconfigure({ endpoints: SERVERS });
    void rig.pool.close();
    await rig.clock.advance(10 * SETTLED);
    expect([rig.pool.connections.length, rig.made.length, rig.clock.timers]).toEqual([0, 6, 0]);
    await rig.pool.setup();
    expect(rig.connected).toBe('a:2 b:2 c:2');
    await rig.end();
  });
});

describe('A pool whose endpoints are an observable', () => {
  it('setup() before the first list waits for it, and the pool is starting', async () => {
    const lists = new Subject<readonly string[]>();
    const rig = new EndpointRig(4, lists);
    expect(rig.pool.health.status).toBe('empty');
    const setup = watch(rig.pool.setup());
    await rig.clock.advance(60_000);
    expect(setup.status).toBe('pending');
    expect(rig.pool.health).toMatchObject({ status: 'starting', total: 0, endpoints: [] });
    lists.next(['a', 'b']);
    await settle();
    expect([setup.status, rig.connected]).toEqual(['resolved', 'a:2 b:2']);
    await rig.end();
    expect(lists.observed).toBe(false);
  });

  it('a list that is there on subscribing fills the pool within the call of setup()', async () => {
    const rig = new EndpointRig(4, new BehaviorSubject(['a', 'b']));
    void rig.pool.setup();
    expect(rig.shares).toBe('a:2 b:2');
    await rig.end();
  });

  it('use() before the first list opens the pool and waits its turn', async () => {
    const lists = new Subject<readonly string[]>();
    const rig = new EndpointRig(2, lists);
    const used = watch(rig.pool.use(async ({ endpoint }) => endpoint));
    const late = watch(rig.pool.use(async () => {}, { waitTimeout: 100 }));
    lists.next(new CommandFailure(new Error('queryA ENOTFOUND')) as never);
    await rig.clock.advance(200);
    expect(late.reason).toBeInstanceOf(WaitTimeoutError);
    expect(late.reason).toMatchObject({ cause: { message: 'queryA ENOTFOUND' } });
    lists.next(['a']);
    await settle();
    expect(used).toMatchObject({ status: 'resolved', value: 'a' });
    await rig.end();
  });

  it('extendPoolBySize() before the first list waits for it, and refill adds nothing besides', async () => {
    const lists = new Subject<readonly string[]>();
    const rig: EndpointRig = new EndpointRig(3, lists, {
      policies: [
        (pool) =>
          pool.health$.pipe(refill((count) => pool.extendPoolBySize(count), { scheduler: rig.clock.scheduler })),
      ],
    });
    const setup = watch(rig.pool.setup());
    const extended = watch(rig.pool.extendPoolBySize(1));
    await rig.clock.advance(5_000);
    lists.next(['a', 'b']);
    await rig.clock.advance(5_000);
    expect([setup.status, extended.status]).toEqual(['resolved', 'resolved']);
    expect([rig.pool.poolSize, rig.connected]).toEqual([4, 'a:2 b:2']);
    await rig.end();
  });

  it('goes by each list that it emits, and tells of each that differs', async () => {
    const lists = new BehaviorSubject<readonly string[]>(['a', 'b']);
    const rig = await new EndpointRig(4, lists).setup();
    lists.next(['a', 'b']);
    lists.next(['b', 'c']);
    await rig.clock.advance(10 * SETTLED);
    expect(rig.connected).toBe('b:2 c:2');
    const changes = rig.events.flatMap((event) => (event.type === 'endpoints-changed' ? [event.endpoints] : []));
    expect(changes).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ]);
    await rig.end();
  });

  it.each([
    ['an empty list', [], 'endpoints must be an array of at least one string, got an array'],
    ['no list', 'a', 'endpoints must be an array of strings, got "a"'],
    ['a list with a number', ['a', 5], 'endpoints[1] must be a string, got 5'],
    ['a list with an empty text', [''], 'endpoints[0] must be a non-empty string, got ""'],
    ['a list in which a text stands twice', ['a', 'b', 'a'], 'endpoints[2] must be a string that occurs once, got "a"'],
  ])('%s that it emits is told by endpoints-failed, and the last list stays', async (_, list, message) => {
    const lists = new BehaviorSubject<readonly string[]>(['a', 'b']);
    const rig = await new EndpointRig(4, lists).setup();
    lists.next(list as readonly string[]);
    await rig.clock.advance(10 * SETTLED);
    expect(rig.connected).toBe('a:2 b:2');
    expect(rig.eventsOf('endpoints-failed')).toMatchObject([{ cause: { message } }]);
    lists.next(['a']);
    await rig.clock.advance(10 * SETTLED);
    expect(rig.connected).toBe('a:4');
    await rig.end();
  });

  it('its error is told by endpoints-failed, its end by endpoints-ended, and the last list stays', async () => {
    for (const end of ['error', 'complete'] as const) {
      const lists = new BehaviorSubject<readonly string[]>(['a', 'b']);
      const rig = await new EndpointRig(4, lists).setup();
      const cause = new Error('unwatched');
      if (end === 'error') lists.error(cause);
      else lists.complete();
      rig.pool.reconfigure({ poolSize: 6 });
      await settle();
      expect(rig.connected).toBe('a:3 b:3');
      expect(rig.events.filter(({ type }) => type.startsWith('endpoints-')).map(({ type }) => type)).toEqual([
        'endpoints-changed',
        end === 'error' ? 'endpoints-failed' : 'endpoints-ended',
      ]);
      await rig.end();
    }
  });

  it.each([
    ['errors', throwError(() => new Error('no watch')), 'no watch'],
    ['completes', of<readonly string[]>(), undefined],
    ['throws on subscribing', new Observable<readonly string[]>(() => thrown()), 'thrown'],
  ])('setup() rejects with a NoEndpointsError where it %s without a list', async (_, source, message) => {
    const rig = new EndpointRig(2, source as Observable<readonly string[]>);
    const error = await rig.pool.setup().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NoEndpointsError);
    expect((error as Error).cause).toEqual(message === undefined ? undefined : expect.objectContaining({ message }));
    expect(rig.pool.health.status).toBe('empty');
    await rig.end();
  });

  it('close() before the first list ends the wait of setup(), and setup() may follow', async () => {
    let subscriptions = 0;
    const lists = new Subject<readonly string[]>();
    const source = new Observable<readonly string[]>((subscriber) => {
      subscriptions++;
      return lists.subscribe(subscriber);
    });
    const rig = new EndpointRig(2, source);
    const first = watch(rig.pool.setup());
    const extended = watch(rig.pool.extendPoolBySize(1));
    await rig.pool.close();
    await settle();
    expect([first.status, extended.status, lists.observed]).toEqual(['resolved', 'resolved', false]);
    await expect(rig.pool.extendPoolBySize(1)).rejects.toBeInstanceOf(PoolClosedError);
    const second = watch(rig.pool.setup());
    lists.next(['a']);
    await settle();
    expect([second.status, rig.connected, subscriptions]).toEqual(['resolved', 'a:2', 2]);
    await rig.end();
  });

  it('opened again, the pool starts with the last list, although the observable has not emitted yet', async () => {
    const lists = new Subject<readonly string[]>();
    const rig = new EndpointRig(2, lists);
    void rig.pool.setup();
    lists.next(['a', 'b']);
    await settle();
    await rig.pool.close();
    await rig.pool.setup();
    expect(rig.connected).toBe('a:1 b:1');
    lists.next(['c']);
    await rig.clock.advance(10 * SETTLED);
    expect(rig.connected).toBe('c:2');
    await rig.end();
  });

  it('reconfigure() replaces it by a list or another observable, and fills the pool that still waits', async () => {
    const rig = new EndpointRig(2, NEVER);
    const setup = watch(rig.pool.setup());
    const lists = new Subject<readonly string[]>();
    rig.pool.reconfigure({ endpoints: lists });
    await settle();
    expect(setup.status).toBe('pending');
    rig.pool.reconfigure({ endpoints: ['a', 'b'] });
    await settle();
    expect([setup.status, rig.connected, lists.observed]).toEqual(['resolved', 'a:1 b:1', false]);
    await rig.end();
  });

  it('reconfigure() with a larger poolSize before the first list fills the pool when it comes', async () => {
    const rig = await new EndpointRig(2, undefined).setup();
    const lists = new Subject<readonly string[]>();
    rig.pool.reconfigure({ endpoints: lists, poolSize: 4 });
    await settle();
    expect(rig.pool.connections).toHaveLength(2);
    lists.next(['a', 'b']);
    await settle();
    expect(rig.connected).toBe('a:1 b:1');
    await rig.end();
  });
});

describe('health.endpoints', () => {
  it('has the figures of each endpoint, in frozen objects, in the order of the list', async () => {
    const rig = await new EndpointRig(6, ['b', 'a', 'c'], { heal: false }).setup();
    rig.stop('c');
    const [first] = rig.to('a') as [ScriptedConnection];
    first.send();
    first.send();
    const lease = rig.pool.tryLease();
    const { endpoints = [] } = rig.pool.health;
    expect(endpoints).toEqual([
      { endpoint: 'b', total: 2, connecting: 0, connected: 2, broken: 0, pending: expect.any(Number) },
      { endpoint: 'a', total: 2, connecting: 0, connected: 2, broken: 0, pending: expect.any(Number) },
      { endpoint: 'c', total: 2, connecting: 0, connected: 0, broken: 2, pending: 0 },
    ]);
    expect(endpoints.reduce((sum, { pending }) => sum + pending, 0)).toBe(3);
    expect([endpoints, ...endpoints].every(Object.isFrozen)).toBe(true);
    lease?.release();
    expect(JSON.parse(JSON.stringify(rig.pool.health)).endpoints).toHaveLength(3);
    await rig.end();
  });

  it('health$ emits when a member moves from one endpoint to another, although no other figure differs', async () => {
    const rig = await new EndpointRig(4, ['a', 'b'], { heal: false }).setup();
    const { pool } = rig;
    const [one, another] = rig.to('a') as [ScriptedConnection, ScriptedConnection];
    const other = new ScriptedConnection({ endpoint: 'b' });
    await other.connect();
    // Both changes of one call of a subscriber are shown by one flush.
    pool.connections$.pipe(skip(1), take(1)).subscribe(() => {
      pool.removeConnections([another]);
      void pool.extendPoolByConnections([other]);
    });
    const seen: string[] = [];
    pool.health$.subscribe(({ total, endpoints = [] }) =>
      seen.push([total, ...endpoints.map((each) => each.total)].join(' ')),
    );
    pool.removeConnections([one]);
    expect(seen).toEqual(['4 2 2', '3 1 2', '3 0 3']);
    await rig.end();
  });

  it('tells of loads at the moment of each reading', async () => {
    const rig = await new EndpointRig(2, ['a', 'b']).setup();
    const [a, b] = rig.pool.connections as [ScriptedConnection, ScriptedConnection];
    const pending = (): number[] => (rig.pool.health.endpoints ?? []).map((each) => each.pending);
    a.send();
    expect(pending()).toEqual([1, 0]);
    a.reply();
    b.send();
    expect(pending()).toEqual([0, 1]);
    await rig.end();
  });

  it('of a closed pool shows no members', async () => {
    const rig = await new EndpointRig(2, SERVERS).setup();
    await rig.pool.close();
    expect(rig.shares).toBe('a:0 b:0 c:0');
    await rig.end();
  });
});

function thrown(): never {
  throw new Error('thrown');
}

describe('The option endpoints', () => {
  it.each([
    [null, 'options.endpoints must be an array of strings, or an observable of such, got null'],
    ['a', 'options.endpoints must be an array of strings, or an observable of such, got "a"'],
    [true, 'options.endpoints must be an array of strings, or an observable of such, got true'],
    [[], 'options.endpoints must be an array of at least one string, got an array'],
    [['a', 5], 'options.endpoints[1] must be a string, got 5'],
    [['a', ''], 'options.endpoints[1] must be a non-empty string, got ""'],
    [['a', 'b', 'a'], 'options.endpoints[2] must be a string that occurs once, got "a"'],
  ])('%j is refused with a typed error', (endpoints, message) => {
    const error = thrownBy(() => new EndpointRig(2, endpoints as never));
    expect(error).toMatchObject({ message, code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/) });
  });
});
