import * as fc from 'fast-check';
import { BehaviorSubject, defer, type SchedulerLike, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  CommandFailure,
  PoolError,
  type Validate,
  type ValidateIdleOptions,
  ValidationError,
  validateIdle,
} from 'rxpool';
import { KINDS, type Make, OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { expectUntouched } from '../support/untouched.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

type List = readonly TestConnection[];

/** One call of `validate`. */
interface Asked {
  readonly connection: TestConnection;
  readonly signal: AbortSignal;
  answer(value?: unknown): void;
  fail(cause: unknown): void;
}

class Rig {
  readonly clock: VirtualClock;
  readonly list$: Subject<List>;
  /** Every validation started, and those without an answer yet. */
  readonly begun: string[] = [];
  readonly open: Asked[] = [];
  readonly invalidated: string[] = [];
  readonly causes: ValidationError[] = [];
  readonly emitted: string[] = [];
  /** The causes of `invalidate()` having failed. */
  readonly refused: unknown[] = [];
  readonly failures: unknown[] = [];
  completed = false;
  /** Called inside validate(). By default one request is in flight until the answer. */
  onAsk: (asked: Asked) => void = ({ connection }) => connection.send();
  onInvalidate: (connection: TestConnection) => unknown = () => {};
  readonly subscription;

  constructor(
    connections: List,
    options: ValidateIdleOptions = {},
    clock = new VirtualClock(),
    list$: Subject<List> = new BehaviorSubject(connections),
  ) {
    this.clock = clock;
    this.list$ = list$;
    const invalidate = (connection: TestConnection, cause: ValidationError): unknown => {
      this.invalidated.push(`${clock.now}: ${connection.name}`);
      this.causes.push(cause);
      return this.onInvalidate(connection);
    };
    const { scheduler } = clock;
    const operator = validateIdle<TestConnection>((...args) => this.#validate(...args), invalidate, {
      scheduler,
      interval: 100,
      timeout: 20,
      ...options,
    });
    this.subscription = list$.pipe(operator).subscribe({
      next: (value) => {
        if (value instanceof CommandFailure) this.refused.push(value.cause);
        else this.emitted.push(`${clock.now}: ${value.connection.name} ${value.ok}`);
      },
      error: (error: unknown) => this.failures.push(error),
      complete: () => {
        this.completed = true;
      },
    });
  }

  /** From now on every validation is answered at once. */
  answerAll(): this {
    this.onAsk = ({ answer }) => answer();
    return this;
  }

  get last(): Asked {
    return this.open.at(-1)!;
  }

  #validate(...[connection, { signal }]: Parameters<Validate<TestConnection>>): PromiseLike<unknown> {
    this.begun.push(`${this.clock.now}: ${connection.name}`);
    return new Promise((resolve, reject) => {
      const end = (settle: (value: unknown) => void) => (value?: unknown) => {
        this.open.splice(this.open.indexOf(asked), 1);
        if (connection.pending > 0) connection.reply();
        settle(value);
      };
      const asked: Asked = { connection, signal, answer: end(resolve), fail: end(reject) };
      this.open.push(asked);
      this.onAsk(asked);
    });
  }
}

