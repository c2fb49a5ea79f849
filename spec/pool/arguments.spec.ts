import { NEVER } from 'rxjs';
import { ConnectionPool, type ConnectionPoolOptions } from 'rxpool';
import { OwnConnection, type TestConnection } from '../support/connections.js';
import { figures, openRig, type Rig, thrownBy } from '../support/pools.js';

/** Values that an argument must not have: of another type, or of its type and not allowed. */
interface Wrong {
  readonly types: readonly unknown[];
  readonly ranges?: readonly unknown[];
}

const types = (...values: unknown[]): Wrong => ({ types: values });

/** For an option, which may be undefined. */
const optional = ({ types, ranges }: Wrong): Wrong => ({
  types: types.filter((value) => value !== undefined),
  ...(ranges && { ranges }),
});

const SIZE: Wrong = {
  types: ['3', null, {}, [], true, Symbol.iterator, 1n, () => 3, undefined],
  ranges: [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53],
};
const AMOUNT: Wrong = { ...SIZE, ranges: [Number.NaN, 1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] };
const INTEGER: Wrong = {
  types: ['3', null, {}, true],
  ranges: [Number.NaN, 1.5, Number.POSITIVE_INFINITY, 2 ** 53],
};
const LIMIT: Wrong = {
  types: ['3', null, {}, true],
  ranges: [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY],
};
const DURATION: Wrong = {
  types: ['3', null, {}, true],
  ranges: [Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31],
};
const BAG = types(null, 5, 'options', true, Symbol.iterator);
const SIGNAL = types(null, {}, 'abort', new AbortController());
const WORK = types(undefined, null, 5, {}, 'work');
const CONNECTIONS = types(undefined, null, 5, {}, true);
const CONNECTION = types(undefined, null, 5, 'connection', {}, { connect() {}, close() {} });
const FLAG = types(null, 0, 'yes', {});
const FUNCTION_OR_FALSE = types(true, null, 0, '', {});

/** The options of the constructor that `reconfigure()` takes as well. */
const OPTIONS: Readonly<Record<string, Wrong>> = {
  connectTimeout: DURATION,
  closeTimeout: DURATION,
  drainTimeout: DURATION,
  waitTimeout: DURATION,
  resetTimeout: DURATION,
  maxDials: LIMIT,
  maxPending: LIMIT,
  maxSize: LIMIT,
  minSize: optional(SIZE),
  maxWaiting: optional(SIZE),
  heal: FUNCTION_OR_FALSE,
  breaker: FUNCTION_OR_FALSE,
  warmup: FUNCTION_OR_FALSE,
  reset: FUNCTION_OR_FALSE,
  select: types(null, false, true, 0, {}),
  policies: types(null, false, {}, () => 3, 'policies'),
  failFast: FLAG,
  endpoints: { types: [null, true, 0, 'a', {}, () => ['a']], ranges: [[]] },
  leakThreshold: { types: ['3', null, {}, true], ranges: [Number.NaN, -1] },
};

const shown = (value: unknown): string => {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
};

const escaped = (text: string): string => text.replace(/[[\](){}.*+?^$|\\]/g, '\\$&');

const refusal = (argument: string, name: string, code: string, value: unknown): object => ({
  name,
  code,
  message: expect.stringMatching(`^${escaped(argument)} must be .+, got ${escaped(shown(value))}$`),
});
const wrongType = (argument: string, value: unknown): object =>
  refusal(argument, 'TypeError', 'ERR_INVALID_ARG_TYPE', value);
const outOfRange = (argument: string, value: unknown): object =>
  refusal(argument, 'RangeError', 'ERR_OUT_OF_RANGE', value);

/** Every wrong value with the error it is to cause. */
const refusals = (argument: string, { types, ranges = [] }: Wrong): [value: unknown, error: object][] => [
  ...types.map((value): [unknown, object] => [value, wrongType(argument, value)]),
  ...ranges.map((value): [unknown, object] => [value, outOfRange(argument, value)]),
];

const caught = (error: unknown): object => {
  const { name, code, message } = error as Error & { readonly code: unknown };
  return { name, code, message };
};

const make = (): TestConnection => new OwnConnection();

