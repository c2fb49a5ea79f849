import { computed, type Injector, type Signal } from '@angular/core';
import { BehaviorSubject, NEVER, Subject } from 'rxjs';
import { ConnectionPool, type Health, type PoolEvent } from 'rxpool';
import {
  connectedConnections,
  connectionPoolToken,
  injectConnectionPool,
  poolEvents,
  poolHealth,
  provideConnectionPool,
} from 'rxpool/angular';
import type { ScriptedConnection } from 'rxpool/testing';
import { destroyInjectors, makeInjector, Wires, within } from './injectors.js';

const figures = (changes: Partial<Health> = {}): Health => ({
  ...new ConnectionPool(1, () => undefined as never).health,
  ...changes,
});

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  destroyInjectors();
  jest.useRealTimers();
});

const inNothing = <T>(run: () => T): T => within(makeInjector([]), run);

describe('poolHealth', () => {
  it('shows the first figures at once, and then the latest of each 100 ms', () => {
    const health$ = new BehaviorSubject(figures({ pending: 1 }));
    const health = inNothing(() => poolHealth({ health$ }));
    const shown = (): number => health().pending;
    expect(shown()).toBe(1);
    health$.next(figures({ pending: 2 }));
    health$.next(figures({ pending: 3 }));
    jest.advanceTimersByTime(99);
    expect(shown()).toBe(1);
    jest.advanceTimersByTime(1);
    expect(shown()).toBe(3);
    health$.next(figures({ pending: 4 }));
    expect(shown()).toBe(3);
    jest.advanceTimersByTime(100);
    expect(shown()).toBe(4);
  });

  it('shows a change of status at once', () => {
    const health$ = new BehaviorSubject(figures({ status: 'healthy' }));
    const health = inNothing(() => poolHealth({ health$ }));
    health$.next(figures({ status: 'down' }));
    expect(health().status).toBe('down');
  });

  it('every: the least time between two values', () => {
    const health$ = new BehaviorSubject(figures({ pending: 1 }));
    const health = inNothing(() => poolHealth({ health$ }, { every: 1_000 }));
    health$.next(figures({ pending: 2 }));
    jest.advanceTimersByTime(999);
    expect(health().pending).toBe(1);
    jest.advanceTimersByTime(1);
    expect(health().pending).toBe(2);
  });

  it('keeps its value while figures change and are as before when they are due', () => {
    const health$ = new BehaviorSubject(figures({ pending: 1 }));
    const health = inNothing(() => poolHealth({ health$ }));
    const before = health();
    for (const pending of [2, 3, 1]) health$.next(figures({ pending }));
    jest.advanceTimersByTime(1_000);
    expect(health()).toBe(before);
  });

  it.each([[0], [-1], [Number.NaN], [Number.POSITIVE_INFINITY]])('every: %p is out of range', (every) => {
    const health$ = new BehaviorSubject(figures());
    expect(() => inNothing(() => poolHealth({ health$ }, { every }))).toThrow('options.every must be above 0');
  });

  it('an option that is none is refused', () => {
    const options = { evry: 5 } as { every?: number };
    expect(() => inNothing(() => poolHealth({ health$: NEVER }, options))).toThrow('did you mean every?');
  });

  it('a stream without a value is refused', () => {
    expect(() => inNothing(() => poolHealth({ health$: NEVER }))).toThrow('pool.health$ must be a stream');
  });

  it('follows the provided pool, that of a token, or one that is given', () => {
    const USERS = connectionPoolToken<ScriptedConnection>('users');
    const { connectionFactory } = new Wires();
    const injector = makeInjector([
      provideConnectionPool({ poolSize: 1, connectionFactory }),
      provideConnectionPool({ poolSize: 2, connectionFactory }, USERS),
    ]);
    const sizes = within(injector, () =>
      [poolHealth(), poolHealth(USERS), poolHealth(injectConnectionPool(USERS))].map((health) => health().poolSize),
    );
    expect(sizes).toEqual([1, 2, 2]);
  });

  it('1,000 requests change it a few times only, and the last figures show', async () => {
    const { connectionFactory } = new Wires();
    const injector = makeInjector([provideConnectionPool({ poolSize: 2, connectionFactory })]);
    const [pool, health] = within(injector, () => [injectConnectionPool<ScriptedConnection>(), poolHealth()] as const);
    await pool.ready({ min: 2 });
    const values = new Set<Health>();
    for (let i = 0; i < 1_000; i++) {
      await pool.use(async () => {});
      values.add(health());
      jest.advanceTimersByTime(1);
    }
    jest.advanceTimersByTime(100);
    expect(values.size).toBeLessThanOrEqual(13);
    expect(health()).toMatchObject({ status: 'healthy', connected: 2, pending: 0 });
  });

  it('ends with its injector: no timer and no subscription is left', () => {
    const health$ = new BehaviorSubject(figures({ pending: 1 }));
    const injector = makeInjector([]);
    const health = within(injector, () => poolHealth({ health$ }));
    health$.next(figures({ pending: 2 }));
    injector.destroy();
    expect(health$.observed).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
    expect(health().pending).toBe(1);
  });
});