describe.each(KINDS)('validateIdle, over $kind', ({ make }) => {
  const connected = async (names: string): Promise<TestConnection[]> => {
    const made = [...names].map((name) => make('accept', name));
    await Promise.all(made.map((connection) => connection.connect()));
    return made;
  };

  it('validateIdle(): validates a connection that was idle for `interval`, and again after each further interval', async () => {
    const rig = new Rig(await connected('a')).answerAll();
    await rig.clock.advance(99);
    expect(rig.begun).toEqual([]);
    await rig.clock.advance(201);
    expect(rig.begun).toEqual(['100: a', '200: a', '300: a']);
    expect(rig.emitted).toEqual(['100: a true', '200: a true', '300: a true']);
    expect(rig.invalidated).toEqual([]);
  });

  it('validateIdle(): does not validate busy connections; the interval counts from the end of their last request', async () => {
    const [a, b] = (await connected('ab')) as [TestConnection, TestConnection];
    a.send();
    const rig = new Rig([a, b]).answerAll();
    await rig.clock.advance(50);
    b.send();
    b.send();
    await rig.clock.advance(10);
    b.reply();
    await rig.clock.advance(10);
    b.reply();
    await rig.clock.advance(110);
    expect(rig.begun).toEqual(['170: b']);
    a.reply();
    await rig.clock.advance(100);
    expect(rig.begun).toEqual(['170: b', '270: b', '280: a']);
  });

  it('validateIdle(): never validates connections that are used more often than `interval`', async () => {
    const all = await connected('abc');
    const rig = new Rig(all);
    for (let i = 0; i < 100; i++) {
      const connection = all[i % 3]!;
      connection.send();
      await rig.clock.advance(30);
      connection.reply();
    }
    expect(rig.begun).toEqual([]);
  });

  it('validateIdle({ timeout }): invalidates a connection without a timely answer, and aborts with the cause', async () => {
    const rig = new Rig(await connected('ab'));
    rig.onAsk = ({ connection, answer }) => {
      connection.send();
      if (connection.name === 'b') answer();
    };
    await rig.clock.advance(119);
    expect([rig.invalidated, rig.last.signal.aborted]).toEqual([[], false]);
    await rig.clock.advance(1);
    expect(rig.invalidated).toEqual(['120: a']);
    expect(rig.emitted).toEqual(['100: b true', '120: a false']);
    expect(rig.last.signal.reason).toBe(rig.causes[0]);
    expect(rig.causes[0]).toMatchObject({ code: 'ERR_VALIDATION', message: expect.stringContaining('20 ms') });
    expect(rig.causes[0]).toBeInstanceOf(PoolError);
    expect(rig.causes[0]).not.toHaveProperty('cause');
  });

  it.each<[what: string, said: unknown, onAsk: (asked: Asked) => void]>([
    ['rejects', 'no', ({ fail }) => fail('no')],
    ['resolves to false', false, ({ answer }) => answer(false)],
    [
      'throws',
      'no',
      () => {
        throw 'no';
      },
    ],
  ])(
    'validateIdle(): invalidates a connection whose validate() %s, with that as the cause',
    async (_what, said, onAsk) => {
      const rig = new Rig(await connected('a'));
      rig.onAsk = onAsk;
      await rig.clock.advance(110);
      expect(rig.invalidated).toEqual(['100: a']);
      expect(rig.causes[0]).toBeInstanceOf(ValidationError);
      expect(rig.causes[0]?.cause).toBe(said);
    },
  );

  it('validateIdle(): validates an invalidated connection again while it stays in the list', async () => {
    const rig = new Rig(await connected('a'));
    rig.onAsk = ({ fail }) => fail('no');
    await rig.clock.advance(250);
    expect(rig.invalidated).toEqual(['100: a', '200: a']);
  });

  it("validateIdle(): validates a connection once at a time, and the validation's request is not work", async () => {
    const rig = new Rig(await connected('a'), { timeout: 1_000 });
    await rig.clock.advance(700);
    expect(rig.begun).toEqual(['100: a']);
    rig.last.answer();
    await rig.clock.advance(99);
    expect(rig.begun).toHaveLength(1);
    await rig.clock.advance(1);
    expect(rig.begun).toHaveLength(2);
  });

  it('validateIdle(): a second request of the same validation is not work', async () => {
    const rig = new Rig(await connected('a'));
    await rig.clock.advance(100);
    rig.last.connection.reply();
    rig.last.connection.send();
    await rig.clock.advance(20);
    expect(rig.invalidated).toEqual(['120: a']);
  });

  it.each<[what: string, onAsk: (asked: Asked) => void]>([
    ['sends a request', ({ connection }) => connection.send()],
    ['sends no request', () => {}],
  ])(
    'validateIdle(): a connection used during its validation is not invalidated, where validate() %s',
    async (_what, onAsk) => {
      const rig = new Rig(await connected('a'));
      rig.onAsk = onAsk;
      await rig.clock.advance(100);
      const { connection } = rig.last;
      connection.send();
      connection.reply();
      await rig.clock.advance(20);
      expect(rig.last.signal.aborted).toBe(true);
      expect([rig.invalidated, rig.emitted]).toEqual([[], []]);
    },
  );

  it('validateIdle(): ignores the result for a connection lost meanwhile, also after it has reconnected', async () => {
    const [a] = (await connected('a')) as [TestConnection];
    const rig = new Rig([a]);
    await rig.clock.advance(100);
    const { signal, fail } = rig.last;
    a.lose();
    expect(signal.aborted).toBe(true);
    await a.connect();
    fail('the first transport is gone');
    await rig.clock.advance(99);
    expect([rig.invalidated, rig.begun]).toEqual([[], ['100: a']]);
    rig.answerAll();
    await rig.clock.advance(1);
    expect(rig.begun).toEqual(['100: a', '200: a']);
  });

  it('validateIdle(): ignores the result for a connection that left the list meanwhile, also after it is back', async () => {
    const [a] = (await connected('a')) as [TestConnection];
    const rig = new Rig([a]);
    await rig.clock.advance(100);
    const { signal, fail } = rig.last;
    rig.list$.next([]);
    expect(signal.aborted).toBe(true);
    expectUntouched(a);
    rig.list$.next([a]);
    fail('too late');
    await settle();
    expect([rig.invalidated, rig.emitted]).toEqual([[], []]);
  });

  it('validateIdle({ timeout }): a rejection after the timeout does not invalidate a second time', async () => {
    const rig = new Rig(await connected('a'));
    await rig.clock.advance(120);
    rig.last.fail('no');
    await settle();
    expect(rig.invalidated).toEqual(['120: a']);
  });

  it('validateIdle(): validates a connection only after it has connected', async () => {
    const idle = make('accept', 'idle');
    const rig = new Rig([idle]).answerAll();
    await rig.clock.advance(150);
    expect(rig.begun).toEqual([]);
    await idle.connect();
    await rig.clock.advance(100);
    expect(rig.begun).toEqual(['250: idle']);
  });

  it('validateIdle({ maxValidations: 2 }): runs two at a time, and starts the next when one ends', async () => {
    const rig = new Rig(await connected('abcde'), { maxValidations: 2 });
    await rig.clock.advance(110);
    expect(rig.begun).toEqual(['100: a', '100: b']);
    rig.open[1]!.answer();
    await rig.clock.advance(0);
    expect(rig.begun.slice(2)).toEqual(['110: c']);
    await rig.clock.advance(20);
    expect(rig.begun.slice(3)).toEqual(['120: d', '130: e']);
    expect(rig.invalidated).toEqual(['120: a', '130: c']);
  });

  it('validateIdle({ maxValidations: 1 }): unsubscribing after a validation for which another one waited leaves no timer', async () => {
    const [a, b] = (await connected('ab')) as [TestConnection, TestConnection];
    const rig = new Rig([a, b], { maxValidations: 1, timeout: 1_000 });
    await rig.clock.advance(100);
    b.send();
    b.reply();
    rig.last.answer();
    await settle();
    rig.subscription.unsubscribe();
    expect([rig.begun, rig.clock.timers]).toEqual([['100: a'], 0]);
  });

  it('validateIdle({ maxValidations: 1 }): starts the next when the connection under validation leaves the list', async () => {
    const all = await connected('abc');
    const rig = new Rig(all, { maxValidations: 1 });
    await rig.clock.advance(100);
    rig.list$.next(all.slice(1));
    expect(rig.begun).toEqual(['100: a']);
    await rig.clock.advance(0);
    expect(rig.begun).toEqual(['100: a', '100: b']);
  });

  it('validateIdle(): has one timer for all idle connections, and none while all are busy', async () => {
    const all = await connected('abcdefgh');
    const rig = new Rig(all);
    expect(rig.clock.timers).toBe(1);
    for (const connection of all) connection.send();
    await rig.clock.advance(100);
    expect(rig.clock.timers).toBe(0);
    all[0]!.reply();
    expect(rig.clock.timers).toBe(1);
  });

  it('validateIdle(): unsubscribing aborts validations under way, cancels the timer and invalidates nothing', async () => {
    const all = await connected('abc');
    const rig = new Rig(all, { maxValidations: 2 });
    await rig.clock.advance(100);
    const signals = rig.open.map(({ signal }) => signal);
    rig.subscription.unsubscribe();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(rig.clock.timers).toBe(0);
    all.forEach(expectUntouched);
    for (const { fail } of [...rig.open]) fail('no');
    await rig.clock.advance(1_000);
    expect([rig.invalidated, rig.begun]).toEqual([[], ['100: a', '100: b']]);
  });

  it.each(['complete', 'error'] as const)(
    'validateIdle(): %s of the source is passed on, cancels the timer and unsubscribes from connections',
    async (ending) => {
      const all = await connected('abc');
      const rig = new Rig(all, { maxValidations: 2 });
      await rig.clock.advance(100);
      rig.list$[ending]('gone');
      expect([rig.completed, rig.failures]).toEqual(ending === 'error' ? [false, ['gone']] : [true, []]);
      expect(rig.clock.timers).toBe(0);
      all.forEach(expectUntouched);
    },
  );

  it.each([
    [
      'throws',
      () => {
        throw 'not allowed to';
      },
    ],
    ['rejects', () => Promise.reject('not allowed to')],
  ])('validateIdle(): when invalidate() %s, emits the cause and validates again after the interval', async (_, no) => {
    const all = await connected('a');
    const rig = new Rig(all);
    rig.onAsk = () => {};
    rig.onInvalidate = no;
    await rig.clock.advance(350);
    expect(rig.refused).toEqual(['not allowed to', 'not allowed to']);
    expect([rig.invalidated, rig.emitted, rig.failures]).toEqual([['120: a', '240: a'], [], []]);
    rig.subscription.unsubscribe();
    expect(rig.clock.timers).toBe(0);
    all.forEach(expectUntouched);
  });

  it.each<[where: string, arrange: (rig: Rig) => void]>([
    [
      'validate',
      (rig) => {
        rig.onAsk = () => rig.subscription.unsubscribe();
      },
    ],
    [
      'invalidate',
      (rig) => {
        rig.onInvalidate = () => rig.subscription.unsubscribe();
      },
    ],
  ])(
    'validateIdle(): unsubscribing inside %s() emits nothing and leaves no timer or subscription',
    async (_where, arrange) => {
      const all = await connected('ab');
      const rig = new Rig(all, { maxValidations: 1 });
      arrange(rig);
      await rig.clock.advance(1_000);
      expect(rig.begun).toEqual(['100: a']);
      expect([rig.emitted, rig.clock.timers]).toEqual([[], 0]);
      all.forEach(expectUntouched);
    },
  );

  it('validateIdle() of pool.connected$: by default a silent member is removed after 6 s', async () => {
    const { pool, clock, made } = await openRig(make, 3, { drainTimeout: 0 });
    const { scheduler } = clock;
    pool.connected$
      .pipe(
        validateIdle(
          (connection) => (connection === made[1] ? new Promise(() => {}) : Promise.resolve()),
          (connection) => pool.removeConnections([connection]),
          { scheduler },
        ),
      )
      .subscribe();
    await clock.advance(5_999);
    expect(pool.connectedConnections).toHaveLength(3);
    await clock.advance(1);
    expect(pool.connectedConnections).toEqual([made[0], made[2]]);
    await pool.dispose();
    expect(clock.timers).toBe(0);
    made.forEach(expectUntouched);
  });

  it('validateIdle() of pool.connected$: a member leased during its validation is not invalidated', async () => {
    const { pool, clock } = await openRig(make, 1);
    const { scheduler } = clock;
    const invalidated: unknown[] = [];
    const validate = (connection: TestConnection): Promise<never> => {
      connection.send();
      return new Promise(() => {});
    };
    pool.connected$
      .pipe(validateIdle(validate, (connection) => invalidated.push(connection), { scheduler }))
      .subscribe();
    await clock.advance(5_000);
    void pool.use(() => new Promise(() => {}));
    await clock.advance(1_000);
    expect(invalidated).toEqual([]);
  });
});

