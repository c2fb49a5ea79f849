import { NEVER } from 'rxjs';
import { ConnectionPool, type ConnectionPoolOptions } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, openRig, type Rig, thrownBy } from '../support/pools.js';

const WRONG_TYPES = ['3', null, {}, [], true, Symbol.iterator, 1n, () => 3];
const NO_SIZES = [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53];

const shown = (value: unknown): string => {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
};

const wrongType = (argument: string, value: unknown): object => ({
  name: 'TypeError',
  code: 'ERR_INVALID_ARG_TYPE',
  message: expect.stringMatching(new RegExp(`^${escaped(argument)} must be .+, got ${escaped(shown(value))}$`)),
});

const outOfRange = (argument: string, value: unknown): object => ({
  name: 'RangeError',
  code: 'ERR_OUT_OF_RANGE',
  message: expect.stringMatching(new RegExp(`^${escaped(argument)} must be .+, got ${escaped(shown(value))}$`)),
});

const escaped = (text: string): string => text.replace(/[[\](){}.*+?^$|\\]/g, '\\$&');

type Wrong = readonly [argument: string, value: unknown, error: (argument: string, value: unknown) => object];

const sizes = (argument: string): Wrong[] => [
  ...WRONG_TYPES.concat([undefined as never]).map((value): Wrong => [argument, value, wrongType]),
  ...NO_SIZES.map((value): Wrong => [argument, value, outOfRange]),
];
const types = (argument: string, values: readonly unknown[]): Wrong[] =>
  values.map((value): Wrong => [argument, value, wrongType]);
const ranges = (argument: string, values: readonly unknown[]): Wrong[] =>
  values.map((value): Wrong => [argument, value, outOfRange]);
const durations = (argument: string, ...more: unknown[]): Wrong[] => [
  ...types(argument, ['3', {}, true, ...more]),
  ...ranges(argument, [Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31]),
];
const bags = [null, 5, 'options', true, Symbol.iterator];
const signals = types('options.signal', [null, {}, 'abort', new AbortController()]);

/** What is refused for every option that can be changed later. */
const OPTIONS: Wrong[] = [
  ...['connectTimeout', 'closeTimeout', 'drainTimeout', 'waitTimeout', 'resetTimeout'].flatMap((name) =>
    durations(name, null),
  ),
  ...['maxDials', 'maxPending', 'maxSize'].flatMap((name) => [
    ...types(name, ['3', null, {}, true]),
    ...ranges(name, [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY]),
  ]),
  ...['minSize', 'maxWaiting'].flatMap((name) => sizes(name).filter(([, value]) => value !== undefined)),
  ...['heal', 'breaker', 'warmup', 'reset'].flatMap((name) => types(name, [true, null, 0, '', {}])),
  ...types('select', [null, false, true, 0, {}]),
  ...types('policies', [null, false, {}, () => 3, 'policies']),
  ...types('failFast', [null, 0, 'yes', {}]),
  ...types('leakThreshold', ['3', null, {}, true]),
  ...ranges('leakThreshold', [Number.NaN, -1]),
];