describe('new ConnectionPool()', () => {
  const create = (poolSize: unknown, factory: unknown, options?: unknown): ConnectionPool<TestConnection> =>
    new ConnectionPool(
      poolSize as number,
      factory as () => TestConnection,
      options as ConnectionPoolOptions<TestConnection>,
    );
  const factory = (): TestConnection => {
    throw new Error('the factory was called');
  };

  it.each<[call: string, argument: string, wrong: Wrong, call: (value: unknown) => unknown]>([
    ['(poolSize, …)', 'poolSize', SIZE, (value) => create(value, factory)],
    [
      '(1, connectionFactory)',
      'connectionFactory',
      types(undefined, null, 5, 'factory', {}, []),
      (value) => create(1, value),
    ],
    ['(1, factory, options)', 'options', BAG, (value) => create(1, factory, value)],
    ...Object.entries({ ...OPTIONS, scheduler: types({}, 5, 'asap') }).map(
      ([name, wrong]): [string, string, Wrong, (value: unknown) => unknown] => [
        `(1, factory, { ${name} })`,
        `options.${name}`,
        wrong,
        (value) => create(1, factory, { [name]: value }),
      ],
    ),
    [
      '(1, factory, { policies: [policy, …] })',
      'options.policies[1]',
      types(undefined, null, 5, {}, 'policy'),
      (value) => create(1, factory, { policies: [() => NEVER, value] }),
    ],
  ])('new ConnectionPool%s throws for each wrong value, naming %s', (_, argument, wrong, call) => {
    const expected = refusals(argument, wrong);
    expect(expected.map(([value]) => [value, caught(thrownBy(() => call(value)))])).toEqual(expected);
  });

  it('new ConnectionPool() throws for a minSize above maxSize, and for a poolSize beyond either', () => {
    expect(thrownBy(() => create(2, factory, { minSize: 3, maxSize: 2 }))).toMatchObject(
      outOfRange('options.minSize', 3),
    );
    expect(thrownBy(() => create(2, factory, { minSize: 3 }))).toMatchObject(outOfRange('poolSize', 2));
    expect(thrownBy(() => create(2, factory, { maxSize: 1 }))).toMatchObject(outOfRange('poolSize', 2));
  });

  it('new ConnectionPool() takes undefined options, and undefined for every option', () => {
    const names = [...Object.keys(OPTIONS), 'scheduler'];
    expect(create(1, factory, Object.fromEntries(names.map((name) => [name, undefined]))).poolSize).toBe(1);
    expect(create(0, factory, undefined).poolSize).toBe(0);
  });

  it('the error for a wrong argument contains neither a long string nor the contents of an object', () => {
    const secret = 'password '.repeat(10);
    expect((thrownBy(() => create(secret, factory)) as Error).message).not.toContain('password');
    expect((thrownBy(() => create({ secret }, factory)) as Error).message).not.toContain('password');
  });
});

