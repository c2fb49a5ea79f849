import { type Observable, Subject } from 'rxjs';
import { ConnectionPool } from 'rxpool';
import { injectConnectionPool, poolHealth, provideConnectionPool } from 'rxpool/angular';
import { ScriptedConnection } from 'rxpool/testing';
import { until } from '../support/until.js';
import { destroyInjectors, makeInjector, within, ZoneDouble } from './injectors.js';

/** What was called inside the zone, by its name. */
class Witness {
  readonly zone = new ZoneDouble();
  readonly inside: string[] = [];
  readonly outside: string[] = [];

  saw(what: string): void {
    (this.zone.isInside ? this.inside : this.outside).push(what);
  }
}

class WatchedConnection extends ScriptedConnection {
  constructor(readonly witness: Witness) {
    super();
    witness.saw('factory');
  }

  protected override open(signal: AbortSignal): Promise<object> {
    this.witness.saw('connect');
    return super.open(signal);
  }
}

interface Rig {
  readonly witness: Witness;
  readonly zone: ZoneDouble;
  readonly pool: ConnectionPool<WatchedConnection>;
}

/** A pool that was injected inside the zone. */
function makeRig(poolSize = 1): Rig {
  const witness = new Witness();
  const { zone } = witness;
  for (const name of ['setTimeout', 'setInterval'] as const) {
    const original = globalThis[name];
    jest.spyOn(globalThis, name).mockImplementation(((...args: Parameters<typeof setTimeout>) => {
      witness.saw(name);
      return original(...args);
    }) as never);
  }
  const connectionFactory = (): WatchedConnection => new WatchedConnection(witness);
  const injector = makeInjector([zone.provider, provideConnectionPool({ poolSize, connectionFactory })]);
  const pool = zone.inside(() => within(injector, () => injectConnectionPool<WatchedConnection>()));
  return { witness, zone, pool };
}

afterEach(() => {
  destroyInjectors();
  jest.restoreAllMocks();
});

describe('A pool that is injected and called inside the zone of zone.js', () => {
  it('makes and dials its connections outside', async () => {
    const { witness, pool } = makeRig(3);
    await pool.ready({ min: 3 });
    expect(witness.inside).toEqual([]);
    expect(witness.outside.filter((what) => what === 'connect')).toHaveLength(3);
  });

  it('use with a timeout sets its timer and calls the work outside', async () => {
    const { witness, zone, pool } = makeRig();
    await zone.inside(() => pool.use(async () => witness.saw('work'), { timeout: 1_000 }));
    expect(witness.inside).toEqual([]);
    expect(witness.outside).toContain('work');
    expect(witness.outside).toEqual(expect.arrayContaining([expect.stringMatching(/^set(Timeout|Interval)$/)]));
  });

  it('withConnection borrows outside for each subscription, and its subscriber is told outside', async () => {
    const { witness, zone, pool } = makeRig();
    const source = new Subject<number>();
    const work = (): Observable<number> => {
      witness.saw('work');
      return source;
    };
    zone.inside(() => pool.withConnection(work)).subscribe(() => witness.saw('value'));
    zone.inside(() => pool.withConnection(work).subscribe(() => witness.saw('value')));
    await until(() => witness.outside.filter((what) => what === 'work').length === 2);
    zone.inside(() => source.next(1));
    expect(witness.inside).toEqual([]);
    expect(witness.outside.filter((what) => what === 'value')).toHaveLength(2);
  });

  it('a connection that is lost inside is dialled anew outside', async () => {
    const { witness, zone, pool } = makeRig();
    await pool.ready();
    zone.inside(() => pool.connections[0]?.lose());
    await until(() => pool.isWorking());
    expect([...witness.inside, ...witness.outside]).toContain('connect');
    expect(witness.inside).not.toContain('connect');
    expect(witness.outside.filter((what) => what === 'connect')).toHaveLength(2);
  });

  it('a lease that is invalidated inside is dialled anew outside', async () => {
    const { witness, zone, pool } = makeRig();
    const lease = await pool.lease();
    zone.inside(() => lease.invalidate(new Error('out of step')));
    await until(() => witness.outside.filter((what) => what === 'connect').length === 2);
    expect(witness.inside).not.toContain('connect');
  });

  it('poolHealth that is asked for inside sets its timers outside', async () => {
    const { witness, zone, pool } = makeRig();
    await pool.ready();
    const injector = makeInjector([zone.provider]);
    const health = zone.inside(() => within(injector, () => poolHealth(pool, { every: 5 })));
    const lease = await pool.lease();
    await until(() => health().pending === 1);
    zone.inside(() => lease.release());
    await until(() => health().pending === 0);
    expect(witness.inside).toEqual([]);
  });

  it('calls on `this` and with all arguments: every method does what it does without a zone', async () => {
    const { zone, pool } = makeRig(2);
    await zone.inside(() => pool.setup({ attempts: 2 }));
    await zone.inside(() => pool.extendPoolBySize(1));
    expect(zone.inside(() => pool.reducePoolConnections(2, true))).toBe(2);
    expect(zone.inside(() => pool.toString())).toBe('ConnectionPool (healthy, 1 of 1 connected, 0 pending, 0 waiting)');
    expect(zone.inside(() => pool.tryLease())?.connection).toBe(pool.connections[0]);
    await zone.inside(() => pool[Symbol.asyncDispose]());
    expect(pool.health.status).toBe('closed');
  });
});

describe('A pool in an application with a zone', () => {
  it('has methods that a test may put others in place of', async () => {
    const { pool } = makeRig();
    jest.spyOn(pool, 'use').mockResolvedValue('Ada');
    expect(await pool.use(async () => 'Grace')).toBe('Ada');
  });
});

describe('A pool in an application without a zone', () => {
  it('keeps the methods of its class', () => {
    const connectionFactory = (): ScriptedConnection => new ScriptedConnection();
    const injector = makeInjector([provideConnectionPool({ poolSize: 1, connectionFactory })]);
    expect(injector.get(ConnectionPool).use).toBe(ConnectionPool.prototype.use);
  });
});
