import { asyncScheduler, type Observable, Subscription } from 'rxjs';
import { anything, checkEach, checkFunction, checkObject, checkTimeout } from '../checks.js';
import { type Connection, type ConnectionState, isConnectionState } from '../connection/connection.js';

/**
 * Controls the server of the checked connections. `FaultProxy` of `rxpool/testing/node` implements it in front of any
 * TCP server.
 */
export interface CheckedServer {
  /** How many connections to the server are open. */
  connections(): number | PromiseLike<number>;
  /** Closes all open connections from the server's side. */
  cut(): unknown;
  /** Holds back all bytes in both directions, also on new connections, which are accepted. */
  hold(): unknown;
  /** Passes bytes on again; held bytes first. */
  resume(): unknown;
  /** Refuses new connections from now on. */
  refuse(): unknown;
  /** Accepts new connections again. */
  accept(): unknown;
  /** Makes the server announce that its connections take no new requests. @default none: `draining` is not checked */
  drain?(): unknown;
}

/** The connections to check, their server, and how to use them. */
export interface CheckedConnection<C extends Connection> {
  /** Makes a new connection to the server. */
  readonly make: () => C;
  /** The server that the connections lead to. */
  readonly server: CheckedServer;
  /**
   * Sends a request that the server answers. `signal` aborts when its caller gives up; you may ignore it.
   * @default none: loss and closing are checked without work in flight
   */
  readonly request?: ((connection: C, context: { readonly signal: AbortSignal }) => PromiseLike<unknown>) | undefined;
  /** Whether `pending$` counts requests without a pool. @default true */
  readonly counts?: boolean | undefined;
  /** The expected `capacity$` of a connected connection. @default any possible number */
  readonly capacity?: number | undefined;
  /** Returns the number of listeners on objects that outlive a connection. @default none: they are not checked */
  readonly listeners?: (() => number) | undefined;
  /** Milliseconds to wait for an expected event. @default 5000 */
  readonly patience?: number | undefined;
}

/** One rule of the contract of a connection, with its check. */
export interface ConnectionRule {
  /** The rule, worded as the title of a test. */
  readonly rule: string;
  /** Rejects with a {@link BrokenRuleError} if the rule is broken. Checks of one server must not overlap. */
  readonly check: () => Promise<void>;
}

/** A connection breaks a rule of the contract. */
export class BrokenRuleError extends Error {
  override readonly name: string = 'BrokenRuleError';
  /** Identifies the error; stable across versions. */
  readonly code = 'ERR_BROKEN_RULE';

  constructor(
    /** The rule. */
    readonly rule: string,
    /** What was expected, and what happened. */
    readonly explanation: string,
    cause?: unknown,
  ) {
    super(`${rule}: ${explanation}`, cause === undefined ? undefined : { cause });
  }
}

/** A connection breaks rules of the contract: `errors` has one error for each. */
export class NonconformingConnectionError extends Error {
  override readonly name: string = 'NonconformingConnectionError';
  /** Identifies the error; stable across versions. */
  readonly code = 'ERR_NONCONFORMING_CONNECTION';

  constructor(
    /** One for each broken rule, in the order of the rules. */
    readonly errors: readonly BrokenRuleError[],
  ) {
    const count = errors.length === 1 ? '1 rule' : `${errors.length} rules`;
    super(`The connection breaks ${count}:\n${errors.map(({ message }) => `- ${message}`).join('\n')}`);
  }
}

/**
 * Checks a kind of connection against the contract that pools rely on, whether written by hand or by `adapt()`. Each
 * rule gets new connections.
 *
 * @throws {@link NonconformingConnectionError} that names each broken rule; TypeError, RangeError for wrong options.
 * All as rejections
 * @example
 * ```ts
 * const proxy = await startFaultProxy({ port });
 * await checkConnection({
 *   make: () => new ZcachedConnection({ port: proxy.port }),
 *   server: proxy,
 *   request: (connection, { signal }) => connection.request({ command: 'PING', signal }),
 * });
 * ```
 */
