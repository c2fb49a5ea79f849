import { NEVER } from 'rxjs';
import * as core from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { startFaultProxy, startZcachedServer } from 'rxpool/testing/node';
import { ZcachedClient, ZcachedConnection } from 'rxpool/zcached';
import { OwnConnection, type TestConnection } from '../support/connections.js';
import { figures, openRig, type Rig } from '../support/pools.js';

/** A call that takes options, one of its options, and that option misspelt. */
type Row = [call: string, option: string, misspelt: string, run: (options: never) => unknown];

const work = (): number => 1;
const never = (): never => {
  throw new Error('called');
};

/** What a call throws or rejects with. */
async function refusalOf(run: () => unknown): Promise<object> {
  try {
    await run();
  } catch (error) {
    const { name, code, message } = error as Error & { readonly code?: unknown };
    return { name, code, message };
  }
  return { name: 'none' };
}

const refusal = (path: string, option: string): object => ({
  name: 'TypeError',
  code: 'ERR_UNKNOWN_OPTION',
  message: `${path} is no option; did you mean ${option}?`,
});

describe('an unknown option of a method of a pool', () => {
  let test: Rig;

  const look = (): string => {
    const { pool, made, clock, events } = test;
    const states = made.map(({ state, dials, closes, pending }) => [state, dials, closes, pending]);
    return JSON.stringify([pool.poolSize, figures(pool.health), pool.health.status, states, clock.timers, events]);
  };

  const make = (): TestConnection => new OwnConnection();

  beforeEach(async () => {
    test = await openRig(make, 2);
  });

  it.each<Row>([
    ['setup()', 'signal', 'signel', (options) => test.pool.setup(options)],
    ['extendPoolBySize(1)', 'signal', 'sginal', (options) => test.pool.extendPoolBySize(1, options)],
    [
      'extendPoolByConnections()',
      'signal',
      'Signal',
      (options) => test.pool.extendPoolByConnections([make()], options),
    ],
    [
      'removeConnections()',
      'drainTimeout',
      'drainTimout',
      (options) => test.pool.removeConnections(test.made, options),
    ],
    ['ejectConnections()', 'duration', 'durration', (options) => test.pool.ejectConnections(test.made, options)],
    ['invalidateConnections()', 'cause', 'couse', (options) => test.pool.invalidateConnections(test.made, options)],
    ['reconnect(false)', 'signal', 'signl', (options) => test.pool.reconnect(false, options)],
    ['renew()', 'maxUnavailable', 'maxUnavailible', (options) => test.pool.renew(options)],
    ['renew() with connections', 'connections', 'conections', (options) => test.pool.renew(options)],
    ['renew() with a drain', 'drainTimeout', 'drain_timeout', (options) => test.pool.renew(options)],
    ['ready()', 'timeout', 'timeOut', (options) => test.pool.ready(options)],
    ['close()', 'drainTimeout', 'draintimeout', (options) => test.pool.close(options)],
    ['close() with a signal', 'signal', 'signals', (options) => test.pool.close(options)],
    ['use()', 'waitTimeout', 'waitTimout', (options) => test.pool.use(work, options)],
    ['use() with a key', 'key', 'keys', (options) => test.pool.use(work, options)],
    ['withConnection()', 'timeout', 'timeuot', (options) => test.pool.withConnection(() => NEVER, options)],
    ['lease()', 'waitTimeout', 'waitTimeuot', (options) => test.pool.lease(options)],
    ['tryLease()', 'key', 'kay', (options) => test.pool.tryLease(options)],
  ])('%s refuses it with a TypeError that names %s, and changes nothing', async (_, option, misspelt, run) => {
    const before = look();
    expect(await refusalOf(() => run({ [misspelt]: undefined } as never))).toEqual(
      refusal(`options.${misspelt}`, option),
    );
    expect(look()).toBe(before);
  });

  it('lease() refuses the option timeout of use(), and suggests waitTimeout for a slip of that', async () => {
    expect(await refusalOf(() => test.pool.lease({ timeout: 5 } as never))).toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
      message: expect.stringContaining('options.timeout'),
    });
    expect(await refusalOf(() => test.pool.lease({ wait_timeout: 5 } as never))).toEqual(
      refusal('options.wait_timeout', 'waitTimeout'),
    );
  });
});