describe('a pool that is made with wrong arguments', () => {
  const make = (poolSize: unknown, factory: unknown, options?: unknown): ConnectionPool<TestConnection> =>
    new ConnectionPool(
      poolSize as number,
      factory as () => TestConnection,
      options as ConnectionPoolOptions<TestConnection>,
    );
  const factory = (): TestConnection => {
    throw new Error('nobody asked for a connection');
  };

  it.each(sizes('poolSize'))('refuses %s: %p', (argument, value, error) => {
    expect(thrownBy(() => make(value, factory))).toMatchObject(error(argument, value));
  });

  it.each(types('connectionFactory', [undefined, null, 5, 'factory', {}, []]))(
    'refuses %s: %p',
    (argument, value, error) => {
      expect(thrownBy(() => make(1, value))).toMatchObject(error(argument, value));
    },
  );

  it.each(types('options', bags))('refuses %s: %p', (argument, value, error) => {
    expect(thrownBy(() => make(1, factory, value))).toMatchObject(error(argument, value));
  });

  it.each([...OPTIONS, ...types('scheduler', [{}, 5, 'asap'])])('refuses options.%s: %p', (name, value, error) => {
    expect(thrownBy(() => make(1, factory, { [name]: value }))).toMatchObject(error(`options.${name}`, value));
  });

  it('refuses options.policies that are not all functions', () => {
    const policies = [() => {}, 'policy'];
    expect(thrownBy(() => make(1, factory, { policies }))).toMatchObject(wrongType('options.policies[1]', 'policy'));
  });

  it('refuses a minSize above maxSize, and a poolSize beyond either', () => {
    expect(thrownBy(() => make(2, factory, { minSize: 3, maxSize: 2 }))).toMatchObject(
      outOfRange('options.minSize', 3),
    );
    expect(thrownBy(() => make(2, factory, { minSize: 3 }))).toMatchObject(outOfRange('poolSize', 2));
    expect(thrownBy(() => make(2, factory, { maxSize: 1 }))).toMatchObject(outOfRange('poolSize', 2));
  });

  it('takes undefined for the default of every option', () => {
    const names = [...OPTIONS.map(([name]) => name), 'scheduler'];
    expect(make(1, factory, Object.fromEntries(names.map((name) => [name, undefined]))).poolSize).toBe(1);
    expect(make(0, factory, undefined).poolSize).toBe(0);
  });

  it('keeps the contents of long strings and of objects out of its messages', () => {
    const secret = 'password '.repeat(10);
    expect((thrownBy(() => make(secret, factory)) as Error).message).not.toContain('password');
    expect((thrownBy(() => make({ secret }, factory)) as Error).message).not.toContain('password');
  });
});