export async function checkConnection<C extends Connection>(checked: CheckedConnection<C>): Promise<void> {
  const errors: BrokenRuleError[] = [];
  for (const { rule, check } of connectionRules(checked)) {
    try {
      await check();
    } catch (error) {
      errors.push(error instanceof BrokenRuleError ? error : new BrokenRuleError(rule, String(error), error));
    }
  }
  if (errors.length > 0) throw new NonconformingConnectionError(errors);
}

/**
 * The rules for a kind of connection, one test each. Rules of optional members are included if the connection has the
 * member.
 *
 * @throws `TypeError`, `RangeError` for wrong options
 * @example
 * ```ts
 * const server = await startFaultProxy({ port });
 * const rules = connectionRules({ make: () => new ZcachedConnection({ port: server.port }), server });
 * for (const { rule, check } of rules) await check().catch(() => console.error('broken:', rule)); // or test(rule, check)
 * ```
 */
export function connectionRules<C extends Connection>(checked: CheckedConnection<C>): readonly ConnectionRule[] {
  checkEach('checked', checked, {
    make: checkFunction,
    server: checkObject,
    request: checkFunction,
    counts: anything,
    capacity: anything,
    listeners: checkFunction,
    patience: checkTimeout,
  });
  checkFunction('checked.make', checked.make);
  checkObject('checked.server', checked.server);
  for (const member of ['connections', 'cut', 'hold', 'resume', 'refuse', 'accept'] as const) {
    checkFunction(`checked.server.${member}`, checked.server[member]);
  }
  const sample = checked.make();
  const context: Context<C> = { ...checked, sample };
  return Object.entries(RULES as unknown as Record<string, Rule<C>>)
    .filter(([, { needs }]) => needs === undefined || needs(context))
    .map(([rule, { run }]) => ({ rule, check: () => new Trial(rule, checked).run(run) }));
}

interface Context<C extends Connection> extends CheckedConnection<C> {
  readonly sample: C;
}

interface Rule<C extends Connection> {
  /** Whether the rule can be checked. */
  readonly needs?: (context: Context<C>) => unknown;
  readonly run: (trial: Trial<C>) => Promise<void>;
}

/** Milliseconds between two polls. */
const LOOK = 2;

/** Milliseconds that connections have to close after a check, before the server closes them. */
const LEFT_OPEN = 500;

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => asyncScheduler.schedule(() => resolve(), milliseconds));

/** How a promise settled. */
type Settled = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly cause: unknown };

/** One check of one rule. */
class Trial<C extends Connection> {
  readonly server: CheckedServer;
  readonly #opened: Probe<C>[] = [];
  readonly #patience: number;

  constructor(
    readonly rule: string,
    readonly checked: CheckedConnection<C>,
  ) {
    this.server = checked.server;
    this.#patience = checked.patience ?? 5_000;
  }

  async run(run: (trial: this) => Promise<void>): Promise<void> {
    try {
      await run(this);
    } catch (error) {
      throw error instanceof BrokenRuleError ? error : new BrokenRuleError(this.rule, `threw ${error}`, error);
    } finally {
      await this.#end();
    }
  }

  make(): Probe<C> {
    const probe = new Probe(this, this.checked.make());
    this.#opened.push(probe);
    return probe;
  }

  async connected(): Promise<Probe<C>> {
    const probe = this.make();
    await this.within(probe.connection.connect(), 'connect()');
    return probe;
  }

  async open(): Promise<number> {
    return await this.server.connections();
  }

  fail(explanation: string, cause?: unknown): never {
    throw new BrokenRuleError(this.rule, explanation, cause);
  }

  expect(condition: boolean, explanation: () => string): void {
    if (!condition) this.fail(explanation());
  }

  /** Waits until the condition holds. */
  async until(condition: () => boolean | Promise<boolean>, explanation: () => string | Promise<string>): Promise<void> {
    const deadline = asyncScheduler.now() + this.#patience;
    while (!(await condition())) {
      if (asyncScheduler.now() > deadline) this.fail(`${await explanation()} after ${this.#patience} ms`);
      await sleep(LOOK);
    }
  }