describe('an unknown option of a function of the core', () => {
  it.each<Row>([
    ['new ConnectionPool()', 'maxPending', 'maxPeding', (options) => new core.ConnectionPool(1, never, options)],
    ['reconnectBroken()', 'backoff', 'backof', (options) => core.reconnectBroken(options)],
    ['cleanupBroken()', 'after', 'aftre', (options) => core.cleanupBroken(never, options)],
    ['ejectOutliers()', 'maxEjected', 'maxEject', (options) => core.ejectOutliers(never, options)],
    ['validateIdle()', 'interval', 'intervall', (options) => core.validateIdle(never, never, options)],
    ['circuitBreaker()', 'openFor', 'openfor', (options) => core.circuitBreaker(options)],
    ['refill()', 'backoff', 'backOff', (options) => core.refill(never, options)],
    ['growOnDemand()', 'targetLoad', 'tagetLoad', (options) => core.growOnDemand(never, options)],
    ['growOnDemand() with a scheduler', 'scheduler', 'schedular', (options) => core.growOnDemand(never, options)],
    ['shrinkIdle()', 'idleTimeout', 'idleTimeOut', (options) => core.shrinkIdle(never, options)],
    ['healthEvery(1)', 'scheduler', 'shceduler', (options) => core.healthEvery(1, options)],
    ['recycle()', 'maxLifetime', 'maxLifeTime', (options) => core.recycle(never, options)],
    ['leastLoaded()', 'weight', 'wieght', (options) => core.leastLoaded(options)],
    ['powerOfTwoChoices()', 'random', 'randon', (options) => core.powerOfTwoChoices(options)],
    ['peakEwma()', 'decay', 'deacy', (options) => core.peakEwma(options)],
    ['preferred()', 'spillOver', 'spillover', (options) => core.preferred(() => true, options)],
    ['sticky()', 'idOf', 'idof', (options) => core.sticky(String, options)],
    ['exponentialBackoff()', 'initial', 'inital', (options) => core.exponentialBackoff(options)],
    ['decorrelatedJitter()', 'initial', 'inital', (options) => core.decorrelatedJitter(options)],
    ['constantBackoff(1)', 'jitter', 'jiter', (options) => core.constantBackoff(1, options)],
    ['new ScriptedConnection()', 'onDial', 'onDail', (options) => new ScriptedConnection(options)],
  ])('%s throws a TypeError that names %s', async (_, option, misspelt, run) => {
    expect(await refusalOf(() => run({ [misspelt]: 1 } as never))).toEqual(refusal(`options.${misspelt}`, option));
  });

  it('an option that resembles none is refused with those that are known', async () => {
    expect(await refusalOf(() => core.constantBackoff(1, { colour: 'red' } as never))).toEqual({
      name: 'TypeError',
      code: 'ERR_UNKNOWN_OPTION',
      message: 'options.colour is no option; known: jitter, random',
    });
  });
});

describe('an unknown option of the zcached client and its servers for tests', () => {
  const pool = { use: never };
  const client = new ZcachedClient(pool);

  it.each<[...Row, path?: string]>([
    ['new ZcachedConnection()', 'port', 'prot', (options) => new ZcachedConnection(options)],
    ['new ZcachedConnection({ tls })', 'servername', 'serverName', (tls) => new ZcachedConnection({ tls }), 'tls'],
    [
      'new ZcachedConnection({ limits })',
      'maxDepth',
      'maxDept',
      (limits) => new ZcachedConnection({ limits }),
      'limits',
    ],
    ['new ZcachedClient()', 'encoding', 'encodding', (options) => new ZcachedClient(pool, options)],
    ['ZcachedClient.connect(options)', 'poolSize', 'poolsize', (options) => ZcachedClient.connect(options)],
    [
      'ZcachedClient.connect(url, options)',
      'pool',
      'poool',
      (options) => ZcachedClient.connect('zcached://h', options),
    ],
    [
      'ZcachedClient.connect({ pool })',
      'maxWaiting',
      'maxwaiting',
      (options) => ZcachedClient.connect({ pool: options }),
    ],
    ['ping()', 'timeout', 'timout', (options) => client.ping(options)],
    ['get()', 'encoding', 'encodig', (options) => client.get('key', options)],
    ['get$()', 'timeout', 'timoeut', (options) => client.get$('key', options)],
    ['set()', 'signal', 'singal', (options) => client.set('key', 1, options)],
    ['mget()', 'timeout', 'timeoutt', (options) => client.mget(['key'], options)],
    ['mset()', 'encoding', 'enconding', (options) => client.mset({ key: 1 }, options)],
    ['copy()', 'replace', 'repalce', (options) => client.copy('a', 'b', options)],
    ['entries()', 'batchSize', 'batchsize', (options) => client.entries(options)],
    ['startZcachedServer()', 'generation', 'generatoin', (options) => startZcachedServer(options)],
    [
      'startZcachedServer({ flaws })',
      'echoesKeys',
      'echosKeys',
      (flaws) => startZcachedServer({ flaws }),
      'options.flaws',
    ],
    ['startZcachedServer({ tls })', 'cert', 'crt', (tls) => startZcachedServer({ tls }), 'options.tls'],
    ['startFaultProxy()', 'toServer', 'toSever', (options) => startFaultProxy(options)],
    [
      'startFaultProxy({ toClient })',
      'delay',
      'dealy',
      (toClient) => startFaultProxy({ port: 1, toClient }),
      'options.toClient',
    ],
  ])('%s refuses it with a TypeError that names %s', async (_, option, misspelt, run, path = 'options') => {
    expect(await refusalOf(() => run({ [misspelt]: 1 } as never))).toEqual(refusal(`${path}.${misspelt}`, option));
  });
});
