import { BehaviorSubject, Subject, take } from 'rxjs';
import { CommandFailure, invalidateSilent, type Policy, resilient, type Silence, ValidationError } from 'rxpool';
import { KINDS, OwnConnection, type TestConnection } from '../support/connections.js';
import { openRig, type Rig, watch } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

const never = (): Promise<never> => new Promise(() => {});

describe.each(KINDS)('invalidateSilent() in a pool, over $kind', ({ make }) => {
  /** A pool whose clock the policy shares. */
  const open = async (size: number, after: number): Promise<Rig> => {
    const test = await openRig(make, size);
    const watching: Policy<TestConnection> = (pool) =>
      pool.connected$.pipe(
        invalidateSilent((connection, cause) => pool.invalidateConnections([connection], { cause }), {
          after,
          scheduler: test.clock.scheduler,
        }),
      );
    test.pool.reconfigure({ policies: [watching] });
    return test;
  };
  /** Calls that are never answered, each with a deadline of 50 ms, until the time has passed. */
  const callFor = async ({ pool, clock }: Rig, milliseconds: number, calls = 1): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 50) {
      for (let i = 0; i < calls; i++) pool.use(never, { timeout: 50 }).catch(() => {});
      await clock.advance(50);
      await settle();
    }
  };

  it('calls that miss their deadlines for `after` on every connection: all are invalidated, and the event lost tells why', async () => {
    const test = await open(3, 200);
    await callFor(test, 150, 3);
    expect(test.pool.health.broken).toBe(0);
    await callFor(test, 100, 3);
    expect(test.pool.health).toMatchObject({ broken: 3, pending: 0, status: 'down' });
    const causes = test.events.flatMap((event) => (event.type === 'lost' ? [event.cause] : []));
    expect(causes).toHaveLength(3);
    expect(causes[0]).toMatchObject({ cause: expect.any(ValidationError) });
  });

  it('calls that are answered now and then: nothing is invalidated, however many miss their deadlines', async () => {
    const test = await open(1, 200);
    for (let i = 0; i < 5; i++) {
      await callFor(test, 150);
      await test.pool.use(() => 'an answer');
    }
    expect(test.pool.health.broken).toBe(0);
  });

  it('work without a deadline that takes long: nothing is invalidated', async () => {
    const test = await open(1, 200);
    test.pool.use(never).catch(() => {});
    await test.clock.advance(1_000);
    expect(test.pool.health.broken).toBe(0);
  });

  it('a time without work is no silence: one missed deadline after it invalidates nothing before `after` has passed', async () => {
    const test = await open(1, 200);
    await test.clock.advance(1_000);
    await callFor(test, 50);
    expect(test.pool.health.broken).toBe(0);
    await test.clock.advance(149);
    expect(test.pool.health.broken).toBe(0);
    await test.clock.advance(2);
    expect(test.pool.health.broken).toBe(1);
  });

  it('an error that is an answer of the server is a sign of life', async () => {
    const test = await open(1, 200);
    for (let i = 0; i < 5; i++) {
      await callFor(test, 150);
      await test.pool.use(() => Promise.reject(new Error('no such row'))).catch(() => {});
    }
    expect(test.pool.health.broken).toBe(0);
  });

  it('one missed deadline, a time without work, then a longer call: the call is not cut off', async () => {
    const test = await open(1, 200);
    const heeding =
      (milliseconds: number) =>
      (_: TestConnection, { signal }: { signal: AbortSignal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
          test.clock.scheduler.schedule(() => resolve(), milliseconds);
        });
    test.pool.use(heeding(1_000), { timeout: 50 }).catch(() => {});
    await test.clock.advance(190);
    const aborted: unknown[] = [];
    const call = watch(
      test.pool.use((connection, context) => {
        context.signal.addEventListener('abort', () => aborted.push(context.signal.reason));
        return heeding(140)(connection, context);
      }),
    );
    await test.clock.advance(400);
    await settle();
    expect([call.status, aborted, test.pool.health.broken]).toEqual(['resolved', [], 0]);
  });

  it('one failure, then no work: an idle connection is not silent', async () => {
    const test = await open(1, 200);
    await test.pool.use(() => Promise.reject(Object.assign(new Error(), { code: 'ETIMEDOUT' }))).catch(() => {});
    await test.clock.advance(10_000);
    expect(test.pool.health.broken).toBe(0);
  });

  it('a command that invalidates all: it is not called again for connections that have left the list by then', async () => {
    const test = await openRig(make, 2);
    const called: string[] = [];
    const invalidateAll = ({ name }: TestConnection, cause: unknown): void => {
      called.push(name);
      test.pool.invalidateConnections(test.pool.connections, { cause });
    };
    const { scheduler } = test.clock;
    test.pool.connected$.pipe(invalidateSilent(invalidateAll, { after: 200, scheduler })).subscribe();
    await callFor(test, 300, 2);
    expect(called).toHaveLength(1);
  });

  it('unsubscribing at the first silence: nothing is invalidated after that', async () => {
    const test = await openRig(make, 2);
    const called: string[] = [];
    const { scheduler } = test.clock;
    const telling = invalidateSilent<TestConnection>(({ name }) => called.push(name), { after: 200, scheduler });
    test.pool.connected$.pipe(telling, take(1)).subscribe();
    await callFor(test, 300, 2);
    await test.clock.advance(1_000);
    expect([called.length, test.clock.timers]).toEqual([1, 0]);
  });

  it('close() of the pool: no timer is left', async () => {
    const test = await open(1, 200);
    await callFor(test, 50);
    await test.pool.close({ drainTimeout: 0 });
    expect(test.clock.timers).toBe(0);
  });
});