  async untilOpen(count: number): Promise<void> {
    await this.until(
      async () => (await this.open()) === count,
      async () => `${await this.open()} connections are open to the server instead of ${count}`,
    );
  }

  /** Connections that are still closing, such as those of `settle()`, may be open for some time. */
  async untilOnlyOne(otherwise: string): Promise<void> {
    await this.until(
      async () => (await this.open()) === 1,
      () => otherwise,
    );
  }

  /** Waits until a promise settles, which it must. */
  async settled(promise: PromiseLike<unknown>, what: string): Promise<Settled> {
    let settled: Settled | undefined;
    promise.then(
      (value) => {
        settled = { ok: true, value };
      },
      (cause: unknown) => {
        settled = { ok: false, cause };
      },
    );
    await this.until(
      () => settled !== undefined,
      () => `${what} has not settled`,
    );
    return settled as unknown as Settled;
  }

  async within(promise: PromiseLike<unknown>, what: string): Promise<void> {
    const settled = await this.settled(promise, what);
    if (!settled.ok) this.fail(`${what} rejected: ${settled.cause}`, settled.cause);
  }

  /** Opens and closes two more connections. By then, late reports of earlier ones have arrived. */
  async settle(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      const connection = this.checked.make();
      await this.settled(connection.connect(), 'connect()');
      await this.settled(connection.close(), 'close()');
      await sleep(2 * LOOK);
    }
  }

  request(probe: Probe<C>, signal: AbortSignal = new AbortController().signal): Promise<unknown> | undefined {
    const { request } = this.checked;
    if (!request) return undefined;
    const work = new Promise((resolve) => resolve(request(probe.connection, { signal })));
    work.catch(() => {});
    return work;
  }

  /** Leaves nothing open, so that the next rule does not count it. */
  async #end(): Promise<void> {
    const { server } = this;
    await server.resume();
    await server.accept();
    for (const probe of this.#opened) {
      probe.stop();
      new Promise<void>((resolve) => resolve(probe.connection.close())).catch(() => {});
    }
    if (!(await this.#isEmptyWithin(Math.min(this.#patience, LEFT_OPEN)))) await server.cut();
    await this.#isEmptyWithin(this.#patience);
  }

  async #isEmptyWithin(milliseconds: number): Promise<boolean> {
    const deadline = asyncScheduler.now() + milliseconds;
    while ((await this.server.connections()) > 0) {
      if (asyncScheduler.now() > deadline) return false;
      await sleep(LOOK);
    }
    return true;
  }
}

/** A connection, and what it has emitted. */
class Probe<C extends Connection> {
  readonly states: ConnectionState[] = [];
  readonly counts: number[] = [];
  readonly #subscription = new Subscription();
  /** How a stream ended, which it must not do. */
  ended: string | undefined;

  constructor(
    readonly trial: Trial<C>,
    readonly connection: C,
  ) {
    this.#follow('state$', connection.state$, this.states);
    this.#follow('pending$', connection.pending$, this.counts);
  }

  get state(): ConnectionState | undefined {
    return this.states.at(-1);
  }

  get pending(): number | undefined {
    return this.counts.at(-1);
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  expectState(state: ConnectionState, when: string): void {
    this.trial.expect(this.state === state, () => `the state is ${this.state} instead of ${state} ${when}`);
  }

  async untilState(state: ConnectionState): Promise<void> {
    await this.trial.until(
      () => this.state === state,
      () => `the state is ${this.state} instead of ${state}`,
    );
  }

  async untilPending(count: number): Promise<void> {
    await this.trial.until(
      () => this.pending === count,
      () => `pending$ says ${this.pending} instead of ${count}`,
    );
  }

  close(): Promise<Settled> {
    return this.trial.settled(this.connection.close(), 'close()');
  }

  #follow<T>(name: string, stream: Observable<T>, values: T[]): void {
    this.#subscription.add(
      stream.subscribe({
        next: (value) => values.push(value),
        error: (cause) => {
          this.ended = `${name} errored: ${cause}`;
        },
        complete: () => {
          this.ended = `${name} completed`;
        },
      }),
    );
  }
}