describe('connectedConnections', () => {
  it('is the list of connections in service', async () => {
    const { connections, connectionFactory } = new Wires();
    const injector = makeInjector([
      provideConnectionPool({ poolSize: 2, connectionFactory, options: { heal: false } }),
    ]);
    const list = within(injector, () => connectedConnections<ScriptedConnection>());
    expect(list()).toEqual([]);
    await injector.get(ConnectionPool).ready({ min: 2 });
    expect(list()).toEqual(connections);
    connections[0]?.lose();
    expect(list()).toEqual([connections[1]]);
  });

  it('ends with its injector', () => {
    const connected$ = new BehaviorSubject<readonly ScriptedConnection[]>([]);
    const injector = makeInjector([]);
    within(injector, () => connectedConnections({ connected$ }));
    injector.destroy();
    expect(connected$.observed).toBe(false);
  });
});

describe('poolEvents', () => {
  const event = (at: number): PoolEvent<ScriptedConnection> => ({ type: 'suspended', at });
  const times = (events: Signal<readonly PoolEvent<ScriptedConnection>[]>): number[] => events().map(({ at }) => at);

  it('keeps the latest events, the newest last', () => {
    const events$ = new Subject<PoolEvent<ScriptedConnection>>();
    const events = inNothing(() => poolEvents({ events$ }, { keep: 3 }));
    expect(events()).toEqual([]);
    for (const at of [1, 2]) events$.next(event(at));
    expect(times(events)).toEqual([1, 2]);
    for (const at of [3, 4, 5]) events$.next(event(at));
    expect(times(events)).toEqual([3, 4, 5]);
  });

  it('keeps 50 by default', () => {
    const events$ = new Subject<PoolEvent<ScriptedConnection>>();
    const events = inNothing(() => poolEvents({ events$ }));
    for (let at = 1; at <= 60; at++) events$.next(event(at));
    expect(times(events)).toEqual(Array.from({ length: 50 }, (_, place) => place + 11));
  });

  it('tells of a connection that is lost and back', async () => {
    const { connections, connectionFactory } = new Wires();
    const injector = makeInjector([provideConnectionPool({ poolSize: 1, connectionFactory })]);
    const events = within(injector, () => poolEvents<ScriptedConnection>());
    const pool = injector.get(ConnectionPool);
    await pool.ready();
    connections[0]?.lose();
    expect(events().map(({ type }) => type)).toEqual(['connected', 'lost', 'reconnect-scheduled']);
    jest.advanceTimersByTime(1_000);
    await pool.ready();
    expect(events().at(-1)?.type).toBe('connected');
  });

  it.each([[0], [1.5], [Number.NaN]])('keep: %p is out of range', (keep) => {
    expect(() => inNothing(() => poolEvents({ events$: NEVER }, { keep }))).toThrow('options.keep must be');
  });

  it('ends with its injector', () => {
    const events$ = new Subject<PoolEvent<ScriptedConnection>>();
    const injector = makeInjector([]);
    within(injector, () => poolEvents({ events$ }));
    injector.destroy();
    expect(events$.observed).toBe(false);
  });
});

describe('Signals of a pool', () => {
  it('may change while a computed() is evaluated, where signals must not be written', () => {
    const health$ = new BehaviorSubject(figures({ status: 'healthy' }));
    const health = inNothing(() => poolHealth({ health$ }));
    const evaluated = computed(() => {
      health$.next(figures({ status: 'down' }));
      return 'evaluated';
    });
    expect(evaluated()).toBe('evaluated');
    expect(health().status).toBe('down');
  });

  it.each([
    ['poolHealth', () => poolHealth()],
    ['connectedConnections', () => connectedConnections()],
    ['poolEvents', () => poolEvents()],
  ])('%s called where nothing can be injected says so by its name', (name, call) => {
    expect(call).toThrow(`${name}() can only be used within an injection context`);
  });

  it('where the pool is not provided, the error names it', () => {
    expect(() => within(makeInjector([]) as Injector, () => poolHealth())).toThrow('ConnectionPool');
  });
});