describe('invalidateSilent() on a list of one’s own', () => {
  type Told = OwnConnection & { readonly outcomes$: Subject<{ ok: boolean; durationMs: number }> };
  const told = (): Told =>
    Object.assign(new OwnConnection(), { outcomes$: new Subject<{ ok: boolean; durationMs: number }>() });

  it('a command that throws: a CommandFailure is emitted, and the connection is found again when it stays silent', async () => {
    const clock = new VirtualClock();
    const connection = told();
    const seen: (Silence<Told> | CommandFailure)[] = [];
    const cause = new Error('not now');
    const invalidate = jest.fn(() => {
      if (invalidate.mock.calls.length === 1) throw cause;
    });
    const list$ = new BehaviorSubject([connection]);
    const subscription = list$
      .pipe(invalidateSilent(invalidate, { after: 100, scheduler: clock.scheduler }))
      .subscribe((value) => seen.push(value));
    const fail = (): void => connection.outcomes$.next({ ok: false, durationMs: 10 });
    connection.send();
    fail();
    await clock.advance(101);
    fail();
    await clock.advance(101);
    expect(seen).toEqual([
      new CommandFailure(cause),
      { connection, silentFor: 101, cause: expect.any(ValidationError) },
    ]);
    subscription.unsubscribe();
    expect([clock.timers, connection.outcomes$.observed]).toEqual([0, false]);
  });

  it.each<[options: object, code: string]>([
    [{ after: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ after: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ afterwards: 1 }, 'ERR_UNKNOWN_OPTION'],
  ])('invalidateSilent(invalidate, %j) throws %s', (options, code) => {
    expect(() => invalidateSilent(() => {}, options)).toThrow(expect.objectContaining({ code }));
    expect(() => resilient({ invalidateSilent: options })).toThrow(expect.objectContaining({ code }));
  });
});

describe.each(KINDS)('resilient(), over $kind', ({ make }) => {
  it('resilient() finds silence under load, a dead idle connection by its own ping, and ejects what fails at once', async () => {
    const test = await openRig(make, 4);
    const { scheduler } = test.clock;
    const [mute, gone, bad] = test.made as [TestConnection, TestConnection, TestConnection];
    Object.assign(gone, { ping: () => Promise.reject(new Error('no sign of life')) });
    test.pool.reconfigure({
      policies: resilient({ scheduler, validateIdle: { interval: 500 }, invalidateSilent: { after: 200 } }),
    });
    const isBad = (connection: TestConnection): boolean => connection === bad;
    for (let i = 0; i < 60; i++) {
      const work = (connection: TestConnection): unknown => {
        if (connection === mute) return never();
        if (isBad(connection)) throw Object.assign(new Error('dead'), { code: 'EPIPE' });
        return 'ok';
      };
      for (let call = 0; call < 3; call++)
        test.pool.use((one) => (one === gone ? 'ok' : work(one)), { timeout: 50 }).catch(() => {});
      await test.clock.advance(5);
      await settle();
    }
    await test.clock.advance(600);
    expect([test.pool.brokenConnections.includes(mute), test.pool.brokenConnections.includes(gone)]).toEqual([
      true,
      true,
    ]);
    expect(test.pool.health.ejected).toBe(1);
    expect(test.pool.connectedConnections).not.toContain(bad);
  });

  it('resilient({ validateIdle: false, invalidateSilent: false, ejectOutliers: false }) is no policy', () => {
    expect(resilient({ validateIdle: false, invalidateSilent: false, ejectOutliers: false })).toEqual([]);
  });
});