const AWKWARD: readonly unknown[] = [
  undefined,
  null,
  'text',
  0,
  Object.freeze(new Error('frozen')),
  Object.create(null),
  Object.assign(new Error('no answer in time'), { code: 'ERR_USE_TIMEOUT' }),
  Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
];

const CLASSES: readonly unknown[] = ['answer', 'failure', 'fatal', undefined];

/** An abort signal that counts its listeners. */
function countedSignal(): { readonly controller: AbortController; readonly listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  Object.defineProperties(signal, {
    addEventListener: {
      value: (...args: Parameters<AbortSignal['addEventListener']>) => {
        listeners.add(args[1]);
        addEventListener.apply(signal, args);
      },
    },
    removeEventListener: {
      value: (...args: Parameters<AbortSignal['removeEventListener']>) => {
        listeners.delete(args[1]);
        removeEventListener.apply(signal, args);
      },
    },
  });
  return { controller, listeners: () => listeners.size };
}

const hasRequest = ({ request }: CheckedConnection<Connection>): boolean => request !== undefined;
const countsRequests = ({ request, counts }: CheckedConnection<Connection>): boolean =>
  request !== undefined && counts !== false;
const hasPing = ({ sample }: Context<Connection>): boolean => typeof sample.ping === 'function';
const hasClassify = ({ sample }: Context<Connection>): boolean => typeof sample.classify === 'function';

async function isCut(trial: Trial<Connection>, probe: Probe<Connection>): Promise<void> {
  await trial.server.cut();
  await probe.untilState('broken');
}

/** Makes a dial while the server is silent, and returns what it opened. */
async function dialOfSilence(trial: Trial<Connection>): Promise<{ probe: Probe<Connection>; dial: Promise<Settled> }> {
  await trial.server.hold();
  const probe = trial.make();
  const dial = trial.settled(probe.connection.connect(), 'connect()');
  dial.catch(() => {});
  await trial.until(
    async () => (await trial.open()) > 0,
    () => 'connect() has opened nothing',
  );
  // The dial of a client that waits for no answer has ended by now.
  return { probe, dial };
}