describe('validateIdle', () => {
  const connected = async (count: number): Promise<TestConnection[]> => {
    const made = Array.from({ length: count }, (_, index) => new OwnConnection({ name: `${index}` }));
    await Promise.all(made.map((connection) => connection.connect()));
    return made;
  };

  it('validateIdle() by default: runs 16 validations at a time, and validates all of 1,000 connections', async () => {
    const rig = new Rig(await connected(1_000), { maxValidations: undefined, timeout: 50 });
    await rig.clock.advance(100);
    expect(rig.open).toHaveLength(16);
    rig.answerAll();
    for (const { answer } of [...rig.open]) answer();
    await rig.clock.advance(10);
    expect(new Set(rig.begun).size).toBe(1_000);
    expect(rig.open).toHaveLength(0);
  });

  it('validateIdle(): setting the clock back delays a validation by one interval at most', async () => {
    const clock = new VirtualClock();
    const { scheduler } = clock;
    let offset = 0;
    const jumping = { now: () => scheduler.now() + offset, schedule: scheduler.schedule.bind(scheduler) };
    const rig = new Rig(await connected(1), { scheduler: jumping }, clock).answerAll();
    await clock.advance(50);
    offset = -1_000_000;
    await clock.advance(150);
    expect(rig.begun).toEqual(['200: 0']);
  });

  it('validateIdle(): an infinite interval or timeout becomes the longest timer delay, 2^31 - 1 ms', async () => {
    const delays: (number | undefined)[] = [];
    const clock = new VirtualClock();
    const scheduler = {
      now: () => clock.now,
      schedule: (work: () => void, delay?: number) => {
        delays.push(delay);
        return clock.scheduler.schedule(work, delay);
      },
    } as SchedulerLike;
    const endless = Number.POSITIVE_INFINITY;
    new Rig(await connected(1), { scheduler, interval: endless });
    new Rig(await connected(1), { scheduler, interval: 1, timeout: endless });
    await clock.advance(1);
    expect(delays).toEqual([2 ** 31 - 1, 1, 2 ** 31 - 1]);
  });

  it('validateIdle(): subscribes to the source on subscribe, and unsubscribes with its subscriber', async () => {
    const [a] = await connected(1);
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ hot, expectObservable, expectSubscriptions }) => {
        const lists: Record<string, List> = { l: [a!], e: [] };
        const source = hot('      --l-------e--|', lists);
        const validate = (): Promise<never> => new Promise(() => {});
        const validation$ = source.pipe(validateIdle(validate, () => {}, { interval: 3, timeout: 2 }));
        const x = { connection: a, ok: false, cause: expect.any(ValidationError) };
        expectObservable(validation$).toBe('-------x-----|', { x });
        expectObservable(validation$, '^---!').toBe('-');
        expectSubscriptions(source.subscriptions).toBe(['^------------!', '^---!']);
      },
    );
  });

  it('validateIdle() property: invalidates exactly the connections that did not answer within the timeout', async () => {
    const count = 4;
    const make: Make = (onDial, name) => new OwnConnection({ onDial, name });
    const who = fc.nat(count - 1);
    const step = fc.oneof(
      fc.record({ silence: who }),
      fc.record({ revive: who }),
      fc.record({ work: who }),
      fc.record({ redial: who }),
      fc.record({ toggle: who }),
      { weight: 3, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 150 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 30 }), async (steps) => {
        const all = Array.from({ length: count }, (_, index) => make('accept', `${index}`));
        await Promise.all(all.map((connection) => connection.connect()));
        const silent = new Set<TestConnection>();
        /** When each connection last answered, worked, was dialled, added or removed. */
        const since = new Map(all.map((connection) => [connection, 0]));
        const rig = new Rig(all);
        const touch = (connection: TestConnection): unknown => since.set(connection, rig.clock.now);
        const listed = new Set(all);
        const wrong: string[] = [];
        rig.onAsk = ({ connection, signal, answer, fail }) => {
          connection.send();
          signal.addEventListener('abort', fail);
          if (!silent.has(connection)) answer();
        };
        rig.onInvalidate = (connection) => {
          if (!silent.has(connection) || !listed.has(connection)) wrong.push(connection.name);
          touch(connection);
        };
        for (const one of steps) {
          if ('pass' in one) await rig.clock.advance(one.pass);
          else {
            const connection = all[Object.values(one)[0] as number]!;
            touch(connection);
            if ('silence' in one) silent.add(connection);
            if ('revive' in one) {
              silent.delete(connection);
              for (const asked of [...rig.open]) if (asked.connection === connection) asked.answer();
            }
            if ('work' in one) {
              connection.send();
              connection.reply();
            }
            if ('redial' in one) {
              connection.lose();
              await connection.connect();
            }
            if ('toggle' in one) {
              if (!listed.delete(connection)) listed.add(connection);
              rig.list$.next([...listed]);
            }
          }
          await settle();
          for (const connection of listed) {
            // A validation started just before the last change has to end first.
            const late = rig.clock.now - (since.get(connection) ?? 0) > 20 + 100 + 20;
            if (silent.has(connection) && late) wrong.push(`${connection.name} unnoticed`);
          }
        }
        expect(wrong).toEqual([]);
        rig.subscription.unsubscribe();
        expect(rig.clock.timers).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});

it('validateIdle(): does not validate a connection that leaves while another one that entered is subscribed to', async () => {
  const [a, b] = [new SubjectConnection({ name: 'a' }), new SubjectConnection({ name: 'b' })];
  await Promise.all([a.connect(), b.connect()]);
  const list$ = new Subject<List>();
  const rig = new Rig([], {}, new VirtualClock(), list$).answerAll();
  const { state$ } = a;
  const removing$ = defer(() => {
    list$.next([a]);
    return state$;
  });
  list$.next([Object.assign(a, { state$: removing$ }), b]);
  await rig.clock.advance(100);
  expect(rig.begun).toEqual(['100: a']);
  rig.subscription.unsubscribe();
});