// One kind of connection: arguments are checked before any connection is touched, which each test asserts.
describe('a wrong argument of a method of a pool', () => {
  let test: Rig;
  let before: string;

  const look = (): string => {
    const { pool, made, clock, events } = test;
    const states = made.map(({ state, dials, closes, pending }) => [state, dials, closes, pending]);
    return JSON.stringify([pool.poolSize, figures(pool.health), pool.health.status, states, clock.timers, events]);
  };

  beforeEach(async () => {
    test = await openRig(make, 2);
    before = look();
  });

  afterEach(() => {
    expect(look()).toBe(before);
  });

  const member = (): TestConnection => test.made[0] as TestConnection;

  it.each<[call: string, argument: string, wrong: Wrong, run: (value: never) => Promise<unknown>]>([
    ['setup(options)', 'options', BAG, (value) => test.pool.setup(value)],
    ['setup({ signal })', 'options.signal', SIGNAL, (signal) => test.pool.setup({ signal })],
    ['extendPoolBySize(size)', 'size', SIZE, (value) => test.pool.extendPoolBySize(value)],
    ['extendPoolBySize(1, options)', 'options', BAG, (value) => test.pool.extendPoolBySize(1, value)],
    [
      'extendPoolBySize(1, { signal })',
      'options.signal',
      SIGNAL,
      (signal) => test.pool.extendPoolBySize(1, { signal }),
    ],
    [
      'extendPoolByConnections(connections)',
      'connections',
      CONNECTIONS,
      (value) => test.pool.extendPoolByConnections(value),
    ],
    [
      'extendPoolByConnections([connection, …])',
      'connections[1]',
      CONNECTION,
      (value) => test.pool.extendPoolByConnections([make(), value]),
    ],
    ['extendPoolByConnections([], options)', 'options', BAG, (value) => test.pool.extendPoolByConnections([], value)],
    [
      'extendPoolByConnections([], { signal })',
      'options.signal',
      SIGNAL,
      (signal) => test.pool.extendPoolByConnections([], { signal }),
    ],
    ['reconnect(onlyBrokenConnections)', 'onlyBrokenConnections', FLAG, (value) => test.pool.reconnect(value)],
    ['reconnect(true, options)', 'options', BAG, (value) => test.pool.reconnect(true, value)],
    ['reconnect(true, { signal })', 'options.signal', SIGNAL, (signal) => test.pool.reconnect(true, { signal })],
    ['ready(options)', 'options', BAG, (value) => test.pool.ready(value)],
    ['ready({ min })', 'options.min', optional(SIZE), (min) => test.pool.ready({ min })],
    ['ready({ timeout })', 'options.timeout', DURATION, (timeout) => test.pool.ready({ timeout })],
    ['ready({ signal })', 'options.signal', SIGNAL, (signal) => test.pool.ready({ signal })],
    ['close(options)', 'options', BAG, (value) => test.pool.close(value)],
    ['close({ drainTimeout })', 'options.drainTimeout', DURATION, (drainTimeout) => test.pool.close({ drainTimeout })],
    ['close({ signal })', 'options.signal', SIGNAL, (signal) => test.pool.close({ signal })],
    ['use(work)', 'work', WORK, (value) => test.pool.use(value)],
    ['use(work, options)', 'options', BAG, (value) => test.pool.use(() => 1, value)],
    ['use(work, { timeout })', 'options.timeout', DURATION, (timeout) => test.pool.use(() => 1, { timeout })],
    ['use(work, { signal })', 'options.signal', SIGNAL, (signal) => test.pool.use(() => 1, { signal })],
    [
      'use(work, { waitTimeout })',
      'options.waitTimeout',
      DURATION,
      (waitTimeout) => test.pool.use(() => 1, { waitTimeout }),
    ],
    ['use(work, { priority })', 'options.priority', INTEGER, (priority) => test.pool.use(() => 1, { priority })],
    ['lease({ priority })', 'options.priority', INTEGER, (priority) => test.pool.lease({ priority })],
    ['lease(options)', 'options', BAG, (value) => test.pool.lease(value)],
    ['lease({ signal })', 'options.signal', SIGNAL, (signal) => test.pool.lease({ signal })],
    ['lease({ waitTimeout })', 'options.waitTimeout', DURATION, (waitTimeout) => test.pool.lease({ waitTimeout })],
    ['renew(options)', 'options', BAG, (value) => test.pool.renew(value)],
    ['renew({ signal })', 'options.signal', SIGNAL, (signal) => test.pool.renew({ signal })],
    [
      'renew({ maxUnavailable })',
      'options.maxUnavailable',
      optional(SIZE),
      (maxUnavailable) => test.pool.renew({ maxUnavailable }),
    ],
    ['renew({ drainTimeout })', 'options.drainTimeout', DURATION, (drainTimeout) => test.pool.renew({ drainTimeout })],
    [
      'renew({ connections })',
      'options.connections',
      optional(CONNECTIONS),
      (connections) => test.pool.renew({ connections }),
    ],
    [
      'renew({ connections: [member, …] })',
      'options.connections[1]',
      CONNECTION,
      (value) => test.pool.renew({ connections: [member(), value] }),
    ],
  ])('%s rejects each wrong value, naming %s, and changes nothing', async (_, argument, wrong, run) => {
    const expected = refusals(argument, wrong);
    const calls = expected.map(async ([value]) => [value, await run(value as never).then(() => 'resolved', caught)]);
    expect(look()).toBe(before);
    expect(await Promise.all(calls)).toEqual(expected);
  });

  it.each<[call: string, argument: string, wrong: Wrong, run: (value: never) => unknown]>([
    ['reducePoolConnections(amount)', 'amount', AMOUNT, (value) => test.pool.reducePoolConnections(value)],
    [
      'reducePoolConnections(1, deletePendingConnections)',
      'deletePendingConnections',
      FLAG,
      (value) => test.pool.reducePoolConnections(1, value),
    ],
    ['removeConnections(connections)', 'connections', CONNECTIONS, (value) => test.pool.removeConnections(value)],
    [
      'removeConnections([member, …])',
      'connections[1]',
      CONNECTION,
      (value) => test.pool.removeConnections([member(), value]),
    ],
    ['removeConnections(all, options)', 'options', BAG, (value) => test.pool.removeConnections(test.made, value)],
    [
      'removeConnections(all, { drainTimeout })',
      'options.drainTimeout',
      DURATION,
      (drainTimeout) => test.pool.removeConnections(test.made, { drainTimeout }),
    ],
    [
      'ejectConnections(connections, …)',
      'connections',
      CONNECTIONS,
      (value) => test.pool.ejectConnections(value, { duration: 1 }),
    ],
    [
      'ejectConnections(all, options)',
      'options',
      types(undefined, ...BAG.types),
      (value) => test.pool.ejectConnections(test.made, value),
    ],
    [
      'ejectConnections(all, { duration })',
      'options.duration',
      { ...DURATION, types: [undefined, ...DURATION.types] },
      (duration) => test.pool.ejectConnections(test.made, { duration }),
    ],
    [
      'invalidateConnections(connections)',
      'connections',
      CONNECTIONS,
      (value) => test.pool.invalidateConnections(value),
    ],
    [
      'invalidateConnections([member, …])',
      'connections[1]',
      CONNECTION,
      (value) => test.pool.invalidateConnections([member(), value]),
    ],
    [
      'invalidateConnections(all, options)',
      'options',
      BAG,
      (value) => test.pool.invalidateConnections(test.made, value),
    ],
    ['tryLease(options)', 'options', BAG, (value) => test.pool.tryLease(value)],
    ['withConnection(work)', 'work', WORK, (value) => test.pool.withConnection(value)],
    ['withConnection(work, options)', 'options', BAG, (value) => test.pool.withConnection(() => [], value)],
    ['reconfigure(changes)', 'changes', types(undefined, ...BAG.types), (value) => test.pool.reconfigure(value)],
    [
      'reconfigure({ poolSize, maxPending: 1 })',
      'changes.poolSize',
      optional(SIZE),
      (poolSize) => test.pool.reconfigure({ poolSize, maxPending: 1 }),
    ],
    [
      'reconfigure({ policies: [policy, …] })',
      'changes.policies[1]',
      types(undefined, null, 5, {}),
      (value) => test.pool.reconfigure({ policies: [() => NEVER, value] }),
    ],
    ...Object.entries(OPTIONS).map(([name, wrong]): [string, string, Wrong, (value: never) => unknown] => [
      `reconfigure({ maxPending: 1, poolSize: 3, ${name} })`,
      `changes.${name}`,
      wrong,
      (value) => test.pool.reconfigure({ maxPending: 1, poolSize: 3, [name]: value }),
    ]),
  ])('%s throws for each wrong value, naming %s, and changes nothing', (_, argument, wrong, run) => {
    const expected = refusals(argument, wrong);
    expect(expected.map(([value]) => [value, caught(thrownBy(() => run(value as never)))])).toEqual(expected);
  });

  it('extendPoolByConnections() and removeConnections() of an iterable that fails half-way touch no connection', async () => {
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

  it('extendPoolByConnections() rejects an object whose Symbol.iterator is no function or returns no iterator', async () => {
    const fake = { [Symbol.iterator]: 5 } as never;
    await expect(test.pool.extendPoolByConnections(fake)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    const empty = { [Symbol.iterator]: () => undefined } as never;
    await expect(test.pool.extendPoolByConnections(empty)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});