const RULES: Readonly<Record<string, Rule<Connection>>> = {
  'state$ and pending$ emit idle and 0 when a new connection is subscribed to': {
    async run(trial) {
      const probe = trial.make();
      trial.expect(`${probe.states}` === 'idle', () => `state$ has emitted [${probe.states}]`);
      trial.expect(`${probe.counts}` === '0', () => `pending$ has emitted [${probe.counts}]`);
    },
  },
  'connect() goes by connecting to connected, and resolves when it is connected': {
    async run(trial) {
      const probe = trial.make();
      let stateThen: ConnectionState | undefined;
      const dial = probe.connection.connect().then(() => {
        stateThen = probe.state;
      });
      await trial.within(dial, 'connect()');
      trial.expect(stateThen === 'connected', () => `the state was ${stateThen} when connect() resolved`);
      trial.expect(`${probe.states}` === 'idle,connecting,connected', () => `state$ has emitted [${probe.states}]`);
      await trial.untilOpen(1);
    },
  },
  'connect() while connecting shares the dial': {
    async run(trial) {
      const probe = trial.make();
      const dials = [probe.connection.connect(), probe.connection.connect()];
      await trial.within(Promise.all(dials), 'connect()');
      await trial.settle();
      await trial.untilOnlyOne('two calls of connect() have opened two connections, which are open');
    },
  },
  'connect() while connected opens nothing and changes no state': {
    async run(trial) {
      const probe = await trial.connected();
      const before = probe.states.length;
      await trial.within(probe.connection.connect(), 'connect()');
      await trial.settle();
      trial.expect(probe.states.length === before, () => `state$ has emitted [${probe.states}]`);
      await trial.untilOnlyOne('a second connection is open');
    },
  },
  'connect() rejects when the server refuses, and never throws': {
    async run(trial) {
      await trial.server.refuse();
      const probe = trial.make();
      const dial = (): Promise<void> => {
        try {
          return probe.connection.connect();
        } catch (error) {
          return trial.fail(`connect() threw ${error} instead of rejecting`, error);
        }
      };
      const { ok } = await trial.settled(dial(), 'connect()');
      trial.expect(!ok, () => 'connect() resolved');
    },
  },
  'a dial that was refused leaves the connection broken, with the cause': {
    async run(trial) {
      await trial.server.refuse();
      const probe = trial.make();
      await trial.settled(probe.connection.connect(), 'connect()');
      probe.expectState('broken', 'after a refused dial');
      trial.expect(probe.connection.cause !== undefined, () => 'cause is undefined');
    },
  },
  'connect() dials again from broken, and cause is undefined when it is connected': {
    async run(trial) {
      await trial.server.refuse();
      const probe = trial.make();
      await trial.settled(probe.connection.connect(), 'connect()');
      await trial.server.accept();
      await trial.within(probe.connection.connect(), 'connect() after a refused dial');
      probe.expectState('connected', 'after a second dial');
      trial.expect(probe.connection.cause === undefined, () => 'cause is still there');
      await isCut(trial, probe);
      await trial.within(probe.connection.connect(), 'connect() after a loss');
      probe.expectState('connected', 'after a loss and a dial');
    },
  },
  'connect() dials again from closed': {
    async run(trial) {
      const probe = await trial.connected();
      await probe.close();
      await trial.within(probe.connection.connect(), 'connect() after close()');
      probe.expectState('connected', 'after close() and connect()');
      await trial.untilOpen(1);
    },
  },
  'close() has moved the state to closed when it returns, from every state': {
    async run(trial) {
      const connected = await trial.connected();
      const broken = await trial.connected();
      await isCut(trial, broken);
      await trial.within(connected.connection.connect(), 'connect()');
      const connecting = trial.make();
      connecting.connection.connect().then(undefined, () => {});
      for (const [from, probe] of Object.entries({ idle: trial.make(), connecting, connected, broken })) {
        const closing = probe.connection.close();
        const { state } = probe;
        closing.then(undefined, () => {});
        trial.expect(state === 'closed', () => `the state is ${state} after close() of one that was ${from}`);
      }
    },
  },
  'close() closes what was opened': {
    async run(trial) {
      const probe = await trial.connected();
      await trial.untilOpen(1);
      await probe.close();
      await trial.untilOpen(0);
    },
  },
  'close() may be called again, and resolves': {
    async run(trial) {
      const probe = await trial.connected();
      for (const call of ['first', 'second', 'third']) {
        await trial.within(probe.connection.close(), `the ${call} close()`);
      }
      const closed = probe.states.filter((state) => state === 'closed').length;
      trial.expect(closed === 1, () => `state$ has emitted closed ${closed} times`);
    },
  },
  'close() settles while the server is silent': {
    async run(trial) {
      const probe = await trial.connected();
      await trial.server.hold();
      const work = trial.request(probe);
      await probe.close();
      if (work) await trial.settled(work, 'a request in flight when close() was called');
      await probe.untilPending(0);
    },
  },
  'close() while connecting rejects the dial, and nothing stays open': {
    async run(trial) {
      const { probe, dial } = await dialOfSilence(trial);
      const wasConnecting = probe.state === 'connecting';
      await probe.close();
      const { ok } = await dial;
      trial.expect(!ok || !wasConnecting, () => 'connect() resolved although close() was called');
      await trial.server.resume();
      await trial.settle();
      await trial.untilOpen(0);
    },
  },
  'a dial that succeeds after close() changes no state': {
    async run(trial) {
      const { probe } = await dialOfSilence(trial);
      await probe.close();
      await trial.server.resume();
      await trial.settle();
      probe.expectState('closed', 'after close() of one that was being dialled');
    },
  },
  'a dial after a dial that was closed is not disturbed by it': {
    async run(trial) {
      const { probe } = await dialOfSilence(trial);
      await probe.close();
      const again = probe.connection.connect();
      await trial.server.resume();
      await trial.within(again, 'connect() after close()');
      await trial.settle();
      probe.expectState('connected', 'after close() in a dial, and another dial');
      await trial.untilOpen(1);
    },
  },
  'a loss without work in flight is noticed, with the cause': {
    async run(trial) {
      const probe = await trial.connected();
      await isCut(trial, probe);
      trial.expect(probe.connection.cause !== undefined, () => 'cause is undefined');
      await trial.untilOpen(0);
    },
  },
  'a loss with work in flight settles the work, and pending$ returns to 0': {
    needs: hasRequest,
    async run(trial) {
      const probe = await trial.connected();
      await trial.server.hold();
      const work = [trial.request(probe), trial.request(probe)];
      await isCut(trial, probe);
      for (const request of work) {
        const { ok } = await trial.settled(request as Promise<unknown>, 'a request on a connection that was lost');
        trial.expect(!ok, () => 'a request on a connection that was lost has succeeded');
      }
      await probe.untilPending(0);
    },
  },
  'an earlier session changes nothing of the next': {
    async run(trial) {
      const probe = await trial.connected();
      const closing = probe.connection.close();
      closing.then(undefined, () => {});
      await trial.within(probe.connection.connect(), 'connect() right after close()');
      await trial.settle();
      probe.expectState('connected', 'after close() and connect() at once');
      await isCut(trial, probe);
      await trial.within(probe.connection.connect(), 'connect() after a loss');
      const before = probe.states.length;
      await trial.settle();
      trial.expect(probe.states.length === before, () => `state$ has emitted [${probe.states}]`);
    },
  },
  'pending$ counts the requests in flight and returns to 0': {
    needs: countsRequests,
    async run(trial) {
      const probe = await trial.connected();
      await trial.server.hold();
      const work = [1, 2, 3].map(() => trial.request(probe) as Promise<unknown>);
      await probe.untilPending(3);
      await trial.server.resume();
      for (const request of work) await trial.within(request, 'a request');
      await probe.untilPending(0);
    },
  },
  'pending$ returns to 0 after requests that were given up': {
    needs: countsRequests,
    async run(trial) {
      const probe = await trial.connected();
      await trial.server.hold();
      const controller = new AbortController();
      const work = [1, 2].map(() => trial.request(probe, controller.signal) as Promise<unknown>);
      await probe.untilPending(2);
      controller.abort(new Error('given up'));
      await trial.server.resume();
      for (const request of work) await trial.settled(request, 'a request that was given up');
      await probe.untilPending(0);
    },
  },
  'state$ and pending$ neither error nor complete, and emit possible values': {
    async run(trial) {
      const probe = await trial.connected();
      const work = trial.request(probe);
      if (work) await trial.settled(work, 'a request');
      await isCut(trial, probe);
      await trial.within(probe.connection.connect(), 'connect()');
      await probe.close();
      trial.expect(probe.ended === undefined, () => `${probe.ended}`);
      trial.expect(probe.states.every(isConnectionState), () => `state$ has emitted [${probe.states}]`);
      trial.expect(
        probe.counts.every((count) => Number.isInteger(count) && count >= 0),
        () => `pending$ has emitted [${probe.counts}]`,
      );
    },
  },
  'name and endpoint are texts that stay as they are': {
    async run(trial) {
      const { connection } = trial.make();
      const read = (): string => JSON.stringify([connection.name, connection.endpoint]);
      for (const text of [connection.name, connection.endpoint]) {
        trial.expect(text === undefined || typeof text === 'string', () => `one of them is a ${typeof text}`);
      }
      const before = read();
      await trial.within(connection.connect(), 'connect()');
      trial.expect(read() === before, () => `${before} has become ${read()}`);
    },
  },
  'ping() resolves while the server answers, to another value than false': {
    needs: hasPing,
    async run(trial) {
      const { connection } = await trial.connected();
      const ping = connection.ping?.({ signal: new AbortController().signal }) as Promise<unknown>;
      const settled = await trial.settled(ping, 'ping()');
      trial.expect(settled.ok && settled.value !== false, () => 'ping() says that a live server is dead');
    },
  },
  'ping() does not resolve while the server is silent': {
    needs: hasPing,
    async run(trial) {
      const { connection } = await trial.connected();
      await trial.server.hold();
      const controller = new AbortController();
      let hasResolved = false;
      const ping = new Promise((resolve) => resolve(connection.ping?.({ signal: controller.signal })));
      ping.then(
        () => {
          hasResolved = true;
        },
        () => {},
      );
      await sleep(10 * LOOK);
      controller.abort(new Error('no answer in time'));
      await sleep(LOOK);
      trial.expect(!hasResolved, () => 'ping() resolved without an answer');
    },
  },
  'ping() leaves no listener on its signal': {
    needs: hasPing,
    async run(trial) {
      const { connection } = await trial.connected();
      const { controller, listeners } = countedSignal();
      const ping = connection.ping?.({ signal: controller.signal }) as Promise<unknown>;
      await trial.settled(ping, 'ping()');
      await trial.until(
        () => listeners() === 0,
        () => `${listeners()} listeners are on the signal`,
      );
    },
  },
  'classify() returns answer, failure, fatal or undefined for whatever was thrown': {
    needs: hasClassify,
    async run(trial) {
      const { connection } = await trial.connected();
      for (const error of AWKWARD) {
        let says: unknown;
        try {
          says = connection.classify?.(error);
        } catch (cause) {
          trial.fail(`classify() threw ${cause}`, cause);
        }
        trial.expect(CLASSES.includes(says), () => `classify() returned ${String(says)}`);
      }
    },
  },
  'draining is told when the server says so, and work in flight is finished': {
    needs: ({ server }) => server.drain !== undefined,
    async run(trial) {
      const probe = await trial.connected();
      await trial.server.hold();
      const work = trial.request(probe);
      await trial.server.drain?.();
      await trial.server.resume();
      if (work) await trial.within(work, 'a request in flight when the connection began to drain');
      await trial.until(
        () => probe.states.includes('draining'),
        () => `state$ has emitted [${probe.states}] and no draining`,
      );
      trial.expect(!probe.states.includes('broken'), () => `state$ has emitted [${probe.states}]`);
      await probe.close();
      probe.expectState('closed', 'after close() of one that was draining');
    },
  },
  'capacity$ emits what the connection can carry when it is subscribed to, and does not error': {
    needs: ({ sample, capacity }) => sample.capacity$ !== undefined || capacity !== undefined,
    async run(trial) {
      const { connection } = await trial.connected();
      const values: number[] = [];
      let failure: string | undefined;
      const subscription = connection.capacity$?.subscribe({
        next: (value) => values.push(value),
        error: (cause) => {
          failure = `capacity$ errored: ${cause}`;
        },
      });
      subscription?.unsubscribe();
      const isPossible = values.every(
        (value) => value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 0),
      );
      trial.expect(failure === undefined && isPossible, () => failure ?? `capacity$ has emitted [${values}]`);
      const { capacity } = trial.checked;
      trial.expect(
        values.length > 0 && (capacity === undefined || values.at(-1) === capacity),
        () => `capacity$ has emitted [${values}] instead of ${capacity ?? 'a number'}`,
      );
    },
  },
  'dials and closings leave no listeners behind': {
    needs: ({ listeners }) => listeners !== undefined,
    async run(trial) {
      const count = (): number => trial.checked.listeners?.() ?? 0;
      const probe = await trial.connected();
      await probe.close();
      await trial.settle();
      const before = count();
      for (let dial = 0; dial < 3; dial++) {
        await trial.within(probe.connection.connect(), 'connect()');
        await probe.close();
      }
      await trial.until(
        () => count() <= before,
        () => `${count()} listeners instead of ${before}`,
      );
    },
  },
};
