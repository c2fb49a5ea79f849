import { defer, type Observable, type Subscription } from 'rxjs';
import { onAbort } from '../abort.js';
import { borrowFor, type Work } from '../borrowing/use.js';
import * as check from '../checks.js';
import type { Cell } from '../connection/cell.js';
import { cellOf } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import {
  PoolClosedError,
  PoolDisposedError,
  PoolEmptyError,
  type PoolError,
  type PoolErrorOptions,
  PoolExhaustedError,
  type PoolFigures,
  PoolNotConnectedError,
  ReadyTimeoutError,
  UseTimeoutError,
} from '../errors.js';
import { EventLog, type PoolEvent } from '../health/events.js';
import type { Health } from '../health/health.js';
import { HealthStreams } from '../health/health-streams.js';
import { MembershipStreams, type Snapshot } from '../registry/membership-streams.js';
import { Registry } from '../registry/registry.js';
import type { LoadIndex } from '../selection/load-index.js';
import { isLeastLoaded, StrategySelector } from '../selection/selector.js';
import { chooseLeavers } from '../sizing/choose-leavers.js';
import { Rounds } from '../streams/rounds.js';
import { abortable } from './abortable.js';
import { type AsyncDisposal, makeAsyncDisposable } from './async-disposal.js';
import type { CloseOptions, DrainOptions, ReadyOptions, SignalOptions, UseOptions } from './call-options.js';
import { checkConnections } from './checks.js';
import { Crew } from './crew.js';
import { type ConnectionPoolOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { readiness } from './ready.js';

type PoolErrorType<E extends PoolError> = new (message: string, options: PoolErrorOptions) => E;

type Lifecycle = 'new' | 'open' | 'closed' | 'disposed';

/** Types for `await using`. */
// biome-ignore lint/correctness/noUnusedVariables: merged with the class, whose parameters these are.
export interface ConnectionPool<C extends Connection, K = void> extends AsyncDisposal {}

/**
 * A pool of connections that each carry many requests at once. It gives out the least loaded healthy one, mends
 * what breaks, and shows its health as streams.
 *
 * Streams are hot, replay their current value (except `events$`), never error, and complete when the pool is
 * disposed of. Methods that return a promise reject and never throw; wrong arguments are answered with a
 * `TypeError` or `RangeError` that has a `code`, before anything changes. A signal that aborts makes the promise
 * reject with its reason, and cancels nothing that others may wait for.
 *
 * @typeParam C - the kind of connection.
 * @typeParam K - the key that the strategy chooses by, where it does.
 * @example
 * ```ts
 * const pool = new ConnectionPool(4, () => new ZcachedConnection({ port: 7556 }));
 * await pool.setup();
 * pool.health$.subscribe(({ status, connected }) => console.log(status, connected));
 * await pool.use((connection) => connection.send('SET', 'greeting', 'hello'));
 * await pool.dispose();
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: makeAsyncDisposable() below keeps what the interface promises.
export class ConnectionPool<C extends Connection, K = void> {
  /** The function that makes connections, as it was given. */
  readonly connectionFactory: () => C;
  /** The members, in order of joining. Joining shows here first, leaving last. */
  readonly connections$: Observable<readonly C[]>;
  /** Those connected and in service. A connection that moves leaves one list before it enters another. */
  readonly connected$: Observable<readonly C[]>;
  /** Those that failed or were lost, and are not being dialled. */
  readonly broken$: Observable<readonly C[]>;
  /** The three lists of one moment, for whoever needs more than one of them. */
  readonly snapshot$: Observable<Snapshot<C>>;
  /** Who would be picked now. Changes of load show once a microtask. */
  readonly leastLoaded$: Observable<C | undefined>;
  /** The sum of the members' loads, in requests. Changes of load show once a microtask. */
  readonly pending$: Observable<number>;
  /** The figures of the pool. Status and membership show at once, load once a microtask. */
  readonly health$: Observable<Health>;
  /** What happens, as it happens; replays nothing. */
  readonly events$: Observable<PoolEvent<C>>;

  readonly #options: ResolvedOptions<C, K>;
  readonly #rounds = new Rounds();
  readonly #registry = new Registry<C>(this.#rounds);
  readonly #index: LoadIndex<Cell<C>>;
  readonly #membership: MembershipStreams<C>;
  readonly #events: EventLog<C>;
  readonly #health: HealthStreams<C>;
  readonly #strategy: StrategySelector<C, K> | undefined;
  readonly #crew: Crew<C>;
  readonly #accepts: ((cell: Cell<C>) => boolean) | undefined;
  #healing: Subscription | undefined;
  #lifecycle: Lifecycle = 'new';
  #poolSize: number;
  /** Counts closings: whoever was at work during one has been overtaken. */
  #closings = 0;

  /**
   * @param poolSize - how many connections the pool aims for.
   * @param connectionFactory - returns a new connection at each call.
   * @throws RangeError, TypeError for arguments that cannot be.
   */
  constructor(poolSize: number, connectionFactory: () => C, options?: ConnectionPoolOptions<C, K>) {
    check.checkSize('poolSize', poolSize);
    check.checkFunction('connectionFactory', connectionFactory);
    const resolved = resolveOptions(options);
    const { maxPending, select } = resolved;
    const registry = this.#registry;
    const rounds = this.#rounds;
    this.#poolSize = poolSize;
    this.connectionFactory = connectionFactory;
    this.#options = resolved;
    this.#accepts = maxPending === Number.POSITIVE_INFINITY ? undefined : (cell) => cell.load < maxPending;
    this.#index = registry.index;
    this.#strategy = select && !isLeastLoaded(select) ? new StrategySelector(registry, select) : undefined;
    this.#membership = new MembershipStreams(registry, rounds);
    this.#health = new HealthStreams(
      registry,
      { isClosed: () => this.#isClosed, poolSize: () => this.#poolSize, peek: () => this.#peek() },
      rounds,
    );
    this.#events = new EventLog(registry, rounds);
    this.#crew = new Crew(registry, rounds, connectionFactory, this.#events, resolved, () => this.#figures());
    const strategy = this.#strategy;
    if (strategy) registry.observers.push({ left: () => strategy.refresh() });
    this.connections$ = this.#membership.connections.observable;
    this.connected$ = this.#membership.connected.observable;
    this.broken$ = this.#membership.broken.observable;
    this.snapshot$ = this.#membership.snapshot.observable;
    this.leastLoaded$ = this.#health.leastLoaded.observable;
    this.pending$ = this.#health.pending.observable;
    this.health$ = this.#health.health.observable;
    this.events$ = this.#events.observable;
  }

  /** How many connections the pool aims for. */
  get poolSize(): number {
    return this.#poolSize;
  }

  /** The members, in order of joining; an array that never changes. */
  get connections(): readonly C[] {
    return this.#registry.connections.view;
  }

  /** Those connected and in service. */
  get connectedConnections(): readonly C[] {
    return this.#registry.connected.view;
  }

  /** Those that failed or were lost, and are not being dialled. */
  get brokenConnections(): readonly C[] {
    return this.#registry.broken.view;
  }

  /** The figures of the pool now. */
  get health(): Health {
    return this.#health.read();
  }

  /** Whether there are no connections. */
  isEmpty(): boolean {
    return this.#registry.size === 0;
  }

  /** Whether there are at least `poolSize` connections. */
  isFull(): boolean {
    return this.#registry.size >= this.#poolSize;
  }

  /** Whether at least one is connected and in service. */
  isWorking(): boolean {
    return this.#registry.census.connected > 0;
  }

  /**
   * Opens the pool, fills it up to `poolSize` and dials every member that is idle or broken. Resolves when every
   * attempt has settled; a server that refuses leaves broken connections behind, not a rejection.
   *
   * @throws {@link ConnectionFactoryError} and {@link PoolDisposedError}, as rejections.
   */
  async setup(options: SignalOptions = {}): Promise<void> {
    this.#checkWaiting(options);
    const missing = Math.max(0, this.#poolSize - this.#registry.size - this.#crew.recruiter.reserved);
    const dials = this.#recruit(missing, () => this.#crew.standing('idle', 'broken', 'connecting'));
    await abortable(dials, options.signal);
  }

  /**
   * Adds and connects new connections; `poolSize` becomes the larger of itself and the number of members.
   * Resolves when every attempt has settled.
   *
   * @throws {@link ConnectionFactoryError}, {@link PoolClosedError} and {@link PoolDisposedError}, as rejections.
   */
  async extendPoolBySize(size: number, options: SignalOptions = {}): Promise<void> {
    check.checkSize('size', size);
    this.#checkWaiting(options);
    this.#checkNotClosed();
    const dials = this.#recruit(size, (newcomers) => newcomers);
    await abortable(dials, options.signal);
  }

  /**
   * Adds connections and connects those that are not; ignores members. The iterable is read once, before
   * anything changes. Resolves when every attempt has settled.
   *
   * @throws {@link PoolClosedError} and {@link PoolDisposedError}, as rejections.
   */
  async extendPoolByConnections(connections: Iterable<C>, options: SignalOptions = {}): Promise<void> {
    const given = checkConnections('connections', connections);
    this.#checkWaiting(options);
    this.#checkNotClosed();
    const newcomers = this.#crew.recruiter.newcomers('connections', given);
    await abortable(
      this.#admit(newcomers, (cells) => cells),
      options.signal,
    );
  }

  /**
   * Lowers `poolSize` by `amount` and removes what is then too many: broken, idle, connecting and unused
   * connections in this order, the latest joined first; then, only if asked, those with the least load, which
   * finish their work before they are closed. If not enough could go, `poolSize` becomes what is left.
   *
   * @param amount - an integer; zero and less change nothing.
   * @returns how many left. Their closing goes on behind; `close()` waits for it.
   * @throws {@link PoolDisposedError}
   */
  reducePoolConnections(amount: number, deletePendingConnections = false): number {
    check.checkInteger('amount', amount);
    check.checkBoolean('deletePendingConnections', deletePendingConnections);
    this.#checkNotDisposed();
    if (amount <= 0) return 0;
    return this.#rounds.hold(() => {
      const target = Math.max(0, this.#poolSize - amount);
      const excess = this.#registry.size - target;
      const leavers = chooseLeavers(this.#registry.members, excess, deletePendingConnections);
      this.#poolSize = Math.max(target, this.#registry.size - leavers.length);
      const left = this.#crew.dismiss(leavers, 'reduced');
      this.#health.capture();
      return left;
    });
  }

  /**
   * Removes and closes the broken ones; `poolSize` stays, so that `setup()` refills. Returns how many left.
   *
   * @throws {@link PoolDisposedError}
   */
  cleanupBrokenConnections(): number {
    this.#checkNotDisposed();
    return this.#rounds.hold(() => this.#crew.dismiss(this.#crew.standing('broken'), 'cleanup', 0));
  }

  /**
   * Takes connections out, lets them finish and closes them; `poolSize` stays. Returns how many left; those that
   * are no members are ignored.
   *
   * @throws {@link PoolDisposedError}
   */
  removeConnections(connections: Iterable<C>, options: DrainOptions = {}): number {
    const given = checkConnections('connections', connections);
    const drainTimeout = this.#drainTimeout(options);
    this.#checkNotDisposed();
    return this.#rounds.hold(() => this.#crew.dismiss(given.map(cellOf), 'removed', drainTimeout));
  }

  /**
   * Redials the broken ones, or, with `false`, all: healthy ones go out of service, finish what they carry and
   * are dialled anew, at most half of the pool (but at least one) at a time.
   *
   * @returns how many are connected afterwards.
   * @throws {@link PoolClosedError} and {@link PoolDisposedError}, as rejections.
   */
  async reconnect(onlyBrokenConnections = true, options: SignalOptions = {}): Promise<number> {
    check.checkBoolean('onlyBrokenConnections', onlyBrokenConnections);
    this.#checkWaiting(options);
    this.#checkNotClosed();
    const { signal } = options;
    const crew = this.#crew;
    const work = this.#rounds.hold(() =>
      onlyBrokenConnections
        ? crew.dialAll(crew.standing('broken', 'connecting'))
        : crew.reconnectAll(() => signal?.aborted === true),
    );
    await abortable(work, signal);
    return this.#registry.census.connected;
  }

  /**
   * The connected one with the least load; among equals nobody is favoured.
   *
   * @throws {@link PoolEmptyError}, {@link PoolNotConnectedError}, {@link PoolExhaustedError},
   * {@link PoolClosedError}, {@link PoolDisposedError}
   */
  getLeastLoadedConnection(): C {
    return this.#pick(undefined).connection;
  }

  /**
   * Runs work on the connection to be used now, and counts it there until it has settled. Where nothing can take
   * the work it is refused at once.
   *
   * @param work - called at once. Its signal aborts when the caller gives up or the connection is taken away; the
   * borrowing lasts until the work settles or the connection has been closed.
   * @throws what `getLeastLoadedConnection` throws, {@link UseTimeoutError}, and what `work` throws, as rejections.
   * @example
   * ```ts
   * const size = await pool.use((connection) => connection.send('DBSIZE'), { timeout: 500 });
   * ```
   */
  use<T>(work: Work<C, T>, options?: UseOptions<K>): Promise<T> {
    try {
      check.checkFunction('work', work);
      if (options === undefined) return borrowFor(this.#pick(undefined), work);
      this.#checkWaiting(options);
      const { signal, timeout, key } = options;
      if (timeout !== undefined) check.checkDuration('options.timeout', timeout);
      const { scheduler } = this.#options;
      const timedOut = (): Error => this.#error(UseTimeoutError, `The work did not settle within ${timeout} ms`);
      return borrowFor(this.#pick(key), work, { signal, timeout, scheduler, timedOut });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Resolves once so many are connected and in service.
   *
   * @throws {@link ReadyTimeoutError}, whose `cause` is the last dial's failure, {@link PoolClosedError} and
   * {@link PoolDisposedError}, as rejections.
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    this.#checkWaiting(options);
    const { min = 1, timeout, signal } = options;
    check.checkSize('options.min', min);
    if (timeout !== undefined) check.checkDuration('options.timeout', timeout);
    this.#checkNotClosed();
    const timedOut = (): Error => this.#dialError(ReadyTimeoutError, `Not ${min} connected within ${timeout} ms`);
    const { scheduler } = this.#options;
    const { connected } = await readiness(this.health$, { min, timeout, signal, scheduler, timedOut });
    if (connected < min) throw this.#closedError();
  }

  /**
   * Closes the pool. At the call every member has left and no work is taken on; work in flight gets up to
   * `drainTimeout`, then every connection is closed. Resolves when all of them are, within `drainTimeout` and the
   * pool's `closeTimeout`. `setup()` may follow at once.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const drainTimeout = this.#drainTimeout(options);
    check.checkSignal(options.signal);
    if (this.#lifecycle !== 'disposed') this.#leaveAll('closed', drainTimeout);
    await this.#departed(drainTimeout, options.signal);
  }

  /** Closes the pool for good: its streams give a last value and complete. */
  async dispose(): Promise<void> {
    const { drainTimeout } = this.#options;
    if (this.#lifecycle !== 'disposed') {
      this.#rounds.hold(() => {
        this.#leaveAll('disposed', drainTimeout);
        this.#strategy?.end();
        this.#membership.end();
        this.#health.end();
        this.#events.end();
      });
    }
    await this.#departed(drainTimeout);
  }

  /** Makes connections and takes them in, opens the pool if need be, and dials whom `chosen` names. */
  #recruit(count: number, chosen: (newcomers: Cell<C>[]) => Cell<C>[]): Promise<void> {
    const closings = this.#closings;
    const made = this.#crew.recruiter.make(count);
    if (closings === this.#closings) return this.#admit(made, chosen);
    this.#crew.recruiter.discard(made);
    return Promise.resolve();
  }

  #admit(newcomers: readonly C[], chosen: (newcomers: Cell<C>[]) => Cell<C>[]): Promise<void> {
    return this.#rounds.hold(() => {
      const closings = this.#closings;
      const opening = this.#lifecycle !== 'open';
      this.#lifecycle = 'open';
      if (opening) this.#health.opened();
      this.#poolSize = Math.max(this.#poolSize, this.#registry.size + newcomers.length);
      const cells = this.#crew.admit(newcomers);
      // A connection may close the pool when it is subscribed to.
      if (closings !== this.#closings) this.#crew.dismiss(cells, 'pool-closed', 0);
      else if (opening) this.#startHealing();
      this.#health.capture();
      return this.#crew.dialAll(chosen(cells));
    });
  }

  #startHealing(): void {
    const { heal } = this.#options;
    if (!heal) return;
    const closings = this.#closings;
    const healing = defer(() => heal(this.broken$)).subscribe({
      next: (event) => this.#events.emit(event),
      error: (cause: unknown) => this.#events.emit({ type: 'heal-failed', cause }),
    });
    if (closings === this.#closings) this.#healing = healing;
    else healing.unsubscribe();
  }

  #leaveAll(lifecycle: 'closed' | 'disposed', drainTimeout: number): void {
    this.#rounds.hold(() => {
      this.#lifecycle = lifecycle;
      this.#closings++;
      this.#healing?.unsubscribe();
      this.#crew.dismiss(this.#registry.members, 'pool-closed', drainTimeout);
      this.#health.capture();
    });
  }

  async #departed(drainTimeout: number, signal?: AbortSignal): Promise<void> {
    const { done, cut } = this.#crew.departures.underWay();
    if (signal?.aborted || drainTimeout === 0) cut();
    const stopListening = onAbort(signal, () => cut());
    const timer = this.#options.scheduler.schedule(() => cut(), drainTimeout);
    await done;
    timer.unsubscribe();
    stopListening();
  }

  #pick(key: K | undefined): Cell<C> {
    const cell = this.#strategy ? this.#strategy.pick(key as K, this.#accepts) : this.#pickLeast();
    if (!cell) throw this.#unavailable();
    // The cursor has moved: somebody else would be picked now.
    if (this.#index.onLoad) this.#index.onLoad();
    return cell;
  }

  #pickLeast(): Cell<C> | undefined {
    return this.#areExhausted() ? undefined : this.#index.pick();
  }

  #peek(): C | undefined {
    if (this.#strategy) return this.#strategy.peek(undefined as K);
    return this.#areExhausted() ? undefined : this.#index.peek()?.connection;
  }

  /** Where the least loaded is at its limit, all are. */
  #areExhausted(): boolean {
    if (!this.#accepts) return false;
    const least = this.#index.peek();
    return least !== undefined && !this.#accepts(least);
  }

  #unavailable(): Error {
    if (this.#isClosed) return this.#closedError();
    if (this.isEmpty()) return this.#error(PoolEmptyError, 'The pool has no connections');
    if (!this.isWorking()) return this.#dialError(PoolNotConnectedError, 'No connection of the pool is connected');
    return this.#error(PoolExhaustedError, 'Every connection of the pool carries as much as it may');
  }

  get #isClosed(): boolean {
    return this.#lifecycle === 'closed' || this.#lifecycle === 'disposed';
  }

  #closedError(): Error {
    if (this.#lifecycle === 'disposed') return this.#error(PoolDisposedError, 'The pool was disposed of');
    return this.#error(PoolClosedError, 'The pool is closed');
  }

  #error<E extends PoolError>(type: PoolErrorType<E>, message: string, cause?: unknown): E {
    return new type(message, { cause, figures: this.#figures() });
  }

  /** An error that comes of not getting through. */
  #dialError<E extends PoolError>(type: PoolErrorType<E>, message: string): E {
    return this.#error(type, message, this.#crew.dialer.lastFailure);
  }

  #figures(): PoolFigures {
    const { total, connected, pending, waiting } = this.health;
    return { total, connected, pending, waiting };
  }

  #checkWaiting(options: SignalOptions): void {
    check.checkBag('options', options);
    check.checkSignal(options.signal);
    this.#checkNotDisposed();
    options.signal?.throwIfAborted();
  }

  #checkNotClosed(): void {
    if (this.#isClosed) throw this.#closedError();
  }

  #checkNotDisposed(): void {
    if (this.#lifecycle === 'disposed') throw this.#closedError();
  }

  #drainTimeout(options: DrainOptions): number {
    check.checkBag('options', options);
    const { drainTimeout = this.#options.drainTimeout } = options;
    check.checkDuration('options.drainTimeout', drainTimeout);
    return drainTimeout;
  }
}

makeAsyncDisposable(ConnectionPool.prototype);
