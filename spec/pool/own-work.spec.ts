import { recycle, resilient, shrinkIdle, validateIdle } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, type Rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('The pool’s own work on its connections, over $kind', ({ make }) => {
  /** Validates after 100 ms without load, by a question that is a request and is answered when the test says so. */
  const validating = (test: Rig): (() => void)[] => {
    const answers: (() => void)[] = [];
    const ask = (connection: TestConnection): Promise<void> => {
      connection.send();
      return new Promise((resolve) =>
        answers.push(() => {
          connection.reply();
          resolve();
        }),
      );
    };
    test.pool.reconfigure({
      policies: [
        (pool) =>
          pool.connected$.pipe(
            validateIdle(ask, (connection, cause) => pool.invalidateConnections([connection], { cause }), {
              interval: 100,
              timeout: 1_000,
              scheduler: test.clock.scheduler,
            }),
          ),
      ],
    });
    return answers;
  };

  it('validateIdle() with maxPending 1: a connection is not lent while it is validated, and a waiter gets it afterwards', async () => {
    const test = await openRig(make, 1, { maxPending: 1 });
    const answers = validating(test);
    await test.clock.advance(100);
    expect(answers).toHaveLength(1);
    expect(test.pool.tryLease()).toBeUndefined();
    const waiting = watch(test.pool.use((connection) => connection.pending));
    await settle();
    expect([waiting.status, test.pool.health.waiting]).toEqual(['pending', 1]);
    answers[0]?.();
    await settle();
    expect([waiting.value, test.pool.health.broken]).toEqual([0, 0]);
  });

  it('validateIdle() without maxPending: a connection is lent while it is validated', async () => {
    const test = await openRig(make, 1);
    validating(test);
    await test.clock.advance(100);
    const lease = test.pool.tryLease();
    expect(lease?.connection).toBe(test.made[0]);
    expect(test.pool.health.pending).toBe(1);
  });

  it('validateIdle(): a request of the validation shows in pending$ of the connection, and is no load of the pool', async () => {
    const test = await openRig(make, 2);
    const answers = validating(test);
    const seen: number[] = [];
    test.made[0]?.pending$.subscribe((pending) => seen.push(pending));
    await test.clock.advance(100);
    expect(test.pool.health).toMatchObject({ pending: 0, idle: 2, used: 0 });
    for (const answer of answers) answer();
    await settle();
    expect([seen, test.pool.health.pending]).toEqual([[0, 1, 0], 0]);
  });

  it('validateIdle(): a request of a caller during the validation counts until it is answered, whichever ends first', async () => {
    const test = await openRig(make, 1);
    const answers = validating(test);
    await test.clock.advance(100);
    test.made[0]?.send();
    expect(test.pool.health.pending).toBe(1);
    answers[0]?.();
    await settle();
    expect(test.pool.health.pending).toBe(1);
    test.made[0]?.reply();
    expect(test.pool.health.pending).toBe(0);
  });

  it('reconnect(false) and renew(): their pings are no load, and an exclusive connection is not lent while it is pinged', async () => {
    const test = await openRig(make, 2, { maxPending: 1 });
    const answers: (() => void)[] = [];
    const ping = function (this: TestConnection): Promise<void> {
      this.send();
      return new Promise((resolve) =>
        answers.push(() => {
          this.reply();
          resolve();
        }),
      );
    };
    for (const connection of test.made) Object.assign(connection, { ping });
    const reconnecting = watch(test.pool.reconnect(false));
    await settle();
    await test.clock.advance(10);
    expect([answers.length, test.pool.health.pending, test.pool.tryLease()]).toEqual([2, 0, undefined]);
    for (const answer of answers) answer();
    await settle();
    expect([reconnecting.value, test.pool.health.pending]).toEqual([2, 0]);
  });

  it('maxPending lowered to 1 during a validation: the connection is not lent before that has ended', async () => {
    const test = await openRig(make, 1, { maxPending: 2 });
    const answers = validating(test);
    await test.clock.advance(100);
    test.pool.reconfigure({ maxPending: 1 });
    expect(test.pool.tryLease()).toBeUndefined();
    answers[0]?.();
    await settle();
    expect(test.pool.tryLease()?.connection).toBe(test.made[0]);
  });

  it('resilient() beside validateIdle(): each validates, and a connection that never answers is found', async () => {
    const test = await openRig(make, 1);
    const { scheduler } = test.clock;
    const ask = (connection: TestConnection): Promise<unknown> => {
      connection.send();
      return new Promise(() => {});
    };
    test.pool.reconfigure({
      policies: [
        ...resilient<TestConnection>({ scheduler, validate: ask }),
        (pool) =>
          pool.connected$.pipe(
            validateIdle(ask, (connection, cause) => pool.invalidateConnections([connection], { cause }), {
              scheduler,
            }),
          ),
      ],
    });
    await test.clock.advance(60_000);
    expect(test.events.filter(({ type }) => type === 'lost')).toHaveLength(1);
  });

  it('reconfigure({ maxPending }) during a validation holds when it is over', async () => {
    const test = await openRig(make, 1, { maxPending: 1 });
    const answers = validating(test);
    await test.clock.advance(100);
    test.pool.reconfigure({ maxPending: 2 });
    expect(test.pool.tryLease()).toBeUndefined();
    answers[0]?.();
    await settle();
    expect([test.pool.tryLease(), test.pool.tryLease(), test.pool.tryLease()].filter(Boolean)).toHaveLength(2);
  });

  it('warmup, reset and validation: recycle({ maxUses }) counts none of their requests, and shrinkIdle() no use', async () => {
    const ask = async (connection: TestConnection): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        connection.send();
        connection.send();
        await undefined;
        connection.reply();
        connection.reply();
      }
    };
    const test = await openRig(make, 3, { maxPending: 1, warmup: ask, reset: ask });
    const { scheduler } = test.clock;
    const due: string[] = [];
    test.pool.reconfigure({
      policies: [
        (pool) => pool.connected$.pipe(validateIdle(ask, () => {}, { interval: 50, scheduler })),
        (pool) =>
          pool.connected$.pipe(
            recycle((all) => due.push(...all.map(({ name }) => name)), { maxUses: 3, spread: 0, scheduler }),
          ),
        (pool) =>
          pool.connected$.pipe(
            shrinkIdle((surplus) => pool.reducePoolConnections(surplus), { idleTimeout: 500, minIdle: 2, scheduler }),
          ),
      ],
    });
    await test.clock.advance(400);
    await settle();
    const lease = test.pool.tryLease();
    lease?.release();
    await settle();
    lease?.connection && test.pool.tryLease()?.release();
    await test.clock.advance(600);
    expect([due, test.pool.poolSize]).toEqual([[], 2]);
  });
});

it('validateIdle(undefined, …): asks the connection’s own ping, and never one without', async () => {
  const [{ make }] = KINDS as [(typeof KINDS)[number]];
  const test = await openRig(make, 2);
  const { scheduler } = test.clock;
  const [mute] = test.made;
  const asked: unknown[] = [];
  const ping = ({ signal }: { signal: AbortSignal }): Promise<boolean> => {
    asked.push(signal.aborted);
    return Promise.resolve(false);
  };
  Object.assign(mute as TestConnection, { ping });
  test.pool.reconfigure({
    policies: [
      (pool) =>
        pool.connected$.pipe(
          validateIdle(undefined, (connection, cause) => pool.invalidateConnections([connection], { cause }), {
            interval: 50,
            scheduler,
          }),
        ),
    ],
  });
  await test.clock.advance(200);
  await settle();
  expect([asked, test.pool.brokenConnections]).toEqual([[false], [mute]]);
});