describe.each(KINDS)('a pool of $kind that is called with wrong arguments', ({ make }) => {
  let test: Rig;
  let before: string;

  const look = (): string => {
    const { pool, made, clock, events } = test;
    const states = made.map(({ state, dials, closes, pending }) => [state, dials, closes, pending]);
    return JSON.stringify([figures(pool.health), pool.health.status, states, clock.timers, events.length]);
  };

  beforeEach(async () => {
    test = await openRig(make, 2);
    before = look();
  });

  afterEach(() => {
    expect(look()).toBe(before);
  });

  const rejections: [call: string, run: (value: never) => Promise<unknown>, wrongs: Wrong[]][] = [
    ['setup(…)', (value) => test.pool.setup(value), types('options', bags)],
    ['setup({ signal })', (signal) => test.pool.setup({ signal }), signals],
    ['extendPoolBySize(…)', (value) => test.pool.extendPoolBySize(value), sizes('size')],
    ['extendPoolBySize(1, …)', (value) => test.pool.extendPoolBySize(1, value), types('options', bags)],
    ['extendPoolBySize(1, { signal })', (signal) => test.pool.extendPoolBySize(1, { signal }), signals],
    [
      'extendPoolByConnections(…)',
      (value) => test.pool.extendPoolByConnections(value),
      types('connections', [undefined, null, 5, {}, true]),
    ],
    [
      'extendPoolByConnections([…])',
      (value) => test.pool.extendPoolByConnections([make(), value]),
      types('connections[1]', [undefined, null, 5, 'connection', {}, { connect() {}, close() {} }]),
    ],
    ['extendPoolByConnections([], …)', (value) => test.pool.extendPoolByConnections([], value), types('options', bags)],
    ['extendPoolByConnections([], { signal })', (signal) => test.pool.extendPoolByConnections([], { signal }), signals],
    ['reconnect(…)', (value) => test.pool.reconnect(value), types('onlyBrokenConnections', [null, 0, 'no', {}])],
    ['reconnect(true, …)', (value) => test.pool.reconnect(true, value), types('options', bags)],
    ['reconnect(true, { signal })', (signal) => test.pool.reconnect(true, { signal }), signals],
    ['ready(…)', (value) => test.pool.ready(value), types('options', bags)],
    [
      'ready({ min })',
      (min) => test.pool.ready({ min }),
      sizes('options.min').filter(([, value]) => value !== undefined),
    ],
    ['ready({ timeout })', (timeout) => test.pool.ready({ timeout }), durations('options.timeout', null)],
    ['ready({ signal })', (signal) => test.pool.ready({ signal }), signals],
    ['close(…)', (value) => test.pool.close(value), types('options', bags)],
    [
      'close({ drainTimeout })',
      (drainTimeout) => test.pool.close({ drainTimeout }),
      durations('options.drainTimeout', null),
    ],
    ['close({ signal })', (signal) => test.pool.close({ signal }), signals],
    ['use(…)', (value) => test.pool.use(value), types('work', [undefined, null, 5, {}, 'work'])],
    ['use(work, …)', (value) => test.pool.use(() => 1, value), types('options', bags)],
    ['use(work, { timeout })', (timeout) => test.pool.use(() => 1, { timeout }), durations('options.timeout', null)],
    ['use(work, { signal })', (signal) => test.pool.use(() => 1, { signal }), signals],
    [
      'use(work, { waitTimeout })',
      (waitTimeout) => test.pool.use(() => 1, { waitTimeout }),
      durations('options.waitTimeout', null),
    ],
    ['lease(…)', (value) => test.pool.lease(value), types('options', bags)],
    ['lease({ signal })', (signal) => test.pool.lease({ signal }), signals],
    ['lease({ waitTimeout })', (waitTimeout) => test.pool.lease({ waitTimeout }), durations('options.waitTimeout')],
    ['renew(…)', (value) => test.pool.renew(value), types('options', bags)],
    ['renew({ signal })', (signal) => test.pool.renew({ signal }), signals],
    [
      'renew({ maxUnavailable })',
      (maxUnavailable) => test.pool.renew({ maxUnavailable }),
      sizes('options.maxUnavailable').filter(([, value]) => value !== undefined),
    ],
    [
      'renew({ drainTimeout })',
      (drainTimeout) => test.pool.renew({ drainTimeout }),
      durations('options.drainTimeout', null),
    ],
    [
      'renew({ connections })',
      (connections) => test.pool.renew({ connections }),
      types('options.connections', [null, 5, {}, true]),
    ],
    [
      'renew({ connections: […] })',
      (value) => test.pool.renew({ connections: [test.made[0] as TestConnection, value] }),
      types('options.connections[1]', [undefined, null, 5, {}]),
    ],
  ];

  describe.each(rejections)('%s', (_, run, wrongs) => {
    it.each(wrongs)('rejects %s: %p, before anything changes', async (argument, value, error) => {
      const rejected = run(value as never).then(
        () => 'resolved',
        (cause: unknown) => cause,
      );
      expect(look()).toBe(before);
      expect(await rejected).toMatchObject(error(argument, value));
    });
  });

  const throws: [call: string, run: (value: never) => unknown, wrongs: Wrong[]][] = [
    [
      'reducePoolConnections(…)',
      (value) => test.pool.reducePoolConnections(value),
      [
        ...types('amount', [...WRONG_TYPES, undefined]),
        ...ranges(
          'amount',
          NO_SIZES.filter((value) => value !== -1),
        ),
      ],
    ],
    [
      'reducePoolConnections(1, …)',
      (value) => test.pool.reducePoolConnections(1, value),
      types('deletePendingConnections', [null, 0, 'yes', {}]),
    ],
    [
      'removeConnections(…)',
      (value) => test.pool.removeConnections(value),
      types('connections', [undefined, null, 5, {}]),
    ],
    [
      'removeConnections([…])',
      (value) => test.pool.removeConnections([test.made[0] as TestConnection, value]),
      types('connections[1]', [undefined, null, 5, {}]),
    ],
    ['removeConnections(all, …)', (value) => test.pool.removeConnections(test.made, value), types('options', bags)],
    [
      'removeConnections(all, { drainTimeout })',
      (drainTimeout) => test.pool.removeConnections(test.made, { drainTimeout }),
      durations('options.drainTimeout', null),
    ],
    [
      'ejectConnections(…)',
      (value) => test.pool.ejectConnections(value, { duration: 1 }),
      types('connections', [undefined, null, 5, {}]),
    ],
    [
      'ejectConnections(all, …)',
      (value) => test.pool.ejectConnections(test.made, value),
      types('options', [undefined, ...bags]),
    ],
    [
      'ejectConnections(all, { duration })',
      (duration) => test.pool.ejectConnections(test.made, { duration }),
      durations('options.duration', null, undefined),
    ],
    [
      'invalidateConnections(…)',
      (value) => test.pool.invalidateConnections(value),
      types('connections', [undefined, null, 5, {}]),
    ],
    [
      'invalidateConnections([…])',
      (value) => test.pool.invalidateConnections([test.made[0] as TestConnection, value]),
      types('connections[1]', [undefined, null, 5, {}]),
    ],
    [
      'invalidateConnections(all, …)',
      (value) => test.pool.invalidateConnections(test.made, value),
      types('options', bags),
    ],
    ['tryLease(…)', (value) => test.pool.tryLease(value), types('options', bags)],
    ['withConnection(…)', (value) => test.pool.withConnection(value), types('work', [undefined, null, 5, {}])],
    ['withConnection(work, …)', (value) => test.pool.withConnection(() => [], value), types('options', bags)],
    ['reconfigure(…)', (value) => test.pool.reconfigure(value), types('changes', [undefined, ...bags])],
    [
      'reconfigure({ poolSize })',
      (poolSize) => test.pool.reconfigure({ poolSize, maxPending: 1 }),
      sizes('changes.poolSize').filter(([, value]) => value !== undefined),
    ],
    [
      'reconfigure({ policies: […] })',
      (value) => test.pool.reconfigure({ policies: [() => NEVER, value] }),
      types('changes.policies[1]', [undefined, null, 5, {}]),
    ],
  ];

  it.each(OPTIONS)('reconfigure({ %s: %p }) throws, before anything changes', (name, value, error) => {
    const changes = { maxPending: 1, poolSize: 3, [name]: value };
    expect(thrownBy(() => test.pool.reconfigure(changes))).toMatchObject(error(`changes.${name}`, value));
    expect(test.pool.poolSize).toBe(2);
  });

  describe.each(throws)('%s', (_, run, wrongs) => {
    it.each(wrongs)('throws for %s: %p, before anything changes', (argument, value, error) => {
      expect(thrownBy(() => run(value as never))).toMatchObject(error(argument, value));
    });
  });

  it('takes no connection of an iterable that fails half-way', async () => {
    const broken = new Error('half-way');
    const untouched = make();
    const iterables = {
      *throwing() {
        yield untouched;
        throw broken;
      },
      *yielding() {
        yield untouched;
        yield 5 as never;
      },
    };
    await expect(test.pool.extendPoolByConnections(iterables.throwing())).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringContaining('connections'),
      cause: broken,
    });
    await expect(test.pool.extendPoolByConnections(iterables.yielding())).rejects.toThrow(TypeError);
    expect(thrownBy(() => test.pool.removeConnections(iterables.throwing()))).toMatchObject({ cause: broken });
    expect([untouched.dials, untouched.closes]).toEqual([0, 0]);
  });

  it('refuses an array that pretends to be iterable', async () => {
    const fake = { [Symbol.iterator]: 5 } as never;
    await expect(test.pool.extendPoolByConnections(fake)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    const empty = { [Symbol.iterator]: () => undefined } as never;
    await expect(test.pool.extendPoolByConnections(empty)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});
