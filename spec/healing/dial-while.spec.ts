import { BehaviorSubject, EMPTY, NEVER, type Observable, of, Subject, throwError } from 'rxjs';
import {
  type BreakerState,
  type ConnectionPoolOptions,
  circuitBreaker,
  type DialReport,
  dialWhile,
  reconnectBroken,
} from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { type Rig, rig, thrownBy, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe('dialWhile()', () => {
  const statesOf = (wanted$: Observable<boolean>, reports = NEVER as Observable<DialReport>) => {
    const states: (BreakerState | 'ended' | Error)[] = [];
    dialWhile(
      wanted$,
      circuitBreaker({ consecutiveFailures: 1 }),
    )(reports).subscribe({
      next: (state) => states.push(state),
      error: (error: Error) => states.push(error),
      complete: () => states.push('ended'),
    });
    return states;
  };

  it('emits open while dials are not wanted, and what the breaker emits while they are', () => {
    const wanted$ = new BehaviorSubject(true);
    const reports = new Subject<DialReport>();
    const states = statesOf(wanted$, reports);
    for (const isWanted of [true, false, false, true]) wanted$.next(isWanted);
    reports.next({ ok: false, connected: 0 });
    wanted$.next(false);
    wanted$.next(true);
    wanted$.complete();
    expect(states).toEqual(['closed', 'open', 'closed', 'open', 'open', 'closed']);
  });

  it('errors with wanted$, and completes where wanted$ completes without true', () => {
    const error = new Error('no window');
    expect(statesOf(throwError(() => error))).toEqual([error]);
    expect(statesOf(of(false))).toEqual(['open', 'ended']);
    expect(statesOf(EMPTY)).toEqual(['ended']);
  });

  it('throws a TypeError for arguments of another type', () => {
    expect(thrownBy(() => dialWhile(true as never))).toMatchObject({
      message: /^wanted\$ must be an observable, got true/,
    });
    expect(thrownBy(() => dialWhile(of(true), 5 as never))).toMatchObject({ message: /^breaker must be a function/ });
  });
});

describe.each(KINDS)('a pool of $kind with the breaker dialWhile(wanted$)', ({ make }) => {
  const start = async (options: ConnectionPoolOptions<TestConnection> = {}) => {
    const wanted$ = new BehaviorSubject(true);
    const test = rig(make, 2, { breaker: dialWhile(wanted$) });
    const { scheduler } = test.clock;
    test.pool.reconfigure({ heal: (broken$) => broken$.pipe(reconnectBroken({ scheduler })), ...options });
    await test.pool.setup();
    return Object.assign(test, { wanted$ });
  };
  const dials = ({ made }: Rig): string => made.map((connection) => connection.dials).join(' ');

  it('redials nothing that is lost while dials are not wanted, however long, and all of it at once when they are', async () => {
    const test = await start();
    test.wanted$.next(false);
    for (const connection of test.made) connection.lose();
    await test.clock.advance(3_600_000);
    expect(dials(test)).toBe('1 1');
    test.wanted$.next(true);
    await settle();
    expect(dials(test)).toBe('2 2');
    expect(test.pool.health).toMatchObject({ status: 'healthy', connected: 2 });
  });

  it('cuts backoffs short when dials are wanted again', async () => {
    const test = await start();
    for (const connection of test.made) connection.onDial = 'refuse';
    for (const connection of test.made) connection.lose();
    await test.clock.advance(60_000);
    test.wanted$.next(false);
    const before = dials(test);
    for (const connection of test.made) connection.onDial = 'accept';
    test.wanted$.next(true);
    await settle();
    expect(dials(test)).not.toBe(before);
    expect(test.pool.health.connected).toBe(2);
  });

  it('lends what is up while dials are not wanted, and refuses callers at once where nothing is', async () => {
    const test = await start();
    test.wanted$.next(false);
    await expect(test.pool.use(async () => 'served')).resolves.toBe('served');
    for (const connection of test.made) connection.lose();
    await expect(test.pool.use(async () => 'served')).rejects.toMatchObject({
      code: 'ERR_CIRCUIT_OPEN',
      sent: 'never',
    });
  });

  it('setup() in the meantime resolves when dials are wanted again', async () => {
    const test = await start();
    test.wanted$.next(false);
    for (const connection of test.made) connection.lose();
    const setup = watch(test.pool.setup());
    await settle();
    expect(setup.status).toBe('pending');
    test.wanted$.next(true);
    await settle();
    expect([setup.status, dials(test)]).toEqual(['resolved', '2 2']);
  });

  it('with heal: false nothing is redialled when dials are wanted again', async () => {
    const test = await start({ heal: false });
    test.wanted$.next(false);
    for (const connection of test.made) connection.lose();
    test.wanted$.next(true);
    await settle();
    expect(dials(test)).toBe('1 1');
  });

  it('closing and disposing of the pool while dials are not wanted dials nothing', async () => {
    const test = await start();
    test.wanted$.next(false);
    for (const connection of test.made) connection.lose();
    await test.pool.dispose();
    test.wanted$.next(true);
    await settle();
    expect([dials(test), test.wanted$.observed]).toEqual(['1 1', false]);
  });
});
